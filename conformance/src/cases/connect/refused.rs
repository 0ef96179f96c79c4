//! A CONNECT that is refused: who isn't let in, the CONNACK that says so, and what follows it.

use super::is_accepting;
use crate::cases::prelude::*;
use crate::scenario::{Client, Received, Seen};

pub(in crate::cases) const CASES: &[Case] = &[
    case!(wrong_password: "A client with a wrong password is not let in, and its connection is closed",
        v311: proves ["U3-07"],
        v5: proves ["MQTT-3.1.4-2"],
        caught: [Fault::IgnoresPassword, Fault::RefusalStaysOpen],
        variant: Variant::WITH_ACCESS),
    case!(no_user_name: "A client that gives no user name where one is asked for is refused, and its connection is closed",
        v311: proves ["U3-07"],
        v5: proves ["MQTT-3.1.4-2"],
        caught: [Fault::RefusalStaysOpen],
        variant: Variant::WITH_ACCESS),
    case!(unknown_method: "A CONNECT with an authentication method that the broker cannot know is refused",
        v5: proves ["MQTT-4.12.0-1"],
        caught: [Fault::AcceptsUnknownMethod, Fault::RefusalStaysOpen]),
    case!(refusing_connack: "A CONNACK that refuses has a code from the table and Session Present 0, and a close follows",
    v311: breaks ["MQTT-3.1.3-7"] proves ["MQTT-3.2.2-5", "MQTT-3.2.2-4", "U3-09" = "MQTT-3.2.2-6", "MQTT-3.1.3-8"],
    v5: proves ["MQTT-3.2.2-7" = "MQTT-4.13.2-1", "MQTT-3.2.2-6", "MQTT-3.2.2-8"],
    caught: [
        Fault::RefusalStaysOpen, Fault::SessionPresentOnRefusal, Fault::ConnackInventsCode, Fault::AcceptsEmptyClientId,
        Fault::RefusesWithoutConnack,
    ]),
    case!(refusal_hides_session: "A CONNACK that refuses says Session Present 0 even where the client has a session",
        v311: proves ["MQTT-3.2.2-4"],
        v5: proves ["MQTT-3.2.2-6"],
        caught: [Fault::SessionPresentOnRefusal],
        variant: Variant::WITH_ACCESS),
    case!(no_disconnect_before_connack: "A CONNECT is refused by CONNACK or a bare close, never by DISCONNECT",
        v5: proves ["MQTT-3.14.0-1"],
        caught: [Fault::DisconnectBeforeConnack]),
    case!(nothing_after_refusal: "What follows a refused CONNECT has no effect",
        v311: proves ["MQTT-3.1.4-5"],
        v5: proves ["MQTT-3.1.4-6"],
        caught: [Fault::ProcessesAfterRefusal]),
];

/// A CONNECT that every broker should refuse: in 3.1.1 for an empty client identifier with CleanSession 0
/// ([MQTT-3.1.3-8]), in 5.0 for an authentication method that nobody knows ([MQTT-4.12.0-1]).
fn refused_connect(broker: &Subject) -> Draft {
    match broker.version() {
        Version::V5 => connect().property(Property::AuthenticationMethod(broker.unique())),
        _ => connect().client_id("").resume(),
    }
}

/// The CONNACK that refuses. In 5.0 a broker may leave it out (section 4.13.1), and after a failed check of the password
/// in 3.1.1 too (section 3.1.4: it should send one), and then there is nothing to look at.
async fn refusal(broker: &Subject, client: &mut Client) -> Result<Received, Stop> {
    match client.receive_or_end(any(PacketType::Connack)).await? {
        Some(answer) if !is_accepting(&answer) => Ok(answer),
        None if broker.version() == Version::V5 || broker.setting().bad_password.is_some() => {
            Err(Stop::NotExercised("the broker refused without a CONNACK".to_owned()))
        }
        _ => Err(Stop::Inconclusive { why: "no CONNACK that refuses".to_owned(), line: None }),
    }
}

async fn wrong_password(broker: &Subject) -> Outcome {
    let (user, bad_password) = broker.bad_credentials()?;
    let mut intruder = broker.open("intruder").await?;

    intruder.send(connect().user_name(user).password(bad_password))?;

    let codes = [ReasonCode::BAD_USER_NAME_OR_PASSWORD, ReasonCode::NOT_AUTHORIZED];
    intruder.expect_refusal(&codes).await
}

async fn no_user_name(broker: &Subject) -> Outcome {
    let mut intruder = broker.open("intruder").await?;

    intruder.send(connect().anonymous())?;

    let answer = intruder.receive_or_end(any(PacketType::Connack)).await?;
    if answer.as_ref().is_some_and(is_accepting) {
        // Passwords may be checked and yet not be demanded: whom a broker lets in without one is its own affair.
        return Err(Stop::NotExercised("the broker lets clients in without a user name".to_owned()));
    }
    intruder.expect_close().await
}

async fn unknown_method(broker: &Subject) -> Outcome {
    let mut rogue = broker.open("rogue").await?;

    rogue.send(refused_connect(broker))?;

    rogue.expect_refusal(&[ReasonCode::BAD_AUTHENTICATION_METHOD, ReasonCode::NOT_AUTHORIZED]).await
}

async fn refusing_connack(broker: &Subject) -> Outcome {
    let version = broker.version();
    let table: Vec<ReasonCode> =
        (1..=u8::MAX).map(ReasonCode).filter(|code| code.allowed_in(version, PacketType::Connack)).collect();
    if version != Version::V5 {
        rejected_level(broker, &table).await?;
    }
    let mut rogue = broker.open("rogue").await?;

    rogue.send(refused_connect(broker))?;

    if version != Version::V5 {
        return rejected_client_id(&mut rogue, &table).await;
    }
    let refused = refusal(broker, &mut rogue).await?;
    let in_table = rule!(v5 "MQTT-3.2.2-8");
    let _ = rogue.expect_right(&refused, a_connack().code(&table)).decides(in_table).await?;
    let no_session = rule!(v5 "MQTT-3.2.2-6");
    let _ = rogue.expect_right(&refused, a_connack().session_present(false)).decides(no_session).await?;
    rogue.expect_close().await
}

/// Decides: the CONNACK that refuses a protocol level which there is not, where it has the form of 3.1.1. A broker of 5.0
/// too may answer as that version demands. So what an empty client identifier can't bring is seen where one is accepted.
async fn rejected_level(broker: &Subject, table: &[ReasonCode]) -> Result<(), Stop> {
    let mut stranger = broker.open("stranger").await?;
    stranger.send(connect().with("connect.level"))?;
    if let Ok(Some(refused)) = stranger.receive_or_end(any(PacketType::Connack)).await
        && refused.is_well_formed()
        && codes(&refused.packet()).iter().all(|code| code.0 != 0 && !code.is_error())
    {
        let _ = has_right_parts(&mut stranger, &refused, table).await?;
        let _ = stranger.expect_close().await?;
    }
    Ok(())
}

/// Decides: the refusal of an empty client identifier with CleanSession 0, which 3.1.1 fixes in every part.
async fn rejected_client_id(rogue: &mut Client, table: &[ReasonCode]) -> Outcome {
    let by_rule = rule!(v311 "MQTT-3.1.3-8");
    let any_refusal: Vec<ReasonCode> = (1..=u8::MAX).map(ReasonCode).collect();
    let refused = rogue.expect(a_connack().code(&any_refusal)).decides(by_rule).await?;
    let _ = has_right_parts(rogue, &refused, table).await?;
    let rejected = a_connack().code(&[ReasonCode::IDENTIFIER_REJECTED]);
    let _ = rogue.expect_right(&refused, rejected).decides(by_rule).await?;
    let closed = rogue.expect_close().await?;
    let _ = rogue.expect_refusal(&[]).decides(by_rule).await?;
    Ok(closed)
}

/// Decides: a CONNACK of 3.1.1 that refuses has a code from the table, and no session.
async fn has_right_parts(rogue: &mut Client, refused: &impl Seen, table: &[ReasonCode]) -> Outcome {
    let _ = rogue.expect_right(refused, a_connack().code(table)).decides(rule!(v311 "U3-09")).await?;
    let without = a_connack().session_present(false);
    rogue.expect_right(refused, without).decides(rule!(v311 "MQTT-3.2.2-4")).await
}

async fn refusal_hides_session(broker: &Subject) -> Outcome {
    let (user, bad_password) = broker.bad_credentials()?;
    broker.connect_as("sleeper", connect().persistent()).await?.disconnect().await?;
    let mut intruder = broker.open("sleeper").await?;

    intruder.send(connect().persistent().user_name(user).password(bad_password))?;

    let refused = refusal(broker, &mut intruder).await?;
    intruder.expect_right(&refused, a_connack().session_present(false)).await
}

async fn no_disconnect_before_connack(broker: &Subject) -> Outcome {
    let mut rogue = broker.open("rogue").await?;

    rogue.send(refused_connect(broker))?;

    rogue.expect_end_without(PacketType::Disconnect).await
}

async fn nothing_after_refusal(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    let mut outcome = None;
    for (refusable, payload) in [
        (connect().with("connect.level"), &b"smuggled behind a level that there is not"[..]),
        (refused_connect(broker), b"smuggled"),
    ] {
        let mut rogue = broker.open("rogue").await?;
        rogue.send_together([refusable, publish("news", payload).qos(AtLeastOnce)])?;
        let is_ended = rogue.ended().await;
        // There are brokers that accept the one or the other: what follows is theirs to hand on.
        if rogue.connack().is_none() {
            is_ended?;
            outcome = Some(watcher.expect_no_message(payload).before_message(&mut publisher, "news").await?);
        }
    }
    outcome.ok_or_else(|| Stop::NotExercised("the broker accepts all that it should refuse".to_owned()))
}

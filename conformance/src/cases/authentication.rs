//! Authentication with a method: the exchange of AUTH packets before CONNACK, and the one that a client begins again.

use super::prelude::*;
use crate::broker::Authentication;
use crate::scenario::{Client, Received};
use mqtt_assay_codec::Packet;

const CONTINUE: ReasonCode = ReasonCode::CONTINUE_AUTHENTICATION;
const AGAIN: ReasonCode = ReasonCode::RE_AUTHENTICATE;

pub(super) const CASES: &[Case] = &[
    case!(asks_with_continue: "What the broker asks before CONNACK comes in AUTH 0x18",
        v5: proves ["MQTT-4.12.0-2"],
        caught: [Fault::AuthAsksWithSuccess, Fault::AuthInventsCode],
        variant: Variant::WITH_AUTHENTICATION),
    case!(names_method: "AUTH from the broker, and the CONNACK that accepts, name the method of CONNECT",
        v5: proves ["MQTT-4.12.0-5"],
        caught: [Fault::AuthWithoutMethod, Fault::AuthNamesOtherMethod, Fault::ConnackWithoutMethod],
        variant: Variant::WITH_AUTHENTICATION),
    case!(names_method_again: "AUTH of the broker names the method where a client authenticates again",
        v5: proves ["MQTT-4.12.0-5"],
        caught: [Fault::AuthWithoutMethod, Fault::AuthNamesOtherMethod],
        variant: Variant::WITH_AUTHENTICATION),
    case!(wrong_data: "A client that authenticates with wrong data is not let in, and its connection is closed",
        v5: proves ["MQTT-4.12.0-4"],
        caught: [Fault::RefusalStaysOpen],
        variant: Variant::WITH_AUTHENTICATION),
    case!(wrong_data_again: "A client that authenticates again with wrong data is disconnected",
        v5: proves ["MQTT-4.12.1-2"],
        caught: [Fault::FailedAgainStaysOpen, Fault::DisconnectWithoutClose],
        variant: Variant::WITH_AUTHENTICATION),
    case!(served_meanwhile: "Messages go both ways while a client authenticates again",
        v5: proves ["U5-209"],
        caught: [Fault::BlocksWhileAuthenticating],
        variant: Variant::WITH_AUTHENTICATION),
    case!(other_method["connecting"]: "An AUTH before CONNACK that names another method than CONNECT is refused",
        v5: breaks ["MQTT-4.12.0-5", "U5-193"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsOtherMethod],
        variant: Variant::WITH_AUTHENTICATION),
    case!(other_method["again"]: "A client that authenticates again with another method is disconnected",
        v5: breaks ["MQTT-4.12.1-1", "U5-193"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsOtherMethod],
        variant: Variant::WITH_AUTHENTICATION),
    case!(begins_instead["connecting"]: "A client that answers the broker's AUTH before CONNACK by AUTH 0x19 is refused",
        v5: breaks ["MQTT-4.12.0-3", "U5-208"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AuthCodeIgnored],
        variant: Variant::WITH_AUTHENTICATION),
    case!(begins_instead["again"]: "A client that answers the broker's AUTH by another AUTH 0x19 is disconnected",
        v5: breaks ["MQTT-4.12.0-3"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AuthCodeIgnored],
        variant: Variant::WITH_AUTHENTICATION),
    case!(goes_on_unasked: "An AUTH 0x18 is refused where no authentication is under way",
        v5: breaks ["U5-208"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsAuthUnasked],
        variant: Variant::WITH_AUTHENTICATION),
    case!(too_early["pingreq"]: "A PINGREQ before the CONNACK of a client that authenticates is refused",
        v5: breaks ["MQTT-3.1.2-30"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesWhileAuthenticating, Fault::IgnoresWhileAuthenticating],
        variant: Variant::WITH_AUTHENTICATION),
    case!(too_early["subscribe"]: "A SUBSCRIBE before the CONNACK of a client that authenticates is refused",
        v5: breaks ["MQTT-3.1.2-30"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::IgnoresWhileAuthenticating],
        variant: Variant::WITH_AUTHENTICATION),
    case!(too_early["connect"]: "A second CONNECT before the CONNACK of a client that authenticates is refused",
        v5: breaks ["MQTT-3.1.2-30", "MQTT-3.1.0-2"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::IgnoresWhileAuthenticating],
        variant: Variant::WITH_AUTHENTICATION),
    case!(too_early_message: "A message that a client sends before it has authenticated is not handed on",
        v5: breaks ["MQTT-3.1.2-30"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesWhileAuthenticating, Fault::IgnoresWhileAuthenticating],
        variant: Variant::WITH_AUTHENTICATION),
    case!(named_twice["prop.duplicate@authentication-method"]: "A CONNECT with two Authentication Methods is refused",
        v5: breaks ["U5-062"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicateAuthenticationMethod), ActsOn(Rule::DuplicateAuthenticationMethod)],
        variant: Variant::WITH_AUTHENTICATION, needs: &["enhanced-auth"]),
    case!(named_twice["prop.duplicate@authentication-data"]: "A CONNECT with Authentication Data twice is refused",
        v5: breaks ["U5-064"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::DuplicateAuthenticationData), ActsOn(Rule::DuplicateAuthenticationData)],
        variant: Variant::WITH_AUTHENTICATION, needs: &["enhanced-auth"]),
    case!(misshapen["flags.reserved.1"]: "An AUTH before CONNACK with wrong fixed header flags is refused",
        v5: proves ["MQTT-3.15.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)],
        variant: Variant::WITH_AUTHENTICATION, needs: &["enhanced-auth"]),
    case!(misshapen["reason.undefined"]: "An AUTH before CONNACK with a reason code that it hasn't is refused",
        v5: breaks ["MQTT-3.15.2-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UndefinedReasonCode)],
        variant: Variant::WITH_AUTHENTICATION, needs: &["enhanced-auth"]),
    case!(misshapen["reason.wrong-side"]: "An AUTH before CONNACK with the broker's code 0x00 is refused",
        v5: breaks ["U5-194"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ReasonCodeFromWrongSide), ActsOn(Rule::ReasonCodeFromWrongSide)],
        variant: Variant::WITH_AUTHENTICATION),
    case!(misshapen["prop.foreign@topic-alias"]: "An AUTH before CONNACK with a property that it does not have is refused",
        v5: breaks ["U5-042"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty), ActsOn(Rule::ForeignProperty)],
        variant: Variant::WITH_AUTHENTICATION),
    case!(misshapen["auth.no-method"]: "An AUTH before CONNACK without a method is refused",
        v5: breaks ["U5-195"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::AuthenticationMethodMissing), ActsOn(Rule::AuthenticationMethodMissing)],
        variant: Variant::WITH_AUTHENTICATION),
    case!(misshapen["prop.duplicate@authentication-method"]: "An AUTH before CONNACK with two methods is refused",
        v5: breaks ["U5-196"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateAuthenticationMethod), ActsOn(Rule::DuplicateAuthenticationMethod)],
        variant: Variant::WITH_AUTHENTICATION),
    case!(misshapen["prop.duplicate@authentication-data"]: "An AUTH before CONNACK with data twice is refused",
        v5: breaks ["U5-197"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateAuthenticationData), ActsOn(Rule::DuplicateAuthenticationData)],
        variant: Variant::WITH_AUTHENTICATION),
    case!(misshapen["prop.duplicate@reason-string"]: "An AUTH before CONNACK with two Reason Strings is refused",
        v5: breaks ["U5-199"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateReasonString), ActsOn(Rule::DuplicateReasonString)],
        variant: Variant::WITH_AUTHENTICATION),
    case!(misshapen_again["flags.reserved.1"]: "A client that authenticates again by an AUTH with wrong fixed header flags is disconnected",
        v5: proves ["MQTT-3.15.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)],
        variant: Variant::WITH_AUTHENTICATION, needs: &["enhanced-auth"]),
    case!(misshapen_again["reason.undefined"]: "A client that authenticates again by an AUTH with a reason code that it hasn't is disconnected",
        v5: breaks ["MQTT-3.15.2-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UndefinedReasonCode)],
        variant: Variant::WITH_AUTHENTICATION, needs: &["enhanced-auth"]),
    case!(misshapen_again["reason.wrong-side"]: "A client that authenticates again by AUTH 0x00 is disconnected",
        v5: breaks ["U5-194"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ReasonCodeFromWrongSide)],
        variant: Variant::WITH_AUTHENTICATION),
    case!(misshapen_again["prop.foreign@topic-alias"]: "A client that authenticates again by an AUTH with a property that it does not have is disconnected",
        v5: breaks ["U5-042"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ForeignProperty), ActsOn(Rule::ForeignProperty)],
        variant: Variant::WITH_AUTHENTICATION),
    case!(misshapen_again["auth.no-method"]: "A client that authenticates again by an AUTH without a method is disconnected",
        v5: breaks ["U5-195"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::AuthenticationMethodMissing), ActsOn(Rule::AuthenticationMethodMissing)],
        variant: Variant::WITH_AUTHENTICATION),
    case!(misshapen_again["prop.duplicate@authentication-method"]: "A client that authenticates again by an AUTH with two methods is disconnected",
        v5: breaks ["U5-196"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateAuthenticationMethod), ActsOn(Rule::DuplicateAuthenticationMethod)],
        variant: Variant::WITH_AUTHENTICATION),
    case!(misshapen_again["prop.duplicate@authentication-data"]: "A client that authenticates again by an AUTH with data twice is disconnected",
        v5: breaks ["U5-197"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateAuthenticationData), ActsOn(Rule::DuplicateAuthenticationData)],
        variant: Variant::WITH_AUTHENTICATION),
    case!(misshapen_again["prop.duplicate@reason-string"]: "A client that authenticates again by an AUTH with two Reason Strings is disconnected",
        v5: breaks ["U5-199"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DuplicateReasonString), ActsOn(Rule::DuplicateReasonString)],
        variant: Variant::WITH_AUTHENTICATION),
];

/// The codes for what is wrong about an AUTH. Before CONNACK they come in that; a bad method has a code of its own there.
const WRONG: &[ReasonCode] = &[
    ReasonCode::PROTOCOL_ERROR,
    ReasonCode::MALFORMED_PACKET,
    ReasonCode::BAD_AUTHENTICATION_METHOD,
    ReasonCode::NOT_AUTHORIZED,
];

/// The codes of a DISCONNECT that may go with an authentication that failed.
const FAILED: &[ReasonCode] = &[
    ReasonCode::NOT_AUTHORIZED,
    ReasonCode::BAD_AUTHENTICATION_METHOD,
    ReasonCode::UNSPECIFIED_ERROR,
    ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR,
];

/// An AUTH with what the client says at this step of the method.
fn said(method: &Authentication, code: ReasonCode, step: usize) -> Draft {
    with_data(auth(code).property(Property::AuthenticationMethod(&method.method)), method, step)
}

fn with_data(draft: Draft, method: &Authentication, step: usize) -> Draft {
    match method.data.get(step) {
        Some(data) => draft.property(Property::AuthenticationData(&data.0)),
        None => draft,
    }
}

/// A CONNECT that begins with the method.
pub(super) fn greeting(method: &Authentication) -> Draft {
    with_data(connect().property(Property::AuthenticationMethod(&method.method)), method, 0)
}

/// The same method with something else in its last step.
fn with_wrong_end(method: &Authentication) -> Authentication {
    let mut wrong = method.clone();
    match wrong.data.last_mut().and_then(|data| data.0.last_mut()) {
        Some(last) => *last ^= 0x01,
        None => wrong.data = vec![crate::broker::Data(b"nobody".to_vec())],
    }
    wrong
}

/// Set-up: what the broker says next in the exchange: AUTH, CONNACK, or nothing where it ends the connection.
async fn answer(client: &mut Client) -> Result<Option<Received>, Stop> {
    client.receive_or_end(either(PacketType::Auth, PacketType::Connack)).await
}

/// Set-up: the AUTH by which the broker asks on; a method may take no more than one step.
async fn question(client: &mut Client) -> Result<Received, Stop> {
    let code = |received: &Received| codes(&received.packet()).first().copied();
    match answer(client).await? {
        Some(asked) if asked.packet().packet_type() == PacketType::Auth && code(&asked) == Some(CONTINUE) => Ok(asked),
        Some(done) if code(&done) == Some(ReasonCode::SUCCESS) => {
            Err(Stop::NotExercised("the method takes one step".to_owned()))
        }
        refused => Err(Stop::Inconclusive {
            why: "the method that is given leads to no AUTH 0x18".to_owned(),
            line: refused.map(|received| received.line),
        }),
    }
}

/// Set-up: the AUTH by which the broker asks on where a client authenticates again.
async fn question_again(client: &mut Client) -> Result<(), Stop> {
    let asked = client.receive(any(PacketType::Auth)).await?;
    match codes(&asked.packet()).first() {
        Some(&ReasonCode::SUCCESS) => Err(Stop::NotExercised("the method takes one step".to_owned())),
        _ => Ok(()),
    }
}

/// Set-up: goes through the exchange behind its first packet; its end is the packet that says so, or nothing where the broker
/// has closed.
async fn go_through(client: &mut Client, method: &Authentication) -> Result<Option<Received>, Stop> {
    let mut last = answer(client).await?;
    for step in 1..method.data.len() {
        let is_asked =
            last.as_ref().is_some_and(|said| matches!(said.packet(), Packet::Auth(auth) if auth.reason == CONTINUE));
        if !is_asked {
            break;
        }
        client.send(said(method, CONTINUE, step))?;
        last = answer(client).await?;
    }
    Ok(last)
}

/// Set-up: a client that has authenticated with the method of this broker.
async fn authenticated(broker: &Subject, role: &'static str) -> Result<(Client, Authentication), Stop> {
    let method = broker.authentication()?;
    let mut client = broker.open(role).await?;
    client.send(greeting(&method))?;
    match go_through(&mut client, &method).await? {
        Some(end) if is_accepting(&end) => Ok((client, method)),
        end => Err(Stop::Inconclusive {
            why: "the method and the data that are given don't lead to a CONNACK that accepts".to_owned(),
            line: end.map(|end| end.line),
        }),
    }
}

fn is_accepting(end: &Received) -> bool {
    matches!(end.packet(), Packet::Connack(connack) if connack.reason == ReasonCode::SUCCESS)
}

/// The next step as it should be, behind a packet that should have ended the connection: who passes over that answers this.
/// Without it nothing would tell a broker that waits in vain, and closes for that, from one that refuses.
fn and_on(offence: Draft, method: &Authentication) -> [Draft; 2] {
    [offence, said(method, CONTINUE, 1)]
}

/// Set-up: a client that has been asked the first question before CONNACK, on a broker that lets in who answers right.
async fn asked(broker: &Subject, role: &'static str) -> Result<(Client, Authentication), Stop> {
    let (_, method) = authenticated(broker, "control").await?;
    let mut client = broker.open(role).await?;
    client.send(greeting(&method))?;
    question(&mut client).await?;
    Ok((client, method))
}

/// Set-up: the same where it authenticates again.
async fn asked_again(broker: &Subject, role: &'static str) -> Result<(Client, Authentication), Stop> {
    let (mut client, method) = authenticated(broker, role).await?;
    client.send(said(&method, AGAIN, 0))?;
    question_again(&mut client).await?;
    Ok((client, method))
}

async fn asks_with_continue(broker: &Subject) -> Outcome {
    let method = broker.authentication()?;
    let mut client = broker.open("client").await?;

    client.send(greeting(&method))?;

    let asked = answer(&mut client).await?.filter(|said| said.packet().packet_type() == PacketType::Auth);
    let Some(asked) = asked else { return Err(Stop::NotExercised("the broker asks nothing".to_owned())) };
    client.expect_right(&asked, any(PacketType::Auth).code(&[CONTINUE])).await
}

async fn names_method(broker: &Subject) -> Outcome {
    let method = broker.authentication()?;
    let mut client = broker.open("client").await?;

    client.send(greeting(&method))?;

    let named = |packet_type| any(packet_type).property(Property::AuthenticationMethod(&method.method));
    for step in 1.. {
        match answer(&mut client).await? {
            Some(end) if is_accepting(&end) => {
                return client.expect_right(&end, named(PacketType::Connack)).await;
            }
            Some(asked) if asked.packet().packet_type() == PacketType::Auth && step < method.data.len() => {
                let _ = client.expect_right(&asked, named(PacketType::Auth)).await?;
            }
            _ => break,
        }
        client.send(said(&method, CONTINUE, step))?;
    }
    Err(Stop::Inconclusive { why: "the method that is given does not lead to the end".to_owned(), line: None })
}

async fn names_method_again(broker: &Subject) -> Outcome {
    let (mut client, method) = authenticated(broker, "client").await?;

    client.send(said(&method, AGAIN, 0))?;

    let asked = client.receive(any(PacketType::Auth)).await?;
    client.expect_right(&asked, any(PacketType::Auth).property(Property::AuthenticationMethod(&method.method))).await
}

async fn wrong_data(broker: &Subject) -> Outcome {
    let (_, method) = authenticated(broker, "control").await?;
    let wrong = with_wrong_end(&method);
    let mut intruder = broker.open("intruder").await?;

    intruder.send(greeting(&wrong))?;

    match go_through(&mut intruder, &wrong).await? {
        Some(end) if is_accepting(&end) => {
            Err(Stop::NotExercised("the broker lets clients in with other data too".to_owned()))
        }
        _ => intruder.expect_close().await,
    }
}

async fn wrong_data_again(broker: &Subject) -> Outcome {
    let (mut client, method) = authenticated(broker, "client").await?;
    let wrong = with_wrong_end(&method);
    client.send(said(&wrong, AGAIN, 0))?;
    for step in 1..wrong.data.len() {
        question_again(&mut client).await?;
        client.send(said(&wrong, CONTINUE, step))?;
    }

    if client.waits_for(&any(PacketType::Auth)) {
        return Err(Stop::NotExercised("the broker takes other data too".to_owned()));
    }
    client.expect_refusal(FAILED).await
}

async fn served_meanwhile(broker: &Subject) -> Outcome {
    let (mut client, method) = authenticated(broker, "client").await?;
    client.subscribe("to/client", AtLeastOnce).await?;
    let mut partner = broker.connect("partner").await?;
    partner.subscribe("from/client", AtLeastOnce).await?;
    client.send(said(&method, AGAIN, 0))?;
    question_again(&mut client).await?;

    let id = client.send(publish("from/client", b"meanwhile").qos(AtLeastOnce))?;
    partner.publish("to/client", b"to the client", AtLeastOnce).await?;

    let _ = client.expect_all([a_puback(id), a_message("to/client", b"to the client")]).await?;
    partner.expect(a_message("from/client", b"meanwhile")).await
}

async fn other_method(broker: &Subject) -> Outcome {
    let is_again = broker.member() == "again";
    let (mut rogue, method) =
        if is_again { authenticated(broker, "rogue").await? } else { asked(broker, "rogue").await? };
    let other = Authentication { method: broker.unique().to_owned(), ..method.clone() };

    if is_again {
        rogue.send(said(&other, AGAIN, 0))?;
    } else {
        rogue.send_together(and_on(said(&other, CONTINUE, 1), &method))?;
    }

    rogue.expect_refusal(WRONG).await
}

async fn begins_instead(broker: &Subject) -> Outcome {
    let is_again = broker.member() == "again";
    let (mut rogue, method) =
        if is_again { asked_again(broker, "rogue").await? } else { asked(broker, "rogue").await? };

    rogue.send_together(and_on(said(&method, AGAIN, 1), &method))?;

    rogue.expect_refusal(WRONG).await
}

async fn goes_on_unasked(broker: &Subject) -> Outcome {
    let (mut rogue, method) = authenticated(broker, "rogue").await?;

    rogue.send(said(&method, CONTINUE, 0))?;

    rogue.expect_refusal(WRONG).await
}

async fn too_early(broker: &Subject) -> Outcome {
    let (mut rogue, method) = asked(broker, "rogue").await?;
    let offence = match broker.member() {
        "pingreq" => pingreq(),
        "subscribe" => subscribe("news", AtMostOnce),
        _ => connect(),
    };

    rogue.send_together(and_on(offence, &method))?;

    rogue.expect_refusal(WRONG).await
}

async fn too_early_message(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    let (mut rogue, method) = asked(broker, "rogue").await?;

    rogue.send_together(and_on(publish("news", b"from nobody"), &method))?;

    let _ = rogue.expect_refusal(WRONG).await?;
    let mut publisher = broker.connect("publisher").await?;
    watcher.expect_no_message(b"from nobody").before_message(&mut publisher, "news").await
}

async fn named_twice(broker: &Subject) -> Outcome {
    let (_, method) = authenticated(broker, "control").await?;
    let mut rogue = broker.open("rogue").await?;

    rogue.send(greeting(&method).with(broker.member()))?;

    rogue.expect_refusal(WRONG).await
}

async fn misshapen(broker: &Subject) -> Outcome {
    let (mut rogue, method) = asked(broker, "rogue").await?;

    rogue.send_together(and_on(said(&method, CONTINUE, 1).with(broker.member()), &method))?;

    rogue.expect_refusal(WRONG).await
}

async fn misshapen_again(broker: &Subject) -> Outcome {
    let (mut control, method) = authenticated(broker, "control").await?;
    control.send(said(&method, AGAIN, 0))?;
    control.receive(any(PacketType::Auth)).await?;
    let (mut rogue, _) = authenticated(broker, "rogue").await?;

    rogue.send(said(&method, AGAIN, 0).with(broker.member()))?;

    rogue.expect_refusal(WRONG).await
}

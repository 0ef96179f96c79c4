//! DISCONNECT: how a client leaves, and how a broker sends one away that broke a rule.

use super::prelude::*;
use crate::scenario::{Client, Received};
use mqtt_assay_codec::{Packet, PropertyId, Sender};
use mqtt_assay_standard::bounds;

pub(super) const CASES: &[Case] = &[
    case!(closed_after_disconnect: "After a DISCONNECT the broker closes the connection where the client doesn't",
        v311: proves ["U3-16"],
        v5: proves ["U5-191"],
        caught: [Fault::DisconnectLeftOpen]),
    case!(nothing_after_disconnect: "What a client sends after its DISCONNECT reaches nobody",
        v311: proves ["MQTT-3.14.4-2"],
        v5: proves ["MQTT-3.14.4-1"],
        caught: [Fault::ProcessesAfterDisconnect]),
    case!(malformed["flags"]: "A DISCONNECT with reserved bits in its first byte is refused, not taken for a farewell",
        v311: proves ["MQTT-3.14.1-1"],
        v5: proves ["MQTT-3.14.1-1" = "U5-181"],
        caught: [ActsOn(Rule::FixedHeaderFlags), Tolerates(Rule::FixedHeaderFlags)],
        needs: &["will"]),
    case!(malformed["trailing-bytes"]: "A DISCONNECT with bytes behind its end is refused, not taken for a farewell",
        v311: breaks ["U3-04"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-025"] proves ["MQTT-4.13.1-1"],
        caught: [ActsOn(Rule::TrailingBytes), Tolerates(Rule::TrailingBytes)],
        needs: &["will"]),
    case!(malformed["foreign-property"]: "A DISCONNECT with a property of other packets is refused, not taken for a farewell",
        v5: breaks ["U5-041"] proves ["MQTT-4.13.1-1"],
        caught: [ActsOn(Rule::ForeignProperty), Tolerates(Rule::ForeignProperty)],
        needs: &["will"]),
    case!(malformed["expiry-twice"]: "A DISCONNECT with two session expiry intervals is refused, not taken for a farewell",
        v5: breaks ["U5-184"] proves ["MQTT-4.13.1-1"],
        caught: [ActsOn(Rule::DuplicateSessionExpiryInterval), Tolerates(Rule::DuplicateSessionExpiryInterval)],
        needs: &["will"]),
    case!(malformed["reason-twice"]: "A DISCONNECT with two reason strings is refused, not taken for a farewell",
        v5: breaks ["U5-188"] proves ["MQTT-4.13.1-1"],
        caught: [ActsOn(Rule::DuplicateReasonString), Tolerates(Rule::DuplicateReasonString)],
        needs: &["will"]),
    case!(malformed["reference-twice"]: "A DISCONNECT with two server references is refused, not taken for a farewell",
        v5: breaks ["U5-189"] proves ["MQTT-4.13.1-1"],
        caught: [ActsOn(Rule::DuplicateServerReference), Tolerates(Rule::DuplicateServerReference)],
        needs: &["will"]),
    case!(wrong_code["undefined"]: "A DISCONNECT with a reason code that no packet has is refused",
        v5: breaks ["MQTT-3.14.2-1"] proves ["MQTT-4.13.1-1"],
        caught: [ActsOn(Rule::UndefinedReasonCode), Tolerates(Rule::UndefinedReasonCode)]),
    case!(wrong_code["of-servers"]: "A DISCONNECT with a reason code that only brokers send is refused",
        v5: breaks ["U5-183"] proves ["MQTT-4.13.1-1"],
        caught: [ActsOn(Rule::ReasonCodeFromWrongSide), Tolerates(Rule::ReasonCodeFromWrongSide)]),
    case!(lone_code: "A DISCONNECT with a reason code and no property length is well formed",
        v5: proves ["U5-182"],
        caught: [Fault::RefusesDisconnectWithCode]),
    case!(expiry_ends_session: "The session expiry interval of a DISCONNECT replaces that of the CONNECT",
        v5: proves ["U5-186"],
        caught: [Fault::DisconnectExpiryIgnored]),
    case!(expiry_after_none: "A client whose session ends with the connection cannot prolong it by its DISCONNECT",
        v5: breaks ["U5-185"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsExpiryAfterZero],
        needs: &["will"]),
    case!(code_of_broker: "A DISCONNECT of the broker has a code from the table and no session expiry interval",
        v5: proves ["MQTT-3.14.2-1", "MQTT-3.14.2-2"],
        caught: [Fault::DisconnectInventsCode, Fault::DisconnectWithExpiry]),
    case!(broker_leaves_after_disconnect: "A broker that has sent DISCONNECT sends nothing more and closes",
        v5: proves ["MQTT-3.14.4-2" = "MQTT-4.13.2-1", "MQTT-3.14.4-1"],
        caught: [Fault::DisconnectWithoutClose, Fault::SendsAfterDisconnect]),
    case!(others_are_spared: "A client that breaks a rule costs nobody else the connection",
        v5: proves ["U5-212"],
        caught: [Fault::ErrorClosesOthers]),
];

/// Errors of a client, one after the other: there are brokers that take the one or the other for none, or end the connection
/// for it with less ado than they should.
fn errors() -> [Draft; 3] {
    [
        subscribe("news", AtMostOnce).with("subscribe.no-filters"),
        publish("news", b"at QoS 3").qos(AtLeastOnce).with("flags.qos3"),
        connect(),
    ]
}

/// What became of a client after an error.
enum After {
    /// The broker took its leave.
    Farewell(Client, Received),
    /// It ended the connection without a word.
    Close,
    /// It went on.
    Service,
}

/// Set-up: sends an error, and sees what becomes of the client. The PINGREQ that asks whether the broker goes on comes only
/// when it had the time to say goodbye.
async fn after(mut client: Client, error: Draft) -> Result<After, Stop> {
    client.send(error)?;
    let limit = client.context().patient(bounds::PROBE);
    match client.receive_within(any(PacketType::Disconnect), limit).await {
        Ok(farewell) => return Ok(After::Farewell(client, farewell)),
        Err(Stop::Inconclusive { line: Some(_), .. }) => return Ok(After::Close),
        Err(_) => {}
    }
    if client.serves().await.is_ok() {
        client.disconnect().await?;
        return Ok(After::Service);
    }
    // It may have come in the meantime.
    match client.receive_within(any(PacketType::Disconnect), Duration::ZERO).await {
        Ok(farewell) => Ok(After::Farewell(client, farewell)),
        Err(_) => client.ended().await.map(|()| After::Close),
    }
}

/// A client that is sent away for a broken rule, and the DISCONNECT, which is only recommended (5.0 section 4.13.1).
async fn sent_away(broker: &Subject) -> Result<(Client, Received), Stop> {
    let mut why = "the broker ends no connection for an error";
    for error in errors() {
        match after(broker.connect("rogue").await?, error).await? {
            After::Farewell(rogue, farewell) => return Ok((rogue, farewell)),
            After::Close => why = "the broker closed without a DISCONNECT",
            After::Service => {}
        }
    }
    Err(Stop::NotExercised(why.to_owned()))
}

/// A watcher that has seen the will of a client that was sent away for an error. A DISCONNECT ends in a close whether it
/// is right or wrong; on such a broker a will tells the two apart.
async fn watcher_of_errors(broker: &Subject) -> Result<Client, Stop> {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("status", AtLeastOnce).await?;
    for (error, payload) in errors().into_iter().zip([b"first", b"other", b"third"]) {
        let mortal = connect().will(will("status", payload).qos(AtLeastOnce));
        let is_ended = !matches!(after(broker.connect_as("control", mortal).await?, error).await?, After::Service);
        if is_ended && watcher.receive(a_message("status", payload)).await.is_ok() {
            return Ok(watcher);
        }
    }
    let why = "control: the broker publishes no will of a client that it sends away for an error".to_owned();
    Err(Stop::Inconclusive { why, line: None })
}

/// Decides: the DISCONNECT just sent is refused, and not taken for a farewell. Where the broker says so by a DISCONNECT of
/// its own, that is all; where it only closes, the will tells.
async fn is_no_farewell(rogue: &mut Client, watcher: &mut Client, codes: &[ReasonCode]) -> Outcome {
    let refused = rogue.expect_refusal(codes).await?;
    if matches!(refused.packet(), Some(Packet::Disconnect(_))) {
        return Ok(refused);
    }
    watcher.expect(a_message("status", b"rogue")).as_reaction().await
}

pub(super) async fn closed_after_disconnect(broker: &Subject) -> Outcome {
    let mut polite = broker.connect("polite").await?;

    polite.send(disconnect())?;

    polite.expect_close().await
}

pub(super) async fn nothing_after_disconnect(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let mut rogue = broker.connect("rogue").await?;

    rogue.send_together([disconnect(), publish("news", b"posthumous").qos(AtLeastOnce)])?;
    rogue.drop_connection().await;

    watcher.expect_no_message(b"posthumous").before_message(&mut publisher, "news").await
}

async fn malformed(broker: &Subject) -> Outcome {
    let (mutation, codes) = match broker.member() {
        "flags" => ("flags.reserved.1", [ReasonCode::MALFORMED_PACKET]),
        "trailing-bytes" => ("extra.trailing", [ReasonCode::MALFORMED_PACKET]),
        "foreign-property" => ("prop.foreign@receive-maximum", [ReasonCode::MALFORMED_PACKET]),
        "expiry-twice" => ("prop.duplicate@session-expiry-interval", [ReasonCode::PROTOCOL_ERROR]),
        "reason-twice" => ("prop.duplicate@reason-string", [ReasonCode::PROTOCOL_ERROR]),
        _ => ("prop.duplicate@server-reference", [ReasonCode::PROTOCOL_ERROR]),
    };
    let mut watcher = watcher_of_errors(broker).await?;
    let rogue = connect().persistent().will(will("status", b"rogue").qos(AtLeastOnce));
    let mut rogue = broker.connect_as("rogue", rogue).await?;

    rogue.send(disconnect().property(Property::UserProperty("from", "rogue")).with(mutation))?;

    is_no_farewell(&mut rogue, &mut watcher, &codes).await
}

async fn wrong_code(broker: &Subject) -> Outcome {
    let mutation = if broker.member() == "undefined" { "reason.undefined" } else { "reason.wrong-side" };
    let mut rogue = broker.connect("rogue").await?;

    // The will comes for any code but 0x00, so it is no witness here; the reason code of the broker is.
    rogue.send(disconnect().reason(ReasonCode::UNSPECIFIED_ERROR).with(mutation))?;

    rogue.expect_refusal(&[ReasonCode::PROTOCOL_ERROR, ReasonCode::MALFORMED_PACKET]).await
}

async fn expiry_ends_session(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe_tried("news", "news", AtLeastOnce).await?;

    sleeper.disconnect_with(disconnect().property(Property::SessionExpiryInterval(0))).await?;

    // A session that has ended shows by what is gone with it; what CONNACK says of it is another rule's.
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("fence", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"over and done", AtLeastOnce).await?;
    sleeper.expect_no_message(b"over and done").before_message(&mut publisher, "fence").await
}

async fn expiry_after_none(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_errors(broker).await?;
    let mut rogue = broker.connect_as("rogue", connect().will(will("status", b"rogue").qos(AtLeastOnce))).await?;

    rogue.session_ends()?;

    rogue.send(disconnect().property(Property::SessionExpiryInterval(60)))?;

    is_no_farewell(&mut rogue, &mut watcher, &[ReasonCode::PROTOCOL_ERROR]).await
}

async fn lone_code(broker: &Subject) -> Outcome {
    let mut control = broker.connect("control").await?;
    control.send(disconnect())?;
    control.ended().await?;
    let mut mortal = broker.connect("mortal").await?;

    mortal.send(disconnect().reason(ReasonCode::DISCONNECT_WITH_WILL_MESSAGE))?;

    if mortal.ended().await.is_err() {
        // It ends connections after the empty form, but does not take this one for a DISCONNECT.
        return mortal.expect_close().await;
    }
    mortal.expect_end_without(PacketType::Disconnect).await
}

async fn code_of_broker(broker: &Subject) -> Outcome {
    let for_server = |code: &ReasonCode| {
        let side = code.sent_by(PacketType::Disconnect);
        code.allowed_in(Version::V5, PacketType::Disconnect) && side != Sender::Client
    };
    let table: Vec<ReasonCode> = (0..=u8::MAX).map(ReasonCode).filter(for_server).collect();

    let (mut rogue, farewell) = sent_away(broker).await?;

    let _ = rogue.expect_right(&farewell, any(PacketType::Disconnect).code(&table)).await?;
    let plain = any(PacketType::Disconnect).lacks(PropertyId::SESSION_EXPIRY_INTERVAL);
    rogue.expect_right(&farewell, plain).decides(rule!(v5 "MQTT-3.14.2-2")).await
}

async fn broker_leaves_after_disconnect(broker: &Subject) -> Outcome {
    let (mut rogue, farewell) = sent_away(broker).await?;

    let _ = rogue.expect_close().await?;
    rogue.expect_nothing_after(&farewell).decides(rule!(v5 "MQTT-3.14.4-1")).await
}

pub(super) async fn others_are_spared(broker: &Subject) -> Outcome {
    let mut bystander = broker.connect("bystander").await?;
    bystander.subscribe("news", AtLeastOnce).await?;
    bystander.serves().await?;
    bystander.publish("news", b"as ever", AtLeastOnce).await?;
    bystander.receive(a_message("news", b"as ever")).await?;
    let mut rogue = broker.connect("rogue").await?;

    rogue.send(connect())?;
    rogue.ended().await?;

    let _ = bystander.expect_open().await?;
    broker.connect("publisher").await?.publish("news", b"life goes on", AtLeastOnce).await?;
    bystander.expect(a_message("news", b"life goes on")).await
}

//! DISCONNECT: how a client leaves, and how a broker sends one away that broke a rule.

use super::prelude::*;
use crate::scenario::{Client, Received};
use mqtt_assay_codec::{PropertyId, Sender};

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
        v5: proves ["MQTT-3.14.4-2", "MQTT-3.14.4-1"],
        caught: [Fault::DisconnectWithoutClose, Fault::SendsAfterDisconnect]),
    case!(error_is_explained: "Before it closes for a broken rule, a broker says by DISCONNECT which one",
        v5: proves ["U5-210", "MQTT-3.1.0-2"],
        caught: [Fault::ClosesWithoutDisconnect, Fault::DisconnectUnspecified]),
    case!(others_are_spared: "A client that breaks a rule costs nobody else the connection",
        v5: proves ["U5-212"],
        caught: [Fault::ErrorClosesOthers]),
];

/// A client that is sent away for a broken rule, and the DISCONNECT, which is only recommended (5.0 section 4.13.1).
async fn sent_away(broker: &Subject) -> Result<(Client, Received), Stop> {
    let mut rogue = broker.connect("rogue").await?;
    rogue.send(subscribe("news", AtMostOnce).with("subscribe.no-filters"))?;
    let farewell = rogue.receive_or_end(any(PacketType::Disconnect)).await?;
    let farewell = farewell.ok_or_else(|| Stop::NotExercised("the broker closed without a DISCONNECT".to_owned()))?;
    Ok((rogue, farewell))
}

/// A watcher that has seen the will of a client that was sent away for an error. A DISCONNECT ends in a close whether it
/// is right or wrong; on such a broker a will tells the two apart.
async fn watcher_of_errors(broker: &Subject) -> Result<Client, Stop> {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("status", AtLeastOnce).await?;
    let mut control = broker.connect_as("control", connect().will(will("status", b"control").qos(AtLeastOnce))).await?;
    control.send(subscribe("status", AtMostOnce).with("subscribe.no-filters"))?;
    control.ended().await?;
    watcher.receive(a_message("status", b"control")).await?;
    Ok(watcher)
}

async fn closed_after_disconnect(broker: &Subject) -> Outcome {
    let mut polite = broker.connect("polite").await?;

    polite.send(disconnect())?;

    polite.expect_close().await
}

async fn nothing_after_disconnect(broker: &Subject) -> Outcome {
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

    let _ = rogue.expect_refusal(&codes).await?;
    watcher.expect(a_message("status", b"rogue")).as_reaction().await
}

async fn wrong_code(broker: &Subject) -> Outcome {
    let mutation = if broker.member() == "undefined" { "reason.undefined" } else { "reason.wrong-side" };
    let mut rogue = broker.connect("rogue").await?;

    // The will comes for any code but 0x00, so it is no witness here; the reason code of the broker is.
    rogue.send(disconnect().reason(ReasonCode::UNSPECIFIED_ERROR).with(mutation))?;

    rogue.expect_refusal(&[ReasonCode::PROTOCOL_ERROR, ReasonCode::MALFORMED_PACKET]).await
}

async fn expiry_ends_session(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect("sleeper").await?;
    sleeper.session_ends()?;
    sleeper.disconnect().await?;
    let mut sleeper = broker.open("sleeper").await?;
    sleeper.send(connect().persistent())?;
    sleeper.receive(a_connack().session_present(false)).await?;

    sleeper.disconnect_with(disconnect().property(Property::SessionExpiryInterval(0))).await?;

    let mut sleeper = broker.open("sleeper").await?;
    sleeper.send(connect().persistent())?;
    let accepted = sleeper.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    sleeper.expect_right(&accepted, a_connack().session_present(false)).await
}

async fn expiry_after_none(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_errors(broker).await?;
    let mut rogue = broker.connect_as("rogue", connect().will(will("status", b"rogue").qos(AtLeastOnce))).await?;

    rogue.send(disconnect().property(Property::SessionExpiryInterval(60)))?;

    let _ = rogue.expect_refusal(&[ReasonCode::PROTOCOL_ERROR]).await?;
    watcher.expect(a_message("status", b"rogue")).as_reaction().await
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

async fn error_is_explained(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;

    rogue.send(connect())?;

    let closed = rogue.expect_close().decides(rule!(v5 "MQTT-3.1.0-2"));
    closed.code(&[ReasonCode::PROTOCOL_ERROR], rule!(v5 "U5-210")).await
}

async fn others_are_spared(broker: &Subject) -> Outcome {
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

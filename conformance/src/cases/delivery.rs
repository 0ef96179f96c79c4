//! QoS 1 and 2 to clients: packet identifiers, DUP, what is sent again after a reconnect, and how much at a time.

use super::prelude::*;
use crate::scenario::{Client, Evidence, Received};
use mqtt_assay_codec::Packet;
use mqtt_assay_standard::bounds;

pub(super) const CASES: &[Case] = &[
    case!(pubrel_answers_pubrec: "A PUBREC is answered with a PUBREL under its packet identifier",
        v311: proves ["MQTT-4.3.3-1", "MQTT-2.3.1-6"],
        v5: proves ["MQTT-4.3.3-4", "MQTT-2.2.1-5"],
        caught: [Fault::NoPubrel, Fault::WrongPubrelId],
        needs: &["qos2"]),
    case!(unknown_pubrec: "A PUBREC for a packet identifier that is not in use is answered with PUBREL 0x92",
        v5: proves ["U5-158"],
        caught: [Fault::UnknownPubrecUnanswered],
        needs: &["qos2"]),
    case!(wrong_acknowledgement: "A PUBACK for a message of QoS 2 is refused",
        v5: breaks ["U5-201"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsWrongAck],
        needs: &["qos2"]),
    case!(fresh_identifier["qos1"]: "While a QoS 1 message awaits its PUBACK the next one has another packet identifier",
        v311: proves ["MQTT-2.3.1-4" = "MQTT-4.3.2-1"],
        v5: proves ["MQTT-2.2.1-4" = "MQTT-4.3.2-1"],
        caught: [Fault::ReusesIdInFlight]),
    case!(fresh_identifier["qos2"]: "While a QoS 2 message awaits its PUBCOMP the next one has another packet identifier",
        v311: proves ["MQTT-2.3.1-4" = "MQTT-4.3.3-1"],
        v5: proves ["MQTT-2.2.1-4" = "MQTT-4.3.3-1"],
        caught: [Fault::ReusesIdInFlight],
        needs: &["qos2"]),
    case!(first_delivery["qos1"]: "A QoS 1 message comes with DUP 0 the first time, whatever its publisher set",
        v311: proves ["MQTT-3.3.1-3", "MQTT-4.3.2-1", "MQTT-4.5.0-1"],
        v5: proves ["MQTT-3.3.1-3", "MQTT-4.3.2-2", "MQTT-4.5.0-1"],
        caught: [Fault::DupPropagated, Fault::DupOnFirstDelivery, Fault::LosesDup]),
    case!(first_delivery["qos2"]: "A QoS 2 message comes with DUP 0 the first time, whatever its publisher set",
        v311: proves ["MQTT-3.3.1-3", "MQTT-4.3.3-1", "MQTT-4.5.0-1"],
        v5: proves ["MQTT-3.3.1-3", "MQTT-4.3.3-2", "MQTT-4.5.0-1"],
        caught: [Fault::DupPropagated, Fault::DupOnFirstDelivery, Fault::LosesDup],
        needs: &["qos2"]),
    case!(qos0_form: "A QoS 0 message comes with DUP 0 and without a packet identifier",
        v311: proves ["MQTT-3.3.1-2" = "MQTT-4.3.1-1", "MQTT-2.3.1-5"],
        v5: proves ["MQTT-3.3.1-2" = "MQTT-4.3.1-1", "MQTT-2.2.1-2"],
        caught: [Fault::DupOnQos0, Fault::Qos0WithId]),
    case!(redelivery_qos1: "An unacknowledged QoS 1 message comes again after a reconnect, with DUP and its identifier",
        v311: proves ["MQTT-4.4.0-1", "MQTT-4.3.2-1", "MQTT-2.3.1-4", "MQTT-3.3.1-1"],
        v5: proves ["MQTT-4.4.0-1", "MQTT-4.3.2-3", "MQTT-3.3.1-1"],
        caught: [Fault::NoRedeliveryQos1, Fault::RedeliversUnderNewId, Fault::DupMissingOnRedelivery]),
    case!(redelivery_qos2: "A QoS 2 message without PUBREC comes again after a reconnect, with DUP and its identifier",
        v311: proves ["MQTT-4.4.0-1", "MQTT-4.3.3-1", "MQTT-2.3.1-4", "MQTT-3.3.1-1"],
        v5: proves ["MQTT-4.4.0-1", "MQTT-4.3.3-3", "MQTT-3.3.1-1"],
        caught: [Fault::NoRedeliveryQos2, Fault::RedeliversUnderNewId, Fault::DupMissingOnRedelivery],
        needs: &["qos2"]),
    case!(redelivery_pubrel: "A PUBREL without PUBCOMP comes again after a reconnect, and its PUBLISH does not",
        v311: proves ["MQTT-4.4.0-1", "MQTT-4.3.3-1"],
        v5: proves ["MQTT-4.4.0-1" = "MQTT-4.3.3-5", "MQTT-4.3.3-6"],
        caught: [Fault::NoRedeliveryPubrel, Fault::RedeliversAfterPubrec],
        needs: &["qos2"]),
    case!(acknowledged_is_done: "A message that was acknowledged does not come again after a reconnect",
        v311: proves ["MQTT-4.3.2-1"],
        v5: proves ["MQTT-4.3.2-3"],
        caught: [Fault::RedeliversAcknowledged]),
    case!(completed_is_done: "After PUBCOMP neither the PUBLISH nor the PUBREL of a QoS 2 message comes again after a reconnect",
        v311: proves ["MQTT-4.3.3-1"],
        v5: proves ["MQTT-4.3.3-5"],
        caught: [Fault::RedeliversCompleted],
        needs: &["qos2"]),
    case!(refused_is_done["puback"]: "A message that its receiver refused with PUBACK does not come again after a reconnect",
        v5: proves ["MQTT-4.4.0-2"],
        caught: [Fault::RedeliversRefused]),
    case!(refused_is_done["pubrec"]: "A message that its receiver refused with PUBREC does not come again after a reconnect",
        v5: proves ["MQTT-4.4.0-2"],
        caught: [Fault::RedeliversRefused],
        needs: &["qos2"]),
    case!(refusal_keeps_connection: "A client that refuses a message with PUBACK stays connected and gets the next one",
        v5: proves ["U5-213"],
        caught: [Fault::NackCloses]),
    case!(only_on_reconnect: "A message is not sent again while its connection lasts",
        v5: proves ["MQTT-4.4.0-1"],
        caught: [Fault::ResendsOnLive],
        waits: bounds::RESEND.as_secs()),
    case!(again_on_live: "An unacknowledged message may be sent again while its connection lasts",
        v311: proves ["U3-17"],
        caught: [],
        waits: bounds::RESEND.as_secs()),
    case!(receive_maximum: "No more messages are unacknowledged than the client's Receive Maximum",
        v5: proves ["MQTT-3.3.4-9" = "MQTT-4.9.0-1" = "MQTT-4.9.0-2"],
        caught: [Fault::PastReceiveMaximum]),
    case!(served_without_quota: "A client whose Receive Maximum is used up is served in everything else",
        v5: proves ["MQTT-3.3.4-10" = "MQTT-4.9.0-3"],
        caught: [Fault::QuotaBlocksAll]),
    case!(spelled_out["puback.code"]: "A PUBACK that spells out its reason code means what a short one means",
        v5: proves ["U5-143"],
        caught: [Fault::RefusesAckWithCode]),
    case!(spelled_out["puback.properties"]: "A PUBACK that spells out its reason code and an empty property list means what a short one means",
        v5: proves ["U5-143"],
        caught: [Fault::RefusesAckWithCode]),
    case!(spelled_out["pubrec.code"]: "A PUBREC that spells out its reason code means what a short one means",
        v5: proves ["U5-147"],
        caught: [Fault::RefusesAckWithCode],
        needs: &["qos2"]),
    case!(spelled_out["pubrec.properties"]: "A PUBREC that spells out its reason code and an empty property list means what a short one means",
        v5: proves ["U5-147"],
        caught: [Fault::RefusesAckWithCode],
        needs: &["qos2"]),
    case!(spelled_out["pubrel.code"]: "A PUBREL that spells out its reason code means what a short one means",
        v5: proves ["U5-151"],
        caught: [Fault::RefusesAckWithCode],
        needs: &["qos2"]),
    case!(spelled_out["pubrel.properties"]: "A PUBREL that spells out its reason code and an empty property list means what a short one means",
        v5: proves ["U5-151"],
        caught: [Fault::RefusesAckWithCode],
        needs: &["qos2"]),
    case!(spelled_out["pubcomp.code"]: "A PUBCOMP that spells out its reason code means what a short one means",
        v5: proves ["U5-156"],
        caught: [Fault::RefusesAckWithCode],
        needs: &["qos2"]),
    case!(spelled_out["pubcomp.properties"]: "A PUBCOMP that spells out its reason code and an empty property list means what a short one means",
        v5: proves ["U5-156"],
        caught: [Fault::RefusesAckWithCode],
        needs: &["qos2"]),
    case!(quota_after_refusal: "A PUBREC of 0x80 or more makes room for the next message",
        v5: proves ["U5-207"],
        caught: [Fault::QuotaNotRestored],
        needs: &["qos2"]),
    case!(too_large_is_left_out: "A message above the client's Maximum Packet Size is left out as if it had been delivered",
        v5: proves ["MQTT-3.1.2-24", "MQTT-3.1.2-25"],
        caught: [Fault::PastMaximumPacketSize, Fault::StallsOnTooLarge]),
    case!(what_fits_is_delivered: "A message of exactly the client's Maximum Packet Size is delivered",
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::LeavesOutWhatFits]),
];

fn level_of(message: &Received) -> QoS {
    match message.packet() {
        Packet::Publish(publish) => publish.qos,
        _ => AtMostOnce,
    }
}

/// The QoS that the family's member names.
fn level(broker: &Subject) -> QoS {
    if broker.member() == "qos1" { AtLeastOnce } else { ExactlyOnce }
}

pub(super) async fn pubrel_answers_pubrec(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", ExactlyOnce).await?;
    watcher.hold_acknowledgements();
    broker.connect("publisher").await?.publish("news", b"step by step", ExactlyOnce).await?;
    let message = watcher.receive(a_message("news", b"step by step").qos(ExactlyOnce)).await?;

    watcher.send(pubrec(message.id()))?;

    let answer = watcher.expect(any(PacketType::Pubrel)).await?;
    watcher.expect_right(&answer, a_pubrel(message.id())).decides(rule!(v311 "MQTT-2.3.1-6", v5 "MQTT-2.2.1-5")).await
}

pub(super) async fn unknown_pubrec(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;
    client.subscribe("news", ExactlyOnce).await?;
    client.hold_acknowledgements();
    broker.connect("publisher").await?.publish("news", b"known", ExactlyOnce).await?;
    let known = client.receive(a_message("news", b"known").qos(ExactlyOnce)).await?;
    client.send(pubrec(known.id()))?;
    client.receive(a_pubrel(known.id()).code(&[ReasonCode::SUCCESS])).await?;

    client.send(pubrec(broker.an_id(0x1234)))?;

    client.expect(a_pubrel(broker.an_id(0x1234)).code(&[ReasonCode::PACKET_IDENTIFIER_NOT_FOUND])).recommended().await
}

pub(super) async fn wrong_acknowledgement(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.subscribe("news", ExactlyOnce).await?;
    rogue.hold_acknowledgements();
    broker.connect("publisher").await?.publish("news", b"twice two steps", ExactlyOnce).await?;
    let message = rogue.receive(a_message("news", b"twice two steps").qos(ExactlyOnce)).await?;

    rogue.send(puback(message.id()))?;

    rogue.expect_refusal(&[ReasonCode::PROTOCOL_ERROR]).await
}

async fn fresh_identifier(broker: &Subject) -> Outcome {
    let qos = level(broker);
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", qos).await?;
    watcher.hold_acknowledgements();
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"first", qos).await?;
    let first = watcher.receive(a_message("news", b"first").qos(qos)).await?;
    if qos == ExactlyOnce {
        watcher.send(pubrec(first.id()))?;
        watcher.receive(a_pubrel(first.id())).await?;
    }

    publisher.publish("news", b"second", qos).await?;

    let second = watcher.receive_also(a_message("news", b"second").qos(qos)).await?;
    watcher.expect_right(&second, a_message("news", b"second").other_id_than(first.id())).await
}

/// Set-up: a publisher that has just come back to its session, and may send with DUP 1 what was lost before.
async fn returned_publisher(broker: &Subject) -> Result<Client, Stop> {
    broker.connect_as("publisher", connect().persistent()).await?.drop_connection().await;
    broker.resume("publisher").await
}

pub(super) async fn first_delivery(broker: &Subject) -> Outcome {
    let qos = level(broker);
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", qos).await?;
    let mut publisher = returned_publisher(broker).await?;

    publisher.publish_draft(publish("news", b"repeated?").qos(qos).dup()).await?;

    let delivered = rule!(v311 "MQTT-4.5.0-1", v5 "MQTT-4.5.0-1");
    let message = watcher.expect(a_message("news", b"repeated?")).decides(delivered).await?;
    let step = watcher.expect_right(&message, a_message("news", b"repeated?").dup(false));
    let _ = match qos {
        ExactlyOnce => step.decides(rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-2")).await?,
        _ => step.decides(rule!(v311 "MQTT-4.3.2-1", v5 "MQTT-4.3.2-2")).await?,
    };
    watcher.expect_right(&message, a_message("news", b"repeated?").dup(false)).await
}

async fn qos0_form(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtMostOnce).await?;
    let mut publisher = returned_publisher(broker).await?;

    let repeated = publish("news", b"as it is").qos(AtLeastOnce).dup();
    let message = publisher.publish_to(&mut watcher, repeated, ending_in(b"as it is").qos(AtMostOnce)).await?;

    let _ = watcher
        .expect_right(&message, ending_in(b"as it is").and_no_more())
        .decides(rule!(v311 "MQTT-2.3.1-5", v5 "MQTT-2.2.1-2"))
        .await?;
    watcher.expect_right(&message, ending_in(b"as it is").dup(false)).await
}

/// What waits for `sleeper` where its session is kept while it is away.
const WAITING: &[u8] = b"while away";

/// Set-up: `sleeper` is back. In 5.0 it is owed anything only where its session is present ([MQTT-4.4.0-1]), whatever CONNACK
/// says of it; 3.1.1 knows no such condition.
async fn back_again(broker: &Subject) -> Result<Client, Stop> {
    match broker.version() {
        Version::V5 => broker.resume_kept("sleeper", a_message("news", WAITING)).await,
        _ => broker.resume("sleeper").await,
    }
}

/// Set-up: the first delivery of a message to `sleeper`, who has a session, leaves it unacknowledged and is gone; another one
/// waits for it.
async fn left_unacknowledged(broker: &Subject, payload: &[u8], qos: QoS) -> Result<Received, Stop> {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", qos).await?;
    sleeper.hold_acknowledgements();
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", payload, qos).await?;
    let first = sleeper.receive(a_message("news", payload).qos(qos)).await?;
    sleeper.drop_connection().await;
    publisher.publish("news", WAITING, qos).await?;
    Ok(first)
}

/// Decides: what came again, and so was taken for unacknowledged, has the packet identifier of its first delivery, and DUP 1.
pub(super) async fn is_marked_as_sent_again(sleeper: &mut Client, first: &Received, again: &Evidence) -> Outcome {
    let step = sleeper.expect_right(again, a_message("news", b"again"));
    let _ = match level_of(first) {
        ExactlyOnce => step.decides(rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-3")).await?,
        _ => step.decides(rule!(v311 "MQTT-4.3.2-1", v5 "MQTT-4.3.2-3")).await?,
    };
    let _ = sleeper
        .expect_right(again, a_message("news", b"again").id(first.id()))
        .decides(rule!(v311 "MQTT-2.3.1-4", v5 "MQTT-4.4.0-1"))
        .await?;
    sleeper
        .expect_right(again, a_message("news", b"again").dup(true))
        .decides(rule!(v311 "MQTT-3.3.1-1", v5 "MQTT-3.3.1-1"))
        .await
}

async fn redelivery_qos1(broker: &Subject) -> Outcome {
    let first = left_unacknowledged(broker, b"again", AtLeastOnce).await?;

    let mut sleeper = back_again(broker).await?;

    let again =
        sleeper.expect(a_message("news", b"again")).decides(rule!(v311 "MQTT-4.4.0-1", v5 "MQTT-4.3.2-3")).await?;
    is_marked_as_sent_again(&mut sleeper, &first, &again).await
}

async fn redelivery_qos2(broker: &Subject) -> Outcome {
    let first = left_unacknowledged(broker, b"again", ExactlyOnce).await?;

    let mut sleeper = back_again(broker).await?;

    let again =
        sleeper.expect(a_message("news", b"again")).decides(rule!(v311 "MQTT-4.4.0-1", v5 "MQTT-4.3.3-3")).await?;
    is_marked_as_sent_again(&mut sleeper, &first, &again).await
}

async fn redelivery_pubrel(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", ExactlyOnce).await?;
    sleeper.hold_acknowledgements();
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"half done", ExactlyOnce).await?;
    let message = sleeper.receive(a_message("news", b"half done").qos(ExactlyOnce)).await?;
    sleeper.send(pubrec(message.id()))?;
    sleeper.receive(a_pubrel(message.id())).await?;
    sleeper.drop_connection().await;
    if broker.version() == Version::V5 {
        // A broker may remember the exchange only because something else waits: no more than what shows the session.
        publisher.publish("news", WAITING, ExactlyOnce).await?;
    }

    let mut sleeper = back_again(broker).await?;

    let again = sleeper.expect(a_pubrel(message.id())).decides(rule!(v311 "MQTT-4.4.0-1", v5 "MQTT-4.4.0-1")).await?;
    let unacknowledged = rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-5");
    let _ = sleeper.expect_right(&again, a_pubrel(message.id())).decides(unacknowledged).await?;
    let fence = sleeper.expect_no_message(b"half done").before_message(&mut publisher, "news");
    fence.decides(rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-6")).await
}

async fn acknowledged_is_done(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"done", AtLeastOnce).await?;
    sleeper.receive(a_message("news", b"done").qos(AtLeastOnce)).await?;
    sleeper.serves().await?;
    sleeper.drop_connection().await;

    let mut sleeper = broker.resume("sleeper").await?;

    sleeper.expect_no_message(b"done").before_message(&mut publisher, "news").await
}

async fn completed_is_done(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", ExactlyOnce).await?;
    sleeper.subscribe("fence", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"done", ExactlyOnce).await?;
    let message = sleeper.receive(a_message("news", b"done").qos(ExactlyOnce)).await?;
    sleeper.receive(a_pubrel(message.id())).await?;
    sleeper.serves().await?;
    sleeper.drop_connection().await;

    let mut sleeper = broker.resume("sleeper").await?;

    let _ = sleeper.expect_no_message(b"done").before_message(&mut publisher, "fence").await?;
    sleeper.expect_no_packet(PacketType::Pubrel).before_message(&mut publisher, "fence").await
}

async fn refused_is_done(broker: &Subject) -> Outcome {
    let (qos, refusal): (QoS, fn(u16) -> Draft) = match broker.member() {
        "puback" => (AtLeastOnce, puback),
        _ => (ExactlyOnce, pubrec),
    };
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", qos).await?;
    sleeper.hold_acknowledgements();
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"unwanted", qos).await?;
    let message = sleeper.receive(a_message("news", b"unwanted").qos(qos)).await?;
    sleeper.send(refusal(message.id()).reason(ReasonCode::UNSPECIFIED_ERROR))?;
    sleeper.serves().await?;
    sleeper.drop_connection().await;

    let mut sleeper = broker.resume("sleeper").await?;

    sleeper.expect_no_message(b"unwanted").before_message(&mut publisher, "news").await
}

pub(super) async fn refusal_keeps_connection(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", AtLeastOnce).await?;
    watcher.hold_acknowledgements();
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"unwanted", AtLeastOnce).await?;
    let message = watcher.receive(a_message("news", b"unwanted").qos(AtLeastOnce)).await?;

    watcher.send(puback(message.id()).reason(ReasonCode::UNSPECIFIED_ERROR))?;
    publisher.publish("news", b"welcome again", AtLeastOnce).await?;

    watcher.expect(a_message("news", b"welcome again")).await
}

pub(super) async fn only_on_reconnect(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    watcher.hold_acknowledgements();
    broker.connect("publisher").await?.publish("news", b"once", AtLeastOnce).await?;
    watcher.receive(a_message("news", b"once").qos(AtLeastOnce)).await?;
    watcher.take_repetitions();

    broker.wait(bounds::RESEND).await;

    // What comes later is observed: a verdict must not depend on how long the others take.
    watcher.expect_no_message(b"once").for_now().await
}

async fn again_on_live(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    watcher.hold_acknowledgements();
    broker.connect("publisher").await?.publish("news", b"once or twice", AtLeastOnce).await?;
    let first = watcher.receive(a_message("news", b"once or twice").qos(AtLeastOnce)).await?;
    watcher.take_repetitions();

    broker.wait(bounds::RESEND).await;

    watcher.serves().await?;
    let again = watcher.waiting_behind(PacketType::Publish, first.line);
    Ok(broker.observe(
        rule!(v311 "U3-17"),
        &format!("sent again {again} times within {} s without a reconnect", bounds::RESEND.as_secs()),
    ))
}

pub(super) async fn receive_maximum(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect_as("watcher", connect().property(Property::ReceiveMaximum(2))).await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    watcher.hold_acknowledgements();
    let mut publisher = broker.connect("publisher").await?;

    for payload in [b"first", b"other", b"third"] {
        publisher.publish("news", payload, AtLeastOnce).await?;
    }

    watcher.receive(a_message("news", b"first").qos(AtLeastOnce)).await?;
    // No message can be the fence: one of QoS 0 may be held back as long as the quota is used up (section 4.9).
    watcher.expect_no_message(b"third").await
}

pub(super) async fn served_without_quota(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect_as("watcher", connect().property(Property::ReceiveMaximum(1))).await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    watcher.publish("weather", b"cloudy", AtLeastOnce).await?;
    watcher.serves().await?;
    watcher.hold_acknowledgements();
    broker.connect("publisher").await?.publish("news", b"unacknowledged", AtLeastOnce).await?;
    watcher.receive(a_message("news", b"unacknowledged").qos(AtLeastOnce)).await?;

    watcher.send_together([
        subscribe("other", AtMostOnce),
        publish("weather", b"sunny").qos(AtLeastOnce),
        pingreq(),
    ])?;

    watcher.expect_all([any(PacketType::Suback), any(PacketType::Puback), any(PacketType::Pingresp)]).await
}

/// The acknowledgement as the family's member spells it out.
fn spelled(broker: &Subject, short: Draft) -> Draft {
    short.with(if broker.member().ends_with("code") { "ack.code-spelled-out" } else { "ack.empty-properties" })
}

async fn spelled_out(broker: &Subject) -> Outcome {
    match broker.member().split('.').next() {
        Some("pubrel") => spelled_out_by_publisher(broker).await,
        Some("puback") => spelled_out_by_receiver(broker, AtLeastOnce).await,
        _ => spelled_out_by_receiver(broker, ExactlyOnce).await,
    }
}

async fn spelled_out_by_publisher(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"short twin", ExactlyOnce).await?;
    let id = publisher.send(publish("news", b"in two steps").qos(ExactlyOnce))?;
    publisher.receive(a_pubrec(id)).await?;

    publisher.send(spelled(broker, pubrel(id)))?;

    publisher.expect(a_pubcomp(id)).await
}

/// With a Receive Maximum of 1, the next message tells that the one before was acknowledged.
async fn spelled_out_by_receiver(broker: &Subject, qos: QoS) -> Outcome {
    let mut watcher = broker.connect_as("watcher", connect().property(Property::ReceiveMaximum(1))).await?;
    watcher.subscribe_tried("news", "news", qos).await?;
    if qos == ExactlyOnce {
        watcher.receive(any(PacketType::Pubrel)).await?;
    }
    watcher.hold_acknowledgements();
    let mut publisher = broker.connect("publisher").await?;
    for payload in [b"first", b"other", b"third"] {
        publisher.publish("news", payload, qos).await?;
    }
    // The short twin: what waits for a client that is full comes once there is room.
    let first = watcher.receive(a_message("news", b"first").qos(qos)).await?;
    if qos == AtLeastOnce {
        watcher.send(puback(first.id()))?;
    } else {
        watcher.send(pubrec(first.id()))?;
        watcher.receive(a_pubrel(first.id())).await?;
        watcher.send(pubcomp(first.id()))?;
    }
    let other = watcher.receive(a_message("news", b"other").qos(qos)).await?;
    watcher.serves().await?;
    if watcher.waits_for(&a_message("news", b"third")) {
        let why = "watcher: the broker sends more than it has room for, so that nothing tells when it has".to_owned();
        return Err(Stop::Inconclusive { why, line: None });
    }

    if qos == AtLeastOnce {
        watcher.send(spelled(broker, puback(other.id())))?;
        return watcher.expect(a_message("news", b"third")).await;
    }
    if broker.member().starts_with("pubrec") {
        watcher.send(spelled(broker, pubrec(other.id())))?;
        return watcher.expect(a_pubrel(other.id())).await;
    }
    watcher.send(pubrec(other.id()))?;
    watcher.receive(a_pubrel(other.id())).await?;
    watcher.send(spelled(broker, pubcomp(other.id())))?;
    watcher.expect(a_message("news", b"third")).await
}

pub(super) async fn quota_after_refusal(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect_as("watcher", connect().property(Property::ReceiveMaximum(1))).await?;
    watcher.subscribe_tried("news", "news", ExactlyOnce).await?;
    watcher.serves().await?;
    watcher.hold_acknowledgements();
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"unwanted", ExactlyOnce).await?;
    let message = watcher.receive(a_message("news", b"unwanted").qos(ExactlyOnce)).await?;

    watcher.send(pubrec(message.id()).reason(ReasonCode::UNSPECIFIED_ERROR))?;
    watcher.serves().await?;
    publisher.publish("news", b"in its place", ExactlyOnce).await?;

    watcher.expect(a_message("news", b"in its place")).await
}

async fn too_large_is_left_out(broker: &Subject) -> Outcome {
    let small = connect().property(Property::MaximumPacketSize(256)).property(Property::ReceiveMaximum(1));
    let mut watcher = broker.connect_as("watcher", small).await?;
    watcher.subscribe_tried("news", "news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let large = [b'x'; 300];

    publisher.publish("news", large, AtLeastOnce).await?;
    publisher.publish("news", b"small", AtLeastOnce).await?;

    let _ = watcher.expect(a_message("news", b"small")).decides(rule!(v5 "MQTT-3.1.2-25")).await?;
    watcher.expect_no_message(&large).before_message(&mut publisher, "news").await
}

async fn what_fits_is_delivered(broker: &Subject) -> Outcome {
    let mut measuring = broker.connect("measuring").await?;
    measuring.subscribe_tried("news", "news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let (measured, fitting) = ([b'm'; 200], [b'f'; 200]);
    publisher.publish("news", measured, AtLeastOnce).await?;
    let length = measuring.receive(a_message("news", measured)).await?.length();
    let exact = connect().property(Property::MaximumPacketSize(length as u32));
    let mut watcher = broker.connect_as("watcher", exact).await?;
    watcher.subscribe_tried("news", "news", AtLeastOnce).await?;

    publisher.publish("news", fitting, AtLeastOnce).await?;

    watcher.expect(a_message("news", fitting)).await
}

//! QoS 1 and 2 from clients: acknowledgements, packet identifiers, each message taken once.

use super::prelude::*;
use crate::scenario::{Client, Seen, StepRules};
use mqtt_assay_codec::Packet;

pub(super) const CASES: &[Case] = &[
    case!(puback_identifier: "A PUBLISH of QoS 1 is answered with a PUBACK that carries its packet identifier",
        v311: proves ["MQTT-2.3.1-6", "MQTT-4.3.2-2", "MQTT-3.3.4-1"],
        v5: proves ["MQTT-2.2.1-5", "MQTT-4.3.2-4", "MQTT-3.3.4-1"],
        caught: [Fault::WrongPubackId, Fault::NoPuback]),
    case!(each_is_answered: "Of QoS 1 PUBLISHes that come in one segment each is answered with PUBACK",
        v311: proves ["MQTT-3.3.4-1"],
        v5: proves ["MQTT-3.3.4-1"],
        caught: [Fault::DropsThirdOfSegment]),
    case!(qos2_handshake: "PUBREC and PUBCOMP answer PUBLISH and PUBREL of QoS 2 under the same packet identifier",
        v311: proves ["MQTT-2.3.1-6", "MQTT-4.3.3-2", "MQTT-3.3.4-1"],
        v5: proves ["MQTT-2.2.1-5", "MQTT-4.3.3-8", "MQTT-4.3.3-11", "MQTT-3.3.4-1"],
        caught: [Fault::NoPubrec, Fault::WrongPubrecId, Fault::NoPubcomp, Fault::WrongPubcompId],
        needs: &["qos2"]),
    case!(qos1_identifier_is_free: "After PUBACK a PUBLISH with the same packet identifier is a new message, with DUP or without",
        v311: proves ["MQTT-4.3.2-2"],
        v5: proves ["MQTT-4.3.2-5"],
        caught: [Fault::RemembersAfterPuback]),
    case!(qos2_identifier_is_free: "After PUBCOMP a PUBLISH with the same packet identifier is a new message",
        v311: proves ["MQTT-4.3.3-2"],
        v5: proves ["MQTT-4.3.3-12"],
        caught: [Fault::RemembersAfterPubcomp],
        needs: &["qos2"]),
    case!(qos2_resent_is_delivered_once: "A QoS 2 PUBLISH that is sent again before its PUBREL is acknowledged and delivered once",
        v311: proves ["MQTT-4.3.3-2"],
        v5: proves ["MQTT-4.3.3-10"],
        caught: [Fault::DeliversQos2Again, Fault::NoPubrecForResent],
        needs: &["qos2"]),
    case!(pubrel_again: "A PUBREL that is sent again after its PUBCOMP is answered with PUBCOMP",
        v311: proves ["MQTT-4.3.3-2"],
        v5: proves ["MQTT-4.3.3-11", "U5-153"],
        caught: [Fault::UnknownPubrelUnanswered],
        needs: &["qos2"]),
    case!(denied_is_answered["qos1"]: "A QoS 1 PUBLISH that is not authorized is acknowledged or ends the connection",
        v311: proves ["MQTT-3.3.5-2"],
        v5: proves ["MQTT-4.3.2-4"],
        caught: [Fault::DeniedUnanswered, Fault::NoPuback],
        variant: Variant::WITH_ACCESS),
    case!(denied_is_answered["qos2"]: "A QoS 2 PUBLISH that is not authorized is acknowledged or ends the connection",
        v311: proves ["MQTT-3.3.5-2"],
        v5: proves ["MQTT-4.3.3-8"],
        caught: [Fault::DeniedUnanswered, Fault::NoPubrec],
        variant: Variant::WITH_ACCESS, needs: &["qos2"]),
    case!(refused_identifier_is_free: "After a PUBREC of 0x80 or more a PUBLISH with the same packet identifier is a new message",
        v5: proves ["MQTT-4.3.3-9"],
        caught: [Fault::RemembersAfterRefusal],
        variant: Variant::WITH_ACCESS, needs: &["qos2"]),
    case!(expiry_between: "The QoS 2 exchange of a message that expires meanwhile is completed",
        v5: proves ["MQTT-4.3.3-13"],
        caught: [Fault::ExpiryEndsExchange],
        needs: &["qos2"], waits: 2),
    case!(past_receive_maximum: "A QoS 2 PUBLISH beyond the announced Receive Maximum is refused",
        v5: breaks ["MQTT-3.3.4-7", "U5-141"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsPastReceiveMaximum],
        needs: &["qos2"]),
    case!(qos0_beside_receive_maximum: "QoS 0 messages do not count against the announced Receive Maximum",
        v5: proves ["U5-142"],
        caught: [Fault::Qos0CountsAsOpen],
        needs: &["qos2"]),
    case!(above_maximum_qos: "A PUBLISH above the announced Maximum QoS is refused",
        v5: breaks ["MQTT-3.2.2-11", "U5-088"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsQosAboveMaximum],
        variant: Variant::MAX_QOS_1),
    case!(pubrel_flags: "A PUBREL with fixed header flags 0000 is refused",
        v311: proves ["MQTT-3.6.1-1"],
        v5: proves ["MQTT-3.6.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)],
        needs: &["qos2"]),
    case!(pubrel_again_and_again: "A PUBREL that is sent again three times is answered with PUBCOMP each time",
        v311: proves ["MQTT-4.3.3-2"],
        v5: proves ["MQTT-4.3.3-11"],
        caught: [Fault::UnknownPubrelUnanswered],
        needs: &["qos2"]),
    case!(qos2_resent_with_another_payload: "Of two QoS 2 PUBLISHes under an identifier whose PUBREL is to come one is delivered",
        v311: proves ["MQTT-4.3.3-2"],
        v5: proves ["MQTT-4.3.3-10"],
        caught: [Fault::DeliversQos2Again],
        needs: &["qos2"]),
    case!(clients_at_once: "Of clients that publish at the same time, under the same packet identifiers, each is heard",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::IdentifiersShared],
        needs: &["qos2"]),
];

async fn puback_identifier(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;

    let id = publisher.send(publish("news", b"one").qos(AtLeastOnce).id(0x1234_u16))?;

    let answer =
        publisher.expect(any(PacketType::Puback)).decides(rule!(v311 "MQTT-3.3.4-1", v5 "MQTT-3.3.4-1")).await?;
    let _ =
        publisher.expect_right(&answer, a_puback(id)).decides(rule!(v311 "MQTT-4.3.2-2", v5 "MQTT-4.3.2-4")).await?;
    publisher.expect_right(&answer, a_puback(id)).await
}

async fn qos2_handshake(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;

    let id = publisher.send(publish("news", b"one").qos(ExactlyOnce).id(0x1234_u16))?;
    let pubrec =
        publisher.expect(any(PacketType::Pubrec)).decides(rule!(v311 "MQTT-3.3.4-1", v5 "MQTT-3.3.4-1")).await?;
    let _ =
        publisher.expect_right(&pubrec, a_pubrec(id)).decides(rule!(v311 "MQTT-4.3.3-2", v5 "MQTT-4.3.3-8")).await?;
    let _ = publisher.expect_right(&pubrec, a_pubrec(id)).await?;

    publisher.send(pubrel(id))?;
    let pubcomp = publisher.expect(a_pubcomp(id)).decides(rule!(v311 "MQTT-4.3.3-2", v5 "MQTT-4.3.3-11")).await?;
    publisher.expect_right(&pubcomp, a_pubcomp(id)).decides(rule!(v311 "MQTT-4.3.3-2", v5 "MQTT-2.2.1-5")).await
}

pub(super) async fn qos1_identifier_is_free(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish_draft(publish("news", b"first").qos(AtLeastOnce).id(broker.an_id(7))).await?;
    watcher.receive(a_message("news", b"first")).await?;

    publisher.publish_draft(publish("news", b"second").qos(AtLeastOnce).id(broker.an_id(7))).await?;
    publisher.publish_draft(publish("news", b"third").qos(AtLeastOnce).id(broker.an_id(7)).dup()).await?;

    watcher.expect_all([a_message("news", b"second"), a_message("news", b"third")]).await
}

/// The rules that the PUBCOMP of a whole exchange decides.
const COMPLETED: StepRules = rule!(v311 "MQTT-4.3.3-2", v5 "MQTT-4.3.3-11");

/// Decides in 3.1.1, where one rule has all steps of an exchange of QoS 2: the PUBREC comes. One that refuses the message
/// leaves nothing to go on with.
async fn received(publisher: &mut Client, id: u16) -> Result<(), Stop> {
    let pubrec = publisher.expect(a_pubrec(id)).decides(rule!(v311 "MQTT-4.3.3-2")).await?;
    match pubrec.packet().map(|packet| codes(&packet)).unwrap_or_default().first() {
        Some(code) if code.is_error() => {
            let why = format!("{}: the message was refused ({code})", publisher.role());
            Err(Stop::Inconclusive { why, line: Some(pubrec.line()) })
        }
        _ => Ok(()),
    }
}

/// Decides, where the case has rules for it: a message of QoS 2 is exchanged in full.
async fn exchange(publisher: &mut Client, message: Draft, completed: StepRules) -> Result<(), Stop> {
    let id = publisher.send_in_turn(message.qos(ExactlyOnce)).await?;
    received(publisher, id).await?;
    publisher.send(pubrel(id))?;
    publisher.expect(a_pubcomp(id)).decides(completed).await.map(drop)
}

pub(super) async fn qos2_identifier_is_free(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", ExactlyOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    exchange(&mut publisher, publish("news", b"first").id(broker.an_id(7)), rule!(v311 "MQTT-4.3.3-2")).await?;
    watcher.receive(a_message("news", b"first")).await?;

    exchange(&mut publisher, publish("news", b"second").id(broker.an_id(7)), rule!(v311 "MQTT-4.3.3-2")).await?;

    watcher.expect(a_message("news", b"second")).await
}

async fn qos2_resent_is_delivered_once(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", ExactlyOnce).await?;
    let mut publisher = publisher_with_session(broker).await?;
    let id = publisher.send(publish("news", b"once").qos(ExactlyOnce))?;
    received(&mut publisher, id).await?;
    publisher.drop_connection().await;

    // Only a reconnect lets a client of 5.0 send again (section 4.4).
    let mut publisher = publisher_again(broker, &mut watcher).await?;
    publisher.send(publish("news", b"once").qos(ExactlyOnce).id(id).dup())?;
    let _ = publisher.expect(a_pubrec(id)).await?;
    publisher.send(pubrel(id))?;
    let _ = publisher.expect(a_pubcomp(id)).decides(rule!(v311 "MQTT-4.3.3-2")).await?;

    watcher.receive(a_message("news", b"once")).await?;
    watcher.expect_no_message(b"once").before_message(&mut publisher, "news").await
}

pub(super) async fn pubrel_again(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect_as("publisher", connect().persistent()).await?;
    exchange(&mut publisher, publish("news", b"once").id(broker.an_id(7)), COMPLETED).await?;
    publisher.drop_connection().await;

    // To the client the PUBCOMP may have been lost with the connection.
    let mut publisher = broker.resume("publisher").await?;
    publisher.send(pubrel(broker.an_id(7)))?;

    let pubcomp = publisher.expect(a_pubcomp(broker.an_id(7))).await?;
    let unknown = a_pubcomp(broker.an_id(7)).code(&[ReasonCode::PACKET_IDENTIFIER_NOT_FOUND]);
    let _ = publisher.expect_right(&pubcomp, unknown).decides(rule!(v5 "U5-153")).recommended().await?;
    Ok(pubcomp)
}

pub(super) async fn denied_is_answered(broker: &Subject) -> Outcome {
    let (qos, acknowledgement) = match broker.member() {
        "qos1" => (AtLeastOnce, PacketType::Puback),
        _ => (ExactlyOnce, PacketType::Pubrec),
    };
    let mut intruder = broker.connect("intruder").await?;

    intruder.send(publish(broker.denied_topic()?, b"not allowed").qos(qos).id(0x1234_u16))?;

    // The standard permits either: an acknowledgement as if all were well, or a close.
    match intruder.receive(any(acknowledgement)).await {
        Ok(answer) => intruder.expect_right(&answer, any(acknowledgement)).await,
        Err(_) => intruder.expect_close().await,
    }
}

pub(super) async fn refused_identifier_is_free(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", ExactlyOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.send(publish(broker.denied_topic()?, b"not allowed").qos(ExactlyOnce).id(broker.an_id(7)))?;
    let answer = publisher.receive(any(PacketType::Pubrec)).await?;
    let taken = [ReasonCode::SUCCESS, ReasonCode::NO_MATCHING_SUBSCRIBERS];
    if matches!(answer.packet(), Packet::Pubrec(pubrec) if taken.contains(&pubrec.reason)) {
        return Err(Stop::NotExercised("the denied PUBLISH was not refused in its PUBREC".to_owned()));
    }

    publisher.publish_draft(publish("news", b"allowed").qos(ExactlyOnce).id(broker.an_id(7))).await?;

    watcher.expect(with_payload(b"allowed")).await
}

pub(super) async fn expiry_between(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"without expiry", ExactlyOnce).await?;
    let mortal = publish("news", b"short-lived").qos(ExactlyOnce).property(Property::MessageExpiryInterval(1));
    let id = publisher.send(mortal.id(broker.an_id(7)))?;
    publisher.receive(a_pubrec(id)).await?;

    broker.wait(Duration::from_secs(2)).await;
    publisher.send(pubrel(id))?;

    publisher.expect(a_pubcomp(id)).await
}

/// Set-up: a publisher whose session has a subscription besides, so that it is seen whether the session is kept.
async fn publisher_with_session(broker: &Subject) -> Result<Client, Stop> {
    let mut publisher = broker.connect_as("publisher", connect().persistent()).await?;
    publisher.subscribe("mail", AtLeastOnce).await?;
    Ok(publisher)
}

/// Set-up: the publisher is back, and its session is still there. Without it a message that is sent again is a new one.
async fn publisher_again(broker: &Subject, watcher: &mut Client) -> Result<Client, Stop> {
    watcher.publish("mail", b"while away", AtLeastOnce).await?;
    broker.resume_kept("publisher", a_message("mail", b"while away")).await
}

/// The most exchanges that a case opens to use up a broker's Receive Maximum.
const MOST_OPEN: u16 = 1000;

/// A connected client and the Receive Maximum that its CONNACK announced.
async fn with_receive_maximum(broker: &Subject, role: &'static str) -> Result<(Client, u16), Stop> {
    let client = broker.connect(role).await?;
    let announced = client.connack().and_then(|connack| connack.packet().properties().receive_maximum());
    match announced.unwrap_or(u16::MAX) {
        0 => Err(Stop::Inconclusive { why: "CONNACK: Receive Maximum 0".to_owned(), line: None }),
        most if most <= MOST_OPEN => Ok((client, most)),
        most => Err(Stop::NotExercised(format!("Receive Maximum {most} is too many to fill"))),
    }
}

/// Opens QoS 2 exchanges as far as PUBREC.
async fn hold_open(client: &mut Client, count: u16) -> Result<(), Stop> {
    let opened = [ReasonCode::SUCCESS, ReasonCode::NO_MATCHING_SUBSCRIBERS];
    for _ in 0..count {
        client.send(publish("news", b"held open").qos(ExactlyOnce))?;
    }
    for _ in 0..count {
        client.receive(any(PacketType::Pubrec).code(&opened)).await?;
    }
    Ok(())
}

async fn past_receive_maximum(broker: &Subject) -> Outcome {
    let (mut rogue, most) = with_receive_maximum(broker, "rogue").await?;
    hold_open(&mut rogue, most).await?;

    rogue.send(publish("news", b"one too many").qos(ExactlyOnce).although_excluded(Excluded::Exchange))?;

    rogue.expect_refusal(&[ReasonCode::RECEIVE_MAXIMUM_EXCEEDED]).await
}

pub(super) async fn qos0_beside_receive_maximum(broker: &Subject) -> Outcome {
    let (mut publisher, most) = with_receive_maximum(broker, "publisher").await?;
    hold_open(&mut publisher, most - 1).await?;
    publisher.serves().await?;

    publisher.send(publish("news", b"not counted"))?;
    publisher.send(publish("news", b"the last").qos(ExactlyOnce))?;
    let _ = publisher.expect(any(PacketType::Pubrec)).await?;
    publisher.send(publish("news", b"still allowed"))?;

    publisher.expect_open().await
}

async fn above_maximum_qos(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;

    rogue.send(publish("news", b"too high").qos(ExactlyOnce).although_excluded(Excluded::Qos))?;

    rogue.expect_refusal(&[ReasonCode::QOS_NOT_SUPPORTED]).await
}

async fn pubrel_flags(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish("news", b"legal twin", ExactlyOnce).await?;
    let id = rogue.send(publish("news", b"half done").qos(ExactlyOnce))?;
    rogue.receive(a_pubrec(id)).await?;

    rogue.send(pubrel(id).with("flags.reserved.0"))?;

    rogue.expect_refusal(&[ReasonCode::MALFORMED_PACKET]).await
}

async fn pubrel_again_and_again(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect_as("publisher", connect().persistent()).await?;
    exchange(&mut publisher, publish("news", b"once").id(7_u16), COMPLETED).await?;

    for _ in 0..2 {
        publisher.drop_connection().await;
        publisher = broker.resume("publisher").await?;
        publisher.send(pubrel(7_u16))?;
        let _ = publisher.expect(a_pubcomp(7_u16)).await?;
    }
    publisher.drop_connection().await;
    publisher = broker.resume("publisher").await?;
    publisher.send(pubrel(7_u16))?;

    publisher.expect(a_pubcomp(7_u16)).await
}

async fn qos2_resent_with_another_payload(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", ExactlyOnce).await?;
    let mut publisher = publisher_with_session(broker).await?;
    let id = publisher.send(publish("news", b"at first").qos(ExactlyOnce))?;
    received(&mut publisher, id).await?;
    publisher.drop_connection().await;

    let mut publisher = publisher_again(broker, &mut watcher).await?;
    publisher.send(publish("news", b"on second thought").qos(ExactlyOnce).id(id).dup())?;
    let _ = publisher.expect(a_pubrec(id)).await?;
    publisher.send(pubrel(id))?;
    let _ = publisher.expect(a_pubcomp(id)).decides(rule!(v311 "MQTT-4.3.3-2")).await?;

    // Which of the two a broker keeps is its choice.
    let kept = watcher.receive(any(PacketType::Publish)).await?;
    let is_first = matches!(kept.packet(), Packet::Publish(publish) if publish.payload == b"at first");
    let other: &[u8] = if is_first { b"on second thought" } else { b"at first" };
    watcher.expect_no_message(other).before_message(&mut publisher, "news").await
}

/// How many exchanges each of these clients may have open, by what the broker has told them.
fn most_open(clients: &[Client]) -> usize {
    clients.iter().map(Client::room).min().unwrap_or(1)
}

async fn clients_at_once(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", ExactlyOnce).await?;
    let mut publishers = [broker.connect("one").await?, broker.connect("other").await?];
    // Not those that have tried the paths.
    let identifiers = 11..=15_u16;

    for publisher in &mut publishers {
        publisher.try_paths().await?;
    }
    for at_once in identifiers.clone().collect::<Vec<_>>().chunks(most_open(&publishers)) {
        for &id in at_once {
            for publisher in &mut publishers {
                let payload = format!("{} of {}", id, publisher.role());
                publisher.send(publish("news", payload).qos(ExactlyOnce).id(id))?;
            }
        }
        let exchanges: Vec<(u16, QoS)> = at_once.iter().map(|&id| (id, ExactlyOnce)).collect();
        for publisher in &mut publishers {
            publisher.complete(&exchanges).await?;
        }
    }

    let of = |role| identifiers.clone().map(move |id| a_message("news", format!("{id} of {role}")));
    watcher.expect_all(of("one").chain(of("other"))).await
}

pub(super) async fn each_is_answered(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;

    // A broker that takes fewer at once has said so, and is not asked.
    publisher
        .send_together([7_u16, 8, 9].map(|id| publish("news", format!("message {id}")).qos(AtLeastOnce).id(id)))?;

    publisher.expect_all([7_u16, 8, 9].map(a_puback)).await
}

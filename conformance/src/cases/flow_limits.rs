//! What a client of 5.0 takes: its Receive Maximum and its Maximum Packet Size, on every path by which messages come.

use super::again::{back, back_holding, holding, level_in};
use super::prelude::*;
use crate::scenario::{Client, StepRules};
use mqtt_assay_codec::Packet;

pub(super) const CASES: &[Case] = &[
    case!(quota_at_pubcomp: "A QoS 2 message takes its place in the Receive Maximum until its PUBCOMP, not only until its PUBREC",
        v5: proves ["MQTT-3.3.4-9" = "MQTT-4.9.0-2", "U5-207"],
        caught: [Fault::QuotaBackAtPubrec],
        needs: &["qos2"]),
    case!(quota["live.qos2"]: "Of QoS 2 messages no more are under way than the client's Receive Maximum, completed in part or not at all",
        v5: proves ["MQTT-3.3.4-9" = "MQTT-4.9.0-2"],
        caught: [Fault::PastReceiveMaximum, Fault::QuotaBackAtPubrec],
        needs: &["qos2"]),
    case!(quota["queued.qos1"]: "Of QoS 1 messages that waited no more come unacknowledged than the client's Receive Maximum",
        v5: proves ["MQTT-3.3.4-9" = "MQTT-4.9.0-2"],
        caught: [Fault::PastReceiveMaximum]),
    case!(quota["queued.qos2"]: "Of QoS 2 messages that waited no more come unacknowledged than the client's Receive Maximum",
        v5: proves ["MQTT-3.3.4-9" = "MQTT-4.9.0-2"],
        caught: [Fault::PastReceiveMaximum],
        needs: &["qos2"]),
    case!(quota["retained.qos1"]: "Of retained QoS 1 messages no more come unacknowledged than the client's Receive Maximum",
        v5: proves ["MQTT-3.3.4-9" = "MQTT-4.9.0-2"],
        caught: [Fault::PastReceiveMaximum],
        needs: &["retain"]),
    case!(quota["retained.qos2"]: "Of retained QoS 2 messages no more come unacknowledged than the client's Receive Maximum",
        v5: proves ["MQTT-3.3.4-9" = "MQTT-4.9.0-2"],
        caught: [Fault::PastReceiveMaximum],
        needs: &["retain", "qos2"]),
    case!(packet_size["live.qos1"]: "A live QoS 1 message of exactly the client's Maximum Packet Size comes, one of a byte more doesn't, the next one does",
        v5: proves ["MQTT-3.1.2-24", "MQTT-3.1.2-25", "MQTT-4.5.0-1"],
        caught: [Fault::PastMaximumPacketSize, Fault::LeavesOutWhatFits, Fault::StallsOnTooLarge]),
    case!(packet_size["live.qos2"]: "A live QoS 2 message of exactly the client's Maximum Packet Size comes, one of a byte more doesn't, the next one does",
        v5: proves ["MQTT-3.1.2-24", "MQTT-3.1.2-25", "MQTT-4.5.0-1"],
        caught: [Fault::PastMaximumPacketSize, Fault::LeavesOutWhatFits],
        needs: &["qos2"]),
    case!(packet_size["full.qos2"]: "A QoS 2 message of a byte more than the client's Maximum Packet Size takes no place in its Receive Maximum of 1",
        v5: proves ["MQTT-3.1.2-24", "MQTT-3.1.2-25", "MQTT-4.5.0-1"],
        caught: [Fault::PastMaximumPacketSize, Fault::LeavesOutWhatFits, Fault::StallsOnTooLarge],
        needs: &["qos2"]),
    case!(packet_size["shared.qos1"]: "A message through a share of exactly the client's Maximum Packet Size comes, one of a byte more doesn't, the next one does",
        v5: proves ["MQTT-3.1.2-24", "MQTT-3.1.2-25", "MQTT-4.5.0-1"],
        caught: [Fault::PastMaximumPacketSize, Fault::LeavesOutWhatFits, Fault::StallsOnTooLarge],
        needs: &["shared-subscriptions"]),
    case!(packet_size["queued.qos1"]: "A message that waited and has exactly the client's Maximum Packet Size comes, one of a byte more doesn't, the next one does",
        v5: proves ["MQTT-3.1.2-24", "MQTT-3.1.2-25", "MQTT-4.5.0-1"],
        caught: [Fault::PastMaximumPacketSize, Fault::LeavesOutWhatFits, Fault::StallsOnTooLarge]),
    case!(packet_size["again.qos1"]: "A message that is sent again and has exactly the client's Maximum Packet Size comes, one of a byte more doesn't, the next one does",
        v5: proves ["MQTT-3.1.2-24", "MQTT-3.1.2-25", "MQTT-4.4.0-1"],
        caught: [Fault::PastMaximumPacketSize, Fault::LeavesOutWhatFits]),
    case!(packet_size["retained.qos1"]: "A retained message of exactly the client's Maximum Packet Size comes, one of a byte more doesn't, the next one does",
        v5: proves ["MQTT-3.1.2-24", "MQTT-3.1.2-25", "MQTT-3.3.1-9"],
        caught: [Fault::PastMaximumPacketSize, Fault::LeavesOutWhatFits, Fault::StallsOnTooLarge],
        needs: &["retain"]),
    case!(packet_size["will.qos1"]: "A will of exactly the client's Maximum Packet Size comes, one of a byte more doesn't, the next one does",
        v5: proves ["MQTT-3.1.2-24", "MQTT-3.1.2-25", "MQTT-3.1.2-8"],
        caught: [Fault::PastMaximumPacketSize, Fault::LeavesOutWhatFits, Fault::StallsOnTooLarge],
        needs: &["will"]),
    case!(will_past_receive_maximum: "The will of a client that is closed for going beyond the Receive Maximum is published",
        v5: proves ["MQTT-3.1.2-8"],
        caught: [Fault::NoWillOnError, Fault::WillNotSent],
        needs: &["qos2", "will"]),
];

/// A CONNECT with this Receive Maximum.
fn with_room_for(most: u16) -> Draft {
    connect().persistent().property(Property::ReceiveMaximum(most))
}

async fn quota_at_pubcomp(broker: &Subject) -> Outcome {
    let mut watcher = holding(broker, "watcher", with_room_for(1)).await?;
    watcher.subscribe("news", ExactlyOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"first", ExactlyOnce).await?;
    let id = watcher.receive(a_message("news", b"first").qos(ExactlyOnce)).await?.id();
    publisher.publish("news", b"other", ExactlyOnce).await?;

    watcher.send(pubrec(id))?;
    watcher.receive(a_pubrel(id)).await?;
    let _ = watcher.expect_no_message(b"other").for_now().await?;
    watcher.send(pubcomp(id))?;

    watcher.expect(a_message("news", b"other")).decides(rule!(v5 "U5-207")).await
}

async fn quota(broker: &Subject) -> Outcome {
    let qos = level_in(broker.member());
    match broker.member().split('.').next() {
        Some("live") => quota_of_live(broker).await,
        Some("queued") => quota_of_queued(broker, qos).await,
        _ => quota_of_retained(broker, qos).await,
    }
}

const THREE: [&[u8]; 3] = [b"first", b"other", b"third"];

async fn quota_of_live(broker: &Subject) -> Outcome {
    let mut watcher = holding(broker, "watcher", with_room_for(2)).await?;
    watcher.subscribe("news", ExactlyOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", THREE[0], ExactlyOnce).await?;
    let id = watcher.receive(a_message("news", THREE[0]).qos(ExactlyOnce)).await?.id();
    watcher.send(pubrec(id))?;
    watcher.receive(a_pubrel(id)).await?;

    publisher.publish("news", THREE[1], ExactlyOnce).await?;
    publisher.publish("news", THREE[2], ExactlyOnce).await?;

    watcher.expect_no_message(THREE[2]).await
}

async fn quota_of_queued(broker: &Subject, qos: QoS) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", qos).await?;
    sleeper.disconnect().await?;
    let mut publisher = broker.connect("publisher").await?;
    for payload in THREE {
        publisher.publish("news", payload, qos).await?;
    }

    let mut sleeper = back_holding(broker, "sleeper", with_room_for(2)).await?;

    sleeper.receive(a_message("news", THREE[0]).qos(qos)).await?;
    sleeper.expect_no_message(THREE[2]).await
}

async fn quota_of_retained(broker: &Subject, qos: QoS) -> Outcome {
    let topics = ["store/1", "store/2", "store/3"];
    let mut witness = broker.witness(topics).await?;
    let mut publisher = broker.connect("publisher").await?;
    for (topic, payload) in topics.into_iter().zip(THREE) {
        publisher.publish_draft(publish(topic, payload).qos(qos).retain()).await?;
        witness.receive(with_payload(payload)).await?;
    }
    let mut watcher = holding(broker, "watcher", with_room_for(1)).await?;

    for topic in ["store/1", "store/2", "store/3"] {
        watcher.subscribe(topic, qos).await?;
    }

    // In whatever order they come: one is as many as there is room for.
    watcher.receive(any(PacketType::Publish).qos(qos)).await?;
    watcher.expect_no_packet(PacketType::Publish).await
}

/// How many bytes of payload a message has that fits exactly.
const EXACT: usize = 200;

/// The ways by which messages come to a client that takes only so much.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    Live,
    Shared,
    Queued,
    Again,
    Retained,
    Will,
}

impl Path {
    fn of(member: &str) -> Self {
        match member.split('.').next() {
            Some("live" | "full") => Self::Live,
            Some("shared") => Self::Shared,
            Some("queued") => Self::Queued,
            Some("again") => Self::Again,
            Some("retained") => Self::Retained,
            _ => Self::Will,
        }
    }

    /// The topic of a client's n-th message: retained ones need one each, all of a length.
    fn topic(self, role: &str, number: usize) -> String {
        let number = if self == Self::Retained { number } else { 0 };
        format!("{}/{number}", &role[..4])
    }

    /// The filter of the n-th subscription.
    fn filter(self, role: &str, number: usize) -> String {
        let topic = self.topic(role, number);
        if self == Self::Shared { format!("$share/group/{topic}") } else { topic }
    }

    /// The rule by which such a message comes at all.
    fn owed(self) -> StepRules {
        match self {
            Self::Live | Self::Shared | Self::Queued => rule!(v5 "MQTT-4.5.0-1"),
            Self::Again => rule!(v5 "MQTT-4.4.0-1"),
            Self::Retained => rule!(v5 "MQTT-3.3.1-9"),
            Self::Will => rule!(v5 "MQTT-3.1.2-8"),
        }
    }
}

/// Set-up: these messages are on their way, in their order, to a client that connects as `draft` says when they come.
async fn on_their_way(
    broker: &Subject,
    role: &'static str,
    draft: Draft,
    payloads: &[Vec<u8>],
) -> Result<(Client, Client), Stop> {
    let (path, qos) = (Path::of(broker.member()), level_in(broker.member()));
    let mut publisher = broker.connect("publisher").await?;
    let messages =
        || payloads.iter().enumerate().map(|(number, payload)| publish(path.topic(role, number), payload).qos(qos));
    match path {
        Path::Live | Path::Shared | Path::Will => {
            let mut client = broker.connect_as(role, draft).await?;
            client.subscribe(path.filter(role, 0), qos).await?;
            for (number, message) in messages().enumerate() {
                if path == Path::Will {
                    let will = will(path.topic(role, number), &payloads[number]).qos(qos);
                    broker.connect_as("mortal", connect().will(will)).await?.drop_connection().await;
                } else {
                    publisher.publish_draft(message).await?;
                }
            }
            Ok((client, publisher))
        }
        Path::Queued | Path::Again => {
            let mut client = holding(broker, role, connect().persistent()).await?;
            client.session_stays()?;
            client.subscribe(path.topic(role, 0), qos).await?;
            if path == Path::Queued {
                client.disconnect().await?;
            }
            for message in messages() {
                publisher.publish_draft(message).await?;
            }
            if path == Path::Again {
                client.receive(a_message(path.topic(role, 0), &payloads[0]).qos(qos)).await?;
                client.drop_connection().await;
            }
            Ok((back(broker, role, draft).await?, publisher))
        }
        Path::Retained => {
            let topics = (0..payloads.len()).map(|number| path.topic(role, number));
            let mut witness = broker.witness(topics).await?;
            for (message, payload) in messages().zip(payloads) {
                publisher.publish_draft(message.retain()).await?;
                witness.receive(with_payload(payload)).await?;
            }
            let mut client = broker.connect_as(role, draft).await?;
            for number in 0..payloads.len() {
                client.subscribe(path.topic(role, number), qos).await?;
            }
            Ok((client, publisher))
        }
    }
}

/// Set-up: how many bytes a PUBLISH has that brings [`EXACT`] bytes by this path.
async fn measured(broker: &Subject) -> Result<usize, Stop> {
    let measure = vec![b'm'; EXACT];
    let payloads = std::slice::from_ref(&measure);
    let (mut client, _) = on_their_way(broker, "measuring", connect().persistent(), payloads).await?;
    let message = client.receive(with_payload(&measure)).await?;
    if !message.is_well_formed() {
        // How long it is says nothing of how long the next one will be.
        return Err(Stop::Inconclusive { why: "the message is not well formed".to_owned(), line: None });
    }
    client.disconnect().await?;
    Ok(message.length())
}

async fn packet_size(broker: &Subject) -> Outcome {
    let (path, role) = (Path::of(broker.member()), "watcher");
    let exact = measured(broker).await?;
    let mut draft = connect().persistent().property(Property::MaximumPacketSize(exact as u32));
    if level_in(broker.member()) == AtLeastOnce || broker.member() == "full.qos2" {
        // A place that is taken for what must not be sent is missed at once.
        draft = draft.property(Property::ReceiveMaximum(1));
    }
    // Where there is one place, two messages show first that PUBCOMP makes it free.
    let before = if broker.member() == "full.qos2" { vec![b"before".to_vec(), b"behind".to_vec()] } else { Vec::new() };
    let [fits, too_large, small] = &[vec![b'f'; EXACT], vec![b'x'; EXACT + 1], b"small".to_vec()];
    let payloads: Vec<Vec<u8>> = before.iter().chain([fits, too_large, small]).cloned().collect();

    let (mut watcher, mut publisher) = on_their_way(broker, role, draft, &payloads).await?;

    for payload in &before {
        watcher.receive(with_payload(payload)).await?;
    }
    let _ = watcher.expect(with_payload(fits)).decides(path.owed()).await?;
    let _ = watcher.expect(with_payload(small)).decides(rule!(v5 "MQTT-3.1.2-25")).await?;
    if watcher.waits_for(&with_payload(too_large)) {
        // A broker that adds something of its own may leave it out where there is no room.
        let all_the_same = watcher.receive(with_payload(too_large)).await?;
        return watcher.expect_right(&all_the_same, with_payload(too_large).at_most(exact)).await;
    }
    if matches!(path, Path::Retained | Path::Will) {
        return watcher.expect_no_message(too_large).await;
    }
    watcher.expect_no_message(too_large).before_message(&mut publisher, path.topic(role, 0)).await
}

/// The most exchanges that are opened to use up a broker's Receive Maximum.
const MOST_OPEN: usize = 1000;

async fn will_past_receive_maximum(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("status", "status", AtLeastOnce).await?;
    let with_will = connect().will(will("status", b"gone").qos(AtLeastOnce));
    let mut rogue = broker.connect_as("rogue", with_will).await?;
    let most = rogue.room();
    let announced = rogue.connack().and_then(|connack| connack.packet().properties().receive_maximum());
    if announced == Some(0) {
        return Err(Stop::Inconclusive { why: "CONNACK: Receive Maximum 0".to_owned(), line: None });
    }
    if most > MOST_OPEN {
        return Err(Stop::NotExercised(format!("Receive Maximum {most} is too many to fill")));
    }
    for _ in 0..most {
        rogue.send(publish("news", b"held open").qos(ExactlyOnce))?;
    }
    for _ in 0..most {
        let pubrec = rogue.receive(any(PacketType::Pubrec)).await?;
        if matches!(pubrec.packet(), Packet::Pubrec(pubrec) if pubrec.reason.is_error()) {
            return Err(Stop::NotExercised("the broker refuses what is to hold its Receive Maximum".to_owned()));
        }
    }

    rogue.send(publish("news", b"one too many").qos(ExactlyOnce).although_excluded(Excluded::Exchange))?;
    if rogue.serves().await.is_ok() {
        return Err(Stop::Inconclusive { why: "rogue: the broker goes on with it".to_owned(), line: None });
    }
    rogue.ended().await?;

    watcher.serves().await?;
    watcher.expect(a_message("status", b"gone")).await
}

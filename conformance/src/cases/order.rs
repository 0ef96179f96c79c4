//! The order of messages: as published, live and queued, and again as first sent.

use super::again::{back, come_in_order, holding};
use super::prelude::*;
use crate::scenario::Client;

pub(super) const CASES: &[Case] = &[
    case!(as_published["qos1"]: "QoS 1 messages of one publisher on one topic come in the order of publication",
        v311: proves ["MQTT-4.6.0-6" = "MQTT-4.6.0-5"],
        v5: proves ["MQTT-4.6.0-5" = "MQTT-4.6.0-6"],
        caught: [Fault::SwapsPairs]),
    case!(as_published["qos2"]: "QoS 2 messages of one publisher on one topic come in the order of publication",
        v311: proves ["MQTT-4.6.0-6" = "MQTT-4.6.0-5"],
        v5: proves ["MQTT-4.6.0-5" = "MQTT-4.6.0-6"],
        caught: [Fault::SwapsPairs],
        needs: &["qos2"]),
    case!(queued: "Messages that waited for a client come in the order of publication",
        v311: proves ["MQTT-4.6.0-6" = "MQTT-4.6.0-5"],
        v5: proves ["MQTT-4.6.0-5" = "MQTT-4.6.0-6"],
        caught: [Fault::QueueReversed, Fault::SwapsPairs]),
    case!(old_before_waiting: "A takeover brings unacknowledged messages before those that the broker had no room for",
        v311: proves ["MQTT-4.6.0-6"],
        v5: proves ["MQTT-4.6.0-5" = "MQTT-4.6.0-6"],
        caught: [Fault::QueueBeforeOld],
        variant: Variant::FEW_IN_FLIGHT),
    case!(sent_again: "Messages that come again after a reconnect come in their first order",
        v311: proves ["MQTT-4.6.0-6"],
        caught: [Fault::RedeliveryReversed]),
    case!(pubrels_again: "PUBRELs that come again after a reconnect come in the order of their PUBRECs",
        v311: proves ["MQTT-4.6.0-6"],
        caught: [Fault::PubrelsReversed],
        needs: &["qos2"]),
];

const PAYLOADS: [&[u8]; 4] = [b"one", b"two", b"three", b"four"];

fn messages() -> [Pattern; 4] {
    PAYLOADS.map(|payload| a_message("news", payload))
}

async fn as_published(broker: &Subject) -> Outcome {
    let qos = if broker.member() == "qos1" { AtLeastOnce } else { ExactlyOnce };
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", qos).await?;
    let mut publisher = broker.connect("publisher").await?;

    let drafts = (11_u16..).zip(PAYLOADS).map(|(id, payload)| publish("news", payload).qos(qos).id(id));
    publisher.publish_together(drafts).await?;
    publisher.publish("news", b"last", qos).await?;

    watcher.receive(a_message("news", b"last")).await?;
    watcher.expect_in_order(messages()).await
}

pub(super) async fn queued(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe_tried("news", "news", AtLeastOnce).await?;
    sleeper.disconnect().await?;
    let mut publisher = broker.connect("publisher").await?;
    for payload in PAYLOADS {
        publisher.publish("news", payload, AtLeastOnce).await?;
    }

    publisher.publish("news", b"last", AtLeastOnce).await?;

    let mut sleeper = broker.resume("sleeper").await?;

    sleeper.receive(a_message("news", b"last")).await?;
    sleeper.expect_in_order(messages()).await
}

async fn old_before_waiting(broker: &Subject) -> Outcome {
    taken_over_from(broker, connect().persistent()).await
}

/// Decides: what a client that connects so has not acknowledged comes first on the connection that takes over. The broker has
/// no room for more than two messages on their way to it.
pub(super) async fn taken_over_from(broker: &Subject, draft: Draft) -> Outcome {
    let mut first = holding(broker, "sleeper", draft).await?;
    first.session_stays()?;
    first.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    for payload in PAYLOADS.into_iter().chain([b"last".as_slice()]) {
        publisher.publish("news", payload, AtLeastOnce).await?;
    }
    first.receive(a_message("news", b"one").qos(AtLeastOnce)).await?;

    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;
    first.ended().await?;

    sleeper.receive(a_message("news", b"last")).await?;
    come_in_order(&mut sleeper, &PAYLOADS).await
}

async fn sent_again(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    sleeper.hold_acknowledgements();
    let mut publisher = broker.connect("publisher").await?;
    for payload in PAYLOADS {
        publisher.publish("news", payload, AtLeastOnce).await?;
    }
    publisher.publish("news", b"last", AtLeastOnce).await?;
    sleeper.receive(a_message("news", b"one").qos(AtLeastOnce)).await?;
    sleeper.serves().await?;
    sleeper.drop_connection().await;

    let mut sleeper = broker.resume("sleeper").await?;

    sleeper.receive(a_message("news", b"last")).await?;
    sleeper.expect_in_order(messages()).await
}

/// Set-up: `sleeper`, in a session, has two messages of QoS 2 whose PUBRELs it leaves unanswered.
pub(super) async fn with_two_pubrels(broker: &Subject) -> Result<(Client, [u16; 2]), Stop> {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", ExactlyOnce).await?;
    sleeper.hold_acknowledgements();
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"one", ExactlyOnce).await?;
    publisher.publish("news", b"two", ExactlyOnce).await?;
    let one = sleeper.receive(a_message("news", b"one").qos(ExactlyOnce)).await?;
    let two = sleeper.receive_also(a_message("news", b"two").qos(ExactlyOnce)).await?;
    for message in [&one, &two] {
        sleeper.send(pubrec(message.id()))?;
        sleeper.receive(a_pubrel(message.id())).await?;
    }
    Ok((sleeper, [one.id(), two.id()]))
}

/// Decides: the first PUBREL that comes again is that of the first.
pub(super) async fn pubrels_come_in_order(sleeper: &mut Client, ids: &[u16; 2]) -> Outcome {
    let first = sleeper.receive(any(PacketType::Pubrel)).await?;
    sleeper.expect_right(&first, a_pubrel(ids[0])).await
}

pub(super) async fn pubrels_again(broker: &Subject) -> Outcome {
    let (mut sleeper, ids) = with_two_pubrels(broker).await?;
    sleeper.drop_connection().await;

    let mut sleeper = broker.resume("sleeper").await?;

    pubrels_come_in_order(&mut sleeper, &ids).await
}

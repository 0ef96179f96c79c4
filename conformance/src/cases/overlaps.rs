//! The identifiers of overlapping subscriptions (5.0) on every way: one copy bears those of both, each of two copies its own,
//! and none that of a third.

use super::again::{back, come_by};
use super::family::family;
use super::prelude::*;
use crate::scenario::{Client, Received};
use mqtt_assay_codec::{Packet, PropertyId};
use mqtt_assay_standard::bounds;

pub(super) const CASES: &[Case] = family!(both_that_match: "A message bears the identifiers of both subscriptions that it matches, and no other", {
    v5: proves ["MQTT-3.3.4-3", "U5-138"],
    caught: [Fault::OnlyFirstIdentifier]
}, [
    "twelfth" ", after eleven others" ["subscription-identifiers", "wildcard"],
    "lowered" ", at a lower QoS than it was published at" ["subscription-identifiers", "wildcard", "qos2"],
    "other-version" ", from a client of the other version" ["subscription-identifiers", "wildcard"],
    "qos2" ", at QoS 2" ["subscription-identifiers", "wildcard", "qos2"],
    "queued" ", where its receiver was away" ["subscription-identifiers", "wildcard"],
    "resumed" ", on a connection that resumes a session" ["subscription-identifiers", "wildcard"],
    "second-time" ", on the second connection that resumes a session" ["subscription-identifiers", "wildcard"],
    "sent-again" ", where it is sent again" ["subscription-identifiers", "wildcard"],
    "will" ", where it is a will" ["subscription-identifiers", "wildcard", "will"],
]);

pub(super) const AT_QOS_0: &[Case] =
    &[case!(each_bears_one: "At QoS 0 each copy of a message bears an identifier of a subscription that it matches",
        v5: proves ["MQTT-3.3.4-3", "U5-138"],
        caught: [Fault::CopiesWithoutIdentifier],
        needs: &["subscription-identifiers", "wildcard"])];

const TOPIC: &str = "sport/tennis";

/// The overlapping subscriptions with their identifiers, and behind them one that matches nothing of the case.
const FILTERS: [(&str, u32); 3] = [("sport/+", 1), ("sport/#", 2), ("elsewhere", 3)];

/// What is published, and what asked for.
fn levels(member: &str) -> (QoS, QoS) {
    match member {
        "lowered" => (ExactlyOnce, AtLeastOnce),
        "qos2" => (ExactlyOnce, ExactlyOnce),
        _ => (AtLeastOnce, AtLeastOnce),
    }
}

/// Set-up: these subscriptions are granted.
async fn subscribes(client: &mut Client, qos: QoS) -> Result<(), Stop> {
    for (filter, identifier) in FILTERS {
        let id = client.send(subscribe(filter, qos).property(Property::SubscriptionIdentifier(identifier)))?;
        let granted = [ReasonCode::SUCCESS, ReasonCode::GRANTED_QOS_1, ReasonCode::GRANTED_QOS_2];
        client.receive(a_suback(id).code(&granted[..=qos as usize])).await?;
    }
    Ok(())
}

/// Set-up: a client with these subscriptions, on a connection to which it has come as the member says.
async fn subscriber(broker: &Subject, qos: QoS) -> Result<Client, Stop> {
    let keeps = matches!(broker.member(), "queued" | "sent-again");
    let last = |draft: Draft| if keeps { draft.persistent() } else { draft };
    let mut client = come_by(broker, broker.member(), "client", last).await?;
    subscribes(&mut client, qos).await?;
    Ok(client)
}

/// Set-up: the message has been published, and its receiver is there to get it.
async fn published(broker: &Subject, mut client: Client, publisher: &mut Client) -> Result<Client, Stop> {
    let (qos, _) = levels(broker.member());
    match broker.member() {
        "queued" => {
            client.disconnect().await?;
            publisher.publish(TOPIC, b"counted", qos).await?;
            back(broker, "client", connect().persistent()).await
        }
        "sent-again" => {
            client.hold_acknowledgements();
            publisher.publish(TOPIC, b"counted", qos).await?;
            client.receive(a_message(TOPIC, b"counted")).await?;
            client.drop_connection().await;
            back(broker, "client", connect().persistent()).await
        }
        "will" => {
            let last = will(TOPIC, b"counted").qos(qos);
            broker.connect_as("mortal", connect().will(last)).await?.drop_connection().await;
            Ok(client)
        }
        _ => publisher.publish(TOPIC, b"counted", qos).await.map(|()| client),
    }
}

/// Set-up: the copies of the message: those that come before a later one of its publisher, and what is still missing then
/// for as long as anything may take.
async fn copies(client: &mut Client, publisher: &mut Client, qos: QoS) -> Result<Vec<Received>, Stop> {
    let counted = a_message(TOPIC, b"counted");
    let mut copies = vec![client.receive(counted.clone()).await?];
    publisher.publish(TOPIC, b"behind", qos).await?;
    client.receive(a_message(TOPIC, b"behind")).await?;
    let limit = client.context().patient(bounds::GRACE);
    while client.waits_for(&counted) || bearer(&copies, 1).is_none() || bearer(&copies, 2).is_none() {
        match client.receive_within(counted.clone(), limit).await {
            Err(stop) if stop.is_silence() => break,
            received => copies.push(received?),
        }
    }
    Ok(copies)
}

/// The first copy that bears this identifier.
fn bearer(copies: &[Received], identifier: u32) -> Option<&Received> {
    copies.iter().find(|copy| times(&copy.packet(), identifier) > 0)
}

/// How often an identifier stands in a packet.
fn times(packet: &Packet<'_>, identifier: u32) -> usize {
    packet.properties().iter().filter(|property| *property == Property::SubscriptionIdentifier(identifier)).count()
}

async fn both_that_match(broker: &Subject) -> Outcome {
    let (published_at, asked) = levels(broker.member());
    let version = if broker.member() == "other-version" { broker.other_version() } else { broker.version() };
    let mut client = subscriber(broker, asked).await?;
    let mut publisher = broker.connect_in("publisher", version, connect()).await?;
    for number in 1..if broker.member() == "twelfth" { 12 } else { 1 } {
        let payload = format!("message {number}");
        publisher.publish(TOPIC, &payload, AtLeastOnce).await?;
        client.receive(a_message(TOPIC, &payload)).await?;
    }

    let mut client = published(broker, client, &mut publisher).await?;

    let copies = copies(&mut client, &mut publisher, published_at).await?;
    if let [first, second] = &copies[..] {
        let (of_first, of_second) = if times(&first.packet(), 2) > 0 { (2, 1) } else { (1, 2) };
        for (copy, own) in [(first, of_first), (second, of_second)] {
            let bears = any(PacketType::Publish).property(Property::SubscriptionIdentifier(own));
            let _ = client.expect_right(copy, bears).await?;
        }
    }
    // Where an identifier came with no copy at all, the first copy is shown as the one that lacks it.
    for identifier in [1, 2] {
        let bears = any(PacketType::Publish).property(Property::SubscriptionIdentifier(identifier));
        let _ = client.expect_right(bearer(&copies, identifier).unwrap_or(&copies[0]), bears).await?;
    }
    no_other(&mut client, &copies).await
}

/// Decides: none of these copies bears the identifier of a subscription that the message does not match.
async fn no_other(client: &mut Client, copies: &[Received]) -> Outcome {
    let worst = copies.iter().find(|copy| times(&copy.packet(), 3) > 0).unwrap_or(&copies[0]);
    let own: Vec<u32> = [1, 2].into_iter().filter(|own| times(&worst.packet(), *own) > 0).collect();
    let right = any(PacketType::Publish).identifiers(&own);
    client.expect_right(worst, right).decides(rule!(v5 "U5-138")).await
}

async fn each_bears_one(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;
    subscribes(&mut client, AtMostOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let counted = a_message(TOPIC, b"counted");

    // Some of it may be lost, and only what comes is judged.
    let mut copies = vec![publisher.publish_to(&mut client, publish(TOPIC, b"counted"), counted.clone()).await?];
    publisher.publish_to(&mut client, publish(TOPIC, b"behind"), a_message(TOPIC, b"behind")).await?;
    while client.waits_for(&counted) {
        copies.push(client.receive(counted.clone()).await?);
    }

    let bears = any(PacketType::Publish).has(PropertyId::SUBSCRIPTION_IDENTIFIER);
    for copy in &copies {
        let _ = client.expect_right(copy, bears.clone()).await?;
    }
    no_other(&mut client, &copies).await
}

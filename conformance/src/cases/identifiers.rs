//! Subscription identifiers (5.0): which of them come with a message.

use super::again::come_by;
use super::prelude::*;
use crate::scenario::{Client, Received};
use mqtt_assay_codec::Packet;

pub(super) const CASES: &[Case] = &[
    case!(comes_with_message: "A message brings the identifier of the subscription that it matches",
        v5: proves ["U5-107"],
        caught: [Fault::IdentifierMissing],
        needs: &["subscription-identifiers"]),
    case!(comes_with_message["taken-over-clean"]: "On a connection that ends another by a clean start a message brings the identifier of its subscription",
        v5: proves ["U5-107"],
        caught: [Fault::IdentifierMissing],
        needs: &["subscription-identifiers"]),
    case!(no_foreign: "A message brings no identifier of a subscription that it does not match",
        v5: proves ["U5-138"],
        caught: [Fault::ForeignIdentifiers],
        needs: &["subscription-identifiers"]),
    case!(all_that_match: "The copies of a message bring the identifiers of all subscriptions that it matches",
        v5: proves ["MQTT-3.3.4-3", "MQTT-3.3.4-5"],
        caught: [Fault::OnlyFirstIdentifier, Fault::CopiesWithoutIdentifier],
        needs: &["subscription-identifiers", "wildcard"]),
    case!(one_copy: "A single copy for two subscriptions bears the identifiers of both",
        v5: proves ["MQTT-3.3.4-4"],
        caught: [Fault::OnlyFirstIdentifier],
        needs: &["subscription-identifiers", "wildcard"]),
    case!(same_twice: "An identifier that two matching subscriptions share comes twice",
        v5: proves ["U5-140"],
        caught: [Fault::OnlyFirstIdentifier],
        needs: &["subscription-identifiers", "wildcard"]),
    case!(replaced: "A repeated SUBSCRIBE replaces the identifier of the subscription",
        v5: proves ["U5-170"],
        caught: [Fault::StaleIdentifier],
        needs: &["subscription-identifiers"]),
    case!(never_back: "The new identifier of a subscription holds for later messages, and once it has come, for those sent again",
        v5: proves ["U5-170", "U5-172"],
        caught: [Fault::OldIdentifierComesBack, Fault::StaleIdentifier],
        needs: &["subscription-identifiers"]),
    case!(outlives_connection: "The identifier of a subscription outlives the connection with the session",
        v5: proves ["U5-171"],
        caught: [Fault::IdentifierMissing],
        needs: &["subscription-identifiers"]),
];

/// A subscription with an identifier, granted.
async fn subscribe_numbered(client: &mut Client, filter: &str, identifier: u32) -> Result<(), Stop> {
    let numbered = subscribe(filter, AtLeastOnce).property(Property::SubscriptionIdentifier(identifier));
    let id = client.send(numbered)?;
    client.receive(a_suback(id).code(&[ReasonCode::SUCCESS, ReasonCode::GRANTED_QOS_1])).await.map(drop)
}

/// How often an identifier stands in a packet.
fn times(packet: &Packet<'_>, identifier: u32) -> usize {
    packet.properties().iter().filter(|property| *property == Property::SubscriptionIdentifier(identifier)).count()
}

/// A client with two overlapping subscriptions under these identifiers, and the copies of one message that it got: one,
/// or one for each.
async fn copies_of_overlap(broker: &Subject, identifiers: [u32; 2]) -> Result<(Client, Vec<Received>), Stop> {
    let mut watcher = broker.connect("watcher").await?;
    subscribe_numbered(&mut watcher, "sport/+", identifiers[0]).await?;
    subscribe_numbered(&mut watcher, "sport/#", identifiers[1]).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("sport/tennis", b"counted", AtLeastOnce).await?;
    // On the same topic at the same QoS: behind all copies of the message before (section 4.6).
    publisher.publish("sport/tennis", b"behind", AtLeastOnce).await?;
    watcher.receive(a_message("sport/tennis", b"behind")).await?;
    let mut copies = vec![watcher.receive(a_message("sport/tennis", b"counted")).await?];
    while watcher.waits_for(&a_message("sport/tennis", b"counted")) {
        copies.push(watcher.receive(a_message("sport/tennis", b"counted")).await?);
    }
    Ok((watcher, copies))
}

async fn comes_with_message(broker: &Subject) -> Outcome {
    let mut watcher = come_by(broker, broker.member(), "watcher", |draft| draft).await?;
    watcher.subscribe_tried("control", "control", AtLeastOnce).await?;
    let numbered = subscribe("news", AtLeastOnce).property(Property::SubscriptionIdentifier(268_435_455));

    watcher.send(numbered)?;
    let _ = watcher.expect(any(PacketType::Suback)).await?;

    broker.connect("publisher").await?.publish("news", b"numbered", AtLeastOnce).await?;
    watcher.expect(a_message("news", b"numbered").identifiers(&[268_435_455])).await
}

async fn no_foreign(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    subscribe_numbered(&mut watcher, "news", 1).await?;
    subscribe_numbered(&mut watcher, "sport", 2).await?;

    broker.connect("publisher").await?.publish("news", b"numbered", AtLeastOnce).await?;

    let message = watcher.receive(a_message("news", b"numbered").property(Property::SubscriptionIdentifier(1))).await?;
    watcher.expect_right(&message, a_message("news", b"numbered").identifiers(&[1])).await
}

async fn all_that_match(broker: &Subject) -> Outcome {
    let (mut watcher, copies) = copies_of_overlap(broker, [1, 2]).await?;

    if let [first, second] = &copies[..] {
        let (of_first, of_second) = if times(&first.packet(), 2) > 0 { (2, 1) } else { (1, 2) };
        let own = |identifier| a_message("sport/tennis", b"counted").identifiers(&[identifier]);
        let _ = watcher.expect_right(first, own(of_first)).decides(rule!(v5 "MQTT-3.3.4-5")).await?;
        let _ = watcher.expect_right(second, own(of_second)).decides(rule!(v5 "MQTT-3.3.4-5")).await?;
    }
    // Where an identifier came with no copy at all, the first copy is shown as the one that lacks it.
    let bearer = |identifier| copies.iter().find(|copy| times(&copy.packet(), identifier) > 0).unwrap_or(&copies[0]);
    let with =
        |identifier| a_message("sport/tennis", b"counted").property(Property::SubscriptionIdentifier(identifier));
    let _ = watcher.expect_right(bearer(1), with(1)).await?;
    watcher.expect_right(bearer(2), with(2)).await
}

async fn one_copy(broker: &Subject) -> Outcome {
    let (mut watcher, copies) = copies_of_overlap(broker, [1, 2]).await?;
    let [only] = &copies[..] else {
        let all_numbered = copies.iter().all(|copy| times(&copy.packet(), 1) + times(&copy.packet(), 2) > 0);
        let why = format!("{} copies came", copies.len());
        return Err(if all_numbered { Stop::NotExercised(why) } else { Stop::Inconclusive { why, line: None } });
    };

    watcher.expect_right(only, a_message("sport/tennis", b"counted").identifiers(&[1, 2])).await
}

async fn same_twice(broker: &Subject) -> Outcome {
    let (mut watcher, copies) = copies_of_overlap(broker, [7, 7]).await?;

    let each: &[u32] = if copies.len() == 1 { &[7, 7] } else { &[7] };
    let (last, others) = copies.split_last().ok_or(Stop::NotExercised("no copy came".to_owned()))?;
    for copy in others {
        let _ = watcher.expect_right(copy, a_message("sport/tennis", b"counted").identifiers(each)).await?;
    }
    watcher.expect_right(last, a_message("sport/tennis", b"counted").identifiers(each)).await
}

async fn replaced(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    subscribe_numbered(&mut watcher, "news", 1).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"before", AtLeastOnce).await?;
    watcher.receive(a_message("news", b"before").identifiers(&[1])).await?;

    subscribe_numbered(&mut watcher, "news", 2).await?;
    publisher.publish("news", b"after", AtLeastOnce).await?;

    let after = watcher.receive(a_message("news", b"after")).await?;
    watcher.expect_right(&after, a_message("news", b"after").identifiers(&[2])).await
}

async fn outlives_connection(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    subscribe_numbered(&mut sleeper, "news", 1).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"before", AtLeastOnce).await?;
    sleeper.receive(a_message("news", b"before")).await?;
    sleeper.disconnect().await?;

    let mut sleeper = broker.resume("sleeper").await?;
    publisher.publish("news", b"after return", AtLeastOnce).await?;

    sleeper.expect(a_message("news", b"after return").identifiers(&[1])).await
}

async fn never_back(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    subscribe_numbered(&mut sleeper, "news", 1).await?;
    sleeper.hold_acknowledgements();
    broker.connect("publisher").await?.publish("news", b"open", AtLeastOnce).await?;
    sleeper.receive(a_message("news", b"open").identifiers(&[1])).await?;
    subscribe_numbered(&mut sleeper, "news", 2).await?;
    sleeper.drop_connection().await;
    let mut sleeper = broker.resume("sleeper").await?;
    sleeper.hold_acknowledgements();
    let again = sleeper.receive(a_message("news", b"open")).await?;
    sleeper.drop_connection().await;

    let mut sleeper = broker.resume("sleeper").await?;

    // Either identifier is right at first; only the way back is wrong.
    if times(&again.packet(), 2) > 0 {
        let renumbered = a_message("news", b"open").identifiers(&[2]);
        let _ = sleeper.expect(renumbered).decides(rule!(v5 "U5-172")).await?;
    }
    broker.connect("publisher").await?.publish("news", b"later", AtLeastOnce).await?;
    let later = sleeper.receive(a_message("news", b"later")).await?;
    sleeper.expect_right(&later, a_message("news", b"later").identifiers(&[2])).await
}

//! Message expiry of 5.0: how long a message is worth delivering.

use super::prelude::*;
use crate::scenario::Client;
use mqtt_assay_standard::bounds;
use tokio::time::Instant;

pub(super) const CASES: &[Case] = &[
    case!(expired_is_not_delivered: "A message that expired before its delivery began is not delivered",
        v5: proves ["MQTT-3.3.2-5", "MQTT-3.1.2-5"],
        caught: [Fault::MessageExpiryIgnored, Fault::ExpiryEmptiesQueue],
        waits: 2),
    case!(expired_is_not_delivered["qos2"]: "A message of QoS 2 that expired before its delivery began is not delivered",
        v5: proves ["MQTT-3.3.2-5", "MQTT-3.1.2-5"],
        caught: [Fault::MessageExpiryIgnored, Fault::ExpiryEmptiesQueue],
        needs: &["qos2"], waits: 2),
    case!(expired_is_not_delivered["share"]: "A message that expired before its delivery began is not delivered to the member of a shared subscription",
        v5: proves ["MQTT-3.3.2-5", "MQTT-3.1.2-5"],
        caught: [Fault::MessageExpiryIgnored, Fault::ExpiryEmptiesQueue],
        needs: &["shared-subscriptions"], waits: 2),
    case!(remaining_interval["thirteenth"]: "The thirteenth message that waits for a client is delivered with what is left of its Message Expiry Interval",
        v5: proves ["MQTT-3.3.2-6"],
        caught: [Fault::MessageExpiryNotCounted, Fault::MessageExpiryCountedTwice],
        waits: 3),
    case!(remaining_interval["plus-and-hash"]: "By a filter with + and # a message is delivered with what is left of its Message Expiry Interval",
        v5: proves ["MQTT-3.3.2-6"],
        caught: [Fault::MessageExpiryNotCounted, Fault::MessageExpiryCountedTwice],
        needs: &["wildcard"], waits: 3),
    case!(remaining_interval: "A message is delivered with what is left of its Message Expiry Interval",
        v5: proves ["MQTT-3.3.2-6"],
        caught: [Fault::MessageExpiryNotCounted, Fault::MessageExpiryCountedTwice],
        waits: 3),
    case!(not_once_sent: "A QoS 2 message that expires after it was sent is delivered all the same",
        v5: proves ["MQTT-4.3.3-7"],
        caught: [Fault::ExpiresInFlight],
        needs: &["qos2"], waits: 4),
];

async fn expired_is_not_delivered(broker: &Subject) -> Outcome {
    let qos = if broker.member() == "qos2" { ExactlyOnce } else { AtLeastOnce };
    let filter = if broker.member() == "share" { "$share/group/news" } else { "news" };
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe(filter, qos).await?;
    sleeper.disconnect().await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"without expiry", qos).await?;
    let mut sleeper = broker.resume("sleeper").await?;
    sleeper.receive(a_message("news", b"without expiry")).await?;
    sleeper.disconnect().await?;
    let mortal = publish("news", b"short-lived").qos(qos).property(Property::MessageExpiryInterval(1));
    publisher.publish_draft(mortal).await?;
    publisher.publish("news", b"long-lived", qos).await?;

    // The interval, and 1 s of margin.
    broker.wait(Duration::from_secs(2)).await;
    let mut sleeper = broker.resume("sleeper").await?;
    let kept = sleeper.expect(a_message("news", b"long-lived")).decides(rule!(v5 "MQTT-3.1.2-5"));
    let _ = kept.await?;

    sleeper.expect_no_message(b"short-lived").before_message(&mut publisher, "news").await
}

/// How many messages wait for a client, each time that it is away: more at once need not be kept.
const WAITING: usize = 6;

/// Set-up: so many messages of the topic have waited for a client that is away, twice. It is away again.
async fn many_have_waited(broker: &Subject, publisher: &mut Client) -> Result<(), Stop> {
    for round in 1..=2 {
        let payload = |number: usize| format!("message {round}.{number}");
        for number in 0..WAITING {
            publisher.publish("news", payload(number), AtLeastOnce).await?;
        }
        let mut sleeper = broker.resume("sleeper").await?;
        for number in 0..WAITING {
            sleeper.receive(a_message("news", payload(number))).await?;
        }
        sleeper.disconnect().await?;
    }
    Ok(())
}

async fn remaining_interval(broker: &Subject) -> Outcome {
    let filter = if broker.member() == "plus-and-hash" { "+/#" } else { "news" };
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe(filter, AtLeastOnce).await?;
    sleeper.disconnect().await?;
    let mortal = publish("news", b"long-lived").qos(AtLeastOnce).property(Property::MessageExpiryInterval(100));
    let mut publisher = broker.connect("publisher").await?;
    if broker.member() == "thirteenth" {
        many_have_waited(broker, &mut publisher).await?;
    }
    let published = Instant::now();
    publisher.publish_draft(mortal).await?;

    broker.wait(Duration::from_secs(3)).await;
    let mut sleeper = broker.resume("sleeper").await?;

    // 97 s are left at most, and no fewer than were not spent until it came here; and 1 s of margin.
    let message = sleeper.receive(a_message("news", b"long-lived")).await?;
    let spent = published.elapsed() + bounds::MARGIN;
    let least = 100 - u32::try_from(spent.as_millis().div_ceil(1000)).unwrap_or(100).min(100);
    let left = a_message("news", b"long-lived").expiry_at_most(98).expiry_at_least(least);
    sleeper.expect_right(&message, left).await
}

async fn not_once_sent(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", ExactlyOnce).await?;
    sleeper.hold_acknowledgements();
    let mortal = publish("news", b"under way").qos(ExactlyOnce).property(Property::MessageExpiryInterval(3));
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish_draft(mortal).await?;
    sleeper.receive(a_message("news", b"under way").qos(ExactlyOnce)).await?;
    publisher.publish("news", b"without expiry", ExactlyOnce).await?;
    sleeper.serves().await?;
    sleeper.drop_connection().await;

    broker.wait(Duration::from_secs(4)).await;
    let mut sleeper = broker.resume("sleeper").await?;
    sleeper.receive(a_message("news", b"without expiry")).await?;
    publisher.publish("news", b"behind both", ExactlyOnce).await?;
    sleeper.receive(a_message("news", b"behind both")).await?;

    sleeper.expect(a_message("news", b"under way")).by_now().await
}

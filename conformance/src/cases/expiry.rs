//! Message expiry of 5.0: how long a message is worth delivering.

use super::prelude::*;

pub(super) const CASES: &[Case] = &[
    case!(expired_is_not_delivered: "A message that expired before its delivery began is not delivered",
        v5: proves ["MQTT-3.3.2-5"],
        caught: [Fault::MessageExpiryIgnored],
        waits: 2),
    case!(remaining_interval: "A message is delivered with what is left of its Message Expiry Interval",
        v5: proves ["MQTT-3.3.2-6"],
        caught: [Fault::MessageExpiryNotCounted],
        waits: 3),
    case!(not_once_sent: "A QoS 2 message that expires after it was sent is delivered all the same",
        v5: proves ["MQTT-4.3.3-7"],
        caught: [Fault::ExpiresInFlight],
        needs: &["qos2"], waits: 4),
];

async fn expired_is_not_delivered(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    sleeper.disconnect().await?;
    let mut publisher = broker.connect("publisher").await?;
    let mortal = publish("news", b"short-lived").qos(AtLeastOnce).property(Property::MessageExpiryInterval(1));
    publisher.publish_draft(mortal).await?;
    publisher.publish("news", b"long-lived", AtLeastOnce).await?;

    // The interval, and 1 s of margin.
    broker.wait(Duration::from_secs(2)).await;
    let mut sleeper = broker.resume("sleeper").await?;
    sleeper.receive(a_message("news", b"long-lived")).await?;

    sleeper.expect_no_message(b"short-lived").before_message(&mut publisher, "news").await
}

async fn remaining_interval(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    sleeper.disconnect().await?;
    let mortal = publish("news", b"long-lived").qos(AtLeastOnce).property(Property::MessageExpiryInterval(100));
    broker.connect("publisher").await?.publish_draft(mortal).await?;

    broker.wait(Duration::from_secs(3)).await;
    let mut sleeper = broker.resume("sleeper").await?;

    // 97 s are left at most, and 1 s of margin.
    let message = sleeper.receive(a_message("news", b"long-lived")).await?;
    sleeper.expect_right(&message, a_message("news", b"long-lived").expiry_at_most(98)).await
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

    sleeper.expect(a_message("news", b"under way")).await
}

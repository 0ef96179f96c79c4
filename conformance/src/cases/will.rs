//! Wills: published when a connection is lost, and only then.

use super::prelude::*;

pub(super) const CASES: &[Case] = &[
    case!(published_on_loss: "The will is published when the connection ends without a DISCONNECT",
        v311: proves ["MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.1.2-8"],
        caught: [Fault::WillNotSent],
        needs: &["will"]),
    case!(discarded_on_disconnect: "After a DISCONNECT the will is not published",
        v311: proves ["MQTT-3.14.4-3"],
        v5: proves ["MQTT-3.14.4-3"],
        caught: [Fault::WillAfterDisconnect],
        needs: &["will"]),
    case!(not_before_its_delay: "The will is not published before its delay is over",
        v5: proves ["MQTT-3.1.2-8"],
        caught: [Fault::WillDelayIgnored],
        needs: &["will"], waits: 1),
];

async fn published_on_loss(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("status", "status", AtLeastOnce).await?;
    let mortal = broker.connect_as("mortal", connect().will(will("status", b"gone").qos(AtLeastOnce))).await?;

    mortal.reset_connection();

    watcher.expect(a_message("status", b"gone")).await
}

async fn discarded_on_disconnect(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("status", "status", AtLeastOnce).await?;
    let mut polite = broker.connect_as("polite", connect().will(will("status", b"gone").qos(AtLeastOnce))).await?;

    polite.disconnect().await?;

    let mut publisher = broker.connect("publisher").await?;
    watcher.expect_no_message(b"gone").before_message(&mut publisher, "status").await
}

async fn not_before_its_delay(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("status", "status", AtLeastOnce).await?;
    let delayed = will("status", b"gone").qos(AtLeastOnce).property(Property::WillDelayInterval(1));
    let mortal = broker.connect_as("mortal", connect().persistent().will(delayed)).await?;

    mortal.reset_connection();

    watcher.expect(a_message("status", b"gone")).due_after(mortal.last_action(), Duration::from_secs(1)).await
}

//! Retained messages: stored, replaced, cleared, and told apart from live ones.

use super::prelude::*;

pub(super) const CASES: &[Case] = &[
    case!(retained_for_new_subscriber: "A new subscriber gets the retained message, with RETAIN 1",
        v311: proves ["MQTT-3.3.1-6", "MQTT-3.3.1-8"],
        v5: proves ["U5-092", "U5-120"],
        caught: [Fault::RetainedNotStored, Fault::RetainFlagMissing],
        needs: &["retain"]),
    case!(no_retain_flag_on_live: "A subscriber that is already there gets a retained message with RETAIN 0",
        v311: proves ["MQTT-3.3.1-9"],
        v5: proves ["MQTT-3.3.1-12"],
        caught: [Fault::RetainFlagOnLive],
        needs: &["retain"]),
    case!(empty_payload_clears: "An empty retained message removes the one before",
        v311: proves ["MQTT-3.3.1-10"],
        v5: proves ["MQTT-3.3.1-6"],
        caught: [Fault::EmptyDoesNotClear],
        needs: &["retain"]),
    case!(retain_not_available: "A PUBLISH with RETAIN 1 is refused where CONNACK said Retain Available 0",
        v5: breaks ["MQTT-3.2.2-14", "U5-091"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsRetainUnavailable],
        variant: Variant::NO_RETAIN),
];

async fn retained_for_new_subscriber(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish_draft(publish("state", b"on").qos(AtLeastOnce).retain()).await?;

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("control", "control", AtMostOnce).await?;
    watcher.subscribe("state", AtMostOnce).await?;

    let retained = watcher.expect(a_message("state", b"on")).await?;
    watcher.expect_right(&retained, a_message("state", b"on").retain(true)).decides(rule!(v311 "MQTT-3.3.1-8", v5 "U5-120")).await
}

async fn no_retain_flag_on_live(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state", AtLeastOnce).await?;

    let mut publisher = broker.connect("publisher").await?;
    publisher.publish_draft(publish("state", b"on").qos(AtLeastOnce).retain()).await?;

    let live = watcher.receive(a_message("state", b"on")).await?;
    watcher.expect_right(&live, a_message("state", b"on").retain(false)).await
}

async fn empty_payload_clears(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish_draft(publish("state", b"on").qos(AtLeastOnce).retain()).await?;
    let mut early = broker.connect("early").await?;
    early.subscribe("state", AtMostOnce).await?;
    early.receive(a_message("state", b"on").retain(true)).await?;

    publisher.publish_draft(publish("state", b"").qos(AtLeastOnce).retain()).await?;

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state", AtMostOnce).await?;
    watcher.expect_no_message(b"on").before_message(&mut publisher, "state").await
}

async fn retain_not_available(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;

    rogue.send(publish("state", b"on").qos(AtLeastOnce).retain())?;

    rogue.expect_refusal(&[ReasonCode::RETAIN_NOT_SUPPORTED]).await
}

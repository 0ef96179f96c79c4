//! PUBLISH: what a broker does with the messages of its clients.

use super::prelude::*;

pub(super) const CASES: &[Case] = &[
    case!(delivered_unchanged: "A message reaches a subscriber with its topic name and payload unchanged",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::PayloadChanged, Fault::DropsQos1]),
    case!(topic_with_wildcard: "A PUBLISH to a topic with a wildcard is refused, and nobody gets it",
        v311: breaks ["MQTT-3.3.2-2"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.3.2-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicNameWildcard), ActsOn(Rule::TopicNameWildcard)]),
];

async fn delivered_unchanged(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("sport//score/+", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("sport//score/a b", b"3-0 \xff\x00 3-1", AtLeastOnce).await?;

    watcher.expect(a_message("sport//score/a b", b"3-0 \xff\x00 3-1")).await
}

async fn topic_with_wildcard(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("sport/#", AtLeastOnce).await?;
    let mut rogue = broker.connect("rogue").await?;
    let mut publisher = broker.connect("publisher").await?;

    rogue.send(publish("sport/a/score", b"3-0").with("topic.wildcard-in-name.hash"))?;

    let codes = [ReasonCode::TOPIC_NAME_INVALID, ReasonCode::MALFORMED_PACKET, ReasonCode::PROTOCOL_ERROR];
    let _ = rogue.expect_refusal(&codes).await?;
    watcher.expect_no_message(b"3-0").before_message(&mut publisher, "sport/a/score").await
}

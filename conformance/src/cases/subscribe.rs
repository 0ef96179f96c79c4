//! SUBSCRIBE and UNSUBSCRIBE: acknowledgements, granted QoS, overlapping subscriptions, and their end.

use super::prelude::*;

pub(super) const CASES: &[Case] = &[
    case!(suback_identifier: "A SUBSCRIBE is answered with a SUBACK that carries its packet identifier",
        v311: proves ["MQTT-3.8.4-1", "MQTT-3.8.4-2" = "MQTT-2.3.1-7"],
        v5: proves ["MQTT-3.8.4-1", "MQTT-3.8.4-2" = "MQTT-2.2.1-6"],
        caught: [Fault::WrongSubackId, Fault::NoSuback]),
    case!(overlapping_copies: "For overlapping subscriptions a subscriber gets one copy or several",
        v311: proves ["U3-11"],
        caught: [],
        needs: &["wildcard"]),
    case!(unsubscribed_gets_no_more: "After UNSUBACK no new message comes for the topic filter",
        v311: proves ["MQTT-3.10.4-2"],
        v5: proves ["MQTT-3.10.4-2"],
        caught: [Fault::UnsubscribeIneffective]),
];

async fn suback_identifier(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;

    watcher.send(subscribe("news", AtMostOnce).id(0xABCD_u16))?;

    let suback = watcher.expect(any(PacketType::Suback)).await?;
    watcher.expect_right(&suback, a_suback(0xABCD_u16)).decides(rule!(v311 "MQTT-3.8.4-2", v5 "MQTT-3.8.4-2")).await
}

async fn overlapping_copies(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("sport/#", AtLeastOnce).await?;
    watcher.subscribe("sport/+", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("sport/tennis", b"3-0", AtLeastOnce).await?;

    watcher.receive(a_message("sport/tennis", b"3-0")).await?;
    watcher.serves().await?;
    let copies = 1 + watcher.waiting(PacketType::Publish);
    Ok(broker.observe(rule!(v311 "U3-11"), &format!("{copies} copies for two overlapping subscriptions")))
}

async fn unsubscribed_gets_no_more(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    watcher.subscribe("fence", AtLeastOnce).await?;
    let id = watcher.send(unsubscribe(["news"]))?;
    watcher.receive(an_unsuback(id)).await?;

    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"too late", AtLeastOnce).await?;

    watcher.expect_no_message(b"too late").before_message(&mut publisher, "fence").await
}

//! QoS 1 and 2 in both directions: acknowledgements, packet identifiers, delivery once, redelivery.

use super::prelude::*;

pub(super) const CASES: &[Case] = &[
    case!(puback_identifier: "A PUBACK carries the packet identifier of its PUBLISH",
        v311: proves ["MQTT-2.3.1-6", "MQTT-4.3.2-2"],
        v5: proves ["MQTT-2.2.1-5", "MQTT-4.3.2-4"],
        caught: [Fault::WrongPubackId, Fault::NoPuback]),
    case!(qos2_resent_is_delivered_once: "A QoS 2 PUBLISH that is sent again before its PUBREL is acknowledged and delivered once",
        v311: proves ["MQTT-4.3.3-2"],
        v5: proves ["MQTT-4.3.3-10"],
        caught: [Fault::DeliversQos2Again],
        needs: &["qos2"]),
    case!(redelivery_qos1: "An unacknowledged QoS 1 message comes again after a reconnect, with DUP and its identifier",
        v311: proves ["MQTT-4.4.0-1", "MQTT-3.3.1-1"],
        v5: proves ["MQTT-4.4.0-1", "MQTT-3.3.1-1"],
        caught: [Fault::NoRedeliveryQos1, Fault::RedeliversUnderNewId, Fault::DupMissingOnRedelivery]),
];

async fn puback_identifier(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;

    let id = publisher.send(publish("news", b"one").qos(AtLeastOnce).id(0x1234_u16))?;

    let acknowledged =
        publisher.expect(any(PacketType::Puback)).decides(rule!(v311 "MQTT-4.3.2-2", v5 "MQTT-4.3.2-4")).await?;
    publisher.expect_right(&acknowledged, a_puback(id)).await
}

async fn qos2_resent_is_delivered_once(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", ExactlyOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let id = publisher.send(publish("news", b"once").qos(ExactlyOnce))?;
    publisher.receive(a_pubrec(id)).await?;

    publisher.send(publish("news", b"once").qos(ExactlyOnce).id(id).dup())?;
    publisher.receive(a_pubrec(id)).await?;
    publisher.send(pubrel(id))?;
    publisher.receive(a_pubcomp(id)).await?;

    watcher.receive(a_message("news", b"once")).await?;
    watcher.expect_no_message(b"once").before_message(&mut publisher, "news").await
}

async fn redelivery_qos1(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.hold_acknowledgements();
    sleeper.subscribe("news", AtLeastOnce).await?;
    broker.connect("publisher").await?.publish("news", b"again", AtLeastOnce).await?;
    let first = sleeper.receive(a_message("news", b"again").qos(AtLeastOnce)).await?;

    sleeper.drop_connection().await;
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;

    let again = sleeper
        .expect(a_message("news", b"again").id(first.id()))
        .decides(rule!(v311 "MQTT-4.4.0-1", v5 "MQTT-4.4.0-1"))
        .await?;
    sleeper
        .expect_right(&again, a_message("news", b"again").dup(true))
        .decides(rule!(v311 "MQTT-3.3.1-1", v5 "MQTT-3.3.1-1"))
        .await
}

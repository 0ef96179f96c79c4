//! Packets in pieces, and several in one segment: TCP carries bytes, and keeps no packets apart.

use super::prelude::*;

pub(super) const CASES: &[Case] = &[
    case!(bytewise["publish"]: "A PUBLISH that comes byte by byte is delivered as one that comes whole",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::WantsPacketsInOnePiece]),
    case!(bytewise["publish-qos1"]: "A PUBLISH of QoS 1 that comes byte by byte is answered with PUBACK",
        v311: proves ["MQTT-3.3.4-1"],
        v5: proves ["MQTT-3.3.4-1"],
        caught: [Fault::WantsPacketsInOnePiece]),
    case!(bytewise["pubrel"]: "A PUBREL that comes byte by byte is answered with PUBCOMP",
        v311: proves ["MQTT-4.3.3-2"],
        v5: proves ["MQTT-4.3.3-11"],
        caught: [Fault::WantsPacketsInOnePiece],
        needs: &["qos2"]),
    case!(bytewise["subscribe"]: "A SUBSCRIBE that comes byte by byte is answered with SUBACK",
        v311: proves ["MQTT-3.8.4-1"],
        v5: proves ["MQTT-3.8.4-1"],
        caught: [Fault::WantsPacketsInOnePiece]),
    case!(bytewise["unsubscribe"]: "An UNSUBSCRIBE that comes byte by byte is answered with UNSUBACK",
        v311: proves ["MQTT-3.10.4-4"],
        v5: proves ["MQTT-3.10.4-4"],
        caught: [Fault::WantsPacketsInOnePiece]),
    case!(bytewise["pingreq"]: "A PINGREQ that comes byte by byte is answered with PINGRESP",
        v311: proves ["MQTT-3.12.4-1"],
        v5: proves ["MQTT-3.12.4-1"],
        caught: [Fault::WantsPacketsInOnePiece]),
    case!(of_all_kinds: "Of SUBSCRIBE, PUBLISH, UNSUBSCRIBE and PINGREQ in one segment each is answered",
        v311: proves ["MQTT-3.12.4-1", "MQTT-3.8.4-1", "MQTT-3.3.4-1", "MQTT-3.10.4-4"],
        v5: proves ["MQTT-3.12.4-1", "MQTT-3.8.4-1", "MQTT-3.3.4-1" = "MQTT-4.2-1", "MQTT-3.10.4-4"],
        caught: [Fault::LosesBehindSubscribe]),
    case!(behind_connect: "What comes in one segment with the CONNECT, and before its CONNACK, is answered",
        v311: proves ["MQTT-3.12.4-1", "MQTT-3.8.4-1"],
        v5: proves ["MQTT-3.12.4-1", "MQTT-3.8.4-1" = "MQTT-4.2-1"],
        caught: [Fault::LosesBehindConnect]),
];

pub(super) async fn bytewise(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;
    client.subscribe_tried("news", "news", AtLeastOnce).await?;
    match broker.member() {
        "publish" => {
            client.send_bytewise(publish("news", b"in pieces").qos(AtLeastOnce))?;
            client.expect(a_message("news", b"in pieces")).await
        }
        "publish-qos1" => {
            let id = client.send_bytewise(publish("news", b"in pieces").qos(AtLeastOnce))?;
            client.expect(a_puback(id)).await
        }
        "pubrel" => {
            let id = client.send(publish("news", b"to be released").qos(ExactlyOnce))?;
            client.receive(a_pubrec(id)).await?;
            client.send_bytewise(pubrel(id))?;
            client.expect(a_pubcomp(id)).await
        }
        "subscribe" => {
            let id = client.send_bytewise(subscribe("sport", AtMostOnce))?;
            client.expect(a_suback(id)).await
        }
        "unsubscribe" => {
            client.send_bytewise(unsubscribe(["news"]))?;
            client.expect(any(PacketType::Unsuback)).await
        }
        _ => {
            client.send_bytewise(pingreq())?;
            client.expect(a_pingresp()).await
        }
    }
}

/// Decides: each packet of one segment has got its answer.
pub(super) async fn of_all_kinds(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;
    client.subscribe_tried("news", "news", AtLeastOnce).await?;

    client.send_together([
        subscribe("sport", AtMostOnce).id(11_u16),
        publish("weather", b"sunny").qos(AtLeastOnce).id(12_u16),
        unsubscribe(["news"]).id(13_u16),
        pingreq(),
    ])?;

    let _ = client.expect(a_suback(11_u16)).decides(rule!(v311 "MQTT-3.8.4-1", v5 "MQTT-3.8.4-1")).await?;
    let _ = client.expect(a_puback(12_u16)).decides(rule!(v311 "MQTT-3.3.4-1", v5 "MQTT-3.3.4-1")).await?;
    let _ = client.expect(any(PacketType::Unsuback)).decides(rule!(v311 "MQTT-3.10.4-4", v5 "MQTT-3.10.4-4")).await?;
    client.expect(a_pingresp()).await
}

async fn behind_connect(broker: &Subject) -> Outcome {
    broker.connect("control").await?;
    let mut client = broker.open("client").await?;

    client.send_together([connect(), subscribe("news", AtMostOnce).id(11_u16), pingreq()])?;

    client.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    let _ = client.expect(a_suback(11_u16)).decides(rule!(v311 "MQTT-3.8.4-1", v5 "MQTT-3.8.4-1")).await?;
    client.expect(a_pingresp()).await
}

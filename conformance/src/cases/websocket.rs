//! MQTT over WebSocket (section 6): binary frames alone, whose borders mean nothing to MQTT, and the subprotocol.

use super::prelude::*;
use crate::wire::{Frame, FrameKind};
use bytes::Bytes;

pub(super) const CASES: &[Case] = &[
    case!(text_frame: "A packet in a text frame ends the connection",
        v311: breaks ["MQTT-6.0.0-1"] proves ["MQTT-6.0.0-1"],
        v5: breaks ["MQTT-6.0.0-1"] proves ["MQTT-6.0.0-1"],
        caught: [Fault::WebSocketTextAccepted],
        variant: Variant::WEBSOCKET),
    case!(binary_frames: "What the broker sends is in binary frames",
        v311: proves ["MQTT-6.0.0-1"],
        v5: proves ["MQTT-6.0.0-1"],
        caught: [Fault::WebSocketTextSent],
        variant: Variant::WEBSOCKET),
    case!(split: "A packet that is split over several frames is read as one in a single frame",
        v311: proves ["MQTT-6.0.0-2"],
        v5: proves ["MQTT-6.0.0-2"],
        caught: [Fault::WebSocketWholePacketsOnly],
        variant: Variant::WEBSOCKET),
    case!(connect_split: "A CONNECT that is split over two frames is answered",
        v311: proves ["MQTT-6.0.0-2"],
        v5: proves ["MQTT-6.0.0-2"],
        caught: [Fault::WebSocketWholePacketsOnly],
        variant: Variant::WEBSOCKET),
    case!(several_in_one: "Several packets in one frame are all answered",
        v311: proves ["MQTT-6.0.0-2"],
        v5: proves ["MQTT-6.0.0-2"],
        caught: [Fault::WebSocketOnePacketAFrame],
        variant: Variant::WEBSOCKET),
    case!(across: "A frame may end within a packet, and the next one have its rest and another",
        v311: proves ["MQTT-6.0.0-2"],
        v5: proves ["MQTT-6.0.0-2"],
        caught: [Fault::WebSocketOnePacketAFrame, Fault::WebSocketWholePacketsOnly],
        variant: Variant::WEBSOCKET),
    case!(fragments: "A message in fragments with a ping between them carries packets as any other, also in parts",
        v311: proves ["MQTT-6.0.0-2"],
        v5: proves ["MQTT-6.0.0-2"],
        caught: [Fault::WebSocketWholePacketsOnly],
        variant: Variant::WEBSOCKET),
    case!(subprotocol: "The broker answers the subprotocol mqtt",
        v311: proves ["MQTT-6.0.0-4"],
        v5: proves ["MQTT-6.0.0-4"],
        caught: [Fault::WebSocketNoSubprotocol, Fault::WebSocketOtherSubprotocol],
        variant: Variant::WEBSOCKET),
];

/// Decides: the close. All bytes of the packet are ASCII, so that the frame is a right one of its kind.
async fn text_frame(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;
    client.publish("news", b"in a binary frame", AtLeastOnce).await?;

    client.send_as_text(publish("news", b"in a text frame").qos(AtLeastOnce).id(17_u16))?;

    client.expect_refusal(&[]).await
}

async fn binary_frames(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;

    client.subscribe_tried("news", "news", AtLeastOnce).await?;
    client.publish("news", b"there and back", AtLeastOnce).await?;
    client.receive(a_message("news", b"there and back")).await?;

    client.expect_binary_frames()
}

async fn split(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;

    client.send_in_frames([publish("news", b"in three frames").qos(AtLeastOnce).id(17_u16)], |bytes| {
        pieces(&bytes, [1, 9])
    })?;

    client.expect(a_puback(17_u16)).await
}

async fn connect_split(broker: &Subject) -> Outcome {
    broker.connect("control").await?;
    let mut client = broker.open("client").await?;

    client.send_in_frames([connect()], |bytes| pieces(&bytes, [7]))?;

    client.expect(a_connack().code(&[ReasonCode::SUCCESS])).await
}

async fn several_in_one(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;

    let packets = [
        publish("news", b"first").qos(AtLeastOnce).id(16_u16),
        publish("news", b"second").qos(AtLeastOnce).id(17_u16),
        subscribe("sport", AtMostOnce).id(18_u16),
    ];
    client.send_in_frames(packets, |bytes| vec![Frame::whole(FrameKind::Binary, bytes)])?;

    client.expect_all([a_puback(16_u16), a_puback(17_u16), a_suback(18_u16)]).await
}

async fn across(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;

    let packets = [
        publish("news", b"in two frames").qos(AtLeastOnce).id(16_u16),
        publish("news", b"in the middle").qos(AtLeastOnce).id(17_u16),
        subscribe("sport", AtMostOnce).id(18_u16),
    ];
    // In the middle of the second one.
    client.send_in_frames(packets, |bytes| pieces(&bytes, [bytes.len() / 2]))?;

    client.expect_all([a_puback(16_u16), a_puback(17_u16), a_suback(18_u16)]).await
}

/// Three fragments have all but the end of the second packet; a message of its own has that.
async fn fragments(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;

    let packets =
        [publish("news", b"in fragments").qos(AtLeastOnce).id(17_u16), subscribe("sport", AtMostOnce).id(18_u16)];
    client.send_in_frames(packets, |bytes| {
        let end = bytes.len() - 4;
        vec![
            Frame::part(FrameKind::Binary, bytes.slice(..5)),
            Frame::whole(FrameKind::Ping, Bytes::from_static(b"between")),
            Frame::part(FrameKind::Continuation, bytes.slice(5..20)),
            Frame::whole(FrameKind::Continuation, bytes.slice(20..end)),
            Frame::whole(FrameKind::Binary, bytes.slice(end..)),
        ]
    })?;

    client.expect_all([a_puback(17_u16), a_suback(18_u16)]).await
}

async fn subprotocol(broker: &Subject) -> Outcome {
    let client = broker.open("client").await?;

    client.expect_subprotocol()
}

/// Binary frames that end at these places, and a last one with the rest.
fn pieces<const N: usize>(bytes: &Bytes, ends: [usize; N]) -> Vec<Frame> {
    let begins = [0].into_iter().chain(ends);
    let ends = ends.into_iter().chain([bytes.len()]);
    begins.zip(ends).map(|(begin, end)| Frame::whole(FrameKind::Binary, bytes.slice(begin..end))).collect()
}

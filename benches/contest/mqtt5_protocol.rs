//! mqtt5-protocol: frames by the user, one type tree for both versions.

use std::hint::black_box;
use std::slice::Chunks;

use bytes::{Buf, BytesMut};
use mqtt5_protocol::packet::pingreq::PingReqPacket;
use mqtt5_protocol::packet::{FixedHeader, MqttPacket, Packet};

use super::{Codec, frame, stream_of};

/// In the version with this protocol level.
pub(super) struct Level<const LEVEL: u8>;

fn read_body<const LEVEL: u8>(header: FixedHeader, body: &mut impl Buf) -> Option<Packet> {
    Packet::decode_from_body_with_version(header.packet_type, &header, body, LEVEL).ok()
}

fn next<const LEVEL: u8>(bytes: &[u8]) -> Option<(Packet, usize)> {
    let (_, length) = frame(bytes)?;
    let mut packet = &bytes[..length];
    let header = FixedHeader::decode(&mut packet).ok()?;
    Some((read_body::<LEVEL>(header, &mut packet)?, length))
}

impl<const LEVEL: u8> Codec for Level<LEVEL> {
    type Input = &'static [u8];
    type Packet = Packet;
    type Output = BytesMut;

    fn input(bytes: &'static [u8]) -> Self::Input {
        bytes
    }

    fn read(input: &mut Self::Input) -> usize {
        let mut count = 0;
        while let Some((packet, length)) = next::<LEVEL>(input) {
            black_box(&packet);
            *input = &input[length..];
            count += 1;
        }
        count
    }

    fn stream(reads: Chunks<'static, u8>) -> usize {
        stream_of(reads, |buffer| {
            let mut count = 0;
            while let Some((_, length)) = frame(buffer) {
                let mut packet = buffer.split_to(length).freeze();
                let Ok(header) = FixedHeader::decode(&mut packet) else { break };
                black_box(read_body::<LEVEL>(header, &mut packet));
                count += 1;
            }
            count
        })
    }

    fn packets(mut bytes: &'static [u8]) -> Vec<Packet> {
        let mut packets = Vec::new();
        while let Some((packet, length)) = next::<LEVEL>(bytes) {
            packets.push(packet);
            bytes = &bytes[length..];
        }
        packets
    }

    fn output(capacity: usize) -> BytesMut {
        BytesMut::with_capacity(capacity)
    }

    fn write(packets: &mut Vec<Packet>, output: &mut BytesMut) {
        for packet in &*packets {
            _ = black_box(
                match packet {
                    Packet::Connect(connect) => connect.encode(output),
                    Packet::Publish(publish) => publish.encode(output),
                    Packet::PubAck(puback) => puback.encode(output),
                    Packet::Subscribe(subscribe) => subscribe.encode(output),
                    Packet::PingReq => PingReqPacket::default().encode(output),
                    other => panic!("the benchmarks have no such packet: {other:?}"),
                }
                .is_ok(),
            );
        }
    }

    fn written(output: BytesMut) -> Vec<u8> {
        output.to_vec()
    }
}

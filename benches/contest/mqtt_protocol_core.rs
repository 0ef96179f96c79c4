//! mqtt-protocol-core: frames by the user over a slice and by `PacketBuilder` in a stream, then `parse`; each packet is
//! written to a vector of its own.

use std::hint::black_box;
use std::slice::Chunks;

use mqtt_protocol_core::mqtt::Arc;
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{PacketBuildResult, PacketBuilder, PacketData};
use mqtt_protocol_core::mqtt::packet::{GenericPacketTrait, Packet, v3_1_1, v5_0};

use super::{Codec, frame};

/// In 3.1.1.
pub(super) struct V4;
/// In 5.0.
pub(super) struct V5;

macro_rules! codec {
    ($name:ident, $version:ident, $connect:ident, $subscribe:ident, $publish:ident, $puback:ident, $ping:ident) => {
        impl $name {
            fn parse(packet_type: u8, body: &[u8]) -> Option<Packet> {
                Some(match packet_type {
                    1 => Packet::$connect($version::Connect::parse(body).ok()?.0),
                    4 => Packet::$puback($version::Puback::parse(body).ok()?.0),
                    8 => Packet::$subscribe($version::Subscribe::parse(body).ok()?.0),
                    12 => Packet::$ping($version::Pingreq::parse(body).ok()?.0),
                    _ => return None,
                })
            }

            fn publish(flags: u8, body: Arc<[u8]>) -> Option<Packet> {
                Some(Packet::$publish($version::Publish::parse(flags, body).ok()?.0))
            }

            fn next(bytes: &[u8]) -> Option<(Packet, usize)> {
                let (header, length) = frame(bytes)?;
                let (first, body) = (bytes[0], &bytes[header..length]);
                let packet = match first >> 4 {
                    3 => Self::publish(first & 0x0F, Arc::from(body))?,
                    other => Self::parse(other, body)?,
                };
                Some((packet, length))
            }
        }

        impl Codec for $name {
            type Input = &'static [u8];
            type Packet = Packet;
            type Output = Vec<Vec<u8>>;

            fn input(bytes: &'static [u8]) -> Self::Input {
                bytes
            }

            fn read(input: &mut Self::Input) -> usize {
                let mut count = 0;
                while let Some((packet, length)) = Self::next(input) {
                    black_box(&packet);
                    *input = &input[length..];
                    count += 1;
                }
                count
            }

            fn stream(reads: Chunks<'static, u8>) -> usize {
                let mut builder = PacketBuilder::new();
                let mut count = 0;
                for read in reads {
                    let mut cursor = Cursor::new(read);
                    while let PacketBuildResult::Complete(raw) = builder.feed(&mut cursor) {
                        let (packet_type, flags) = (raw.packet_type(), raw.flags());
                        let packet = match raw.data {
                            PacketData::Publish(body) => Self::publish(flags, body),
                            PacketData::Normal(body) => Self::parse(packet_type, &body),
                        };
                        count += usize::from(packet.is_some());
                        black_box(&packet);
                    }
                }
                count
            }

            fn packets(mut bytes: &'static [u8]) -> Vec<Packet> {
                let mut packets = Vec::new();
                while let Some((packet, length)) = Self::next(bytes) {
                    packets.push(packet);
                    bytes = &bytes[length..];
                }
                packets
            }

            fn output(capacity: usize) -> Self::Output {
                Vec::with_capacity(if capacity == 0 { 0 } else { super::PACKETS })
            }

            fn write(packets: &mut Vec<Packet>, output: &mut Self::Output) {
                for packet in &*packets {
                    output.push(packet.to_continuous_buffer());
                }
            }

            fn written(output: Self::Output) -> Vec<u8> {
                output.concat()
            }
        }
    };
}

codec!(V4, v3_1_1, V3_1_1Connect, V3_1_1Subscribe, V3_1_1Publish, V3_1_1Puback, V3_1_1Pingreq);
codec!(V5, v5_0, V5_0Connect, V5_0Subscribe, V5_0Publish, V5_0Puback, V5_0Pingreq);

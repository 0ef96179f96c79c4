//! mqttbytes: `read` out of `BytesMut`, `write` of each packet.

use std::hint::black_box;
use std::slice::Chunks;

use bytes::BytesMut;
use mqttbytes::{v4, v5};

use super::{Codec, filled, stream_of};

/// In 3.1.1.
pub(super) struct V4;
/// In 5.0.
pub(super) struct V5;

macro_rules! codec {
    ($name:ident, $version:ident) => {
        impl Codec for $name {
            type Input = BytesMut;
            type Packet = $version::Packet;
            type Output = BytesMut;

            fn input(bytes: &'static [u8]) -> BytesMut {
                filled(bytes)
            }

            fn read(input: &mut BytesMut) -> usize {
                let mut count = 0;
                while let Ok(packet) = $version::read(input, usize::MAX) {
                    black_box(&packet);
                    count += 1;
                }
                count
            }

            fn stream(reads: Chunks<'static, u8>) -> usize {
                stream_of(reads, Self::read)
            }

            fn packets(bytes: &'static [u8]) -> Vec<$version::Packet> {
                let mut input = filled(bytes);
                std::iter::from_fn(|| $version::read(&mut input, usize::MAX).ok()).collect()
            }

            fn output(capacity: usize) -> BytesMut {
                BytesMut::with_capacity(capacity)
            }

            fn write(packets: &mut Vec<$version::Packet>, output: &mut BytesMut) {
                for packet in &*packets {
                    _ = black_box(
                        match packet {
                            $version::Packet::Publish(publish) => publish.write(output),
                            $version::Packet::PubAck(puback) => puback.write(output),
                            $version::Packet::Connect(connect) => connect.write(output),
                            $version::Packet::Subscribe(subscribe) => subscribe.write(output),
                            $version::Packet::PingReq => $version::PingReq.write(output),
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
    };
}

codec!(V4, v4);
codec!(V5, v5);

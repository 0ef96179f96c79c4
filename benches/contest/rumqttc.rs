//! rumqttc: `Packet::read` out of `BytesMut`, `Packet::write`.

use std::hint::black_box;
use std::slice::Chunks;

use bytes::BytesMut;
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes::v5;

use super::{Codec, filled, stream_of};

/// In 3.1.1.
pub(super) struct V4;
/// In 5.0.
pub(super) struct V5;

macro_rules! codec {
    ($name:ident, $packet:ty, $max:expr) => {
        impl Codec for $name {
            type Input = BytesMut;
            type Packet = $packet;
            type Output = BytesMut;

            fn input(bytes: &'static [u8]) -> BytesMut {
                filled(bytes)
            }

            fn read(input: &mut BytesMut) -> usize {
                let mut count = 0;
                while let Ok(packet) = <$packet>::read(input, $max) {
                    black_box(&packet);
                    count += 1;
                }
                count
            }

            fn stream(reads: Chunks<'static, u8>) -> usize {
                stream_of(reads, Self::read)
            }

            fn packets(bytes: &'static [u8]) -> Vec<$packet> {
                let mut input = filled(bytes);
                std::iter::from_fn(|| <$packet>::read(&mut input, $max).ok()).collect()
            }

            fn output(capacity: usize) -> BytesMut {
                BytesMut::with_capacity(capacity)
            }

            fn write(packets: &mut Vec<$packet>, output: &mut BytesMut) {
                for packet in &*packets {
                    _ = black_box(packet.write(output, $max).is_ok());
                }
            }

            fn written(output: BytesMut) -> Vec<u8> {
                output.to_vec()
            }
        }
    };
}

codec!(V4, v4::Packet, usize::MAX);
codec!(V5, v5::Packet, None);

//! rmqtt-codec: tokio's `Decoder` and `Encoder`, which takes packets to be written by value.

use std::hint::black_box;
use std::slice::Chunks;

use bytes::BytesMut;
use rmqtt_codec::{v3, v5};
use tokio_util::codec::{Decoder, Encoder};

use super::{Codec, filled, stream_of};

/// In 3.1.1.
pub(super) struct V4;
/// In 5.0.
pub(super) struct V5;

macro_rules! codec {
    ($name:ident, $version:ident) => {
        impl $name {
            fn read_all(codec: &mut $version::Codec, input: &mut BytesMut) -> usize {
                let mut count = 0;
                while let Ok(Some(packet)) = codec.decode(input) {
                    black_box(&packet);
                    count += 1;
                }
                count
            }
        }

        impl Codec for $name {
            type Input = BytesMut;
            type Packet = $version::Packet;
            type Output = BytesMut;

            fn input(bytes: &'static [u8]) -> BytesMut {
                filled(bytes)
            }

            fn read(input: &mut BytesMut) -> usize {
                Self::read_all(&mut $version::Codec::default(), input)
            }

            fn stream(reads: Chunks<'static, u8>) -> usize {
                let mut codec = $version::Codec::default();
                stream_of(reads, |buffer| Self::read_all(&mut codec, buffer))
            }

            fn packets(bytes: &'static [u8]) -> Vec<$version::Packet> {
                let mut codec = $version::Codec::default();
                let mut input = filled(bytes);
                std::iter::from_fn(|| codec.decode(&mut input).ok().flatten()).map(|(packet, _)| packet).collect()
            }

            fn output(capacity: usize) -> BytesMut {
                BytesMut::with_capacity(capacity)
            }

            fn write(packets: &mut Vec<$version::Packet>, output: &mut BytesMut) {
                let mut codec = $version::Codec::default();
                for packet in packets.drain(..) {
                    _ = black_box(codec.encode(packet, output).is_ok());
                }
            }

            fn written(output: BytesMut) -> Vec<u8> {
                output.to_vec()
            }
        }
    };
}

codec!(V4, v3);
codec!(V5, v5);

//! ntex-mqtt: its codec over the buffers of ntex, which takes packets to be written by value.

use std::hint::black_box;
use std::slice::Chunks;

use ntex_bytes::{BytePages, BytesMut};
use ntex_codec::{Decoder, Encoder};
use ntex_mqtt::{v3, v5};

use super::{Codec, READ, SPARE};

/// In 3.1.1.
pub(super) struct V4;
/// In 5.0.
pub(super) struct V5;

fn buffer(bytes: &[u8]) -> BytesMut {
    let mut buffer = BytesMut::with_capacity(bytes.len() + SPARE);
    buffer.extend_from_slice(bytes);
    buffer
}

macro_rules! codec {
    ($name:ident, $version:ident) => {
        impl $name {
            fn read_all(codec: &$version::codec::Codec, input: &mut BytesMut) -> usize {
                let mut count = 0;
                while let Ok(Some(packet)) = codec.decode(input) {
                    // A payload in pieces is one packet.
                    count += usize::from(!matches!(packet, $version::codec::Decoded::PayloadChunk(_, false)));
                    count -= usize::from(Self::is_cut(&packet));
                    black_box(&packet);
                }
                count
            }

            /// Whether the rest of the payload is still to come, and will be counted.
            fn is_cut(packet: &$version::codec::Decoded) -> bool {
                match packet {
                    $version::codec::Decoded::Publish(publish, payload, _) => {
                        payload.len() < publish.payload_size as usize
                    }
                    _ => false,
                }
            }
        }

        impl Codec for $name {
            type Input = BytesMut;
            type Packet = $version::codec::Encoded;
            type Output = BytePages;

            fn input(bytes: &'static [u8]) -> BytesMut {
                buffer(bytes)
            }

            fn read(input: &mut BytesMut) -> usize {
                Self::read_all(&$version::codec::Codec::new(), input)
            }

            fn stream(reads: Chunks<'static, u8>) -> usize {
                let codec = $version::codec::Codec::new();
                let mut buffer = BytesMut::with_capacity(2 * READ);
                let mut count = 0;
                for read in reads {
                    buffer.extend_from_slice(read);
                    count += Self::read_all(&codec, &mut buffer);
                }
                count
            }

            fn packets(bytes: &'static [u8]) -> Vec<$version::codec::Encoded> {
                let codec = $version::codec::Codec::new();
                let mut input = buffer(bytes);
                let packets = std::iter::from_fn(|| codec.decode(&mut input).ok().flatten());
                packets
                    .map(|packet| match packet {
                        $version::codec::Decoded::Packet(packet, _) => $version::codec::Encoded::Packet(packet),
                        $version::codec::Decoded::Publish(publish, payload, _) => {
                            $version::codec::Encoded::Publish(publish, Some(payload))
                        }
                        $version::codec::Decoded::PayloadChunk(payload, _) => {
                            $version::codec::Encoded::PayloadChunk(payload)
                        }
                    })
                    .collect()
            }

            fn output(_: usize) -> BytePages {
                BytePages::default()
            }

            fn write(packets: &mut Vec<$version::codec::Encoded>, output: &mut BytePages) {
                let codec = $version::codec::Codec::new();
                for packet in packets.drain(..) {
                    _ = black_box(codec.encodev(packet, output).is_ok());
                }
            }

            fn written(mut output: BytePages) -> Vec<u8> {
                output.freeze().to_vec()
            }
        }
    };
}

codec!(V4, v3);
codec!(V5, v5);

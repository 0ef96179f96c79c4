//! mqttrs2 (3.1.1 only), which goes on from mqttrs: `decode_slice_with_len` and `encode_slice`.

use std::hint::black_box;
use std::slice::Chunks;

use bytes::Buf;
use mqttrs2::{Packet, decode_slice_with_len, encode_slice};

use super::{Codec, stream_of};

/// In 3.1.1.
pub(super) struct V4;

fn read_all(bytes: &[u8]) -> (usize, usize) {
    let (mut start, mut count) = (0, 0);
    while let Ok(Some((length, packet))) = decode_slice_with_len(&bytes[start..]) {
        black_box(&packet);
        start += length;
        count += 1;
    }
    (start, count)
}

impl Codec for V4 {
    type Input = &'static [u8];
    type Packet = Packet<'static>;
    type Output = (Vec<u8>, usize);

    fn input(bytes: &'static [u8]) -> Self::Input {
        bytes
    }

    fn read(input: &mut Self::Input) -> usize {
        read_all(input).1
    }

    fn stream(reads: Chunks<'static, u8>) -> usize {
        stream_of(reads, |buffer| {
            let (length, count) = read_all(buffer);
            buffer.advance(length);
            count
        })
    }

    fn packets(mut bytes: &'static [u8]) -> Vec<Packet<'static>> {
        let mut packets = Vec::new();
        while let Ok(Some((length, packet))) = decode_slice_with_len(bytes) {
            packets.push(packet);
            bytes = &bytes[length..];
        }
        packets
    }

    fn output(capacity: usize) -> Self::Output {
        (vec![0; capacity], 0)
    }

    fn write(packets: &mut Vec<Packet<'static>>, (output, end): &mut Self::Output) {
        for packet in &*packets {
            if let Ok(length) = encode_slice(packet, &mut output[*end..]) {
                *end += length;
            }
        }
    }

    fn written((mut output, end): Self::Output) -> Vec<u8> {
        output.truncate(end);
        output
    }
}

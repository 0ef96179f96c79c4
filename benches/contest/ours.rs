//! This project's codec, in three readings.

use std::hint::black_box;
use std::slice::Chunks;

use mqtt_assay_codec::{
    Context, DecodeError, Decoded, Limits, Packet, PacketStream, Properties, Sender, Version, decode, decode_visiting,
};

use super::{Codec, PACKETS, READ};

/// Packets as the decoder returns them: all fields, but for properties and topic filters, which stay in a list.
pub(super) const AS_IT_COMES: u8 = 0;
/// Properties and topic filters are gone through afterwards.
pub(super) const IN_FULL: u8 = 1;
/// Properties are shown while they are judged.
pub(super) const VISITED: u8 = 2;

/// The codec in version 5.0 or 3.1.1, in one of these readings.
pub(super) struct Ours<const V5: bool, const READING: u8>;

/// Bytes, and how many of them are read.
pub(super) struct Slice {
    bytes: &'static [u8],
    start: usize,
}

/// A slice to write to, how much of it is left, and the payloads that stay where they are, each with its place.
pub(super) struct Output {
    bytes: Vec<u8>,
    left: usize,
    apart: Vec<(usize, &'static [u8])>,
}

const fn version(v5: bool) -> Version {
    if v5 { Version::V5 } else { Version::V3_1_1 }
}

#[expect(clippy::inline_always, reason = "as `decode` is")]
#[inline(always)]
fn read_one<'a, const READING: u8>(
    bytes: &'a [u8],
    context: Context,
    limits: &Limits,
) -> Result<Decoded<'a>, DecodeError> {
    match READING {
        VISITED => decode_visiting(bytes, context, limits, |_, property| _ = black_box(&property)),
        _ => decode(bytes, context, limits),
    }
}

/// What is done with an accepted packet.
#[expect(clippy::inline_always, reason = "the peers' packets are looked at in the loop, too")]
#[inline(always)]
fn take(packet: &Packet<'_>, reading: u8) {
    match reading {
        IN_FULL => visit(packet),
        _ => _ = black_box(packet),
    }
}

/// Reads all that a packet holds, as the peers have done when they return.
#[expect(clippy::inline_always, reason = "the peers' packets are looked at in the loop, too")]
#[inline(always)]
fn visit(packet: &Packet<'_>) {
    black_box(packet);
    match packet {
        Packet::Publish(publish) => each(publish.properties),
        Packet::Subscribe(subscribe) => {
            each(subscribe.properties);
            subscribe.filters.iter().for_each(|filter| _ = black_box(&filter));
        }
        Packet::Connect(connect) => {
            each(connect.properties);
            connect.will.iter().for_each(|will| each(will.properties));
        }
        Packet::Puback(acknowledgement) => each(acknowledgement.properties),
        _ => {}
    }
}

/// Reads all these properties.
#[expect(clippy::inline_always, reason = "the peers' packets are looked at in the loop, too")]
#[inline(always)]
fn each(properties: Properties<'_>) {
    if properties.is_empty() {
        return;
    }
    properties.iter().for_each(|property| _ = black_box(&property));
}

impl<const V5: bool, const READING: u8> Codec for Ours<V5, READING> {
    type Input = Slice;
    type Packet = Packet<'static>;
    type Output = Output;

    fn input(bytes: &'static [u8]) -> Slice {
        Slice { bytes, start: 0 }
    }

    fn read(input: &mut Slice) -> usize {
        let context = Context::new(version(V5), Sender::Client);
        let limits = Limits::default();
        let mut count = 0;
        // Taken by reference: a packet is large, and nobody need move it.
        while let Ok(Decoded::Complete { packet, len }) =
            &read_one::<READING>(&input.bytes[input.start..], context, &limits)
        {
            take(packet, READING);
            input.start += len;
            count += 1;
        }
        count
    }

    fn stream(reads: Chunks<'static, u8>) -> usize {
        let mut stream = PacketStream::new(Context::new(version(V5), Sender::Client), Limits::default());
        stream.buffer().reserve(2 * READ);
        let mut count = 0;
        for read in reads {
            stream.buffer().extend_from_slice(read);
            while let Ok(Some(packet)) = &stream.next_packet() {
                take(packet, READING);
                count += 1;
            }
        }
        count
    }

    fn packets(mut bytes: &'static [u8]) -> Vec<Packet<'static>> {
        let context = Context::new(version(V5), Sender::Client);
        let mut packets = Vec::new();
        while let Ok(Decoded::Complete { packet, len }) = decode(bytes, context, &Limits::default()) {
            packets.push(packet);
            bytes = &bytes[len..];
        }
        packets
    }

    fn output(capacity: usize) -> Output {
        let apart = Vec::with_capacity(if capacity == 0 { 0 } else { PACKETS });
        Output { bytes: vec![0; capacity], left: capacity, apart }
    }

    /// But in full, payloads stay where they are, as for `write_vectored`.
    fn write(packets: &mut Vec<Packet<'static>>, output: &mut Output) {
        if READING == IN_FULL {
            let mut start = 0;
            for packet in &*packets {
                let written = packet.encode_to_slice(version(V5), &mut output.bytes[start..]);
                _ = black_box(written.is_ok());
                start += written.unwrap_or(0);
            }
            output.left = output.bytes.len() - start;
            return;
        }
        let capacity = output.bytes.len();
        let mut left = &mut output.bytes[..];
        for packet in &*packets {
            if let Ok(payload) = packet.encode_head(version(V5), &mut left) {
                output.apart.push((capacity - left.len(), payload));
            }
        }
        output.left = left.len();
    }

    fn written(output: Output) -> Vec<u8> {
        let mut start = 0;
        let mut written = Vec::new();
        for (end, payload) in output.apart {
            written.extend_from_slice(&output.bytes[start..end]);
            written.extend_from_slice(payload);
            start = end;
        }
        written.extend_from_slice(&output.bytes[start..output.bytes.len() - output.left]);
        written
    }
}

//! The fuzz target `split`: however a stream is cut and whichever way it is read, the same packets and the same error.

use alloc::vec::Vec;

use crate::laws::fuzzing::choice::{LIMITS, context_of};
use crate::packet::{Context, Packet, Version};
use crate::read::{Decoded, decode, packet_len};
use crate::rule::DecodeError;
use crate::stream::{PacketStream, StreamItem};

/// Longest packet that is filled up to see what became of it.
const FILLED_UP: usize = 1 << 16;

/// A stream as somebody read it: its packets, and the error that ended it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reading {
    packets: Vec<Vec<u8>>,
    error: Option<DecodeError>,
}

impl Reading {
    fn end(&mut self, error: DecodeError) {
        self.error = Some(lasting(error));
    }
}

/// Any bytes as a stream. The first three bytes choose version and sender, from which size payloads come in pieces, and
/// how many of the next bytes are sizes of reads.
///
/// A stream refuses with the very byte with which the decoder does, so the end of these bytes changes nothing. Where
/// payloads come in pieces, a head may be refused before the decoder looks at it; so there a packet that is cut off at the
/// end is filled up.
///
/// # Panics
///
/// If the law does not hold.
pub fn split(input: &[u8]) {
    let &[choice, whole_up_to, count, ref rest @ ..] = input else { return };
    let context = context_of(choice, &Version::ALL);
    let (sizes, bytes) = rest.split_at(usize::from(count % 16).min(rest.len()));
    let cut_off = at_once(context, bytes);
    assert_eq!(one_by_one(context, bytes, sizes), cut_off);
    assert_eq!(in_batches(context, bytes, sizes), cut_off);
    let start = end_of_whole_packets(context, bytes);
    let bytes = filled_up(context, bytes, start);
    let wanted = at_once(context, &bytes);
    if cut_off.error.is_some() && bytes.len() > start {
        assert_eq!(wanted, cut_off, "an error never changes when more bytes follow");
    }
    assert_eq!(one_by_one(context, &bytes, sizes), wanted);
    assert_eq!(in_batches(context, &bytes, sizes), wanted);
    assert_eq!(in_pieces(context, &bytes, sizes, usize::from(whole_up_to)), wanted);
}

/// How many bytes the accepted packets at the start take.
fn end_of_whole_packets(context: Context, bytes: &[u8]) -> usize {
    let mut end = 0;
    while let Ok(Decoded::Complete { len, .. }) = decode(&bytes[end..], context, LIMITS) {
        end += len;
    }
    end
}

/// The stream whose last packet, which begins at `start`, has zeros for what is missing; without it if it is too long.
pub(crate) fn filled_up(context: Context, bytes: &[u8], start: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    loop {
        let tail = &bytes[start..];
        match packet_len(tail).map(|length| length as usize) {
            Some(length) if length > FILLED_UP => bytes.truncate(start),
            Some(length) if length > tail.len() => bytes.resize(start + length, 0),
            None if !tail.is_empty() && decode(tail, context, LIMITS).is_ok() => bytes.push(0),
            _ => return bytes,
        }
    }
}

/// The reads that bring these bytes: of the given sizes less one, over and over; without sizes all at once.
fn reads<'b>(bytes: &'b [u8], sizes: &[u8]) -> impl Iterator<Item = &'b [u8]> {
    let mut rest = bytes;
    let mut sizes = sizes.iter().cycle();
    core::iter::from_fn(move || {
        let size = sizes.next().map_or(rest.len(), |&size| 1 + usize::from(size)).min(rest.len());
        let (read, behind) = rest.split_at(size);
        rest = behind;
        (!read.is_empty()).then_some(read)
    })
}

fn at_once(context: Context, bytes: &[u8]) -> Reading {
    let (mut reading, mut rest) = (Reading::default(), bytes);
    loop {
        match decode(rest, context, LIMITS) {
            Ok(Decoded::Complete { len, .. }) => {
                reading.packets.push(canonical(context, &rest[..len]));
                rest = &rest[len..];
            }
            Ok(Decoded::Partial { .. }) => return reading,
            Err(error) => {
                reading.end(error);
                return reading;
            }
        }
    }
}

/// An accepted packet as it is written: so packets are compared by what they mean, whoever has read them.
pub(crate) fn written(packet: Packet<'_>, version: Version) -> Vec<u8> {
    packet.to_bytes(version).expect("was read, so it can be written").to_vec()
}

/// As [`written`], from the bytes of a whole packet.
fn canonical(context: Context, bytes: &[u8]) -> Vec<u8> {
    match decode(bytes, context, LIMITS) {
        Ok(Decoded::Complete { packet, len }) if len == bytes.len() => written(packet, context.version),
        other => panic!("{bytes:02x?} was a whole packet, and is {other:?}"),
    }
}

fn one_by_one(context: Context, bytes: &[u8], sizes: &[u8]) -> Reading {
    let (mut reading, mut stream) = (Reading::default(), PacketStream::new(context, *LIMITS));
    for read in reads(bytes, sizes) {
        stream.buffer().extend_from_slice(read);
        loop {
            match stream.next_packet() {
                Ok(Some(packet)) => reading.packets.push(written(packet, context.version)),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(stream.next_packet().err(), Some(error), "the stream stays where it is");
                    reading.end(error);
                    return reading;
                }
            }
        }
    }
    reading
}

fn in_batches(context: Context, bytes: &[u8], sizes: &[u8]) -> Reading {
    let (mut reading, mut stream) = (Reading::default(), PacketStream::new(context, *LIMITS));
    for read in reads(bytes, sizes) {
        stream.buffer().extend_from_slice(read);
        loop {
            let packets = match stream.next_batch() {
                Ok(Some(batch)) => batch.owned_packets().collect::<Vec<_>>(),
                Ok(None) => break,
                Err(error) => [Err(error)].into(),
            };
            for packet in packets {
                match packet {
                    Ok(packet) => reading.packets.push(written(packet.packet(), context.version)),
                    Err(error) => {
                        reading.end(error);
                        return reading;
                    }
                }
            }
        }
    }
    reading
}

/// As [`one_by_one`], with payloads in pieces that are put together again.
fn in_pieces(context: Context, bytes: &[u8], sizes: &[u8], whole_up_to: usize) -> Reading {
    let (mut reading, mut stream) = (Reading::default(), PacketStream::new(context, *LIMITS));
    let (mut begun, mut missing) = (Vec::new(), 0);
    for read in reads(bytes, sizes) {
        stream.buffer().extend_from_slice(read);
        loop {
            match stream.next_item(whole_up_to) {
                Ok(Some(StreamItem::Packet { packet, bytes })) => {
                    assert_eq!(written(packet, context.version), canonical(context, bytes));
                    reading.packets.push(written(packet, context.version));
                }
                Ok(Some(StreamItem::Head(head))) => {
                    assert_eq!((missing, head.publish.payload), (0, &[][..]));
                    begun = head.bytes.to_vec();
                    missing = head.payload_len;
                    if missing == 0 {
                        reading.packets.push(canonical(context, &core::mem::take(&mut begun)));
                    }
                }
                Ok(Some(StreamItem::Payload { bytes, left })) => {
                    assert_eq!(missing, bytes.len() + left);
                    begun.extend_from_slice(bytes);
                    missing = left;
                    if missing == 0 {
                        reading.packets.push(canonical(context, &core::mem::take(&mut begun)));
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    reading.end(error);
                    return reading;
                }
            }
        }
    }
    assert_eq!((missing, begun), (0, Vec::new()));
    reading
}

/// What of an error must not depend on how many bytes have come: all but the length of the packet.
fn lasting(error: DecodeError) -> DecodeError {
    DecodeError { packet_len: None, ..error }
}

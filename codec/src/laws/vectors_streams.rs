//! The streams of the vectors held against the stream of packets, against `decode`, and against what they are to show.

extern crate std;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::packet::{Limits, PacketType, Sender, Version};
use crate::read::{Decoded, decode};
use crate::rule::{DecodeError, Layer};
use crate::stream::PacketStream;
use crate::vectors::{self, Due, End, Kind, Stream, Values};

/// What a decoder of streams makes of one: packets, and with which piece it refuses what.
fn read(wanted: &Stream) -> (Vec<Due>, Option<(DecodeError, usize)>, usize) {
    let mut stream = PacketStream::new(wanted.context, Limits::NONE);
    let mut packets = Vec::new();
    for (piece, bytes) in (1..).zip(&wanted.pieces) {
        stream.buffer().extend_from_slice(bytes);
        loop {
            let before = stream.pending();
            let values = match stream.next_packet() {
                Ok(Some(packet)) => Values::of(&packet, wanted.context.version),
                Ok(None) => break,
                Err(error) => return (packets, Some((error, piece)), stream.pending()),
            };
            packets.push(Due { piece, len: before - stream.pending(), values });
        }
    }
    (packets, None, stream.pending())
}

#[test]
fn a_stream_of_packets_yields_what_is_due() {
    for wanted in vectors::streams() {
        let (packets, refused, pending) = read(&wanted);
        assert_eq!(packets, wanted.packets, "{}", wanted.id);
        assert_eq!(refused.is_some(), wanted.end == End::Refused, "{}: {refused:?}", wanted.id);
        assert_eq!(wanted.refusal.is_some(), wanted.end == End::Refused, "{}", wanted.id);
        assert!(refused.is_some() || (pending > 0) == (wanted.end == End::Within), "{}: {pending} left", wanted.id);
        if let (Some((error, piece)), Some(refusal)) = (refused, wanted.refusal) {
            assert_eq!((error.rule, error.id()), (refusal.rule, refusal.statement), "{}", wanted.id);
            assert!(piece <= refusal.piece, "{}: refused with piece {piece} only", wanted.id);
            let version = wanted.context.version;
            assert_eq!((refusal.rule.layer(), Kind::of(refusal.rule, version)), (wanted.layer, refusal.kind));
            let answered = version.has_properties() || refusal.kind == Kind::AnsweredByConnack;
            assert_eq!(refusal.reason, answered.then_some(error.reason), "{}", wanted.id);
        }
    }
}

/// Whoever asks for one packet after another of all bytes there are.
#[test]
fn every_end_of_a_packet_is_where_decode_finds_it() {
    for wanted in vectors::streams() {
        let bytes = wanted.pieces.concat();
        let ends: Vec<usize> = wanted
            .pieces
            .iter()
            .scan(0, |end, piece| {
                *end += piece.len();
                Some(*end)
            })
            .collect();
        let mut begin = 0;
        for due in &wanted.packets {
            let decoded = decode(&bytes[begin..], wanted.context, &Limits::NONE);
            let Ok(Decoded::Complete { packet, len }) = decoded else { panic!("{}: {decoded:?}", wanted.id) };
            assert_eq!((&Values::of(&packet, wanted.context.version), len), (&due.values, due.len), "{}", wanted.id);
            begin += len;
            let before = due.piece.checked_sub(2).map_or(0, |index| ends[index]);
            assert!(before < begin && begin <= ends[due.piece - 1], "{}: not with piece {}", wanted.id, due.piece);
        }
        let rest = &bytes[begin..];
        match (wanted.end, decode(rest, wanted.context, &Limits::NONE)) {
            (End::Between, _) => assert_eq!(rest, b"", "{}", wanted.id),
            (End::Within, Ok(Decoded::Partial { .. })) => assert_ne!(rest, b"", "{}", wanted.id),
            (End::Refused, Err(error)) => {
                let end = error.packet_len.map(|length| begin + length as usize).expect("the packet has an end");
                let by = 1 + ends.iter().position(|&piece| piece >= end).expect("all of it is there");
                assert_eq!(wanted.refusal.map(|refusal| refusal.piece), Some(by), "{}", wanted.id);
            }
            (_, other) => panic!("{}: {other:?}", wanted.id),
        }
    }
}

#[test]
fn streams_have_ids_of_their_own_and_no_empty_piece() {
    let vectors: BTreeSet<&str> = vectors::all().map(|vector| vector.id).collect();
    let all: BTreeMap<&str, Stream> = vectors::streams().map(|stream| (stream.id, stream)).collect();
    assert_eq!(all.len(), vectors::streams().count());
    for (id, stream) in all {
        assert!(!vectors.contains(id), "{id}");
        assert!(stream.pieces.iter().all(|piece| !piece.is_empty()) && !stream.pieces.is_empty(), "{id}");
        assert!(!stream.comment.contains('"') && id.contains("/stream-"), "{id}");
    }
}

/// Every packet comes in pieces, and every layer is refused behind a packet that is not, in every version and from every side.
#[test]
fn nothing_is_missing_in_the_streams() {
    for version in Version::ALL {
        let all: Vec<Stream> = vectors::streams_of(version).collect();
        for from in [Sender::Client, Sender::Server] {
            let own: Vec<&Stream> = all.iter().filter(|stream| stream.context.from == from).collect();
            let sent = |packet: &PacketType| packet.exists_in(version) && from.may_be(packet.sent_by(version));
            for packet in PacketType::ALL.into_iter().filter(sent) {
                let split = |stream: &&&Stream| stream.pieces.len() > 1 && stream.packets.len() == 1;
                let mut split = own.iter().filter(split);
                assert!(split.any(|stream| stream.packets[0].values.packet == packet), "{version} {from} {packet}");
            }
            for layer in Layer::ALL {
                let behind = |stream: &&&Stream| stream.layer == layer && !stream.packets.is_empty();
                let mut behind = own.iter().filter(behind);
                // Before 5.0 a server sends text in PUBLISH alone, and that is enough.
                assert!(behind.any(|stream| stream.end == End::Refused), "{version} {from} {layer}");
            }
            for end in End::ALL {
                assert!(own.iter().any(|stream| stream.end == end), "{version} {from} {}", end.name());
            }
        }
    }
}

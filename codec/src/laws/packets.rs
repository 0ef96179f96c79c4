//! Laws that hold for every packet and for any bytes at all.

extern crate std;

use alloc::vec::Vec;
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::format;

use crate::generate::LegalPacket;
use crate::generate::strategies::{any_packet, packet_of};
use crate::mutate::MUTATIONS;
use crate::packet::{Context, EncodeError, Limits, Packet, PropertiesBuf, PropertyHome, Sender, Version, wire};
use crate::read::{Decoded, OwnedDecoded, OwnedPacket, annotate, decode, decode_any, decode_waiving, fields};
use crate::rule::{DecodeError, Rule};

const LIMITS: &Limits = &Limits::NONE;

/// What of an error must not change with more bytes: all but the length.
fn lasting(error: &DecodeError) -> DecodeError {
    DecodeError { packet_len: None, ..*error }
}

fn any_context() -> impl Strategy<Value = Context> {
    let from = select(&[Sender::Client, Sender::Server, Sender::Either][..]);
    (select(&Version::ALL[..]), from).prop_map(|(version, from)| Context::new(version, from))
}

/// Bytes that are near a legal packet: some bytes replaced, put in or taken out, something behind it.
fn nearly_legal() -> impl Strategy<Value = (Context, Vec<u8>)> {
    let change = (any::<Index>(), any::<u8>(), 0..4_u8);
    (any_packet(), vec(change, 0..4), vec(any::<u8>(), 0..6)).prop_map(|(packet, changes, tail)| {
        let mut bytes = packet.bytes();
        for (index, byte, kind) in changes {
            // Mostly near the start, where the structure is.
            let at = index.index(bytes.len().clamp(1, 64));
            match kind {
                _ if bytes.is_empty() => bytes.push(byte),
                0 => bytes.insert(at, byte),
                1 => drop(bytes.remove(at)),
                2 => bytes[at] ^= 1 << (byte & 7),
                _ => bytes[at] = byte,
            }
        }
        bytes.extend(tail);
        (packet.context, bytes)
    })
}

/// A legal packet with one of the mutations that apply to it.
fn mutated() -> impl Strategy<Value = (Context, Vec<u8>)> {
    (any_packet(), any::<Index>()).prop_map(|(packet, index)| {
        let bytes = packet.bytes();
        let start = index.index(MUTATIONS.len());
        let mut mutations = MUTATIONS[start..].iter().chain(&MUTATIONS[..start]);
        let applied = mutations.find_map(|mutation| mutation.apply(&bytes, packet.context));
        let bytes = applied.map_or_else(|| bytes.clone(), |mutated| mutated.bytes);
        (packet.context, bytes)
    })
}

/// Lengths of prefixes to try: all short ones, and some of the long ones.
fn prefixes(length: usize) -> impl Iterator<Item = usize> {
    (0..length.min(400)).chain((400..length).step_by(997))
}

/// An error on a prefix is the error of all that is longer.
fn errors_last(context: Context, bytes: &[u8]) -> Result<(), TestCaseError> {
    let whole = decode(bytes, context, LIMITS);
    for length in prefixes(bytes.len()) {
        match decode(&bytes[..length], context, LIMITS) {
            Err(error) => {
                let whole = whole.as_ref().err().map(lasting);
                prop_assert_eq!(Some(lasting(&error)), whole, "at {} of {:02x?}", length, bytes);
            }
            Ok(Decoded::Partial { needed }) => prop_assert!(needed >= 1),
            Ok(Decoded::Complete { len, .. }) => prop_assert!(len <= length && whole.is_ok()),
        }
    }
    Ok(())
}

/// What is accepted at once is what the reader accepts.
fn accepted_at_once_as_by_the_reader(context: Context, bytes: &[u8], limits: &Limits) -> Result<(), TestCaseError> {
    prop_assert_eq!(decode(bytes, context, limits), decode_any(bytes, context, limits), "{:02x?}", bytes);
    Ok(())
}

/// Packets that might be accepted at once: small ones with any flags, any topic, any identifier, any properties.
fn short_ways() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![0x30..=0x3F_u8, select(&[0x40, 0x50, 0x62, 0x70, 0xC0, 0xD0][..]), any::<u8>()];
    let topic = prop_oneof![3 => "[a-z/]{0,20}", 1 => "[a-z+#\\x00\u{e4}]{0,12}"];
    let behind = vec(prop_oneof![2 => Just(0_u8), 1 => any::<u8>()], 0..200);
    let (longer, topic_longer) = (-2..3_isize, prop_oneof![9 => Just(0_u16), 1 => any::<u16>()]);
    (first, topic, behind, longer, topic_longer).prop_map(|(first, topic, behind, longer, topic_longer)| {
        let mut body = Vec::new();
        if first & 0xF0 == 0x30 {
            body.extend((topic.len() as u16).wrapping_add(topic_longer).to_be_bytes());
            body.extend(topic.as_bytes());
        }
        body.extend(behind);
        let remaining = body.len().saturating_add_signed(longer);
        let mut bytes = vec_of(first);
        wire::put_variable(&mut bytes, remaining as u32);
        bytes.extend(body);
        bytes
    })
}

fn vec_of(byte: u8) -> Vec<u8> {
    core::iter::once(byte).collect()
}

proptest! {
    #[test]
    fn short_ways_lead_to_the_same_place(
        context in any_context(),
        bytes in short_ways(),
        max_packet_size in prop_oneof![Just(u32::MAX), 0..100_u32],
        max_string_len in prop_oneof![Just(u16::MAX), 0..20_u16],
    ) {
        let limits = Limits { max_packet_size, max_string_len, ..Limits::NONE };
        accepted_at_once_as_by_the_reader(context, &bytes, &limits)?;
    }

    #[test]
    fn all_ways_lead_to_the_same_place(
        (context, bytes) in prop_oneof![nearly_legal(), mutated(), (any_context(), vec(any::<u8>(), 0..8))],
        max_user_properties in prop_oneof![Just(u32::MAX), 0..2_u32],
        max_topic_filters in prop_oneof![Just(u32::MAX), 0..3_u32],
        max_string_len in prop_oneof![Just(u16::MAX), 0..20_u16],
    ) {
        let limits = Limits { max_user_properties, max_topic_filters, max_string_len, ..Limits::NONE };
        accepted_at_once_as_by_the_reader(context, &bytes, &limits)?;
        accepted_at_once_as_by_the_reader(context, &bytes, LIMITS)?;
    }

    #[test]
    fn what_is_written_is_read_again(any in any_packet()) {
        let (packet, bytes) = (any.packet(), any.bytes());
        prop_assert_eq!(packet.encoded_len(any.context.version), Ok(bytes.len()));
        let decoded = decode(&bytes, any.context, LIMITS);
        let Ok(Decoded::Complete { packet: again, len }) = decoded else {
            return Err(TestCaseError::fail(format!("{decoded:?} of {bytes:02x?}")));
        };
        prop_assert_eq!(len, bytes.len());
        prop_assert_eq!(again, packet);
    }

    #[test]
    fn the_vectored_form_is_the_same_bytes(any in any_packet()) {
        let mut head = Vec::new();
        let payload = any.packet().encode_head(any.context.version, &mut head).expect("can be written");
        head.extend_from_slice(payload);
        prop_assert_eq!(head, any.bytes());
    }

    #[test]
    fn all_ways_of_writing_write_the_same(any in any_packet(), version in select(&Version::ALL[..]), size in any::<Index>()) {
        let packet = any.packet();
        let [mut short, mut general] = [Vec::new(), Vec::new()];
        prop_assert_eq!(packet.encode(version, &mut short), packet.encode_any(version, &mut general));
        prop_assert_eq!(&short, &general);
        // With less room, or just as much as is needed.
        let room = general.len().saturating_sub(size.index(8));
        let [mut short, mut general] = [alloc::vec![0xAA; room], alloc::vec![0xAA; room]];
        let results = (packet.encode(version, &mut &mut short[..]), packet.encode_any(version, &mut &mut general[..]));
        prop_assert_eq!(results.0, results.1);
        prop_assert_eq!(short, general);
    }

    #[test]
    fn what_was_waived_is_not_taken_for_right((context, bytes) in prop_oneof![nearly_legal(), mutated()], rule in select(Rule::ALL)) {
        if let Ok(Decoded::Complete { packet, .. }) = decode_waiving(&bytes, context, LIMITS, rule) {
            let unknown: PropertiesBuf = packet.properties().iter().collect();
            let home = PropertyHome::Packet(packet.packet_type());
            prop_assert_eq!(packet.properties().stranger_in(home), unknown.as_properties().ids().find(|id| !id.allowed_in(home)));
            if let Packet::Subscribe(subscribe) = packet {
                let qos_only = subscribe.filters.iter().all(|(_, options)| options.to_byte() <= 2);
                prop_assert_eq!(subscribe.filters.have_qos_only(), qos_only);
            }
        }
    }

    #[test]
    fn a_buffer_that_is_too_small_is_left_alone(any in any_packet(), size in any::<Index>()) {
        let needed = any.bytes().len();
        let mut room = alloc::vec![0xAA; size.index(needed)];
        let result = any.packet().encode(any.context.version, &mut &mut room[..]);
        prop_assert_eq!(result, Err(EncodeError::BufferFull { needed }));
        prop_assert!(room.iter().all(|&byte| byte == 0xAA));
    }

    #[test]
    fn a_packet_takes_its_own_bytes_only(any in any_packet(), tail in vec(any::<u8>(), 1..9)) {
        let alone = any.bytes();
        let mut bytes = alone.clone();
        bytes.extend(tail);
        let Ok(Decoded::Complete { packet, len }) = decode(&bytes, any.context, LIMITS) else {
            return Err(TestCaseError::fail("not accepted"));
        };
        prop_assert_eq!((packet, len), (any.packet(), alone.len()));
        let OwnedDecoded::Complete(owned) = OwnedPacket::decode(&Bytes::from(bytes), any.context, LIMITS)? else {
            return Err(TestCaseError::fail("not accepted"));
        };
        prop_assert_eq!((owned.packet(), owned.bytes()), (any.packet(), &Bytes::from(alone)));
    }

    #[test]
    fn every_proper_prefix_of_a_packet_is_partial(any in any_packet()) {
        let bytes = any.bytes();
        for length in prefixes(bytes.len()) {
            let decoded = decode(&bytes[..length], any.context, LIMITS);
            let Ok(Decoded::Partial { needed }) = decoded else {
                return Err(TestCaseError::fail(format!("{decoded:?} at {length} of {bytes:02x?}")));
            };
            prop_assert!(needed >= 1 && length + needed <= bytes.len(), "{} at {} of {:02x?}", needed, length, bytes);
        }
    }

    #[test]
    fn an_error_lasts_near_legal_packets((context, bytes) in nearly_legal()) {
        errors_last(context, &bytes)?;
    }

    #[test]
    fn a_rule_is_broken_only_where_it_applies((context, bytes) in nearly_legal()) {
        if let Err(error) = decode(&bytes, context, LIMITS) {
            prop_assert!(error.rule.applies_to(error.packet_type, context), "{} in {:02x?}", error, bytes);
        }
    }

    #[test]
    fn an_error_lasts_in_mutated_packets((context, mut bytes) in mutated(), tail in vec(any::<u8>(), 0..4)) {
        bytes.extend(tail);
        errors_last(context, &bytes)?;
    }

    #[test]
    fn an_error_lasts_in_any_bytes(context in any_context(), bytes in vec(any::<u8>(), 0..60)) {
        errors_last(context, &bytes)?;
    }

    #[test]
    fn what_is_accepted_can_be_written_and_means_the_same((context, bytes) in nearly_legal()) {
        if let Ok(Decoded::Complete { packet, len }) = decode(&bytes, context, LIMITS) {
            prop_assert!(len <= bytes.len());
            let written = packet.to_bytes(context.version).expect("was read, so it can be written");
            let again = decode(&written, context, LIMITS);
            let Ok(Decoded::Complete { packet: same, .. }) = again else {
                return Err(TestCaseError::fail(format!("{again:?} of {packet:?}")));
            };
            prop_assert_eq!(same, packet);
        }
    }

    #[test]
    fn who_does_not_know_the_sender_refuses_no_more((context, bytes) in nearly_legal()) {
        let either = decode(&bytes, Context::new(context.version, Sender::Either), LIMITS);
        if decode(&bytes, context, LIMITS).is_ok() {
            prop_assert!(either.is_ok(), "{:?}", either);
        }
    }

    #[test]
    fn however_a_stream_is_cut_the_packets_are_the_same(
        (packets, cuts) in select(&Version::ALL[..])
            .prop_flat_map(|version| (vec(packet_of(version), 1..6), vec(1..40_usize, 1..20)))
    ) {
        let version = packets[0].context.version;
        let context = Context::new(version, Sender::Either);
        let stream: Vec<u8> = packets.iter().flat_map(LegalPacket::bytes).collect();
        let mut cuts = cuts.iter().copied().cycle();
        let (mut read, mut start, mut available) = (0, 0, 0);
        while available < stream.len() {
            available = stream.len().min(available + cuts.next().unwrap_or(1));
            while let Decoded::Complete { packet, len } = decode(&stream[start..available], context, LIMITS)? {
                prop_assert_eq!(packet, packets[read].packet());
                read += 1;
                start += len;
            }
        }
        prop_assert_eq!((read, start), (packets.len(), stream.len()));
    }

    #[test]
    fn nothing_panics_on_any_bytes(context in any_context(), bytes in vec(any::<u8>(), 0..80)) {
        survives(context, &bytes);
    }

    #[test]
    fn nothing_panics_near_legal_packets((context, bytes) in nearly_legal()) {
        survives(context, &bytes);
    }

    #[test]
    fn the_field_map_finds_the_error_of_the_decoder((context, bytes) in nearly_legal()) {
        let decoded = decode(&bytes, context, LIMITS);
        let map = fields(&bytes, context);
        match decoded {
            Err(error) => prop_assert_eq!(map.error, Some(error)),
            Ok(Decoded::Complete { .. }) => prop_assert_eq!(map.error, None),
            // The map reads what there is of a packet, the decoder waits for the rest.
            Ok(Decoded::Partial { .. }) => {}
        }
        let end = map.packet_len.unwrap_or(usize::MAX).min(bytes.len());
        let explained = map.fields.iter().map(|field| field.range.end).max().unwrap_or(0);
        prop_assert_eq!(explained, end);
    }

    #[test]
    fn a_limit_refuses_from_the_fixed_header(any in any_packet()) {
        let bytes = any.bytes();
        let limits = Limits { max_packet_size: bytes.len() as u32 - 1, ..Limits::NONE };
        let whole = decode(&bytes, any.context, &limits).expect_err("too large");
        prop_assert_eq!(whole.rule, Rule::PacketTooLarge);
        let header = 1 + bytes[1..].iter().take_while(|&&byte| byte & 0x80 != 0).count() + 1;
        prop_assert_eq!(decode(&bytes[..header], any.context, &limits).expect_err("too large"), whole);
        let exactly = Limits { max_packet_size: bytes.len() as u32, ..Limits::NONE };
        prop_assert!(decode(&bytes, any.context, &exactly).is_ok());
    }
}

/// Longest input that is looked at in every way; a longer one takes its time and shows nothing more.
const SEVERAL_WAYS: usize = 2000;

/// Everything that faces bytes of a peer.
fn survives(context: Context, bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(SEVERAL_WAYS)];
    let _ = decode(bytes, context, LIMITS).map(|decoded| format!("{decoded:?}")).map_err(|error| format!("{error}"));
    for &rule in Rule::ALL {
        if let Ok(Decoded::Complete { packet, .. }) = decode_waiving(bytes, context, LIMITS, rule) {
            let _ = format!("{packet:?}");
            let _ = packet.to_bytes(context.version);
        }
    }
    let _ = annotate(bytes, context);
    for mutation in MUTATIONS.iter().step_by(7) {
        let _ = mutation.apply(bytes, context);
    }
}

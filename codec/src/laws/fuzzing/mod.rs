//! What the fuzz targets of `fuzz/` do with their input: laws that hold for any bytes at all. One that doesn't hold panics.
//!
//! They are plain functions, so that `cargo test` can replay the corpora without a fuzzer. Not a part of the crate's
//! interface: nothing here is stable.

mod choice;
#[cfg(test)]
mod corpora;
mod split;

use alloc::format;
use alloc::vec::Vec;
use arbitrary::{Arbitrary, Unstructured};

use crate::generate::LegalPacket;
use crate::laws::fuzzing::choice::{BEFORE_V5, LIMITS, context_of};
use crate::mutate::{Expectation, MUTATIONS, Mutated, Mutation};
use crate::packet::wire::MAX_VARIABLE_BYTE_INTEGER;
use crate::packet::{
    Connect, Context, EncodeError, Limits, Packet, Properties, Property, PropertyHome, Sender, Version, check_filter,
    is_shared, split_shared, topic_matches,
};
use crate::read::{Decoded, annotate, decode, decode_any, decode_visiting, decode_waiving, fields};
use crate::rule::DecodeError;
use crate::text::{self, scan};

pub use split::split;
#[cfg(test)]
pub(crate) use split::{filled_up, written};

/// A receiver that takes little: every limit is low enough to be met.
const LOW_LIMITS: &Limits =
    &Limits { max_packet_size: 100, max_user_properties: 1, max_topic_filters: 2, max_string_len: 12 };

/// What a target does with its input.
pub type Target = fn(&[u8]);

/// The targets of this crate by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("decode_v3", decode_v3),
    ("decode_v5", decode_v5),
    ("split", split),
    ("roundtrip", roundtrip),
    ("expect", expect),
    ("topic_match", topic_match),
];

/// Longest input whose annotation is made: it costs more than all else together, and a longer one shows nothing more.
const ANNOTATED: usize = 256;

/// Any bytes as a packet of 3.1 or 3.1.1; the first byte chooses version and sender.
pub fn decode_v3(input: &[u8]) {
    if let Some((&choice, bytes)) = input.split_first() {
        judge(context_of(choice, BEFORE_V5), bytes);
    }
}

/// Any bytes as a packet of 5.0; the first byte chooses the sender.
pub fn decode_v5(input: &[u8]) {
    if let Some((&choice, bytes)) = input.split_first() {
        judge(context_of(choice, &[Version::V5]), bytes);
    }
}

fn judge(context: Context, bytes: &[u8]) {
    same_as_by_the_reader(context, bytes);
    let (start, end) = bytes.split_at(bytes.len() / 2);
    [bytes, start, end].into_iter().for_each(seen_as_it_is);
    let decoded = decode(bytes, context, LIMITS);
    explained(context, bytes, &decoded);
    match decoded {
        Ok(Decoded::Complete { packet, len }) => accepted(context, bytes, packet, len),
        Ok(Decoded::Partial { needed }) => {
            assert!(needed >= 1 && bytes.len() + needed <= 5 + MAX_VARIABLE_BYTE_INTEGER as usize, "{needed} needed");
        }
        Err(error) => refused(context, bytes, &error),
    }
}

/// What is accepted without the reader is what the reader accepts, to the last field, and whoever is shown the properties
/// is shown the same packet with all of them.
fn same_as_by_the_reader(context: Context, bytes: &[u8]) {
    for limits in [LIMITS, LOW_LIMITS] {
        let (at_once, by_the_reader) = (decode(bytes, context, limits), decode_any(bytes, context, limits));
        assert_eq!(at_once, by_the_reader, "{context:?}, {limits:?}: {bytes:02x?}");
        let mut shown = Vec::new();
        let visited = decode_visiting(bytes, context, limits, |home, property| shown.push((home, property)));
        assert_eq!(visited, by_the_reader, "{context:?}, {limits:?}: {bytes:02x?}");
        if let Ok(Decoded::Complete { packet, .. }) = visited {
            assert_eq!(shown, properties_of(&packet), "{context:?}, {limits:?}: {bytes:02x?}");
        }
    }
}

/// The properties of the variable header, then those of the will: read the slow way, one call of `next` after the other.
fn properties_of<'a>(packet: &Packet<'a>) -> Vec<(PropertyHome, Property<'a>)> {
    let own = PropertyHome::Packet(packet.packet_type());
    let will = if let Packet::Connect(Connect { will: Some(will), .. }) = packet {
        will.properties
    } else {
        Properties::EMPTY
    };
    let mut all = Vec::new();
    for (home, properties) in [(own, packet.properties()), (PropertyHome::Will, will)] {
        for property in properties {
            all.push((home, property));
        }
        let folded = properties.iter().fold(Vec::new(), |mut folded, property| {
            folded.push(property);
            folded
        });
        assert!(folded.into_iter().eq(properties), "{properties:?}");
    }
    all
}

/// What is seen of a string sixteen bytes at a time is what is seen byte by byte, and it reads as the standard library has it.
fn seen_as_it_is(string: &[u8]) {
    let plain = string.iter().all(|byte| (1..=127).contains(byte));
    let wild = |byte: &u8| matches!(byte, b'+' | b'#');
    assert_eq!(scan::is_plain(string), plain, "{string:02x?}");
    assert_eq!(scan::is_plain_name(string), plain && !string.iter().any(wild), "{string:02x?}");
    let places = string.iter().rev().fold(0, |places: u64, byte| places << 1 | u64::from(wild(byte)));
    assert_eq!(scan::plain_wildcards(string), (plain && string.len() <= 64).then_some(places), "{string:02x?}");
    let valid = core::str::from_utf8(string).map_or_else(|error| error.valid_up_to(), str::len);
    assert_eq!(text::of(string).as_bytes(), &string[..valid], "{string:02x?}");
}

/// The field map finds the error that the decoder finds, and both can be put into words.
fn explained(context: Context, bytes: &[u8], decoded: &Result<Decoded<'_>, DecodeError>) {
    let map = fields(bytes, context);
    match decoded {
        Err(error) => assert_eq!(map.error, Some(*error)),
        Ok(Decoded::Complete { .. }) => assert_eq!(map.error, None),
        // The map reads what there is of a packet, the decoder waits for the rest.
        Ok(Decoded::Partial { .. }) => {}
    }
    if bytes.len() <= ANNOTATED {
        assert!(!format!("{}{decoded:?}", annotate(bytes, context)).is_empty());
    }
}

/// What is accepted can be written, means the same, and is no shorter than what is written.
fn accepted(context: Context, bytes: &[u8], packet: Packet<'_>, len: usize) {
    let taken = &bytes[..len];
    let written = packet.to_bytes(context.version).expect("was read, so it can be written");
    written_the_same_in_general(packet, context.version, &written);
    let again = decode(&written, context, LIMITS);
    let Ok(Decoded::Complete { packet: same, len: written_len }) = again else {
        panic!("{packet:?} is written as {written:02x?}, and that is read as {again:?}")
    };
    assert_eq!((same, written_len), (packet, written.len()));
    assert!(written_len <= len, "{written:02x?} is longer than {taken:02x?}");
    // Same length, same bytes: but 3.1 has bits that nobody looks at.
    if written_len == len && context.version != Version::V3_1 {
        assert_eq!(written, taken);
    }
    let shorter = decode(&bytes[..len - 1], context, LIMITS);
    assert!(matches!(shorter, Ok(Decoded::Partial { .. })), "a byte less: {shorter:?}");
    let either = decode(bytes, Context::new(context.version, Sender::Either), LIMITS);
    assert!(either.is_ok(), "refused only if the sender is not known: {either:?}");
}

/// What is written in few steps is what the general way writes.
fn written_the_same_in_general(packet: Packet<'_>, version: Version, written: &[u8]) {
    let mut general = Vec::new();
    assert_eq!(packet.encode_any(version, &mut general), Ok(written.len()), "{packet:?}");
    assert_eq!(general, written, "{packet:?}");
    let mut slice = alloc::vec![0xA5; written.len() + 1];
    assert_eq!(packet.encode_to_slice(version, &mut slice), Ok(written.len()), "{packet:?}");
    assert_eq!(slice.split_last(), Some((&0xA5, written)), "{packet:?}");
    let refused = packet.encode_to_slice(version, &mut slice[..written.len() - 1]);
    assert_eq!(refused, Err(EncodeError::BufferFull { needed: written.len() }), "{packet:?}");
}

/// A refusal is for a rule of that packet, and whoever does not mind that rule can read on.
fn refused(context: Context, bytes: &[u8], error: &DecodeError) {
    assert!(error.rule.applies_to(error.packet_type, context), "{error}");
    if !error.rule.can_be_waived() {
        return;
    }
    match decode_waiving(bytes, context, LIMITS, error.rule) {
        Ok(Decoded::Complete { packet, len }) => {
            assert!(len <= bytes.len());
            // What comes out need not be legal: writing it may fail, and must not panic.
            let _ = packet.to_bytes(context.version);
            assert!(!format!("{packet:?}").is_empty());
        }
        Ok(Decoded::Partial { needed }) => assert!(needed >= 1),
        Err(other) => assert_ne!(other.rule, error.rule, "was waived"),
    }
}

/// Any legal packet: written, read, and cut short.
///
/// # Panics
///
/// If the law does not hold.
pub fn roundtrip(input: &[u8]) {
    let Ok(legal) = LegalPacket::arbitrary(&mut Unstructured::new(input)) else { return };
    let (packet, context) = (legal.packet(), legal.context());
    let bytes = packet.to_bytes(context.version).expect("legal");
    written_the_same_in_general(packet, context.version, &bytes);
    assert_eq!(packet.encoded_len(context.version), Ok(bytes.len()));
    let decoded = decode(&bytes, context, LIMITS);
    let Ok(Decoded::Complete { packet: again, len }) = decoded else { panic!("{packet:?} is read as {decoded:?}") };
    assert_eq!((again, len), (packet, bytes.len()));
    let mut apart = Vec::new();
    let payload = packet.encode_head(context.version, &mut apart).expect("legal");
    apart.extend_from_slice(payload);
    assert_eq!(apart, bytes);
    for length in prefixes(bytes.len(), input) {
        let decoded = decode(&bytes[..length], context, LIMITS);
        let Ok(Decoded::Partial { needed }) = decoded else { panic!("{length} bytes of {packet:?}: {decoded:?}") };
        assert!(needed >= 1 && length + needed <= bytes.len(), "{needed} at {length} of {packet:?}");
    }
}

/// A few lengths that are less than the whole: the shortest, the longest, and some that the input chooses.
fn prefixes(length: usize, input: &[u8]) -> impl Iterator<Item = usize> {
    let chosen = input.iter().rev().take(4).enumerate();
    let chosen = chosen.map(move |(index, &byte)| (usize::from(byte) << (4 * index)) % length);
    (0..length.min(8)).chain([length - 1]).chain(chosen)
}

/// A legal packet with one mistake: the decoder does what the catalogue of mutations expects.
///
/// # Panics
///
/// If the law does not hold.
pub fn expect(input: &[u8]) {
    let mut input = Unstructured::new(input);
    let Ok(start) = input.choose_index(MUTATIONS.len()) else { return };
    let Ok(legal) = LegalPacket::arbitrary(&mut input) else { return };
    let (bytes, context) = (legal.bytes(), legal.context());
    let Some((mutation, mutated)) = Mutation::first_from(start, &bytes, context) else { return };
    assert!(keeps(&mutated, context), "{mutation} on {bytes:02x?} ({context:?}): {mutated:02x?}");
}

/// Whether the decoder does what is expected of it.
pub(super) fn keeps(mutated: &Mutated, context: Context) -> bool {
    let decoded = decode(&mutated.bytes, context, LIMITS);
    match mutated.expectation {
        Expectation::MustRefuse(rule) => decoded.is_err_and(|error| error.rule == rule),
        Expectation::MustAccept => {
            matches!(decoded, Ok(Decoded::Complete { len, .. }) if len == mutated.bytes.len())
        }
        Expectation::MayEither(_) => decoded.map_or_else(|error| Some(error.rule) == mutated.rule, |_| true),
        Expectation::Waits => matches!(decoded, Ok(Decoded::Partial { .. })),
    }
}

/// A topic filter and, behind a line feed, a topic name: held against the definitions of section 4.7, word by word.
///
/// # Panics
///
/// If the law does not hold.
pub fn topic_match(input: &[u8]) {
    let Ok(text) = core::str::from_utf8(input) else { return };
    let (filter, topic) = text.split_once('\n').unwrap_or((text, "a/b"));
    for shares in [false, true] {
        let legal = check_filter(filter.as_bytes(), shares).is_ok();
        assert_eq!(legal, naively_legal(filter, shares), "{filter:?}, shared subscriptions: {shares}");
    }
    let share = split_shared(filter);
    if check_filter(filter.as_bytes(), true).is_ok() {
        assert_eq!(share.is_some(), is_shared(filter), "{filter:?}");
    }
    let filter = share.map_or(filter, |(_, filter)| filter);
    let matches = topic_matches(filter, topic);
    if naively_legal(filter, false) && !topic.is_empty() && !topic.contains(['+', '#']) {
        let hidden = topic.starts_with('$') && filter.starts_with(['+', '#']);
        assert_eq!(matches, !hidden && naively_matches(filter.as_bytes(), topic.as_bytes()), "{filter:?}, {topic:?}");
    }
}

fn naively_legal(filter: &str, shares: bool) -> bool {
    if let Some(rest) = filter.strip_prefix("$share/").filter(|_| shares) {
        let Some((name, filter)) = rest.split_once('/') else { return false };
        return !name.is_empty() && !name.contains(['+', '#']) && naively_legal(filter, false);
    }
    let levels: Vec<&str> = filter.split('/').collect();
    let alone = |level: &&str| level.len() == 1 || !level.contains(['+', '#']);
    let last = levels.len() - 1;
    !filter.is_empty() && levels.iter().all(alone) && !levels[..last].contains(&"#")
}

/// Byte by byte, a wildcard by trying; the filter is legal.
fn naively_matches(mut filter: &[u8], mut topic: &[u8]) -> bool {
    loop {
        match (filter, topic) {
            (b"#", _) | (b"/#", []) => return true,
            ([b'+', rest @ ..], _) => {
                filter = rest;
                while let [next, behind @ ..] = topic
                    && *next != b'/'
                {
                    topic = behind;
                }
            }
            ([wanted, rest @ ..], [next, behind @ ..]) if wanted == next => (filter, topic) = (rest, behind),
            _ => return filter.is_empty() && topic.is_empty(),
        }
    }
}

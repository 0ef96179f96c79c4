//! Looks at the bytes of strings sixteen at a time. A string is nearly always plain, that is ASCII without U+0000, and that
//! is settled here in a few instructions; what is not plain is looked at byte by byte elsewhere.

use crate::text::lanes::{Lanes, Marks};

/// A plain character that is no wildcard, for places that a string does not fill.
const FILL: u64 = 0x0101_0101_0101_0101 * b'a' as u64;

/// Longest string whose bytes have a bit each in a word.
const PLACES: usize = 64;

/// Whether all bytes are below 128.
#[inline]
pub(super) fn is_ascii(text: &[u8]) -> bool {
    !any_marked(text, Lanes::high)
}

/// Whether all bytes are from 1 to 127.
#[inline]
pub(crate) fn is_plain(text: &[u8]) -> bool {
    !any_marked(text, unusual)
}

/// Whether all bytes are from 1 to 127, and none is `+` or `#`.
#[inline]
pub(crate) fn is_plain_name(text: &[u8]) -> bool {
    !any_marked(text, |lanes| unusual(lanes).or(wildcard(lanes)))
}

/// Where the wildcards are in a plain string of at most 64 bytes: bit 0 for the first byte. `None`: it is another string.
#[inline]
pub(crate) fn plain_wildcards(text: &[u8]) -> Option<u64> {
    let mut strange = Marks::none();
    let places = places(text, |lanes| {
        strange = strange.or(unusual(lanes));
        wildcard(lanes)
    })?;
    (strange.bits() == 0).then_some(places)
}

/// Where the wildcards are in any string of at most 64 bytes: bit 0 for the first byte. `None`: it is longer.
#[inline]
pub(crate) fn places_of_wildcards(text: &[u8]) -> Option<u64> {
    places(text, wildcard)
}

/// Where a string of at most 64 bytes has this byte: bit 0 for the first byte. `None`: it is longer.
#[inline]
pub(crate) fn places_of(text: &[u8], byte: u8) -> Option<u64> {
    places(text, |lanes| lanes.equal(byte))
}

#[inline]
fn unusual(lanes: Lanes) -> Marks {
    lanes.high().or(lanes.equal(0))
}

/// `+` and `#` differ in one bit.
#[inline]
fn wildcard(lanes: Lanes) -> Marks {
    lanes.with_bits(0x08).equal(b'+')
}

/// Whether anything in the string is marked.
#[expect(clippy::inline_always, reason = "a call costs as much as looking at sixteen bytes")]
#[inline(always)]
fn any_marked(text: &[u8], mark: impl Fn(Lanes) -> Marks) -> bool {
    if text.len() <= 16 {
        return mark(up_to_sixteen(text)).bits() != 0;
    }
    let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) else { return true };
    let mut marks = mark(lanes(first)).or(mark(lanes(last)));
    let mut rest = text;
    while rest.len() > 32
        && let Some(behind) = rest.get(16..)
        && let Some(chunk) = behind.first_chunk()
    {
        marks = marks.or(mark(lanes(chunk)));
        rest = behind;
    }
    marks.bits() != 0
}

/// Where a string of at most 64 bytes is marked.
#[inline]
fn places(text: &[u8], mut mark: impl FnMut(Lanes) -> Marks) -> Option<u64> {
    let length = text.len();
    if let Some(first) = text.first_chunk::<8>()
        && let Some(last) = text.last_chunk::<8>()
        && length <= 16
    {
        let bits = mark(Lanes::of_words(word(*first), word(*last))).bits();
        return Some(bits & 0xFF | bits >> 8 << (length - 8));
    }
    let Some(last) = text.last_chunk::<16>() else { return Some(mark(Lanes::of_words(short(text), FILL)).bits()) };
    if length > PLACES {
        return None;
    }
    let mut places = mark(lanes(last)).bits() << (length - 16);
    for (index, chunk) in text.as_chunks::<16>().0.iter().take(3).enumerate() {
        places |= mark(lanes(chunk)).bits() << (16 * index);
    }
    Some(places)
}

/// All bytes of a string of at most sixteen, in any order, some of them twice.
#[expect(clippy::inline_always, reason = "part of `any_marked`")]
#[inline(always)]
fn up_to_sixteen(text: &[u8]) -> Lanes {
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return Lanes::of_words(word(*first), word(*last));
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return Lanes::of_words(u64::from(first) | u64::from(last) << 32, FILL);
    }
    Lanes::of_words(short(text), FILL)
}

#[inline]
fn lanes(chunk: &[u8; 16]) -> Lanes {
    let bytes = u128::from_le_bytes(*chunk);
    Lanes::of_words(bytes as u64, (bytes >> 64) as u64)
}

#[inline]
fn word(chunk: [u8; 8]) -> u64 {
    u64::from_le_bytes(chunk)
}

/// A string of less than eight bytes, lowest first, and plain characters behind it.
#[inline]
fn short(text: &[u8]) -> u64 {
    let length = text.len();
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | u64::from(last) << (8 * (length - 4)) | FILL << (4 * length) << (4 * length);
    }
    match *text {
        [a] => FILL << 8 | u64::from(a),
        [a, b] => FILL << 16 | u64::from(u16::from_le_bytes([a, b])),
        [a, b, c, ..] => FILL << 24 | u64::from(u32::from_le_bytes([a, b, c, 0])),
        [] => FILL,
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use alloc::vec::Vec;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// Strings that are plain but for a byte or two.
    fn nearly_plain() -> impl Strategy<Value = Vec<u8>> {
        let odd = prop_oneof![any::<u8>(), select(&b"+#/\0\x01\x7f\x80\xff*,\"$\xab\xa3"[..])];
        let plain = vec(b'a'..=b'z', 0..70);
        (plain, vec((any::<prop::sample::Index>(), odd), 0..3)).prop_map(|(mut text, odd)| {
            for (index, byte) in odd {
                if !text.is_empty() {
                    let at = index.index(text.len());
                    text[at] = byte;
                }
            }
            text
        })
    }

    proptest! {
        #[test]
        fn words_are_seen_as_bytes_are(text in nearly_plain()) {
            let plain = text.iter().all(|byte| (1..=127).contains(byte));
            let bits = |chosen: fn(u8) -> bool| text.iter().rev().fold(0, |bits: u64, &byte| bits << 1 | u64::from(chosen(byte)));
            let wildcards = bits(|byte| matches!(byte, b'+' | b'#'));
            let short = text.len() <= PLACES;
            prop_assert_eq!(is_ascii(&text), text.is_ascii());
            prop_assert_eq!(is_plain(&text), plain);
            prop_assert_eq!(is_plain_name(&text), plain && !text.iter().any(|byte| matches!(byte, b'+' | b'#')));
            prop_assert_eq!(plain_wildcards(&text), (plain && short).then_some(wildcards));
            prop_assert_eq!(places_of_wildcards(&text), short.then_some(wildcards));
            prop_assert_eq!(places_of(&text, b'/'), short.then(|| bits(|byte| byte == b'/')));
        }
    }
}

//! Looks at the bytes of strings eight at a time. A string is nearly always plain, that is ASCII without U+0000, and that
//! is settled here in a few instructions; what is not plain is looked at byte by byte elsewhere.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x80 * ONES;
/// A plain character that is no wildcard, for places of a word that the string does not fill.
const FILL: u64 = ONES * b'a' as u64;

/// Whether all bytes are from 1 to 127.
#[inline]
pub(crate) fn is_plain(text: &[u8]) -> bool {
    none_marked(text, unusual)
}

/// Whether all bytes are from 1 to 127, and none is `+` or `#`.
#[inline]
pub(crate) fn is_plain_name(text: &[u8]) -> bool {
    none_marked(text, |word| unusual(word) | wildcard_with(word).wrapping_sub(ONES))
}

/// Calls `visit` with the offset of every `+` and `#`, with some of them twice; ends where that returns false.
#[inline]
pub(crate) fn each_wildcard(text: &[u8], mut visit: impl FnMut(usize) -> bool) -> bool {
    let Some(last) = text.last_chunk::<8>() else {
        return text.iter().enumerate().all(|(at, byte)| !matches!(byte, b'+' | b'#') || visit(at));
    };
    let mut visit_word = |start: usize, word: &[u8; 8]| {
        let other = wildcard_with(u64::from_le_bytes(*word));
        let mut marks = !((other & !HIGH_BITS).wrapping_add(!HIGH_BITS) | other) & HIGH_BITS;
        while marks != 0 {
            if !visit(start + marks.trailing_zeros() as usize / 8) {
                return false;
            }
            marks &= marks - 1;
        }
        true
    };
    let (words, _) = text.as_chunks::<8>();
    words.iter().enumerate().all(|(index, word)| visit_word(8 * index, word)) && visit_word(text.len() - 8, last)
}

/// The high bit of some byte is set if a byte is 0 or above 127.
#[inline]
const fn unusual(word: u64) -> u64 {
    word.wrapping_sub(ONES) | word
}

/// 0 in each byte that is `+` or `#`, which differ in one bit.
#[inline]
const fn wildcard_with(word: u64) -> u64 {
    (word | (0x08 * ONES)) ^ (b'+' as u64 * ONES)
}

#[inline]
fn none_marked(text: &[u8], mark: impl Fn(u64) -> u64) -> bool {
    let Some(last) = text.last_chunk::<8>() else { return mark(short(text)) & HIGH_BITS == 0 };
    let (words, _) = text.as_chunks::<8>();
    let marks = words.iter().fold(0, |marks, word| marks | mark(u64::from_ne_bytes(*word)));
    (marks | mark(u64::from_ne_bytes(*last))) & HIGH_BITS == 0
}

/// All bytes of a string of less than eight, in any order, some of them twice.
#[inline]
fn short(text: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        return u64::from(u32::from_ne_bytes(*first)) | u64::from(u32::from_ne_bytes(*last)) << 32;
    }
    match *text {
        [a] => FILL << 8 | u64::from(a),
        [a, b] => FILL << 16 | u64::from(u16::from_ne_bytes([a, b])),
        [a, b, c, ..] => FILL << 32 | u64::from(u32::from_ne_bytes([a, b, c, c])),
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
        let odd = prop_oneof![any::<u8>(), select(&b"+#\0\x01\x7f\x80\xff*,\"$\xab\xa3"[..])];
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
            let wildcards: Vec<usize> = (0..text.len()).filter(|&at| matches!(text[at], b'+' | b'#')).collect();
            prop_assert_eq!(is_plain(&text), plain);
            prop_assert_eq!(is_plain_name(&text), plain && wildcards.is_empty());
            let mut visited = Vec::new();
            let all = each_wildcard(&text, |at| {
                visited.push(at);
                true
            });
            prop_assert!(all);
            visited.sort_unstable();
            visited.dedup();
            prop_assert_eq!(visited, wildcards);
        }
    }
}

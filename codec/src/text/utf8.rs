//! Bytes that are text already: how a field that was accepted becomes a `&str` without being judged once more.
//!
//! ASCII, which nearly all of it is, is seen in a few instructions and becomes text as it is. Whether that is right hangs on
//! this file and on `scan` alone, not on what the decoder has judged before. What is not ASCII goes through the
//! standard library.

use core::str;

use crate::text::scan;

/// Bytes as text, up to the first that is not UTF-8: only waiving a rule can leave such a byte in a string.
#[inline]
pub(crate) fn of(bytes: &[u8]) -> &str {
    if scan::is_ascii(bytes) { of_ascii(bytes) } else { of_any(bytes) }
}

/// Plain bytes, which are ASCII without U+0000, as text; `None`: these are others.
#[expect(clippy::inline_always, reason = "a call costs as much as a short string")]
#[inline(always)]
pub(crate) fn plain(bytes: &[u8]) -> Option<&str> {
    scan::is_plain(bytes).then(|| of_ascii(bytes))
}

/// As [`plain`], of bytes without `+` and `#`.
#[expect(clippy::inline_always, reason = "part of a PUBLISH, the packet that comes most")]
#[inline(always)]
pub(crate) fn plain_name(bytes: &[u8]) -> Option<&str> {
    scan::is_plain_name(bytes).then(|| of_ascii(bytes))
}

/// ASCII as text.
#[cfg(not(mqtt_assay_safe))]
#[inline]
#[allow(unsafe_code, reason = "reading all fields takes 1.7 to 2.6 times the instructions with the safe twin")]
fn of_ascii(bytes: &[u8]) -> &str {
    debug_assert!(bytes.is_ascii());
    // SAFETY: each of the three callers has just seen that every byte is below 128, and such a byte is a character by itself.
    unsafe { str::from_utf8_unchecked(bytes) }
}

/// The safe twin.
#[cfg(mqtt_assay_safe)]
#[inline]
fn of_ascii(bytes: &[u8]) -> &str {
    of_any(bytes)
}

#[inline(never)]
fn of_any(bytes: &[u8]) -> &str {
    match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => bytes.get(..error.valid_up_to()).map_or("", |valid| str::from_utf8(valid).unwrap_or("")),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use alloc::vec::Vec;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Mostly ASCII, of all lengths that are looked at in another way.
    fn nearly_ascii() -> impl Strategy<Value = Vec<u8>> {
        let any_text = any::<std::string::String>().prop_map(std::string::String::into_bytes);
        let ascii = vec(0..128_u8, 0..70);
        let spoiled = (ascii.clone(), any::<prop::sample::Index>(), 128..=255_u8).prop_map(|(mut bytes, at, byte)| {
            bytes.insert(at.index(bytes.len() + 1), byte);
            bytes
        });
        prop_oneof![ascii, spoiled, any_text, vec(any::<u8>(), 0..20)]
    }

    proptest! {
        #[test]
        fn text_is_what_the_standard_library_makes_of_it(bytes in nearly_ascii()) {
            prop_assert_eq!(of(&bytes), of_any(&bytes));
            let valid = str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
            prop_assert_eq!(of(&bytes).as_bytes(), &bytes[..valid]);
        }
    }
}

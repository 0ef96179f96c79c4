//! Strings and data, taken and judged at once.

use crate::packet::Limits;
use crate::text;

/// A plain string that is not too long, and what follows it.
#[expect(clippy::inline_always, reason = "a call costs as much as a short string")]
#[inline(always)]
pub(crate) fn string<'a>(rest: &'a [u8], limits: &Limits) -> Option<(&'a str, &'a [u8])> {
    let (bytes, rest) = prefixed(rest)?;
    if bytes.len() > usize::from(limits.max_string_len) {
        return None;
    }
    Some((text::plain(bytes)?, rest))
}

/// A plain topic name without wildcards that is not too long, and what follows it. It may be empty.
#[expect(clippy::inline_always, reason = "part of a PUBLISH, the packet that comes most")]
#[inline(always)]
pub(crate) fn topic_name<'a>(rest: &'a [u8], limits: &Limits) -> Option<(&'a str, &'a [u8])> {
    let (bytes, rest) = prefixed(rest)?;
    if bytes.len() > usize::from(limits.max_string_len) {
        return None;
    }
    Some((text::plain_name(bytes)?, rest))
}

/// Data behind its two-byte length, and what follows it.
#[inline]
pub(crate) fn prefixed(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = rest.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(length)))
}

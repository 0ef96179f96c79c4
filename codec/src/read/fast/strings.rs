//! Strings and data accepted in few instructions, for the short way.

use crate::packet::Limits;
use crate::text::scan;

/// A plain string that is not too long, and what follows it.
#[inline]
pub(crate) fn string<'a>(rest: &'a [u8], limits: &Limits) -> Option<(&'a [u8], &'a [u8])> {
    let (text, rest) = prefixed(rest)?;
    (text.len() <= usize::from(limits.max_string_len) && scan::is_plain(text)).then_some((text, rest))
}

/// What follows the topic name at the start of `rest`, which is plain, has no wildcards and is not empty.
#[inline]
pub(crate) fn topic_name<'a>(rest: &'a [u8], limits: &Limits) -> Option<&'a [u8]> {
    let (topic, rest) = prefixed(rest)?;
    let fits = !topic.is_empty() && topic.len() <= usize::from(limits.max_string_len);
    (fits && scan::is_plain_name(topic)).then_some(rest)
}

/// Data behind its two-byte length, and what follows it.
#[inline]
pub(crate) fn prefixed(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = rest.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(length)))
}

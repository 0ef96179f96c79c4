//! What we write on a connection, taken apart into packets, however it is cut.

use super::cut_off::{with_whole_filters, without_properties};
use mqtt_assay_codec::{Context, Decoded, Limits, Packet, Sender, Version, decode, decode_waiving};

/// The beginning of a packet that is not written to its end.
#[derive(Debug, Default)]
pub(super) struct Outgoing(Vec<u8>);

/// Something that was written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Written<'a> {
    /// A packet.
    Sound(&'a Packet<'a>),
    /// A packet that breaks the standard, by its bytes or by the mistake that was put into them.
    Illegal(&'a Packet<'a>),
    /// Bytes that are no packet.
    Unreadable,
}

impl Outgoing {
    /// Tells `each` of all that these bytes complete. `is_mutated`: a mistake was put into them on purpose.
    pub(super) fn write(
        &mut self,
        version: Version,
        bytes: &[u8],
        is_mutated: bool,
        mut each: impl FnMut(Written<'_>),
    ) {
        let whole;
        let mut rest = if self.0.is_empty() {
            bytes
        } else {
            let mut all = std::mem::take(&mut self.0);
            all.extend_from_slice(bytes);
            whole = all;
            &whole[..]
        };
        while let Some((written, len)) = first(version, rest, is_mutated, &mut each) {
            rest = &rest[len..];
            if matches!(written, Sort::Unreadable) {
                return;
            }
        }
        if !is_mutated {
            self.0 = rest.to_vec();
        } else if !rest.is_empty() {
            // Whatever is written behind it may be taken for its end.
            each(Written::Unreadable);
        }
    }
}

/// Whether what was read is a packet.
enum Sort {
    Packet,
    Unreadable,
}

/// Tells of the first packet of these bytes; how long it is, or nothing where its end is missing.
fn first(
    version: Version,
    bytes: &[u8],
    is_mutated: bool,
    each: &mut impl FnMut(Written<'_>),
) -> Option<(Sort, usize)> {
    if bytes.is_empty() {
        return None;
    }
    let (context, limits) = (Context::new(version, Sender::Client), Limits::default());
    let error = match decode(bytes, context, &limits) {
        Ok(Decoded::Complete { packet, len }) => {
            each(if is_mutated { Written::Illegal(&packet) } else { Written::Sound(&packet) });
            return Some((Sort::Packet, len));
        }
        Ok(Decoded::Partial { .. }) => return None,
        Err(error) => error,
    };
    match decode_waiving(bytes, context, &limits, error.rule) {
        Ok(Decoded::Complete { packet, len }) => {
            each(Written::Illegal(&packet));
            Some((Sort::Packet, len))
        }
        Ok(Decoded::Partial { .. }) => None,
        Err(_) => {
            tell_of_whole_filters(version, bytes, each);
            each(Written::Unreadable);
            Some((Sort::Unreadable, bytes.len()))
        }
    }
}

/// Of a packet that is cut off within its topic filters, those before the cut, and of one whose properties can't be read, all
/// of them: the broker may have heeded them.
fn tell_of_whole_filters(version: Version, bytes: &[u8], each: &mut impl FnMut(Written<'_>)) {
    let Some(whole) = with_whole_filters(version, bytes) else { return };
    if !tell_of(version, &whole, each)
        && let Some(plain) = without_properties(version, &whole)
    {
        tell_of(version, &plain, each);
    }
}

/// Tells of a packet with a mistake, if it can be read but for that.
fn tell_of(version: Version, bytes: &[u8], each: &mut impl FnMut(Written<'_>)) -> bool {
    let (context, limits) = (Context::new(version, Sender::Client), Limits::default());
    let read = decode(bytes, context, &limits).or_else(|error| decode_waiving(bytes, context, &limits, error.rule));
    let Ok(Decoded::Complete { packet, .. }) = read else { return false };
    each(Written::Illegal(&packet));
    true
}

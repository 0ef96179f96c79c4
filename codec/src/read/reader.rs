//! The one validating reader: primitives, fixed header, and what is done about a breach.
//!
//! Generic over an [`Observer`], so that decoding, the field map and waiving a rule are the same code. On a prefix of a
//! packet only its head is read (what stands at offsets known without reading the rest), with the checks in the order
//! in which the whole packet has them: so more bytes never change an error, and reading a stream in pieces stays
//! linear.

use crate::packet::{Context, FieldName, Limits, PacketType, Version};
use crate::read::kind::FieldKind;
use crate::rule::{DecodeError, Rule};
use crate::text::scan;

/// What goes along with the reader.
pub(super) trait Observer {
    /// Whether to read as much of a prefix as there is, not only its head.
    const READS_PREFIXES: bool;

    /// A field was read, from `start` to `end`.
    #[inline]
    fn field(&mut self, _name: FieldName, _kind: FieldKind, _start: usize, _end: usize) {}
    /// The field last told of is the length of all that follows, up to [`leave`](Self::leave).
    #[inline]
    fn enter(&mut self) {}
    /// End of what a length covers.
    #[inline]
    fn leave(&mut self) {}
    /// Whether to read on after this breach.
    #[inline]
    fn waives(&mut self, _error: &DecodeError) -> bool {
        false
    }
    /// Whether a breach was waived.
    fn has_waived(&self) -> bool {
        false
    }
}

/// Observes nothing, waives nothing.
pub(super) struct Strict;

impl Observer for Strict {
    const READS_PREFIXES: bool = false;
}

/// Observes nothing, waives nothing, and reads as much of a prefix as there is.
pub(super) struct Prefixes;

impl Observer for Prefixes {
    const READS_PREFIXES: bool = true;
}

/// Waives one rule.
pub(super) struct Waiving {
    pub(crate) rule: Rule,
    /// Whether it was broken.
    pub(crate) broken: bool,
}

impl Observer for Waiving {
    const READS_PREFIXES: bool = false;

    fn waives(&mut self, error: &DecodeError) -> bool {
        let waived = error.rule == self.rule;
        self.broken |= waived;
        waived
    }
    fn has_waived(&self) -> bool {
        self.broken
    }
}

/// Why reading stopped before the end of the packet.
pub(super) enum Stop {
    /// A rule is broken.
    Refused(DecodeError),
    /// The bytes end here; so far nothing is wrong with them, and with fewer than so many nothing new can be known.
    Short(usize),
}

/// Position in a packet, with all that judging it needs.
pub(super) struct Reader<'a, 'o, O> {
    /// The packet, or as much of it as there is. Never more.
    pub(crate) bytes: &'a [u8],
    /// Next byte to read.
    pub(crate) position: usize,
    /// End of the packet, known once the fixed header is read.
    pub(crate) end: usize,
    /// Where the innermost length ends: the packet or a block of properties.
    pub(crate) limit: usize,
    pub(crate) context: Context,
    pub(crate) limits: &'o Limits,
    pub(super) observer: &'o mut O,
    /// `None` until it is known to be one of the version's.
    pub(crate) packet_type: Option<PacketType>,
    pub(crate) flags: u8,
    pub(crate) packet_id: u16,
    /// Where the fixed header ends.
    pub(crate) header_len: usize,
    /// Where the payload begins, in packets that have one.
    pub(crate) payload: usize,
}

impl<'a, 'o, O: Observer> Reader<'a, 'o, O> {
    /// A reader at the start of `bytes`.
    pub(crate) fn new(bytes: &'a [u8], context: Context, limits: &'o Limits, observer: &'o mut O) -> Self {
        Self {
            bytes,
            position: 0,
            end: usize::MAX,
            limit: usize::MAX,
            context,
            limits,
            observer,
            packet_type: None,
            flags: 0,
            packet_id: 0,
            header_len: 0,
            payload: 0,
        }
    }

    pub(crate) fn is_v5(&self) -> bool {
        matches!(self.context.version, Version::V5)
    }

    /// Reads type, flags and remaining length; after it the end of the packet is known.
    pub(super) fn fixed_header(&mut self) -> Result<PacketType, Stop> {
        let first = self.byte(FieldName::PACKET_TYPE, FieldKind::PacketType, Rule::Truncated)?;
        self.observer.field(FieldName::FLAGS, FieldKind::Flags, 0, 1);
        self.flags = first & 0x0F;
        let packet_type = self.packet_type(first)?;
        self.check_flags(packet_type)?;
        let remaining = self.variable(FieldName::REMAINING_LENGTH, FieldKind::VariableLength, Rule::Truncated)?;
        self.header_len = self.position;
        self.end = self.position + remaining as usize;
        self.limit = self.end;
        if self.end > self.limits.max_packet_size as usize {
            self.broken(Rule::PacketTooLarge, FieldName::REMAINING_LENGTH, 1)?;
        }
        if self.bytes.len() > self.end {
            self.bytes = &self.bytes[..self.end];
        }
        self.observer.enter();
        Ok(packet_type)
    }

    fn packet_type(&mut self, first: u8) -> Result<PacketType, Stop> {
        let version = self.context.version;
        let Some(packet_type) = PacketType::from_number(first >> 4).filter(|known| known.exists_in(version)) else {
            return Err(self.refusal(Rule::ReservedPacketType, FieldName::PACKET_TYPE, 0));
        };
        self.packet_type = Some(packet_type);
        if !self.context.from.may_be(packet_type.sent_by(version)) {
            self.broken(Rule::WrongDirection, FieldName::PACKET_TYPE, 0)?;
        }
        Ok(packet_type)
    }

    fn check_flags(&mut self, packet_type: PacketType) -> Result<(), Stop> {
        if let Some(expected) = packet_type.fixed_flags() {
            // 3.1 lets PUBREL, SUBSCRIBE and UNSUBSCRIBE carry DUP.
            let judged = if self.context.version == Version::V3_1 && expected != 0 { 0b0111 } else { 0b1111 };
            if self.flags & judged != expected {
                self.broken(Rule::FixedHeaderFlags, FieldName::FLAGS, 0)?;
            }
        } else if self.flags & 0b0110 == 0b0110 {
            self.broken(Rule::PublishQos3, FieldName::FLAGS, 0)?;
        } else if self.flags & 0b1110 == 0b1000 {
            self.broken(Rule::DupWithQos0, FieldName::FLAGS, 0)?;
        }
        Ok(())
    }

    /// Ends the head of a packet: on a prefix nothing more is read.
    #[inline]
    pub(super) fn head_ends(&self) -> Result<(), Stop> {
        if O::READS_PREFIXES || self.bytes.len() >= self.end { Ok(()) } else { Err(Stop::Short(self.end)) }
    }

    /// Whether the packet has nothing more.
    pub(super) fn at_end(&self) -> bool {
        self.position >= self.end
    }

    /// Refuses what follows the last field.
    pub(crate) fn finish(&mut self) -> Result<(), Stop> {
        if self.at_end() { Ok(()) } else { self.surplus(self.position) }
    }

    /// Refuses a packet that has more than `length` bytes from here: judged from the fixed header alone.
    pub(super) fn at_most(&mut self, length: usize) -> Result<(), Stop> {
        let end = self.position + length;
        if self.end > end { self.surplus(end) } else { Ok(()) }
    }

    fn surplus(&mut self, from: usize) -> Result<(), Stop> {
        self.broken(Rule::TrailingBytes, FieldName::SURPLUS, from)
    }

    /// Makes sure of `length` more bytes: within what encloses them, else `rule` is broken; and there already.
    #[inline]
    pub(super) fn need(&mut self, length: usize, rule: Rule, name: FieldName, offset: usize) -> Result<(), Stop> {
        let end = self.position + length;
        if end <= self.limit.min(self.bytes.len()) { Ok(()) } else { Err(self.lacks(length, rule, name, offset)) }
    }

    /// Why there are not `length` more bytes.
    #[cold]
    fn lacks(&mut self, length: usize, rule: Rule, name: FieldName, offset: usize) -> Stop {
        let end = self.position + length;
        if end > self.limit { self.refusal(rule, name, offset) } else { Stop::Short(end) }
    }

    #[inline]
    pub(crate) fn byte(&mut self, name: FieldName, kind: FieldKind, cut: Rule) -> Result<u8, Stop> {
        Ok(self.array::<1>(name, kind, cut)?[0])
    }

    #[inline]
    pub(super) fn two_bytes(&mut self, name: FieldName, kind: FieldKind, cut: Rule) -> Result<u16, Stop> {
        Ok(u16::from_be_bytes(self.array(name, kind, cut)?))
    }

    #[inline]
    pub(super) fn four_bytes(&mut self, name: FieldName, cut: Rule) -> Result<u32, Stop> {
        Ok(u32::from_be_bytes(self.array(name, FieldKind::FourByteInteger, cut)?))
    }

    #[inline]
    fn array<const N: usize>(&mut self, name: FieldName, kind: FieldKind, cut: Rule) -> Result<[u8; N], Stop> {
        let start = self.position;
        let there = self.bytes.get(start..).and_then(|rest| rest.first_chunk::<N>());
        let Some(array) = there.filter(|_| start + N <= self.limit) else {
            return Err(self.lacks(N, cut, name, start));
        };
        self.position = start + N;
        self.observer.field(name, kind, start, start + N);
        Ok(*array)
    }

    /// A variable byte integer; `cut` is broken where it is not complete.
    #[inline]
    pub(crate) fn variable(&mut self, name: FieldName, kind: FieldKind, cut: Rule) -> Result<u32, Stop> {
        let start = self.position;
        if let Some(&byte @ ..0x80) = self.bytes.get(start)
            && start < self.limit
        {
            self.position = start + 1;
            self.observer.field(name, kind, start, start + 1);
            return Ok(u32::from(byte));
        }
        self.long_variable(name, kind, cut)
    }

    fn long_variable(&mut self, name: FieldName, kind: FieldKind, cut: Rule) -> Result<u32, Stop> {
        let start = self.position;
        let mut value = 0;
        for index in 0..4 {
            self.need(1, cut, name, start)?;
            let byte = self.bytes[self.position];
            self.position += 1;
            value |= u32::from(byte & 0x7F) << (7 * index);
            if byte & 0x80 == 0 {
                self.observer.field(name, kind, start, self.position);
                if index > 0 && byte == 0 && self.is_v5() {
                    self.broken(Rule::NonMinimalVariableByteInteger, name, start)?;
                }
                return Ok(value);
            }
        }
        Err(self.refusal(Rule::VariableByteIntegerTooLong, name, start))
    }

    /// Data behind its two-byte length, as a range of offsets. `cut`: the length itself is not complete.
    #[inline]
    pub(super) fn prefixed(
        &mut self,
        name: FieldName,
        kind: FieldKind,
        cut: Rule,
        past_end: Rule,
    ) -> Result<(usize, usize), Stop> {
        let start = self.position;
        let length = usize::from(self.two_bytes(name.length(), FieldKind::Length, cut)?);
        self.prefixed_data(name, kind, length, past_end, start)
    }

    /// The data behind a two-byte length that stands at `length_at`.
    #[inline]
    pub(super) fn prefixed_data(
        &mut self,
        name: FieldName,
        kind: FieldKind,
        length: usize,
        past_end: Rule,
        length_at: usize,
    ) -> Result<(usize, usize), Stop> {
        self.need(length, past_end, name.length(), length_at)?;
        let start = self.position;
        self.position = start + length;
        self.observer.enter();
        self.observer.field(name, kind, start, self.position);
        self.observer.leave();
        Ok((start, self.position))
    }

    /// Judges length and characters of a string that has been read.
    #[inline]
    pub(super) fn check_text(
        &mut self,
        (start, end): (usize, usize),
        name: FieldName,
        ill_formed: Rule,
        nul: Rule,
    ) -> Result<(), Stop> {
        self.check_string_len(end - start, name, start.wrapping_sub(2))?;
        self.check_characters((start, end), name, ill_formed, nul)
    }

    /// Judges the characters of a string that has been read.
    #[inline]
    pub(super) fn check_characters(
        &mut self,
        (start, end): (usize, usize),
        name: FieldName,
        ill_formed: Rule,
        nul: Rule,
    ) -> Result<(), Stop> {
        if scan::is_plain(&self.bytes[start..end]) {
            Ok(())
        } else {
            self.check_unusual_text((start, end), name, ill_formed, nul)
        }
    }

    /// Whether the receiver takes strings of this length; `length_at` is where the length stands.
    #[inline]
    pub(super) fn check_string_len(&mut self, length: usize, name: FieldName, length_at: usize) -> Result<(), Stop> {
        if length > usize::from(self.limits.max_string_len) {
            return Err(self.refusal(Rule::StringTooLong, name.length(), length_at));
        }
        Ok(())
    }

    #[cold]
    fn check_unusual_text(
        &mut self,
        (start, end): (usize, usize),
        name: FieldName,
        ill_formed: Rule,
        nul: Rule,
    ) -> Result<(), Stop> {
        let data = &self.bytes[start..end];
        if let Err(error) = core::str::from_utf8(data) {
            self.broken(ill_formed, name, start + error.valid_up_to())?;
        }
        match data.iter().position(|&byte| byte == 0) {
            Some(at) => self.broken(nul, name, start + at),
            None => Ok(()),
        }
    }

    /// A rule is broken: reading ends here, unless the rule is waived.
    #[cold]
    pub(crate) fn broken(&mut self, rule: Rule, field: FieldName, offset: usize) -> Result<(), Stop> {
        let error = self.error(rule, field, offset);
        if rule.can_be_waived() && self.observer.waives(&error) { Ok(()) } else { Err(Stop::Refused(error)) }
    }

    /// A rule is broken after which nothing can be read.
    #[cold]
    pub(super) fn refusal(&mut self, rule: Rule, field: FieldName, offset: usize) -> Stop {
        Stop::Refused(self.error(rule, field, offset))
    }

    fn error(&self, rule: Rule, field: FieldName, offset: usize) -> DecodeError {
        DecodeError {
            kind: rule.kind(),
            rule,
            version: self.context.version,
            from: self.context.from,
            packet_type: self.packet_type,
            offset: offset as u32,
            field,
            packet_len: packet_len(self.bytes),
            reason: rule.reason(self.context.version),
        }
    }
}

/// Length of the packet that begins here, if its fixed header is complete and its remaining length readable (section 2.1
/// in 5.0, 2.2 in 3.1.1).
pub fn packet_len(bytes: &[u8]) -> Option<u32> {
    let mut value = 0;
    for (index, &byte) in bytes.get(1..)?.iter().take(4).enumerate() {
        value |= u32::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Some(value + 2 + index as u32);
        }
    }
    None
}

//! A legal packet with its field map, and edits of its bytes that keep the lengths right.

use alloc::vec::Vec;
use core::ops::Range;

use crate::mutate::outcome::{Expectation, Mutated};
use crate::packet::wire::{self, MAX_VARIABLE_BYTE_INTEGER};
use crate::packet::{Context, Cursor, FieldName, PacketType, Version};
use crate::read::{Field, FieldKind, FieldMap, fields};
use crate::rule::Rule;

/// What a mutation starts from.
pub(super) struct Legal<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) context: Context,
    pub(super) packet_type: PacketType,
    pub(super) map: FieldMap,
    /// Whether of several fields of one name the last one is meant, not the first.
    pub(super) last: bool,
}

/// Bytes after an edit.
pub(super) struct Edited {
    bytes: Vec<u8>,
    offset: usize,
}

impl Edited {
    /// The packet now breaks this rule.
    pub(super) fn breaks(self, rule: Rule) -> Mutated {
        let Self { bytes, offset } = self;
        Mutated { bytes, rule: Some(rule), expectation: Expectation::MustRefuse(rule), offset }
    }

    /// The packet breaks no rule.
    pub(super) fn stays_legal(self) -> Mutated {
        let Self { bytes, offset } = self;
        Mutated { bytes, rule: None, expectation: Expectation::MustAccept, offset }
    }

    /// The packet breaks this rule where `broken` says so, else none.
    pub(super) fn breaks_if(self, broken: bool, rule: Rule) -> Mutated {
        if broken { self.breaks(rule) } else { self.stays_legal() }
    }

    /// The packet breaks this rule, but the standard does not ask a receiver to refuse it.
    pub(super) fn may_break(self, rule: Rule, why: &'static str) -> Mutated {
        Mutated { expectation: Expectation::MayEither(why), ..self.breaks(rule) }
    }

    /// The packet breaks no rule, but a receiver may refuse it.
    pub(super) fn may_be_refused(self, why: &'static str) -> Mutated {
        Mutated { expectation: Expectation::MayEither(why), ..self.stays_legal() }
    }

    /// The packet promises more bytes than there are.
    pub(super) fn waits(self) -> Mutated {
        let Self { bytes, offset } = self;
        Mutated { bytes, rule: None, expectation: Expectation::Waits, offset }
    }
}

impl<'a> Legal<'a> {
    /// `None` unless `bytes` are exactly one legal packet.
    pub(super) fn new(bytes: &'a [u8], context: Context) -> Option<Self> {
        let map = fields(bytes, context);
        let whole = map.error.is_none() && map.packet_len == Some(bytes.len());
        let packet_type = map.packet_type?;
        whole.then_some(Self { bytes, context, packet_type, map, last: false })
    }

    pub(super) fn is_v5(&self) -> bool {
        self.context.version == Version::V5
    }

    pub(super) fn is(&self, packet_type: PacketType) -> bool {
        self.packet_type == packet_type
    }

    pub(super) fn find(&self, name: FieldName) -> Option<&Field> {
        if self.last { self.map.fields.iter().rfind(|field| field.name == name) } else { self.map.find(name) }
    }

    pub(super) fn has(&self, name: FieldName) -> bool {
        self.find(name).is_some()
    }

    /// Index of the field of this name.
    pub(super) fn index(&self, name: FieldName) -> Option<usize> {
        let is_it = |field: &Field| field.name == name;
        if self.last { self.map.fields.iter().rposition(is_it) } else { self.map.fields.iter().position(is_it) }
    }

    /// The bytes of a field.
    pub(super) fn data(&self, field: &Field) -> &'a [u8] {
        self.bytes.get(field.range.clone()).unwrap_or(&[])
    }

    /// The first byte of the first field of this name.
    pub(super) fn byte(&self, name: FieldName) -> Option<u8> {
        self.data(self.find(name)?).first().copied()
    }

    /// Value of a length field.
    pub(super) fn length(&self, field: &Field) -> usize {
        let mut cursor = Cursor::new(self.data(field));
        match field.kind {
            FieldKind::Length => usize::from(cursor.u16()),
            _ => cursor.variable() as usize,
        }
    }

    /// Replaces the byte at `offset`.
    pub(super) fn set(&self, offset: usize, byte: u8) -> Option<Edited> {
        let mut bytes = self.bytes.to_vec();
        *bytes.get_mut(offset)? = byte;
        Some(Edited { bytes, offset })
    }

    /// Changes the first byte of the first field of this name.
    pub(super) fn change(&self, name: FieldName, change: impl FnOnce(u8) -> u8) -> Option<Edited> {
        let offset = self.find(name)?.range.start;
        self.set(offset, change(*self.bytes.get(offset)?))
    }

    /// Replaces the bytes of a field and repairs every length around it.
    pub(super) fn replace_field(&self, field: &Field, by: &[u8]) -> Option<Edited> {
        self.replace(field.range.clone(), by, &field.enclosing)
    }

    /// Replaces bytes and repairs the given lengths (outermost first), all of which stand before `range`.
    pub(super) fn replace(&self, range: Range<usize>, by: &[u8], lengths: &[usize]) -> Option<Edited> {
        let mut bytes = self.bytes.to_vec();
        let mut growth = by.len().cast_signed() - range.len().cast_signed();
        let mut offset = range.start.cast_signed();
        bytes.splice(range, by.iter().copied());
        for &index in lengths.iter().rev() {
            let field = self.map.fields.get(index)?;
            let length = self.length(field).checked_add_signed(growth)?;
            let encoded = encode_length(field.kind, length)?;
            let change = encoded.len().cast_signed() - field.range.len().cast_signed();
            bytes.splice(field.range.clone(), encoded);
            growth += change;
            offset += change;
        }
        Some(Edited { bytes, offset: offset.cast_unsigned() })
    }

    /// Ends the packet at `offset` and repairs its remaining length.
    pub(super) fn cut(&self, offset: usize) -> Option<Edited> {
        let remaining = self.index(FieldName::REMAINING_LENGTH)?;
        self.replace(offset..self.bytes.len(), &[], &[remaining])
    }

    /// Gives a length field another value, and repairs nothing but the lengths around that field itself.
    pub(super) fn set_length(&self, field: &Field, value: usize) -> Option<Edited> {
        self.replace_field(field, &encode_length(field.kind, value)?)
    }
}

/// A length as its field holds it; `None` if it is too large.
pub(super) fn encode_length(kind: FieldKind, value: usize) -> Option<Vec<u8>> {
    if kind == FieldKind::Length {
        return Some(u16::try_from(value).ok()?.to_be_bytes().to_vec());
    }
    let value = u32::try_from(value).ok().filter(|&value| value <= MAX_VARIABLE_BYTE_INTEGER)?;
    let mut encoded = Vec::with_capacity(4);
    wire::put_variable(&mut encoded, value);
    Some(encoded)
}

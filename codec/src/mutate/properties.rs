//! Mistakes in properties (5.0). A property that a mutation is about is put in where the packet lacks it.

use alloc::vec::Vec;
use core::ops::Range;

use crate::mutate::edit::{Edited, Legal};
use crate::mutate::outcome::Mutated;
use crate::mutate::{connect, header};
use crate::packet::{
    FieldName, PacketType, Part, Piece, PropertiesBuf, Property, PropertyHome, PropertyId, PropertyType, RawValue,
    Sender,
};
use crate::read::{Field, FieldKind};
use crate::rule::{Rule, broken_value_rule, duplicate_rule, holds, may_repeat};

/// Which block of properties.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// That of the packet.
    Packet,
    /// That of the will.
    Will,
}

impl Block {
    const fn length(self) -> FieldName {
        match self {
            Self::Packet => FieldName::PROPERTY_LENGTH,
            Self::Will => FieldName::WILL_PROPERTY_LENGTH,
        }
    }

    const fn property(self, id: PropertyId) -> FieldName {
        match self {
            Self::Packet => FieldName::property(id),
            Self::Will => FieldName::will_property(id),
        }
    }

    const fn home(self, legal: &Legal<'_>) -> PropertyHome {
        match self {
            Self::Packet => PropertyHome::Packet(legal.packet_type),
            Self::Will => PropertyHome::Will,
        }
    }
}

/// Encodes one property with a value that is legal everywhere.
fn usual(id: PropertyId) -> Option<Vec<u8>> {
    encoded(id, u32::from(id != PropertyId::PAYLOAD_FORMAT_INDICATOR))
}

/// Encodes one property, with this value if it is a number.
fn encoded(id: PropertyId, number: u32) -> Option<Vec<u8>> {
    let raw = match id.value_type()? {
        PropertyType::Byte => RawValue::Byte(number as u8),
        PropertyType::TwoByteInteger => RawValue::TwoByteInteger(number as u16),
        PropertyType::FourByteInteger => RawValue::FourByteInteger(number),
        PropertyType::VariableByteInteger => RawValue::VariableByteInteger(number),
        PropertyType::Utf8String => RawValue::Utf8String("a"),
        PropertyType::BinaryData => RawValue::BinaryData(b"a"),
        PropertyType::Utf8StringPair => RawValue::Utf8StringPair("a", "b"),
    };
    let mut block = PropertiesBuf::new();
    block.push(Property::from_raw(id, raw)?).ok()?;
    Some(block.as_properties().as_bytes().to_vec())
}

/// Appends bytes to a block; a packet in its short form gets the fields that it left out.
fn append(legal: &Legal<'_>, block: Block, addition: &[u8]) -> Option<Edited> {
    let remaining = legal.index(FieldName::REMAINING_LENGTH)?;
    if let Some(index) = legal.index(block.length()) {
        let field = &legal.map.fields[index];
        let end = field.range.end + legal.length(field);
        return legal.replace(end..end, addition, &[remaining, index]);
    }
    if !header::may_leave_out_properties(legal) || !legal.is_v5() || block == Block::Will {
        return None;
    }
    let mut tail = Vec::new();
    if !legal.has(FieldName::REASON_CODE) {
        tail.push(0);
    }
    tail.push(u8::try_from(addition.len()).ok().filter(|&length| length < 0x80)?);
    tail.extend_from_slice(addition);
    let end = legal.bytes.len();
    legal.replace(end..end, &tail, &[remaining])
}

/// Whether the property may stand in this block, from this side.
fn belongs(legal: &Legal<'_>, block: Block, id: PropertyId) -> bool {
    holds(block.home(legal), id, legal.context.from)
}

/// Where the property stands in the packet, identifier included.
fn present_range(legal: &Legal<'_>, block: Block, id: PropertyId) -> Option<Range<usize>> {
    let name = block.property(id);
    let start = legal.find(name.piece(Piece::Identifier))?.range.start;
    Some(start..legal.find(name)?.range.end)
}

/// The bytes of a property in the packet, identifier included.
fn present<'a>(legal: &Legal<'a>, block: Block, id: PropertyId) -> Option<&'a [u8]> {
    legal.bytes.get(present_range(legal, block, id)?)
}

/// The property twice.
pub(super) fn duplicate(legal: &Legal<'_>, block: Block, id: PropertyId) -> Option<Mutated> {
    if !belongs(legal, block, id) || may_repeat(block.home(legal), id) {
        return None;
    }
    let addition = match present(legal, block, id) {
        Some(property) => property.to_vec(),
        // Data without a method would be a second mistake; in AUTH the method is always there.
        None if id == PropertyId::AUTHENTICATION_DATA && !legal.has(method()) => return None,
        None => usual(id)?.repeat(2),
    };
    Some(append(legal, block, &addition)?.breaks(duplicate_rule(id)))
}

const fn method() -> FieldName {
    FieldName::property(PropertyId::AUTHENTICATION_METHOD)
}

/// A property that has no place in the block.
pub(super) fn foreign(legal: &Legal<'_>, block: Block, id: PropertyId) -> Option<Mutated> {
    if id.allowed_in(block.home(legal)) {
        return None;
    }
    let rule = if block == Block::Will { Rule::ForeignWillProperty } else { Rule::ForeignProperty };
    Some(append(legal, block, &usual(id)?)?.breaks(rule))
}

/// A property that only the other side may send: Subscription Identifier in a client's PUBLISH, Session Expiry
/// Interval in a server's DISCONNECT.
pub(super) fn wrong_side(legal: &Legal<'_>) -> Option<Mutated> {
    let (id, rule) = match (legal.packet_type, legal.context.from) {
        (PacketType::Publish, Sender::Client) => {
            (PropertyId::SUBSCRIPTION_IDENTIFIER, Rule::SubscriptionIdentifierFromClient)
        }
        (PacketType::Disconnect, Sender::Server) => {
            (PropertyId::SESSION_EXPIRY_INTERVAL, Rule::SessionExpiryFromServer)
        }
        _ => return None,
    };
    Some(append(legal, Block::Packet, &usual(id)?)?.breaks(rule))
}

/// An identifier that 5.0 does not define, with a byte behind it.
pub(super) fn unknown(legal: &Legal<'_>, block: Block, identifier: &[u8]) -> Option<Mutated> {
    let addition = [identifier, &[0]].concat();
    Some(append(legal, block, &addition)?.breaks(Rule::UnknownProperty))
}

/// A number as the value of a property: one that it must not have, or the largest that it may have.
pub(super) fn value(legal: &Legal<'_>, block: Block, id: PropertyId, number: u32) -> Option<Mutated> {
    if !belongs(legal, block, id) {
        return None;
    }
    let encoded = encoded(id, number)?;
    let edited = match legal.find(block.property(id)) {
        Some(field) => legal.replace_field(field, &encoded[1..])?,
        None => append(legal, block, &encoded)?,
    };
    Some(match broken_value_rule(id, number) {
        Some(rule) => edited.breaks(rule),
        None => edited.stays_legal(),
    })
}

/// A value of another width than the property has: two bytes for one, one for two, two for four, four for a variable
/// byte integer, and one byte of length before strings and data.
pub(super) fn wrong_width(legal: &Legal<'_>, block: Block, id: PropertyId) -> Option<Mutated> {
    let (value, rule): (&[u8], Rule) = match id.value_type()? {
        // What is too much reads as the next identifier.
        PropertyType::Byte => (&[0, 0], Rule::UnknownProperty),
        PropertyType::VariableByteInteger => (&[1, 0, 0, 0], Rule::UnknownProperty),
        PropertyType::TwoByteInteger => (&[1], Rule::PropertyCutOff),
        PropertyType::FourByteInteger => (&[0, 1], Rule::PropertyCutOff),
        PropertyType::Utf8String | PropertyType::BinaryData => (&[1, b'a'], Rule::PropertyCutOff),
        PropertyType::Utf8StringPair => return None,
    };
    Some(at_the_end(legal, block, id, value)?.breaks(rule))
}

/// The property with these bytes as its value at the end of its block, in place of the one that is there.
fn at_the_end(legal: &Legal<'_>, block: Block, id: PropertyId, value: &[u8]) -> Option<Edited> {
    if !belongs(legal, block, id) {
        return None;
    }
    let addition = [&[id.0], value].concat();
    let Some(present) = present_range(legal, block, id) else { return append(legal, block, &addition) };
    let length = legal.index(block.length())?;
    let field = &legal.map.fields[length];
    let end = field.range.end + legal.length(field);
    let rest = [legal.bytes.get(present.end..end)?, &addition].concat();
    legal.replace(present.start..end, &rest, &[legal.index(FieldName::REMAINING_LENGTH)?, length])
}

/// The first property behind the last one: any order is right, as long as that of the User Properties stays.
pub(super) fn reordered(legal: &Legal<'_>, block: Block) -> Option<Mutated> {
    let part = if block == Block::Will { Part::WillProperty } else { Part::Property };
    let identifiers = || {
        legal
            .map
            .fields
            .iter()
            .filter(move |field| field.name.part == part && field.kind == FieldKind::PropertyIdentifier)
    };
    let (first, second) = (identifiers().next()?, identifiers().nth(1)?);
    if first.name.property_id() == Some(PropertyId::USER_PROPERTY) {
        return None;
    }
    let length = legal.find(block.length())?;
    let end = length.range.end + legal.length(length);
    let moved = legal.bytes.get(first.range.start..second.range.start)?;
    let turned = [legal.bytes.get(second.range.start..end)?, moved].concat();
    Some(legal.replace(first.range.start..end, &turned, &[])?.stays_legal())
}

/// A Property Length of one less than there is: the last property is cut off.
pub(super) fn length_under(legal: &Legal<'_>, block: Block) -> Option<Mutated> {
    let field = legal.find(block.length())?;
    let length = legal.length(field).checked_sub(1)?;
    Some(legal.set_length(field, length)?.breaks(rule_of_cut_property(legal, block)?))
}

/// A Property Length of one more than there is: what follows the properties reads as the identifier of another one.
pub(super) fn length_into_payload(legal: &Legal<'_>, block: Block) -> Option<Mutated> {
    let field = legal.find(block.length())?;
    let length = legal.length(field);
    let next = PropertyId(*legal.bytes.get(field.range.end + length)?);
    let rule = match (next.value_type(), block) {
        (None, _) => Rule::UnknownProperty,
        _ if next.allowed_in(block.home(legal)) => return None,
        (_, Block::Packet) => Rule::ForeignProperty,
        (_, Block::Will) => Rule::ForeignWillProperty,
    };
    Some(legal.set_length(field, length + 1)?.breaks(rule))
}

/// A Subscription Identifier at the end of its block whose only byte says that another one follows.
pub(super) fn unterminated_identifier(legal: &Legal<'_>) -> Option<Mutated> {
    let edited = at_the_end(legal, Block::Packet, PropertyId::SUBSCRIPTION_IDENTIFIER, &[0x80])?;
    Some(edited.breaks(Rule::PropertyCutOff))
}

/// The last field of the last property in a block.
fn last_property<'l>(legal: &'l Legal<'_>, block: Block) -> Option<&'l Field> {
    let part = if block == Block::Will { Part::WillProperty } else { Part::Property };
    legal.map.fields.iter().rev().find(|field| field.name.part == part)
}

/// What a block breaks whose last property is not complete.
fn rule_of_cut_property(legal: &Legal<'_>, block: Block) -> Option<Rule> {
    Some(match last_property(legal, block)?.name.property_id() {
        Some(PropertyId::USER_PROPERTY) => Rule::UserPropertyCutOff,
        _ => Rule::PropertyCutOff,
    })
}

/// The last property of a block without its last byte, all lengths around the property repaired.
pub(super) fn cut_off(legal: &Legal<'_>, block: Block) -> Option<Mutated> {
    let last = last_property(legal, block)?;
    let end = last.range.end;
    let rule = rule_of_cut_property(legal, block)?;
    // A string's own length stays as it is: that is the mistake.
    let lengths: Vec<usize> = last
        .enclosing
        .iter()
        .copied()
        .filter(|&index| legal.map.fields[index].kind == FieldKind::VariableLength)
        .collect();
    Some(legal.replace(end - 1..end, &[], &lengths)?.breaks(rule))
}

/// Authentication data without a method in CONNECT.
pub(super) fn data_without_method(legal: &Legal<'_>) -> Option<Mutated> {
    let alone = connect::is_v5_connect(legal) && !legal.has(method());
    let addition = usual(PropertyId::AUTHENTICATION_DATA).filter(|_| alone)?;
    Some(append(legal, Block::Packet, &addition)?.breaks(Rule::AuthenticationDataWithoutMethod))
}

/// AUTH without authentication method.
pub(super) fn auth_without_method(legal: &Legal<'_>) -> Option<Mutated> {
    let field = legal.find(method()).filter(|_| legal.is(PacketType::Auth))?;
    let identifier = legal.find(method().piece(Piece::Identifier))?;
    let lengths = &identifier.enclosing;
    let edited = legal.replace(identifier.range.start..field.range.end, &[], lengths)?;
    Some(edited.breaks(Rule::AuthenticationMethodMissing))
}

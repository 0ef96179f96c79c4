//! Mistakes in properties (5.0). A property that a mutation is about is put in where the packet lacks it.

use alloc::vec::Vec;

use crate::field_name::{FieldName, Part, Piece};
use crate::fields::FieldKind;
use crate::mutate::Mutated;
use crate::mutate::edit::{Edited, Legal};
use crate::mutate::{connect, header};
use crate::properties::PropertiesBuf;
use crate::property::{Property, PropertyHome, PropertyId, PropertyType, RawValue};
use crate::read_properties::{broken_value_rule, duplicate_rule, may_repeat};
use crate::rule::Rule;
use crate::version::{PacketType, Sender};

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
    let wrong_side = match (legal.packet_type, id) {
        (PacketType::Publish, PropertyId::SUBSCRIPTION_IDENTIFIER) => legal.context.from == Sender::Client,
        (PacketType::Disconnect, PropertyId::SESSION_EXPIRY_INTERVAL) => legal.context.from == Sender::Server,
        _ => false,
    };
    id.allowed_in(block.home(legal)) && !wrong_side
}

/// The bytes of a property in the packet, identifier included.
fn present<'a>(legal: &Legal<'a>, block: Block, id: PropertyId) -> Option<&'a [u8]> {
    let name = block.property(id);
    let start = legal.find(name.piece(Piece::Identifier))?.range.start;
    legal.bytes.get(start..legal.find(name)?.range.end)
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

/// A number that the property must not have.
pub(super) fn value(legal: &Legal<'_>, block: Block, id: PropertyId, number: u32) -> Option<Mutated> {
    if !belongs(legal, block, id) {
        return None;
    }
    let rule = broken_value_rule(id, number)?;
    let wrong = encoded(id, number)?;
    let edited = match legal.find(block.property(id)) {
        Some(field) => legal.replace_field(field, &wrong[1..])?,
        None => append(legal, block, &wrong)?,
    };
    Some(edited.breaks(rule))
}

/// The last property of a block without its last byte, all lengths around the property repaired.
pub(super) fn cut_off(legal: &Legal<'_>, block: Block) -> Option<Mutated> {
    let part = if block == Block::Will { Part::WillProperty } else { Part::Property };
    let last = legal.map.fields.iter().rev().find(|field| field.name.part == part)?;
    let end = last.range.end;
    let rule = match last.name.property_id() {
        Some(PropertyId::USER_PROPERTY) => Rule::UserPropertyCutOff,
        _ => Rule::PropertyCutOff,
    };
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

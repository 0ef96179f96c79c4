//! Mistakes in the fixed header, in lengths, and packets that end too early or too late.

use alloc::vec::Vec;

use crate::mutate::connect;
use crate::mutate::edit::Legal;
use crate::mutate::outcome::Mutated;
use crate::packet::wire::MAX_VARIABLE_BYTE_INTEGER;
use crate::packet::{FieldName, PacketType, Part, Version};
use crate::read::{Field, FieldKind};
use crate::rule::Rule;

/// Flags that the packet must not have.
pub(super) fn reserved_flags(legal: &Legal<'_>, flags: u8) -> Option<Mutated> {
    let expected = legal.packet_type.fixed_flags()?;
    if flags == expected {
        return None;
    }
    // 3.1 lets PUBREL, SUBSCRIBE and UNSUBSCRIBE carry DUP.
    let allowed = legal.context.version == Version::V3_1 && expected != 0 && flags & 0b0111 == expected;
    Some(legal.set(0, legal.bytes[0] & 0xF0 | flags)?.breaks_if(!allowed, Rule::FixedHeaderFlags))
}

/// QoS 3 in a PUBLISH that has a packet identifier already.
pub(super) fn qos3(legal: &Legal<'_>) -> Option<Mutated> {
    let applies = legal.is(PacketType::Publish) && legal.bytes[0] & 0b0110 != 0;
    applies.then(|| legal.set(0, legal.bytes[0] | 0b0110))?.map(|edited| edited.breaks(Rule::PublishQos3))
}

/// DUP in a PUBLISH of QoS 0.
pub(super) fn dup_qos0(legal: &Legal<'_>) -> Option<Mutated> {
    let applies = legal.is(PacketType::Publish) && legal.bytes[0] & 0b0110 == 0;
    applies.then(|| legal.set(0, legal.bytes[0] | 0b1000))?.map(|edited| edited.breaks(Rule::DupWithQos0))
}

/// A packet type that the version does not have.
pub(super) fn reserved_type(legal: &Legal<'_>, number: u8) -> Option<Mutated> {
    if number == PacketType::Auth as u8 && legal.is_v5() {
        return None;
    }
    Some(legal.set(0, legal.bytes[0] & 0x0F | number << 4)?.breaks(Rule::ReservedPacketType))
}

/// Whether nothing may follow the packet's last byte: a longer one is refused from its fixed header.
fn has_fixed_size(legal: &Legal<'_>) -> bool {
    use PacketType::{Connack, Disconnect, Pingreq, Pingresp, Puback, Pubcomp, Pubrec, Pubrel, Unsuback};
    match legal.packet_type {
        Pingreq | Pingresp => true,
        Connack | Puback | Pubrec | Pubrel | Pubcomp | Unsuback | Disconnect => !legal.is_v5(),
        _ => false,
    }
}

/// A remaining length of one more than there is.
pub(super) fn remaining_over(legal: &Legal<'_>) -> Option<Mutated> {
    let field = legal.find(FieldName::REMAINING_LENGTH)?;
    let edited = legal.set_length(field, legal.length(field) + 1)?;
    Some(if has_fixed_size(legal) { edited.breaks(Rule::TrailingBytes) } else { edited.waits() })
}

/// A remaining length of one less than there is; the last byte stays behind.
pub(super) fn remaining_under(legal: &Legal<'_>) -> Option<Mutated> {
    let field = legal.find(FieldName::REMAINING_LENGTH)?;
    let rule = rule_of_missing_byte(legal)?;
    Some(legal.set_length(field, legal.length(field).checked_sub(1)?)?.breaks(rule))
}

/// Remaining length 0; all that it covered stays behind. `None` where the packet is then a whole one.
pub(super) fn remaining_zero(legal: &Legal<'_>) -> Option<Mutated> {
    let rule = match legal.packet_type {
        PacketType::Pingreq | PacketType::Pingresp | PacketType::Disconnect => return None,
        PacketType::Auth => Rule::AuthenticationMethodMissing,
        _ => Rule::Truncated,
    };
    Some(legal.set_length(legal.find(FieldName::REMAINING_LENGTH)?, 0)?.breaks(rule))
}

/// The largest remaining length there is.
pub(super) fn remaining_max(legal: &Legal<'_>) -> Option<Mutated> {
    let field = legal.find(FieldName::REMAINING_LENGTH)?;
    let edited = legal.set_length(field, MAX_VARIABLE_BYTE_INTEGER as usize)?;
    Some(if has_fixed_size(legal) { edited.breaks(Rule::TrailingBytes) } else { edited.waits() })
}

/// Nothing but the type and a remaining length whose last byte says that another one follows.
pub(super) fn unterminated_remaining_length(legal: &Legal<'_>) -> Option<Mutated> {
    let field = legal.find(FieldName::REMAINING_LENGTH).filter(|field| field.range.len() < 4)?;
    let open = groups(legal.data(field), 0);
    Some(legal.replace(field.range.start..legal.bytes.len(), &open, &[])?.waits())
}

/// A packet that ends with the first bytes of its Property Length.
pub(super) fn unterminated_property_length(legal: &Legal<'_>, name: FieldName) -> Option<Mutated> {
    let field = legal.find(name).filter(|field| field.range.len() < 4)?;
    let open = groups(legal.data(field), 0);
    let remaining = legal.index(FieldName::REMAINING_LENGTH)?;
    let edited = legal.replace(field.range.start..legal.bytes.len(), &open, &[remaining])?;
    Some(edited.breaks(Rule::PropertyLengthMissing))
}

/// The rule that the packet breaks without its last byte; `None` if it is still legal.
fn rule_of_missing_byte(legal: &Legal<'_>) -> Option<Rule> {
    let last = legal.map.fields.iter().rev().find(|field| field.range.end == legal.bytes.len())?;
    let last = if last.range.is_empty() { legal.map.fields.get(*last.enclosing.last()?)? } else { last };
    if last.enclosing.len() > 1 && within_properties(legal, last) {
        return Some(Rule::PropertyLengthPastEnd);
    }
    match (last.name.part, last.kind) {
        (Part::Payload, _) if last.range.is_empty() => None,
        (Part::Payload | Part::RemainingLength | Part::Flags | Part::PacketType, _) => None,
        (Part::PropertyLength, _) if may_leave_out_properties(legal) => None,
        (Part::PropertyLength, _) => Some(Rule::PropertyLengthMissing),
        (Part::ReasonCode, _) => rule_of_missing_code(legal),
        (_, FieldKind::Utf8String) => Some(Rule::StringPastEnd),
        (_, FieldKind::BinaryData) => Some(Rule::BinaryPastEnd),
        _ => Some(Rule::Truncated),
    }
}

fn within_properties(legal: &Legal<'_>, field: &Field) -> bool {
    field
        .enclosing
        .iter()
        .any(|&index| matches!(legal.map.fields[index].name.part, Part::PropertyLength | Part::WillPropertyLength))
}

/// Whether the packet has a short form in 5.0 that ends before the properties.
pub(super) fn may_leave_out_properties(legal: &Legal<'_>) -> bool {
    use PacketType::{Disconnect, Puback, Pubcomp, Pubrec, Pubrel};
    matches!(legal.packet_type, Puback | Pubrec | Pubrel | Pubcomp | Disconnect)
}

/// What a packet without its last reason code breaks.
fn rule_of_missing_code(legal: &Legal<'_>) -> Option<Rule> {
    let codes = legal.map.fields.iter().filter(|field| field.kind == FieldKind::ReasonCode).count();
    match legal.packet_type {
        PacketType::Connack => Some(Rule::Truncated),
        PacketType::Suback | PacketType::Unsuback if codes == 1 => Some(Rule::NoReasonCodes),
        _ => None,
    }
}

/// One byte behind the last field, within the remaining length.
pub(super) fn trailing(legal: &Legal<'_>) -> Option<Mutated> {
    let ends_with_properties = legal.has(FieldName::PROPERTY_LENGTH);
    let rule = match legal.packet_type {
        PacketType::Publish | PacketType::Suback => return None,
        PacketType::Unsuback if legal.is_v5() => return None,
        PacketType::Subscribe | PacketType::Unsubscribe => Rule::StringPastEnd,
        _ if legal.is_v5() && may_leave_out_properties(legal) && !ends_with_properties => return None,
        _ => Rule::TrailingBytes,
    };
    let remaining = legal.index(FieldName::REMAINING_LENGTH)?;
    let end = legal.bytes.len();
    Some(legal.replace(end..end, &[0], &[remaining])?.breaks(rule))
}

/// A variable byte integer whose fourth byte says that a fifth follows. What it should say is in its seven-bit groups.
pub(super) fn five_bytes(legal: &Legal<'_>, name: FieldName) -> Option<Mutated> {
    let field = legal.find(name)?;
    let mut encoded = groups(legal.data(field), 4);
    encoded.push(0);
    Some(legal.replace_field(field, &encoded)?.breaks(Rule::VariableByteIntegerTooLong))
}

/// A variable byte integer of one byte more than it needs. The standard forbids sending it in 5.0, and asks no
/// receiver to refuse it.
pub(super) fn non_minimal(legal: &Legal<'_>, name: FieldName) -> Option<Mutated> {
    let field = legal.find(name)?;
    if field.range.len() >= 4 {
        return None;
    }
    let mut encoded = groups(legal.data(field), field.range.len());
    encoded.push(0);
    let edited = legal.replace_field(field, &encoded)?;
    let why = "5.0 forbids to send it, and does not call it malformed";
    Some(if legal.is_v5() { edited.may_break(Rule::NonMinimalVariableByteInteger, why) } else { edited.stays_legal() })
}

/// The seven-bit groups of an encoded integer, each saying that another one follows, filled up to `count`.
fn groups(encoded: &[u8], count: usize) -> Vec<u8> {
    let mut groups: Vec<u8> = encoded.iter().map(|byte| byte | 0x80).collect();
    groups.resize(count.max(groups.len()), 0x80);
    groups
}

/// A string or binary field that claims to be 65,535 bytes long, in a packet that hasn't so many.
pub(super) fn length_over(legal: &Legal<'_>, name: FieldName, rule: Rule) -> Option<Mutated> {
    let field = legal.find(name.length())?;
    let left = legal.bytes.len() - field.range.end;
    if left >= usize::from(u16::MAX) {
        return None;
    }
    Some(legal.set_length(field, usize::from(u16::MAX))?.breaks(rule))
}

/// A Property Length that reaches past the end of the packet.
pub(super) fn property_length_over(legal: &Legal<'_>, name: FieldName) -> Option<Mutated> {
    let field = legal.find(name)?;
    let left = legal.bytes.len() - field.range.end;
    // Well past the end, so that a longer length field cannot make up for it.
    Some(legal.set_length(field, left + 8)?.breaks(Rule::PropertyLengthPastEnd))
}

/// Packet identifier 0.
pub(super) fn zero_packet_id(legal: &Legal<'_>) -> Option<Mutated> {
    let field = legal.find(FieldName::PACKET_ID)?;
    Some(legal.replace_field(field, &[0, 0])?.breaks(Rule::PacketIdZero))
}

/// The packet ends before this field (the last one of the name).
pub(super) fn cut_before(legal: &Legal<'_>, name: FieldName) -> Option<Mutated> {
    let field = legal.map.fields.iter().rev().find(|field| field.name == name)?;
    let rule = rule_of_missing_field(legal, name)?;
    Some(legal.cut(field.range.start)?.breaks(rule))
}

/// What a packet breaks that ends before the last field of this name; `None` if it may, or if a field that the connect
/// flags announce would then be missing too.
fn rule_of_missing_field(legal: &Legal<'_>, name: FieldName) -> Option<Rule> {
    let announced_later = match name.part {
        Part::ClientId => connect::ANY,
        Part::WillPropertyLength | Part::WillTopic | Part::WillPayload => connect::USER_NAME | connect::PASSWORD,
        Part::UserName => connect::PASSWORD,
        _ => 0,
    };
    if legal.byte(FieldName::CONNECT_FLAGS).is_some_and(|flags| flags & announced_later != 0) {
        return None;
    }
    Some(match name.part {
        Part::PropertyLength if may_leave_out_properties(legal) || legal.is(PacketType::Auth) => return None,
        Part::PropertyLength => Rule::PropertyLengthMissing,
        Part::WillPropertyLength => Rule::WillMissing,
        Part::WillTopic if !legal.is_v5() => Rule::WillMissing,
        Part::ClientId => Rule::ClientIdMissing,
        Part::UserName | Part::Password if legal.context.version == Version::V3_1 => return None,
        Part::UserName => Rule::UserNameMissing,
        Part::Password => Rule::PasswordMissing,
        Part::ReasonCode => rule_of_missing_code(legal)?,
        _ => Rule::Truncated,
    })
}

/// A reason code that no packet has.
pub(super) fn undefined_reason(legal: &Legal<'_>) -> Option<Mutated> {
    const UNDEFINED: u8 = 0x7F;
    // Session Present beside a code other than 0 would be a second mistake.
    if legal.byte(FieldName::CONNACK_FLAGS).is_some_and(|flags| flags != 0) {
        return None;
    }
    let edited = match legal.find(FieldName::REASON_CODE) {
        Some(field) => legal.set(field.range.start, UNDEFINED)?,
        None if legal.is_v5() && may_leave_out_properties(legal) => {
            let end = legal.bytes.len();
            legal.replace(end..end, &[UNDEFINED], &[legal.index(FieldName::REMAINING_LENGTH)?])?
        }
        None => return None,
    };
    Some(edited.breaks(Rule::UndefinedReasonCode))
}

/// A reason code of DISCONNECT or AUTH that only the other side may send.
pub(super) fn wrong_side_reason(legal: &Legal<'_>) -> Option<Mutated> {
    use crate::packet::{ReasonCode as Code, Sender};
    let code = match (legal.packet_type, legal.context.from) {
        (PacketType::Disconnect, Sender::Client) => Code::SESSION_TAKEN_OVER,
        (PacketType::Disconnect, Sender::Server) => Code::DISCONNECT_WITH_WILL_MESSAGE,
        (PacketType::Auth, Sender::Client) => Code::SUCCESS,
        (PacketType::Auth, Sender::Server) => Code::RE_AUTHENTICATE,
        _ => return None,
    };
    let edited = legal.change(FieldName::REASON_CODE, |_| code.0)?;
    Some(edited.breaks(Rule::ReasonCodeFromWrongSide))
}

/// Reserved bits of the connect acknowledge flags.
pub(super) fn connack_flags(legal: &Legal<'_>) -> Option<Mutated> {
    Some(legal.change(FieldName::CONNACK_FLAGS, |flags| flags | 1 << 1)?.breaks(Rule::ConnackFlags))
}

/// Session Present in a CONNACK that refuses.
pub(super) fn session_present_with_error(legal: &Legal<'_>) -> Option<Mutated> {
    let refuses = legal.is(PacketType::Connack) && legal.byte(FieldName::REASON_CODE)? != 0;
    let edited = refuses.then(|| legal.change(FieldName::CONNACK_FLAGS, |flags| flags | 1))??;
    Some(edited.breaks(Rule::SessionPresentWithError))
}

/// A SUBACK or UNSUBACK without reason codes.
pub(super) fn no_reason_codes(legal: &Legal<'_>) -> Option<Mutated> {
    let many = matches!(legal.packet_type, PacketType::Suback | PacketType::Unsuback);
    let first = legal.find(FieldName::REASON_CODE).filter(|_| many)?;
    Some(legal.cut(first.range.start)?.breaks(Rule::NoReasonCodes))
}

/// An acknowledgement of 5.0 that spells out what its shortest form leaves to be understood.
pub(super) fn spelled_out(legal: &Legal<'_>, tail: &[u8]) -> Option<Mutated> {
    let acknowledges =
        matches!(legal.packet_type, PacketType::Puback | PacketType::Pubrec | PacketType::Pubrel | PacketType::Pubcomp);
    let is_short = legal.is_v5() && acknowledges && !legal.has(FieldName::REASON_CODE);
    let end = is_short.then_some(legal.bytes.len())?;
    let remaining = legal.index(FieldName::REMAINING_LENGTH)?;
    Some(legal.replace(end..end, tail, &[remaining])?.stays_legal())
}

//! Mistakes in CONNECT: name, level, flags, and fields that the flags do not announce.

use alloc::vec::Vec;

use crate::mutate::edit::Legal;
use crate::mutate::outcome::Mutated;
use crate::packet::{FieldName, PacketType, Version};
use crate::rule::Rule;

const RESERVED: u8 = 1;
const CLEAN_SESSION: u8 = 1 << 1;
const WILL: u8 = 1 << 2;
const WILL_QOS: u8 = 3 << 3;
const WILL_RETAIN: u8 = 1 << 5;
pub(super) const PASSWORD: u8 = 1 << 6;
pub(super) const USER_NAME: u8 = 1 << 7;
/// Everything that the flags can announce behind the client identifier.
pub(super) const ANY: u8 = WILL | USER_NAME | PASSWORD;

fn flags(legal: &Legal<'_>) -> Option<u8> {
    legal.byte(FieldName::CONNECT_FLAGS)
}

/// Sets bits of the connect flags and clears others.
fn with_flags(legal: &Legal<'_>, set: u8, rule: Rule) -> Option<Mutated> {
    Some(legal.change(FieldName::CONNECT_FLAGS, |flags| flags | set)?.breaks(rule))
}

/// A protocol name that nobody knows, of the right length.
pub(super) fn name(legal: &Legal<'_>) -> Option<Mutated> {
    let field = legal.find(FieldName::PROTOCOL_NAME)?;
    let last = field.range.end.checked_sub(1)?;
    Some(legal.set(last, b'X')?.breaks(Rule::ProtocolName))
}

/// Another protocol name, shorter or longer. The level stays what it was.
pub(super) fn name_of(legal: &Legal<'_>, name: &[u8]) -> Option<Mutated> {
    let field = legal.find(FieldName::PROTOCOL_NAME)?;
    Some(legal.replace_field(field, name)?.breaks(Rule::ProtocolName))
}

/// The protocol name of 3.1 in a CONNECT of a later version, with this protocol level or its own.
pub(super) fn name_of_v3_1(legal: &Legal<'_>, level: Option<u8>) -> Option<Mutated> {
    let name = legal.find(FieldName::PROTOCOL_NAME)?;
    let own = legal.find(FieldName::PROTOCOL_LEVEL)?;
    if legal.context.version == Version::V3_1 {
        return None;
    }
    let level = level.or(legal.byte(FieldName::PROTOCOL_LEVEL))?;
    let start = legal.find(FieldName::PROTOCOL_NAME.length())?.range.start.min(name.range.start);
    let named = [&[0, 6], &b"MQIsdp"[..], &[level]].concat();
    let remaining = legal.index(FieldName::REMAINING_LENGTH)?;
    Some(legal.replace(start..own.range.end, &named, &[remaining])?.breaks(Rule::ProtocolName))
}

/// A protocol level that nobody knows.
pub(super) fn level(legal: &Legal<'_>) -> Option<Mutated> {
    Some(legal.change(FieldName::PROTOCOL_LEVEL, |_| 6)?.breaks(Rule::ProtocolLevel))
}

/// Bit 0 of the connect flags, which 3.1 does not look at.
pub(super) fn reserved_bit(legal: &Legal<'_>) -> Option<Mutated> {
    let edited = legal.change(FieldName::CONNECT_FLAGS, |flags| flags | RESERVED)?;
    Some(edited.breaks_if(legal.context.version != Version::V3_1, Rule::ConnectReservedFlag))
}

/// Will QoS 3.
pub(super) fn will_qos3(legal: &Legal<'_>) -> Option<Mutated> {
    if flags(legal)? & WILL == 0 { None } else { with_flags(legal, WILL_QOS, Rule::WillQos3) }
}

/// A Will QoS without a will.
pub(super) fn will_qos_without_will(legal: &Legal<'_>, qos: u8) -> Option<Mutated> {
    if flags(legal)? & WILL == 0 { with_flags(legal, qos << 3, Rule::WillQosWithoutWill) } else { None }
}

/// Will Retain without a will.
pub(super) fn will_retain_without_will(legal: &Legal<'_>) -> Option<Mutated> {
    if flags(legal)? & WILL == 0 { with_flags(legal, WILL_RETAIN, Rule::WillRetainWithoutWill) } else { None }
}

/// The Will flag without a will, in a CONNECT that ends with the client identifier.
pub(super) fn will_flag_without_will(legal: &Legal<'_>) -> Option<Mutated> {
    let ends = flags(legal)? & ANY == 0;
    ends.then(|| with_flags(legal, WILL, Rule::WillMissing))?
}

/// The User Name flag without a user name, in a CONNECT that ends there. 3.1 allows it.
pub(super) fn user_flag_without_name(legal: &Legal<'_>) -> Option<Mutated> {
    if flags(legal)? & (USER_NAME | PASSWORD) != 0 {
        return None;
    }
    let edited = legal.change(FieldName::CONNECT_FLAGS, |flags| flags | USER_NAME)?;
    Some(edited.breaks_if(legal.context.version != Version::V3_1, Rule::UserNameMissing))
}

/// The Password flag without a password. 3.1 allows it.
pub(super) fn password_flag_without_password(legal: &Legal<'_>) -> Option<Mutated> {
    let flags = flags(legal)?;
    // Before 5.0 a password needs a user name.
    if flags & PASSWORD != 0 || (!legal.is_v5() && flags & USER_NAME == 0) {
        return None;
    }
    let edited = legal.change(FieldName::CONNECT_FLAGS, |flags| flags | PASSWORD)?;
    Some(edited.breaks_if(legal.context.version != Version::V3_1, Rule::PasswordMissing))
}

/// A user name, and perhaps a password, that the flags do not announce.
pub(super) fn user_without_flag(legal: &Legal<'_>) -> Option<Mutated> {
    if flags(legal)? & USER_NAME == 0 {
        return None;
    }
    let edited = legal.change(FieldName::CONNECT_FLAGS, |flags| flags & !(USER_NAME | PASSWORD))?;
    Some(edited.breaks(Rule::TrailingBytes))
}

/// A password without user name, which 5.0 allows.
pub(super) fn password_without_user(legal: &Legal<'_>) -> Option<Mutated> {
    if flags(legal)? & (USER_NAME | PASSWORD) != USER_NAME | PASSWORD {
        return None;
    }
    let name = legal.find(FieldName::USER_NAME)?;
    let length = legal.find(FieldName::USER_NAME.length())?;
    let from = legal.find(FieldName::CONNECT_FLAGS)?.range.start;
    // From the flags to the end of the user name, with the flag cleared and the name left out.
    let mut middle: Vec<u8> = legal.bytes[from..length.range.start].to_vec();
    *middle.first_mut()? &= !USER_NAME;
    let remaining = legal.index(FieldName::REMAINING_LENGTH)?;
    let edited = legal.replace(from..name.range.end, &middle, &[remaining])?;
    Some(edited.breaks_if(!legal.is_v5(), Rule::PasswordWithoutUserName))
}

/// The will payload and the client identifier, each in the place of the other. Only bytes that are no text can't be taken for
/// another client identifier.
pub(super) fn will_first(legal: &Legal<'_>) -> Option<Mutated> {
    let payload = legal.find(FieldName::WILL_PAYLOAD)?;
    if core::str::from_utf8(legal.data(payload)).is_ok() {
        return None;
    }
    let last = legal.find(FieldName::WILL_PAYLOAD.length())?.range.start..payload.range.end;
    let client_id = legal.find(FieldName::CLIENT_ID)?;
    let first = legal.find(FieldName::CLIENT_ID.length())?.range.start..client_id.range.end;
    let between = first.end..last.start;
    let swapped = [last.clone(), between, first.clone()].map(|range| &legal.bytes[range]).concat();
    Some(legal.replace(first.start..last.end, &swapped, &[])?.breaks(Rule::ClientIdUtf8))
}

/// Characters that a client identifier of 3.1 has at most.
const LONGEST_CLIENT_ID_OF_V3_1: usize = 23;

/// A client identifier that 3.1 has no room for.
pub(super) fn long_client_id(legal: &Legal<'_>) -> Option<Mutated> {
    let field = legal.find(FieldName::CLIENT_ID)?;
    let edited = legal.replace_field(field, b"abcdefghijklmnopqrstuvwx")?;
    Some(edited.breaks_if(legal.context.version == Version::V3_1, Rule::ClientIdLength))
}

/// No client identifier, and none of the clean session that 3.1.1 wants then. 5.0 allows it.
pub(super) fn empty_client_id(legal: &Legal<'_>) -> Option<Mutated> {
    let flags = legal.find(FieldName::CONNECT_FLAGS)?;
    let length = legal.find(FieldName::CLIENT_ID.length())?;
    let client_id = legal.find(FieldName::CLIENT_ID)?;
    // From the flags to the end of the client identifier, with the flag cleared and the identifier left out.
    let mut middle: Vec<u8> = legal.bytes.get(flags.range.start..length.range.start)?.to_vec();
    *middle.first_mut()? &= !CLEAN_SESSION;
    middle.extend([0, 0]);
    let remaining = legal.index(FieldName::REMAINING_LENGTH)?;
    let edited = legal.replace(flags.range.start..client_id.range.end, &middle, &[remaining])?;
    Some(match legal.context.version {
        Version::V3_1 => edited.breaks(Rule::ClientIdLength),
        Version::V3_1_1 => edited.breaks(Rule::EmptyClientId),
        Version::V5 => edited.stays_legal(),
    })
}

/// Whether this is a CONNECT with properties.
pub(super) fn is_v5_connect(legal: &Legal<'_>) -> bool {
    legal.is_v5() && legal.is(PacketType::Connect)
}

/// Whether a CONNECT may have this as its client identifier, as far as its length goes. What is no text has no length.
pub(super) fn client_id_has_room(legal: &Legal<'_>, client_id: &[u8]) -> bool {
    let characters = core::str::from_utf8(client_id).map_or(0, |text| text.chars().count());
    legal.context.version != Version::V3_1 || characters <= LONGEST_CLIENT_ID_OF_V3_1
}

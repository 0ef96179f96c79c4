//! Strings whose length is one too small, and packets that end within a field.

use crate::mutate::edit::Legal;
use crate::mutate::outcome::Mutated;
use crate::packet::{FieldName, PacketType, Part, topic};
use crate::read::{Field, FieldKind};
use crate::rule::Rule;

/// A length of one less than there is. The last byte is then read as the start of what follows: applied only where that
/// breaks one rule, or none, for certain.
pub(super) fn string_under(legal: &Legal<'_>, name: FieldName) -> Option<Mutated> {
    let last = legal.map.fields.iter().rposition(|field| field.name == name)?;
    let field = legal.map.fields.get(last).filter(|field| !field.range.is_empty())?;
    let shorter = legal.data(field).split_last().map(|(_, shorter)| shorter)?;
    if field.kind == FieldKind::Utf8String && !stays_text(legal, name, shorter) {
        return None;
    }
    let length = legal.map.fields.get(*field.enclosing.last()?)?;
    let edited = legal.set_length(length, field.range.len() - 1)?;
    Some(match name.part {
        Part::ProtocolName => edited.breaks(Rule::ProtocolName),
        Part::WillTopic => will_topic_under(legal, field).map(|()| edited.breaks(Rule::BinaryPastEnd))?,
        // Before 5.0 the last character is then the start of the payload.
        Part::TopicName if legal.is_v5() || legal.has(FieldName::PACKET_ID) => return None,
        Part::TopicName => edited.stays_legal(),
        // The last character of an UNSUBSCRIBE is then the first half of a length.
        Part::TopicFilter if !legal.is(PacketType::Unsubscribe) => return None,
        Part::TopicFilter => edited.breaks(Rule::StringPastEnd),
        _ if field.range.end == legal.bytes.len() => edited.breaks(Rule::TrailingBytes),
        _ => return None,
    })
}

/// Whether the string without its last byte is still one that this field may have.
fn stays_text(legal: &Legal<'_>, name: FieldName, shorter: &[u8]) -> bool {
    let legal_there = match name.part {
        Part::UserName => true,
        Part::TopicFilter => topic::check_filter(shorter, legal.is_v5()).is_ok(),
        _ => !shorter.is_empty(),
    };
    legal_there && core::str::from_utf8(shorter).is_ok()
}

/// The will payload then has a length of the topic's last character and its own first byte, past the end of the packet.
fn will_topic_under(legal: &Legal<'_>, topic: &Field) -> Option<()> {
    let end = topic.range.end;
    let length = u16::from_be_bytes([*legal.bytes.get(end - 1)?, *legal.bytes.get(end)?]);
    (usize::from(length) > legal.bytes.len() - end - 1).then_some(())
}

/// The packet ends before the last byte of this field (the last one of the name).
pub(super) fn cut_within(legal: &Legal<'_>, name: FieldName) -> Option<Mutated> {
    let field = legal.map.fields.iter().rev().find(|field| field.name == name)?;
    let rule = match field.kind {
        FieldKind::Utf8String => Rule::StringPastEnd,
        FieldKind::BinaryData => Rule::BinaryPastEnd,
        _ => Rule::Truncated,
    };
    Some(legal.cut(field.range.end.checked_sub(1).filter(|_| !field.range.is_empty())?)?.breaks(rule))
}

/// The packet ends before the last byte of a block of properties.
pub(super) fn cut_within_properties(legal: &Legal<'_>, name: FieldName) -> Option<Mutated> {
    let field = legal.find(name)?;
    let length = legal.length(field);
    let end = field.range.end + length.checked_sub(1)?;
    Some(legal.cut(end)?.breaks(Rule::PropertyLengthPastEnd))
}

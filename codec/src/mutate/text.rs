//! Mistakes in strings and topics.

use alloc::vec::Vec;

use crate::mutate::connect;
use crate::mutate::edit::{Edited, Legal};
use crate::mutate::outcome::Mutated;
use crate::packet::{FieldName, Part, Piece, PropertyId, topic};
use crate::rule::Rule;

/// A surrogate, which UTF-8 cannot hold.
pub(super) const SURROGATE: &[u8] = b"\xED\xA0\x80";
/// A slash in two bytes where one is enough.
pub(super) const OVERLONG: &[u8] = b"\xC0\xAF";
/// The first two bytes of three.
pub(super) const TRUNCATED: &[u8] = b"\xE2\x82";
/// U+0000.
pub(super) const NUL: &[u8] = b"\0";
/// U+FEFF, which is legal and must be kept.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// U+FFFF, which should not be sent and may be refused.
pub(super) const NONCHARACTER: &[u8] = b"\xEF\xBF\xBF";
/// U+0001, which should not be sent and may be refused.
pub(super) const CONTROL: &[u8] = b"\x01";

/// Bytes that are not UTF-8, in this string.
pub(super) fn ill_formed(legal: &Legal<'_>, name: FieldName, sequence: &[u8]) -> Option<Mutated> {
    with(legal, name, sequence, |edited| edited.breaks(ill_formed_rule(name)))
}

/// U+0000 in this string.
pub(super) fn nul(legal: &Legal<'_>, name: FieldName) -> Option<Mutated> {
    let rule = if is_topic(name) { Rule::NulInTopic } else { Rule::NulInString };
    with(legal, name, NUL, |edited| edited.breaks(rule))
}

/// Unusual characters that are legal.
pub(super) fn legal_text(legal: &Legal<'_>, name: FieldName, sequence: &[u8]) -> Option<Mutated> {
    with(legal, name, sequence, Edited::stays_legal)
}

/// Characters that a receiver may refuse, though no rule forbids them.
pub(super) fn doubtful_text(legal: &Legal<'_>, name: FieldName, sequence: &[u8]) -> Option<Mutated> {
    with(legal, name, sequence, |edited| {
        edited.may_be_refused("a sender should not send this character, and a receiver may refuse it")
    })
}

fn with(
    legal: &Legal<'_>,
    name: FieldName,
    sequence: &[u8],
    outcome: impl FnOnce(Edited) -> Mutated,
) -> Option<Mutated> {
    let field = legal.find(name)?;
    let text = inserted(legal.data(field), sequence);
    let too_long = name == FieldName::CLIENT_ID && !connect::client_id_has_room(legal, &text);
    (!too_long).then(|| legal.replace_field(field, &text))?.map(outcome)
}

/// The text with a sequence put where it disturbs no wildcard and no share name.
fn inserted(text: &[u8], sequence: &[u8]) -> Vec<u8> {
    let filter = core::str::from_utf8(text).unwrap_or("");
    let start = topic::split_shared(filter).map_or(0, |(_, rest)| text.len() - rest.len());
    let mut end = start;
    for level in text[start..].split(|&byte| byte == b'/') {
        end += level.len();
        if !level.is_empty() && topic::wildcard_in(level).is_none() {
            return [&text[..end], sequence, &text[end..]].concat();
        }
        end += 1;
    }
    // Nothing but wildcards and slashes: a level of its own stands before them.
    if text.is_empty() { sequence.to_vec() } else { [&text[..start], sequence, b"/", &text[start..]].concat() }
}

fn is_topic(name: FieldName) -> bool {
    matches!(name.part, Part::TopicName | Part::WillTopic | Part::TopicFilter)
        || name.property_id() == Some(PropertyId::RESPONSE_TOPIC)
}

fn ill_formed_rule(name: FieldName) -> Rule {
    match (name.part, name.property_id()) {
        (Part::TopicName, _) => Rule::TopicNameUtf8,
        (Part::TopicFilter, _) => Rule::TopicFilterUtf8,
        (Part::ClientId, _) => Rule::ClientIdUtf8,
        (Part::WillTopic, _) => Rule::WillTopicUtf8,
        (Part::UserName, _) => Rule::UserNameUtf8,
        (_, Some(PropertyId::RESPONSE_TOPIC)) => Rule::ResponseTopicUtf8,
        (_, Some(PropertyId::CONTENT_TYPE)) => Rule::ContentTypeUtf8,
        (_, Some(PropertyId::USER_PROPERTY)) => Rule::UserPropertyUtf8,
        _ => Rule::StringUtf8,
    }
}

/// The empty string in place of a topic name. A PUBLISH by topic alias may have it.
pub(super) fn empty_topic(legal: &Legal<'_>, name: FieldName, rule: Rule) -> Option<Mutated> {
    let field = legal.find(name).filter(|field| !field.range.is_empty())?;
    let aliased = name == FieldName::TOPIC_NAME && legal.has(FieldName::property(PropertyId::TOPIC_ALIAS));
    Some(legal.replace_field(field, &[])?.breaks_if(!aliased, rule))
}

/// A wildcard as a level of its own at the end of a topic name.
pub(super) fn wildcard(legal: &Legal<'_>, name: FieldName, level: &[u8], rule: Rule) -> Option<Mutated> {
    let field = legal.find(name)?;
    let topic = legal.data(field);
    let slash: &[u8] = if topic.is_empty() { b"" } else { b"/" };
    Some(legal.replace_field(field, &[topic, slash, level].concat())?.breaks(rule))
}

/// Levels of [`deep`]: a little less than a topic has room for.
const DEEP: usize = 65_400;

/// A topic of nothing but slashes.
pub(super) fn deep(legal: &Legal<'_>, name: FieldName) -> Option<Mutated> {
    let field = legal.find(name)?;
    Some(legal.replace_field(field, &b"/".repeat(DEEP))?.stays_legal())
}

/// A topic of as many bytes as its length can say.
pub(super) fn longest(legal: &Legal<'_>, name: FieldName) -> Option<Mutated> {
    let field = legal.find(name)?;
    Some(legal.replace_field(field, &b"x".repeat(usize::from(u16::MAX)))?.stays_legal())
}

/// A topic that begins with `$`, as those of the server's own do.
pub(super) fn dollar(legal: &Legal<'_>, name: FieldName) -> Option<Mutated> {
    let field = legal.find(name)?;
    // A share name would hide it.
    if legal.data(field).starts_with(b"$") {
        return None;
    }
    Some(legal.replace_field(field, &[b"$other/", legal.data(field)].concat())?.stays_legal())
}

/// Replaces the first topic filter by one made from its plain beginning.
pub(super) fn filter(legal: &Legal<'_>, make: impl FnOnce(&[u8]) -> Vec<u8>, rule: Rule) -> Option<Mutated> {
    let field = legal.find(FieldName::TOPIC_FILTER)?;
    let filter = make(plain_beginning(legal.data(field)));
    Some(legal.replace_field(field, &filter)?.breaks(rule))
}

/// Empties the last topic filter of several.
pub(super) fn empty_last_filter(legal: &Legal<'_>) -> Option<Mutated> {
    let mut filters = legal.map.fields.iter().filter(|field| field.name == FieldName::TOPIC_FILTER);
    let (_first, last) = (filters.next()?, filters.next_back()?);
    Some(legal.replace_field(last, &[])?.breaks(Rule::TopicFilterEmpty))
}

/// Replaces the first topic filter by one of a shared subscription (5.0), where No Local isn't set.
pub(super) fn shared(legal: &Legal<'_>, make: impl FnOnce(&[u8]) -> Vec<u8>, rule: Rule) -> Option<Mutated> {
    let no_local = legal.byte(FieldName::SUBSCRIPTION_OPTIONS).is_some_and(|options| options & 4 != 0);
    if !legal.is_v5() || no_local { None } else { filter(legal, make, rule) }
}

/// The levels of a filter before its first wildcard, without share name and without slashes around them; never empty.
fn plain_beginning(filter: &[u8]) -> &[u8] {
    let text = core::str::from_utf8(filter).unwrap_or("");
    let text = topic::split_shared(text).map_or(text, |(_, rest)| rest);
    let plain = topic::wildcard_in(text.as_bytes()).map_or(text, |at| &text[..at]);
    let plain = plain.trim_matches('/');
    if plain.is_empty() { b"level" } else { plain.as_bytes() }
}

/// The name of a User Property's half.
pub(super) const fn user_property(piece: Piece) -> FieldName {
    FieldName::property(PropertyId::USER_PROPERTY).piece(piece)
}

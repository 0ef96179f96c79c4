//! Mistakes in SUBSCRIBE and UNSUBSCRIBE.

use crate::mutate::edit::Legal;
use crate::mutate::outcome::Mutated;
use crate::packet::{FieldName, PacketType, topic};
use crate::read::Field;
use crate::rule::Rule;

/// No topic filters at all.
pub(super) fn no_filters(legal: &Legal<'_>, packet: PacketType) -> Option<Mutated> {
    let first = legal.find(FieldName::TOPIC_FILTER.length()).filter(|_| legal.is(packet))?;
    Some(legal.cut(first.range.start)?.breaks(Rule::NoTopicFilter))
}

/// Requested QoS 3.
pub(super) fn qos3(legal: &Legal<'_>) -> Option<Mutated> {
    Some(legal.change(FieldName::SUBSCRIPTION_OPTIONS, |options| options | 3)?.breaks(Rule::RequestedQos3))
}

/// A reserved bit behind the first topic filter: bits 2 to 7, in 5.0 only 6 and 7.
pub(super) fn reserved_bit(legal: &Legal<'_>, bit: u8) -> Option<Mutated> {
    if legal.is_v5() && bit < 6 {
        return None;
    }
    let edited = legal.change(FieldName::SUBSCRIPTION_OPTIONS, |options| options | 1 << bit)?;
    Some(edited.breaks(Rule::SubscriptionReservedBits))
}

/// Retain Handling 3 (5.0).
pub(super) fn retain_handling3(legal: &Legal<'_>) -> Option<Mutated> {
    let edited = legal.is_v5().then(|| legal.change(FieldName::SUBSCRIPTION_OPTIONS, |options| options | 3 << 4))??;
    Some(edited.breaks(Rule::RetainHandling3))
}

/// No Local on a shared subscription (5.0): on the first one there is.
pub(super) fn no_local_shared(legal: &Legal<'_>) -> Option<Mutated> {
    let at = legal.map.fields.iter().position(|field| is_shared(legal, field))?;
    let options = legal.map.fields[at..].iter().find(|field| field.name == FieldName::SUBSCRIPTION_OPTIONS)?;
    let byte = *legal.bytes.get(options.range.start)?;
    Some(legal.set(options.range.start, byte | 1 << 2)?.breaks(Rule::NoLocalShared))
}

fn is_shared(legal: &Legal<'_>, field: &Field) -> bool {
    let text = core::str::from_utf8(legal.data(field)).unwrap_or("");
    legal.is_v5() && field.name == FieldName::TOPIC_FILTER && topic::is_shared(text)
}

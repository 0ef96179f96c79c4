//! Mistakes about some bytes: accepted, refused, waited for, or deadly.

use super::waived_if;
use crate::testee::{Death, End, Ours, RefusalKind};
use mqtt_assay_codec::vectors::{Value, Values};
use mqtt_assay_codec::{Context, Decoded, Limits, Packet, Rule, Version, decode, packet_len};
use std::time::Duration;

pub(super) fn take_surrogates(bytes: &[u8], context: Context) -> Option<End> {
    let holds_one = bytes.windows(2).any(|pair| pair[0] == 0xED && pair[1] >= 0xA0);
    waived_if(bytes, context, |rule| holds_one && rule == Rule::TopicNameUtf8)
}

pub(super) fn take_identifier_zero(bytes: &[u8], context: Context) -> Option<End> {
    waived_if(bytes, context, |rule| bytes[0] >> 4 == 8 && rule == Rule::PacketIdZero)
}

pub(super) fn take_flags_of_pubrel(bytes: &[u8], context: Context) -> Option<End> {
    waived_if(bytes, context, |rule| bytes[0] >> 4 == 6 && rule == Rule::FixedHeaderFlags)
}

pub(super) fn take_foreign_in_will(bytes: &[u8], context: Context) -> Option<End> {
    waived_if(bytes, context, |rule| bytes[0] >> 4 == 1 && rule == Rule::ForeignWillProperty)
}

pub(super) fn take_no_identifier_at_1024(bytes: &[u8], context: Context) -> Option<End> {
    let topic = bytes.get(5..).filter(|_| bytes.starts_with(&[0x32, 0x80, 0x08]) && bytes.len() == 1027)?;
    let error = decode(bytes, context, &Limits::NONE).err()?;
    let is_bare = error.rule == Rule::Truncated;
    let topic = Value::Bytes(topic.to_vec()).to_string();
    let values = format!("PUBLISH dup=0 qos=1 retain=0 topic={topic} payload=");
    is_bare.then_some(End::Accepted { consumed: bytes.len(), values: Some(values) })
}

pub(super) fn take_second_packet(bytes: &[u8], context: Context) -> Option<End> {
    let end = Ours::end(bytes, context);
    let End::Accepted { values, .. } = end else { return None };
    Some(End::Accepted { consumed: bytes.len(), values })
}

pub(super) fn read_past_the_end(bytes: &[u8], context: Context) -> Option<End> {
    let error = decode(bytes, context, &Limits::NONE).err()?;
    let claims = matches!(error.rule, Rule::PropertyLengthPastEnd);
    claims.then_some(End::Accepted { consumed: bytes.len() + 1, values: None })
}

pub(super) fn refuse_longest_text(bytes: &[u8], context: Context) -> Option<End> {
    let Ok(Decoded::Complete { packet, .. }) = decode(bytes, context, &Limits::NONE) else { return None };
    let is_longest =
        |value: &Value| matches!(value, Value::Bytes(bytes) | Value::Filter(bytes, _) if bytes.len() == 65_535);
    let values = Values::of(&packet, context.version);
    let longest = values.fields.iter().any(|(name, value)| name != "payload" && is_longest(value));
    longest.then(|| refused("text too long"))
}

pub(super) fn refuse_empty_payload(bytes: &[u8], context: Context) -> Option<End> {
    let Ok(Decoded::Complete { packet: Packet::Publish(publish), .. }) = decode(bytes, context, &Limits::NONE) else {
        return None;
    };
    (publish.payload.is_empty() && !publish.properties.is_empty()).then(|| refused("no payload"))
}

pub(super) fn wait_for_reason_code(bytes: &[u8], context: Context) -> Option<End> {
    (context.version == Version::V5 && bytes.len() >= 2 && bytes[0] >> 4 == 4 && bytes[1] == 2)
        .then_some(End::Wants(Some(1)))
}

pub(super) fn die_of_unterminated_length(bytes: &[u8], context: Context) -> Option<End> {
    let whole = packet_len(bytes).is_some_and(|len| len as usize <= bytes.len());
    let ends_open = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let error = decode(bytes, context, &Limits::NONE).err()?;
    let dies = whole && ends_open && error.rule == Rule::PropertyLengthMissing;
    dies.then(|| died("index out of bounds in read_variable"))
}

pub(super) fn die_of_short_unsuback(bytes: &[u8], _: Context) -> Option<End> {
    bytes.starts_with(&[0xB0, 1]).then(|| died("attempt to subtract with overflow in read_unsuback"))
}

pub(super) fn die_of_missing_options(bytes: &[u8], context: Context) -> Option<End> {
    let error = decode(bytes, context, &Limits::NONE).err()?;
    let is_there = error.field.to_string().contains("subscription options") && error.rule == Rule::Truncated;
    (bytes[0] >> 4 == 8 && is_there).then(|| died("index out of bounds in read_options"))
}

pub(super) fn hang_on_empty_disconnect(bytes: &[u8], context: Context) -> Option<End> {
    (context.version == Version::V5 && bytes.starts_with(&[0xE0, 2]) && bytes.get(3) == Some(&0))
        .then_some(End::Hung(Duration::ZERO))
}

fn refused(text: &str) -> End {
    End::Refused { kind: RefusalKind::Malformed, reason: None, text: text.to_owned() }
}

fn died(text: &str) -> End {
    End::Died(Death {
        how: "killed by signal 6".to_owned(),
        stderr: format!("thread 'main' panicked at {text}"),
        repeats: true,
    })
}

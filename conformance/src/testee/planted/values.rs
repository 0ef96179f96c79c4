//! Mistakes in what an accepted packet says.

use mqtt_assay_codec::vectors::{Value, Values};

fn value<'v>(values: &'v mut Values, name: &str) -> Option<&'v mut Value> {
    values.fields.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value)
}

pub(super) fn swap_topic_and_payload(values: &mut Values, _: &[u8]) {
    let Some(Value::Bytes(topic)) = value(values, "topic").cloned() else { return };
    let Some(Value::Bytes(payload)) = value(values, "payload").cloned() else { return };
    if topic.len() == payload.len() {
        for (name, bytes) in [("topic", payload), ("payload", topic)] {
            if let Some(place) = value(values, name) {
                *place = Value::Bytes(bytes);
            }
        }
    }
}

pub(super) fn forget_dup(values: &mut Values, _: &[u8]) {
    if value(values, "qos") == Some(&mut Value::Number(2))
        && let Some(dup) = value(values, "dup")
    {
        *dup = Value::Number(0);
    }
}

pub(super) fn keep_one_user_property(values: &mut Values, _: &[u8]) {
    let later = values.clone();
    let mut index = 0;
    values.fields.retain(|(name, value)| {
        index += 1;
        let Value::Pair(of, _) = value else { return true };
        let comes_again =
            |(other, value): &(String, Value)| other == name && matches!(value, Value::Pair(key, _) if key == of);
        !later.fields[index..].iter().any(comes_again)
    });
}

pub(super) fn sort_user_properties(values: &mut Values, _: &[u8]) {
    let mut sorted: Vec<Value> =
        values.fields.iter().filter(|(name, _)| name == "user-property").map(|(_, value)| value.clone()).collect();
    sorted.sort_by_key(ToString::to_string);
    let places = values.fields.iter_mut().filter(|(name, _)| name == "user-property");
    places.zip(sorted).for_each(|((_, place), value)| *place = value);
}

pub(super) fn halve_keep_alive(values: &mut Values, _: &[u8]) {
    if let Some(Value::Number(number)) = value(values, "keep-alive") {
        *number &= 0x7FFF;
    }
}

pub(super) fn cut_identifier(values: &mut Values, _: &[u8]) {
    if let Some(Value::Number(number)) = value(values, "subscription-identifier") {
        *number &= 0x3FFF;
    }
}

pub(super) fn lose_last_of_long_block(values: &mut Values, bytes: &[u8]) {
    let one_byte = ["payload-format-indicator", "retain-available", "maximum-qos"];
    let last = values.fields.iter().rposition(|(name, _)| one_byte.contains(&name.as_str()));
    let is_last = |index: usize| {
        let next = values.fields.get(index + 1).map_or("", |(name, _)| name);
        matches!(next, "" | "payload")
    };
    if let Some(index) = last.filter(|&index| bytes.len() > 140 && is_last(index)) {
        values.fields.remove(index);
    }
}

pub(super) fn replace_bytes_of_will(values: &mut Values, _: &[u8]) {
    if let Some(Value::Bytes(payload)) = value(values, "will-payload") {
        *payload = String::from_utf8_lossy(payload).into_owned().into_bytes();
    }
}

//! Rules that one observation decides together, and the reactions that 3.1.1 demands by name.

use mqtt_assay_codec::{Rule, Version};

/// Pairs of statements of 3.1.1 with one observation.
const V311: &[(&str, &str)] = &[
    ("MQTT-3.1.2-23", "MQTT-3.1.2-24"),
    ("MQTT-3.1.2-11", "MQTT-3.1.2-13"),
    ("MQTT-3.1.2-11", "MQTT-3.1.2-15"),
    ("MQTT-3.1.3-7", "MQTT-3.1.3-8"),
    ("MQTT-3.1.4-3", "MQTT-3.1.2-4"),
    ("MQTT-3.1.4-3", "MQTT-3.1.2-6"),
    ("MQTT-2.3.1-7", "MQTT-3.8.4-2"),
    ("MQTT-2.3.1-7", "MQTT-3.10.4-4"),
];

/// Pairs of rules of 5.0 with one observation.
const V5: &[(&str, &str)] = &[
    ("MQTT-3.1.2-20", "MQTT-3.1.2-22"),
    ("MQTT-3.1.2-21", "MQTT-3.2.2-21"),
    ("MQTT-3.1.2-26", "MQTT-3.3.2-11"),
    ("MQTT-3.2.2-17", "MQTT-3.3.2-9"),
    ("MQTT-3.1.3-7", "MQTT-3.2.2-16"),
    ("MQTT-3.3.4-9", "MQTT-4.9.0-2"),
    ("MQTT-3.3.4-10", "MQTT-4.9.0-3"),
    ("MQTT-3.3.4-7", "MQTT-4.9.0-2"),
    ("MQTT-2.2.1-4", "MQTT-4.3.2-1"),
    ("MQTT-2.2.1-4", "MQTT-4.3.3-1"),
    ("MQTT-2.2.1-6", "MQTT-3.8.4-2"),
    ("MQTT-2.2.1-6", "MQTT-3.10.4-5"),
];

/// The rules that are decided together with this one.
pub(super) fn of(id: &str, version: Version) -> impl Iterator<Item = &'static str> {
    let pairs = match version {
        Version::V5 => V5,
        Version::V3_1_1 => V311,
        Version::V3_1 => &[],
    };
    pairs.iter().filter_map(move |(one, other)| match id {
        _ if id == *one => Some(*other),
        _ if id == *other => Some(*one),
        _ => None,
    })
}

/// The statements of 3.1.1 that demand the close for broken flags and strings by name.
pub(super) fn demanded_by_name(rule: Rule, version: Version) -> &'static [&'static str] {
    if version != Version::V3_1_1 {
        return &[];
    }
    let name = rule.name();
    if name.contains("flags") {
        &["MQTT-2.2.2-2"]
    } else if name.contains("utf8") || name.contains("utf-8") {
        &["MQTT-1.5.3-1"]
    } else if name.contains("null") || name.contains("nul") {
        &["MQTT-1.5.3-2"]
    } else {
        &[]
    }
}

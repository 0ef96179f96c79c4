//! Refusals, one by one: for exact bytes the rule, the offset, the field and the answer.

extern crate std;

use std::string::{String, ToString};
use std::vec::Vec;

use crate::packet::{Context, Limits, PacketType, Sender, Version};
use crate::read::{Decoded, decode, decode_waiving};
use crate::rule::{DecodeError, ErrorKind, Rule};

use Sender::{Client, Either, Server};
use Version::{V3_1, V3_1_1, V5};

const LIMITS: &Limits = &Limits::NONE;

/// What the decoder makes of bytes, in short: `rule id @offset field` or `complete` or `partial n`.
fn judged(version: Version, from: Sender, bytes: &[u8]) -> String {
    match decode(bytes, Context::new(version, from), LIMITS) {
        Ok(Decoded::Complete { .. }) => "complete".to_string(),
        Ok(Decoded::Partial { needed }) => std::format!("partial {needed}"),
        Err(error) => {
            std::format!("{} {} @{} {}", error.rule, error.id().unwrap_or("-"), error.offset, error.field)
        }
    }
}

#[test]
fn refusals_name_rule_offset_and_field() {
    for (version, from, bytes, expected) in [
        (V5, Client, &b"\x00"[..], "reserved-packet-type U5-009 @0 fixed header / packet type"),
        (V3_1_1, Client, b"\xF0\x00", "reserved-packet-type U3-01 @0 fixed header / packet type"),
        (V5, Client, b"\x20", "wrong-direction U5-010 @0 fixed header / packet type"),
        (V3_1_1, Server, b"\xE0\x00", "wrong-direction U3-25 @0 fixed header / packet type"),
        (V5, Client, b"\x80", "fixed-header-flags MQTT-3.8.1-1 @0 fixed header / flags"),
        (V3_1, Client, b"\x8A", "partial 1"),
        (V3_1_1, Either, b"\x36", "publish-qos-3 MQTT-3.3.1-4 @0 fixed header / flags"),
        (V5, Either, b"\x38", "dup-with-qos-0 MQTT-3.3.1-2 @0 fixed header / flags"),
        (
            V5,
            Client,
            b"\x30\x80\x80\x80\x80",
            "variable-byte-integer-too-long U5-005 @1 fixed header / remaining length",
        ),
        (
            V5,
            Client,
            b"\xC0\x80\x00",
            "non-minimal-variable-byte-integer MQTT-1.5.5-1 @1 fixed header / remaining length",
        ),
        (V3_1_1, Client, b"\xC0\x80\x00", "complete"),
        (V5, Client, b"\xC0\x01", "trailing-bytes U5-019 @2 surplus bytes"),
        (V3_1_1, Client, b"\x40\x03", "trailing-bytes U3-12 @4 surplus bytes"),
        (V3_1_1, Client, b"\x40\x01\x00", "truncated U3-12 @2 packet identifier"),
        (V5, Client, b"\x40\x02\x00\x00", "packet-id-zero U5-027 @2 packet identifier"),
        (V5, Server, b"\x40\x02\x00\x00", "packet-id-zero MQTT-2.2.1-5 @2 packet identifier"),
        (V3_1_1, Client, b"\x30\x04\x00\x03", "string-past-end U3-04 @2 topic name / length"),
        (V3_1_1, Client, b"\x32\x05\x00\x03", "truncated U3-04 @7 packet identifier"),
        (V5, Client, b"\x30\x05\x00\x03", "property-length-missing U5-031 @7 property length"),
        (V3_1_1, Client, b"\x30\x02\x00\x00", "topic-name-empty MQTT-4.7.3-1 @2 topic name / length"),
        (V5, Client, b"\x30\x03\x00\x00\x00", "topic-name-empty U5-121 @2 topic name / length"),
        (V5, Client, b"\x30\x06\x00\x00\x03\x23\x00\x01", "complete"),
        (V5, Client, b"\x30\x06\x00\x00\x03\x23\x00\x00", "topic-alias-zero MQTT-3.3.2-8 @6 properties / topic alias"),
        (
            V5,
            Client,
            b"\x30\x05\x00\x00\x02\x0B\x01",
            "subscription-identifier-from-client MQTT-3.3.4-6 @5 properties / subscription identifier",
        ),
        (V3_1_1, Client, b"\x30\x05\x00\x03a\xED\xA0", "topic-name-utf8 MQTT-3.3.2-1 @5 topic name"),
        (V3_1_1, Client, b"\x30\x05\x00\x03a/+", "topic-name-wildcard MQTT-3.3.2-2 @6 topic name"),
        (V3_1_1, Client, b"\x10\x04\x00\x05", "string-past-end U3-04 @2 protocol name / length"),
        (V3_1_1, Client, b"\x10\x0C\x00\x05", "protocol-name MQTT-3.1.2-1 @2 protocol name / length"),
        (V3_1_1, Client, b"\x10\x0C\x00\x04MQTX", "protocol-name MQTT-3.1.2-1 @4 protocol name"),
        (V3_1_1, Client, b"\x10\x0C\x00\x04MQTT\x05", "protocol-level MQTT-3.1.2-2 @8 protocol level"),
        (V3_1_1, Client, b"\x10\x0C\x00\x04MQTT\x04\x42", "password-without-user-name MQTT-3.1.2-22 @9 connect flags"),
        (V3_1_1, Client, b"\x10\x0C\x00\x04MQTT\x04\x82\0\0\0\0", "user-name-missing MQTT-3.1.2-19 @14 user name"),
        (
            V3_1_1,
            Client,
            b"\x10\x0C\x00\x04MQTT\x04\x00\0\0\0\0",
            "empty-client-id MQTT-3.1.3-7 @12 client identifier / length",
        ),
        (V3_1_1, Client, b"\x10\x0C\x00\x04MQTT\x04\x02\0\0\0\0", "complete"),
        (V5, Client, b"\x10\x0D\x00\x04MQTT\x05\x00\0\0\0\0\0", "complete"),
        (V3_1_1, Client, b"\x82\x02\x00\x01", "no-topic-filter MQTT-3.8.3-3 @4 topic filter"),
        (
            V3_1_1,
            Client,
            b"\x82\x06\x00\x01\x00\x01a\x04",
            "subscription-reserved-bits MQTT-3.8.3-4 @7 subscription options",
        ),
        (V5, Client, b"\x82\x07\x00\x01\x00\x00\x01a\x03", "requested-qos-3 U5-165 @8 subscription options"),
        (V3_1_1, Client, b"\x82\x07\x00\x01\x00\x02a#\x00", "multi-level-wildcard MQTT-4.7.1-2 @7 topic filter"),
        (V5, Client, b"\xF0\x00", "authentication-method-missing U5-195 @2 properties / authentication method"),
        (V5, Server, b"\xE0\x01\x04", "reason-code-from-wrong-side MQTT-3.14.2-1 @2 reason code"),
        (V5, Client, b"\xE0\x01\x8E", "reason-code-from-wrong-side U5-183 @2 reason code"),
        (V5, Either, b"\xE0\x01\x8E", "complete"),
        (V3_1_1, Server, b"\x20\x02\x01\x05", "session-present-with-error MQTT-3.2.2-4 @2 connect acknowledge flags"),
        (V3_1_1, Server, b"\x90\x03\x00\x01\x03", "undefined-reason-code MQTT-3.9.3-2 @4 reason code"),
        (V3_1, Server, b"\x90\x03\x00\x01\x80", "undefined-reason-code MQTT-3.9.3-2 @4 reason code"),
        (V3_1, Server, b"\x90\x02\x00\x01", "no-reason-codes MQTT-3.9.3-1 @4 reason code"),
        (
            V5,
            Client,
            b"\xE0\x04\x00\x02\x26\x00",
            "user-property-cut-off U5-008 @5 properties / user property / name length",
        ),
        (V5, Client, b"\xE0\x03\x00\x01\x04", "unknown-property U5-043 @4 properties / property 0x04"),
    ] {
        assert_eq!(judged(version, from, bytes), expected, "{bytes:02x?}");
    }
}

#[test]
fn an_error_reads_as_one_line() {
    let error = decode(b"\x82\x02\x00\x00", Context::new(V3_1_1, Client), LIMITS).expect_err("identifier 0");
    assert_eq!(
        error.to_string(),
        "MQTT-2.3.1-1 (packet-id-zero): SUBSCRIBE, packet identifier at byte 2: A packet identifier is not 0."
    );
    assert_eq!((error.kind, error.packet_len), (ErrorKind::ProtocolError, Some(4)));
}

#[test]
fn the_answer_depends_on_the_version() {
    let level = |version: Version, bytes: &[u8]| {
        decode(bytes, Context::new(version, Client), LIMITS).expect_err("another level").reason.0
    };
    assert_eq!(level(V3_1_1, b"\x10\x0C\x00\x04MQTT\x06"), 0x01);
    assert_eq!(level(V5, b"\x10\x0D\x00\x04MQTT\x06"), 0x84);
}

#[test]
fn limits_of_the_receiver_refuse_what_the_format_allows() {
    let refused = |limits, bytes: &[u8]| {
        let error = decode(bytes, Context::new(V5, Client), limits).err()?;
        assert_eq!(error.kind, ErrorKind::TooLarge);
        Some((error.rule, error.offset))
    };
    let one = &Limits { max_topic_filters: 1, max_user_properties: 1, ..Limits::NONE };
    let filters = refused(one, b"\x82\x0B\x00\x01\x00\x00\x01a\x00\x00\x01b\x00");
    assert_eq!(filters, Some((Rule::TooManyTopicFilters, 9)));
    let properties = refused(one, b"\xE0\x0C\x00\x0A\x26\0\0\0\0\x26\0\0\0\0");
    assert_eq!(properties, Some((Rule::TooManyUserProperties, 9)));
    let short = &Limits { max_string_len: 2, ..Limits::NONE };
    // The length of a topic name is known before the topic name is there.
    assert_eq!(refused(short, b"\x30\x06\x00\x03"), Some((Rule::StringTooLong, 2)));
    assert_eq!(refused(short, b"\xE0\x0A\x00\x08\x26\x00\x00\x00\x03abc"), Some((Rule::StringTooLong, 7)));
    assert_eq!(refused(short, b"\x30\x05\x00\x02ab\x00"), None);
}

#[test]
fn what_a_waived_rule_lets_through_reads_as_something_legal() {
    let read = |version, bytes: &[u8], rule| {
        let context = Context::new(version, Client);
        assert_eq!(decode(bytes, context, LIMITS).expect_err("refused").rule, rule);
        match decode_waiving(bytes, context, LIMITS, rule) {
            Ok(Decoded::Complete { packet, .. }) => std::format!("{packet:?}"),
            other => panic!("{other:?}"),
        }
    };
    let publish = read(V3_1_1, b"\x36\x07\x00\x01a\x00\x07hi", Rule::PublishQos3);
    assert!(publish.contains("qos: ExactlyOnce") && publish.contains("packet_id: Some(7)"), "{publish}");
    let subscribe = read(V3_1_1, b"\x82\x06\x00\x00\x00\x01a\x00", Rule::PacketIdZero);
    assert!(subscribe.contains("packet_id: 1"), "{subscribe}");
    let topic = read(V3_1_1, b"\x30\x05\x00\x03a\xED\xA0", Rule::TopicNameUtf8);
    assert!(topic.contains("topic: \"a\""), "{topic}");
    let unknown = read(V5, b"\xE0\x04\x00\x02\x04\x05", Rule::UnknownProperty);
    assert!(unknown.contains("properties: []"), "{unknown}");
}

#[test]
fn every_flag_of_every_type_is_judged() {
    for version in Version::ALL {
        for first in 0..=u8::MAX {
            let accepted = decode(&[first], Context::new(version, Either), LIMITS).is_ok();
            let flags = first & 0x0F;
            let legal = match PacketType::from_number(first >> 4) {
                None => false,
                Some(PacketType::Auth) if version != V5 => false,
                Some(PacketType::Publish) => flags & 0b0110 != 0b0110 && flags & 0b1110 != 0b1000,
                Some(PacketType::Pubrel | PacketType::Subscribe | PacketType::Unsubscribe) => {
                    flags == 0b0010 || (version == V3_1 && flags == 0b1010)
                }
                Some(_) => flags == 0,
            };
            assert_eq!(accepted, legal, "{first:#04x} in {version}");
        }
    }
}

#[test]
fn errors_are_small() {
    assert!(size_of::<DecodeError>() <= 32);
    let all: Vec<Rule> = Rule::ALL.to_vec();
    assert_eq!(size_of_val(&all[0]), 1);
}

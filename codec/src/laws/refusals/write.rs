//! What cannot be written, one by one: the error is the same whichever way the packet would have taken, and nothing is written.

use alloc::vec::Vec;

use crate::packet::{
    Connect, Context, EncodeError, FieldName, Limits, Packet, PacketId, Properties, PropertiesBuf, Property,
    PropertyId, Publish, QoS, Sender, Subscribe, SubscriptionOptions, SubscriptionsBuf, Version, Will,
};
use crate::read::{Decoded, decode_waiving};
use crate::rule::Rule;

#[track_caller]
fn refused(packet: Packet<'_>, version: Version, error: EncodeError) {
    let mut buffer = Vec::new();
    assert_eq!(packet.encode(version, &mut buffer), Err(error), "{packet:?}");
    assert_eq!(packet.encode_head(version, &mut buffer), Err(error), "{packet:?}");
    assert_eq!(packet.encoded_len(version), Err(error), "{packet:?}");
    assert!(buffer.is_empty(), "{packet:?}");
}

fn publish(properties: Properties<'_>) -> Packet<'_> {
    Packet::Publish(Publish { topic: "a", properties, ..Publish::default() })
}

fn connect<'a>(properties: Properties<'a>, will: Properties<'a>) -> Packet<'a> {
    let will = Will { topic: "a", properties: will, ..Will::default() };
    Packet::Connect(Connect { properties, will: Some(will), ..Connect::default() })
}

#[test]
fn a_property_stands_only_where_it_may() {
    let reason = PropertiesBuf::new().with(Property::UserProperty("a", "b")).with(Property::ReasonString("a"));
    let strange = reason.as_properties();
    let error = EncodeError::PropertyNotAllowed(PropertyId::REASON_STRING);
    refused(publish(strange), Version::V5, error);
    refused(connect(strange, Properties::EMPTY), Version::V5, error);
    refused(connect(Properties::EMPTY, strange), Version::V5, error);
    for packet in [publish(strange), connect(strange, Properties::EMPTY), connect(Properties::EMPTY, strange)] {
        refused(packet, Version::V3_1_1, EncodeError::PropertiesNotInVersion);
    }
}

#[test]
fn a_property_that_was_too_long_is_not_forgotten() {
    let text = "a".repeat(65_536);
    let properties = PropertiesBuf::new().with(Property::ContentType(&text));
    let error = EncodeError::PropertyTooLong(PropertyId::CONTENT_TYPE);
    for packet in [
        publish(properties.as_properties()),
        connect(properties.as_properties(), Properties::EMPTY),
        connect(Properties::EMPTY, properties.as_properties()),
    ] {
        refused(packet, Version::V5, error);
        refused(packet, Version::V3_1_1, error);
    }
}

#[test]
fn a_publish_has_a_packet_identifier_exactly_with_a_qos() {
    let publish = Publish { topic: "a", ..Publish::default() };
    for version in Version::ALL {
        let missing = Publish { qos: QoS::AtLeastOnce, ..publish };
        refused(Packet::Publish(missing), version, EncodeError::PacketIdMissing);
        let surplus = Publish { packet_id: Some(PacketId::MIN), ..publish };
        refused(Packet::Publish(surplus), version, EncodeError::PacketIdWithoutQos);
        let topic = "a".repeat(65_536);
        let long = Publish { topic: &topic, ..publish };
        refused(Packet::Publish(long), version, EncodeError::FieldTooLong(FieldName::TOPIC_NAME));
    }
}

#[test]
fn options_are_written_where_the_version_has_them() {
    let options = SubscriptionOptions { no_local: true, ..SubscriptionOptions::at(QoS::AtMostOnce) };
    let filters: SubscriptionsBuf = [("a", options)].into_iter().collect();
    let filters = filters.as_subscriptions();
    let subscribe = Packet::Subscribe(Subscribe { packet_id: PacketId::MIN, properties: Properties::EMPTY, filters });
    refused(subscribe, Version::V3_1_1, EncodeError::OptionsNotInVersion);
    assert!(subscribe.encoded_len(Version::V5).is_ok());
}

#[test]
fn what_was_waived_when_it_was_read_is_not_written() {
    let read = |version, bytes: &'static [u8], waived| {
        let decoded = decode_waiving(bytes, Context::new(version, Sender::Client), &Limits::NONE, waived);
        let Ok(Decoded::Complete { packet, .. }) = decoded else { panic!("{decoded:?}") };
        packet
    };
    // A reason string in a PUBLISH.
    let strange = read(Version::V5, b"\x30\x08\x00\x01a\x04\x1f\x00\x01b", Rule::ForeignProperty);
    refused(strange, Version::V5, EncodeError::PropertyNotAllowed(PropertyId::REASON_STRING));
    // Bit 2 behind a topic filter.
    let options = read(Version::V3_1_1, b"\x82\x06\x00\x01\x00\x01a\x04", Rule::SubscriptionReservedBits);
    refused(options, Version::V3_1_1, EncodeError::OptionsNotInVersion);
}

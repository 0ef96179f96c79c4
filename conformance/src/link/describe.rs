//! A control packet in one line, for transcripts and messages. Everything a broker sent is escaped.

use crate::text::{cut, single_line};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Context, Decoded, Limits, OwnedPacket, Packet, PacketId, Properties, Property,
    Publish, ReasonCode, RetainHandling, Sender, SubscriptionOptions, Version, decode, packet_len,
};
use std::fmt::Write as _;

/// How many bytes of a payload or string are shown before it is cut.
const SHOWN: usize = 48;

/// How many topic filters, codes or properties of a packet are shown.
const LISTED: usize = 16;

/// The packet's name and what matters in it.
pub(crate) fn packet(packet: &Packet<'_>) -> String {
    let own = match packet {
        Packet::Publish(publish) => publish.packet_id,
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => Some(ack.packet_id),
        Packet::Subscribe(subscribe) => Some(subscribe.packet_id),
        Packet::Unsubscribe(unsubscribe) => Some(unsubscribe.packet_id),
        Packet::Suback(ack) => Some(ack.packet_id),
        Packet::Unsuback(ack) => Some(ack.packet_id),
        _ => None,
    };
    in_words(packet, own.map_or(0, PacketId::get))
}

/// The same with the packet identifier that its bytes have: where a broker breaks the rule that it isn't 0, the packet
/// itself has no way to say so.
pub(crate) fn owned(packet: &OwnedPacket) -> String {
    let read = packet.packet();
    let id = identifier_in(packet.bytes(), &read).or_else(|| read.packet_id().map(PacketId::get));
    in_words(&read, id.unwrap_or(0))
}

/// The two bytes at the place of the packet identifier: behind the fixed header, in a PUBLISH behind the topic name.
fn identifier_in(bytes: &[u8], packet: &Packet<'_>) -> Option<u16> {
    let length_bytes = 1 + bytes.get(1..)?.iter().take_while(|byte| **byte >= 0x80).count();
    let behind = match packet {
        Packet::Publish(publish) => 2 + publish.topic.len(),
        _ => 0,
    };
    let place = bytes.get(1 + length_bytes + behind..)?;
    place.first_chunk().map(|id| u16::from_be_bytes(*id))
}

fn in_words(packet: &Packet<'_>, id: u16) -> String {
    let name = packet.packet_type().name();
    match packet {
        Packet::Connect(connect) => describe_connect(connect),
        Packet::Connack(connack) => describe_connack(connack),
        Packet::Publish(publish) => describe_publish(publish, id),
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => {
            acknowledgement(name, id, ack)
        }
        Packet::Subscribe(subscribe) => {
            let filters = subscribe.filters.iter();
            let shown = filters.map(|(filter, wanted)| format!("{} {}", quoted(filter.as_bytes()), options(wanted)));
            format!("{name} id={id}{}{}", properties(&subscribe.properties), listed(shown, " "))
        }
        Packet::Unsubscribe(unsubscribe) => {
            let shown = unsubscribe.filters.iter().map(|filter| quoted(filter.as_bytes()));
            format!("{name} id={id}{}{}", properties(&unsubscribe.properties), listed(shown, " "))
        }
        Packet::Suback(ack) => codes(name, id, ack.reasons.iter(), &ack.properties),
        Packet::Unsuback(ack) => codes(name, id, ack.reasons.iter(), &ack.properties),
        Packet::Pingreq | Packet::Pingresp => name.to_owned(),
        Packet::Disconnect(disconnect) => {
            format!("{name}{}{}", reason(disconnect.reason), properties(&disconnect.properties))
        }
        Packet::Auth(auth) => format!("{name}{}{}", reason(auth.reason), properties(&auth.properties)),
    }
}

/// The QoS, and of the options of 5.0 those that are not as they are by default.
fn options(wanted: SubscriptionOptions) -> String {
    let no_local = if wanted.no_local { " no-local" } else { "" };
    let as_published = if wanted.retain_as_published { " retain-as-published" } else { "" };
    let handling = match wanted.retain_handling {
        RetainHandling::Send => "",
        RetainHandling::SendIfNew => " retain-handling=1",
        RetainHandling::DoNotSend => " retain-handling=2",
    };
    format!("qos={}{no_local}{as_published}{handling}", wanted.qos as u8)
}

/// One line about the packet at the start of these bytes, or about why there is none.
pub(crate) fn bytes(bytes: &[u8], mqtt: Version, from: Sender) -> String {
    match decode(bytes, Context::new(mqtt, from), &Limits::default()) {
        Ok(Decoded::Complete { packet: read, len }) if len == bytes.len() => packet(&read),
        Ok(Decoded::Complete { packet: read, len }) => {
            format!("{}, then {} more bytes", packet(&read), bytes.len() - len)
        }
        Ok(Decoded::Partial { needed }) => {
            let missing = packet_len(bytes).map_or(needed, |length| length as usize - bytes.len());
            format!("incomplete, at least {missing} more bytes")
        }
        Err(error) => single_line(&error.to_string()),
    }
}

fn describe_connect(connect: &Connect<'_>) -> String {
    let mut out = format!("CONNECT {}", quoted(connect.client_id.as_bytes()));
    if connect.clean_start {
        out.push_str(" clean");
    }
    let _ = write!(out, " keep-alive={}", connect.keep_alive);
    if let Some(will) = &connect.will {
        let _ = write!(
            out,
            " will={} qos={} payload={}",
            quoted(will.topic.as_bytes()),
            will.qos as u8,
            quoted(will.payload)
        );
        out.push_str(if will.retain { " retain" } else { "" });
        out.push_str(&properties(&will.properties));
    }
    if let Some(name) = connect.user_name {
        let _ = write!(out, " user={}", quoted(name.as_bytes()));
    }
    if connect.password.is_some() {
        out.push_str(" password");
    }
    out + &properties(&connect.properties)
}

fn describe_connack(connack: &Connack<'_>) -> String {
    let present = if connack.session_present { " session-present" } else { "" };
    format!("CONNACK 0x{:02x}{present}{}", connack.reason.0, properties(&connack.properties))
}

fn describe_publish(publish: &Publish<'_>, id: u16) -> String {
    let mut out = format!("PUBLISH {} qos={}", quoted(publish.topic.as_bytes()), publish.qos as u8);
    if publish.packet_id.is_some() {
        let _ = write!(out, " id={id}");
    }
    for (set, name) in [(publish.dup, " dup"), (publish.retain, " retain")] {
        out.push_str(if set { name } else { "" });
    }
    let _ = write!(out, "{} payload={}", properties(&publish.properties), quoted(publish.payload));
    out
}

fn acknowledgement(name: &str, id: u16, ack: &Acknowledgement<'_>) -> String {
    format!("{name} id={id}{}{}", reason(ack.reason), properties(&ack.properties))
}

fn codes(name: &str, id: u16, codes: impl Iterator<Item = ReasonCode>, with: &Properties<'_>) -> String {
    format!("{name} id={id}{}{}", properties(with), listed(codes.map(|code| format!("0x{:02x}", code.0)), " "))
}

/// The first of them, each with this before it, and how many more there are.
fn listed(mut all: impl Iterator<Item = String>, before: &str) -> String {
    let shown = all.by_ref().take(LISTED).fold(String::new(), |out, one| out + before + &one);
    match all.count() {
        0 => shown,
        more => format!("{shown}{before}and {more} more"),
    }
}

fn reason(code: ReasonCode) -> String {
    if code.0 == 0 { String::new() } else { format!(" 0x{:02x}", code.0) }
}

fn properties(properties: &Properties<'_>) -> String {
    let shown = listed(properties.iter().map(|property| describe_property(&property)), ", ");
    shown.strip_prefix(", ").map_or_else(String::new, |shown| format!(" [{shown}]"))
}

/// A property, escaped, cut where it is long. What somebody authenticates with may be a secret, and is told by its length.
fn describe_property(property: &Property<'_>) -> String {
    if let Property::AuthenticationData(data) = property {
        return format!("AuthenticationData({} bytes)", data.len());
    }
    cut(&single_line(&format!("{property:?}")), 2 * SHOWN).into_owned()
}

/// Bytes as text in quotation marks, escaped, cut where they are long.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(SHOWN)];
    let mut out = format!("\"{}\"", cut.escape_ascii());
    if cut.len() < bytes.len() {
        let _ = write!(out, "... ({} bytes)", bytes.len());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use mqtt_assay_codec::{OwnedDecoded, PropertiesBuf, QoS, Rule, Subscribe, SubscriptionsBuf};

    fn without_rule(bytes: &[u8], rule: Rule) -> String {
        let context = Context::new(Version::V3_1_1, Sender::Server);
        match OwnedPacket::decode_waiving(&Bytes::copy_from_slice(bytes), context, &Limits::default(), rule) {
            Ok(OwnedDecoded::Complete(packet)) => owned(&packet),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_identifier_is_the_one_in_the_bytes() {
        assert_eq!(without_rule(&[0x40, 2, 0, 0], Rule::PacketIdZero), "PUBACK id=0");
        assert_eq!(without_rule(&[0x90, 3, 0, 0, 1], Rule::PacketIdZero), "SUBACK id=0 0x01");
        let publish = [0x32, 6, 0, 1, b'a', 0, 0, b'x'];
        assert_eq!(without_rule(&publish, Rule::PacketIdZero), "PUBLISH \"a\" qos=1 id=0 payload=\"x\"");
        assert_eq!(without_rule(&[0x40, 2, 0, 7], Rule::PacketIdZero), "PUBACK id=7");
    }

    #[test]
    fn long_names_and_long_lists_are_cut_with_their_length() {
        let (mut filters, mut properties) = (SubscriptionsBuf::new(), PropertiesBuf::new());
        for _ in 0..300 {
            filters.push(&"a".repeat(35_000), SubscriptionOptions::at(QoS::AtMostOnce)).expect("a topic filter");
            properties = properties.with(Property::UserProperty("name", "value"));
        }
        let properties = properties.as_properties();
        let subscribe = Subscribe { packet_id: PacketId::MIN, properties, filters: filters.as_subscriptions() };
        let text = packet(&Packet::Subscribe(subscribe));
        assert!(text.len() < 3000 && text.ends_with("... (35000 bytes) qos=0 and 284 more"), "{text}");
        let publish = packet(&Packet::Publish(Publish { topic: &"b".repeat(35_000), ..Publish::default() }));
        assert!(publish.len() < 200 && publish.contains("... (35000 bytes) qos=0"), "{publish}");
    }

    #[test]
    fn the_options_of_a_subscription_are_told_where_they_are_not_the_usual_ones() {
        let all = SubscriptionOptions {
            no_local: true,
            retain_as_published: true,
            retain_handling: RetainHandling::DoNotSend,
            ..SubscriptionOptions::at(QoS::ExactlyOnce)
        };
        let wanted = [("a", SubscriptionOptions::at(QoS::AtLeastOnce)), ("b", all)];
        let filters: SubscriptionsBuf = wanted.into_iter().collect();
        let properties = Properties::EMPTY;
        let subscribe = Subscribe { packet_id: PacketId::MIN, properties, filters: filters.as_subscriptions() };
        assert_eq!(
            packet(&Packet::Subscribe(subscribe)),
            "SUBSCRIBE id=1 \"a\" qos=1 \"b\" qos=2 no-local retain-as-published retain-handling=2"
        );
    }
}

//! A control packet in one line, for transcripts and messages. Everything a broker sent is escaped.

use crate::text::single_line;
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Context, Decoded, Limits, Packet, Properties, Property, Publish, ReasonCode,
    Sender, Version, decode, packet_len,
};
use std::fmt::Write as _;

/// How many bytes of a payload or string are shown before it is cut.
const SHOWN: usize = 48;

/// How many filters, codes or properties of one packet are shown: it may have millions.
const LISTED: usize = 1000;

/// The packet's name and what matters in it.
pub(crate) fn packet(packet: &Packet<'_>) -> String {
    let name = packet.packet_type().name();
    match packet {
        Packet::Connect(connect) => describe_connect(connect),
        Packet::Connack(connack) => describe_connack(connack),
        Packet::Publish(publish) => describe_publish(publish),
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => {
            acknowledgement(name, ack)
        }
        Packet::Subscribe(subscribe) => {
            let filters = subscribe.filters.into_iter();
            let filters =
                filters.map(|(filter, options)| format!(" {} qos={}", quoted(filter.as_bytes()), options.qos as u8));
            format!("{name} id={}{}{}", subscribe.packet_id, properties(&subscribe.properties), listed(filters, ""))
        }
        Packet::Unsubscribe(unsubscribe) => {
            let filters = unsubscribe.filters.into_iter().map(|filter| format!(" {}", quoted(filter.as_bytes())));
            format!("{name} id={}{}{}", unsubscribe.packet_id, properties(&unsubscribe.properties), listed(filters, ""))
        }
        Packet::Suback(ack) => codes(name, ack.packet_id.get(), ack.reasons.iter(), &ack.properties),
        Packet::Unsuback(ack) => codes(name, ack.packet_id.get(), ack.reasons.iter(), &ack.properties),
        Packet::Pingreq | Packet::Pingresp => name.to_owned(),
        Packet::Disconnect(disconnect) => {
            format!("{name}{}{}", reason(disconnect.reason), properties(&disconnect.properties))
        }
        Packet::Auth(auth) => format!("{name}{}{}", reason(auth.reason), properties(&auth.properties)),
    }
}

/// One line about the packet at the start of these bytes, or about why there is none.
pub(crate) fn bytes(bytes: &[u8], mqtt: Version, from: Sender) -> String {
    match decode(bytes, Context::new(mqtt, from), &Limits::default()) {
        Ok(Decoded::Complete { packet: view, len }) if len == bytes.len() => packet(&view.packet()),
        Ok(Decoded::Complete { packet: view, len }) => {
            format!("{}, then {} more bytes", packet(&view.packet()), bytes.len() - len)
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

fn describe_publish(publish: &Publish<'_>) -> String {
    let mut out = format!("PUBLISH {} qos={}", quoted(publish.topic.as_bytes()), publish.qos as u8);
    if let Some(id) = publish.packet_id {
        let _ = write!(out, " id={id}");
    }
    for (set, name) in [(publish.dup, " dup"), (publish.retain, " retain")] {
        out.push_str(if set { name } else { "" });
    }
    let _ = write!(out, "{} payload={}", properties(&publish.properties), quoted(publish.payload));
    out
}

fn acknowledgement(name: &str, ack: &Acknowledgement<'_>) -> String {
    format!("{name} id={}{}{}", ack.packet_id, reason(ack.reason), properties(&ack.properties))
}

fn codes(name: &str, id: u16, codes: impl Iterator<Item = ReasonCode>, with: &Properties<'_>) -> String {
    let codes = codes.map(|code| format!(" 0x{:02x}", code.0));
    format!("{name} id={id}{}{}", properties(with), listed(codes, ""))
}

fn reason(code: ReasonCode) -> String {
    if code.0 == 0 { String::new() } else { format!(" 0x{:02x}", code.0) }
}

fn properties(properties: &Properties<'_>) -> String {
    let shown = listed(properties.iter().map(|property| describe_property(&property)), ", ");
    if shown.is_empty() { shown } else { format!(" [{shown}]") }
}

/// The items one behind the other; of many the first, and how many more there are.
fn listed(mut items: impl Iterator<Item = String>, between: &str) -> String {
    let mut out = items.by_ref().take(LISTED).collect::<Vec<_>>().join(between);
    let more = items.count();
    if more > 0 {
        let _ = write!(out, "{between} ... and {more} more");
    }
    out
}

/// A property, escaped, cut where it is long.
fn describe_property(property: &Property<'_>) -> String {
    let text = single_line(&format!("{property:?}"));
    match text.char_indices().nth(2 * SHOWN) {
        Some((end, _)) => format!("{}... ({} letters)", &text[..end], text.chars().count()),
        None => text,
    }
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

//! What a decoder is to make of bytes: what ours makes of them, and what the standard leaves open.

use mqtt_assay_codec::vectors::{Kind, Values};
use mqtt_assay_codec::{
    Context, DecodeError, Decoded, Expectation, Limits, Packet, Properties, Sender, Version, decode,
};

/// What is due for some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Due {
    /// The packet that they begin with, of this length, is accepted, with these values.
    Accept {
        /// Bytes of the packet.
        len: usize,
        /// What it says.
        values: Values,
        /// Why it may be refused all the same.
        or_refuse: Option<&'static str>,
    },
    /// They are refused.
    Refuse {
        /// For this.
        error: DecodeError,
        /// Why they may be accepted all the same.
        or_accept: Option<&'static str>,
    },
    /// More bytes are waited for. They may be refused already, where it is not known that they can still become legal: no
    /// decoder has to judge a packet before it is all there, and none has to wait with that.
    Wait {
        /// They are the start of a legal packet, and so not to be refused.
        of_legal: bool,
    },
}

/// What is due after each piece of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DueOfStream {
    /// The piece that completes each packet, counted from 1, and what the packet says.
    pub packets: Vec<(usize, Values)>,
    /// What is due for the rest; none where the pieces end between packets.
    pub rest: Option<Due>,
}

/// What is due for these bytes, which were made from the legal packet `base`.
pub(super) fn due(bytes: &[u8], context: Context, base: &[u8], expectation: Option<Expectation>) -> Due {
    let open = match expectation {
        Some(Expectation::MayEither(why)) => Some(why),
        _ => None,
    };
    match decode(bytes, context, &Limits::NONE) {
        Ok(Decoded::Partial { .. }) => Due::Wait { of_legal: base.starts_with(bytes) },
        Ok(Decoded::Complete { packet, len }) => {
            let or_refuse = open.or_else(|| may_be_refused(&packet, &bytes[..len], context));
            Due::Accept { len, values: Values::of(&packet, context.version), or_refuse }
        }
        Err(error) => Due::Refuse { or_accept: open.or_else(|| may_be_accepted(&error)), error },
    }
}

/// What is due for a stream in these pieces, made from the legal packet `base`.
pub(super) fn due_of_stream(pieces: &[Vec<u8>], context: Context, base: &[u8]) -> DueOfStream {
    let bytes = pieces.concat();
    let (mut packets, mut from) = (Vec::new(), 0);
    while from < bytes.len() {
        match due(&bytes[from..], context, base, None) {
            Due::Accept { len, values, or_refuse: None } => {
                from += len;
                packets.push((piece_at(pieces, from), values));
            }
            other => return DueOfStream { packets, rest: Some(other) },
        }
    }
    DueOfStream { packets, rest: None }
}

/// The piece, counted from 1, that holds the byte before this offset.
fn piece_at(pieces: &[Vec<u8>], offset: usize) -> usize {
    let mut end = 0;
    let before = |piece: &&Vec<u8>| {
        end += piece.len();
        end < offset
    };
    pieces.iter().take_while(before).count() + 1
}

/// What the standard lets a receiver refuse, though it is legal to send.
fn may_be_refused(packet: &Packet<'_>, bytes: &[u8], context: Context) -> Option<&'static str> {
    let values = Values::of(packet, context.version);
    let is_text = |name: &str| !matches!(name, "payload" | "will-payload" | "password") && !name.ends_with("-data");
    let odd = values.fields.iter().filter(|(name, _)| is_text(name)).any(|(_, value)| holds_odd_characters(value));
    if odd {
        return Some("text with control characters or non-characters may be refused");
    }
    let not_utf8 = |properties: Properties<'_>, payload: &[u8]| {
        properties.payload_format_indicator() == Some(1) && str::from_utf8(payload).is_err()
    };
    let judged = match packet {
        Packet::Publish(publish) => not_utf8(publish.properties, publish.payload),
        Packet::Connect(connect) => connect.will.is_some_and(|will| not_utf8(will.properties, will.payload)),
        _ => false,
    };
    if judged {
        return Some("a payload that is not the UTF-8 that it is said to be may be refused");
    }
    if context.version != Version::V5 && bytes.len() > 2 && has_long_length(bytes) {
        return Some("3.1.1 does not say whether a length may be longer than need be");
    }
    let disconnect = matches!(packet, Packet::Disconnect(disconnect) if disconnect.reason.0 == 0x8C);
    (disconnect && context.from == Sender::Server).then_some("the tables of the standard disagree about code 0x8C")
}

fn holds_odd_characters(value: &mqtt_assay_codec::vectors::Value) -> bool {
    use mqtt_assay_codec::vectors::Value;
    match value {
        Value::Number(_) => false,
        Value::Bytes(bytes) | Value::Filter(bytes, _) => is_odd(bytes),
        Value::Pair(name, value) => is_odd(name) || is_odd(value),
    }
}

fn is_odd(bytes: &[u8]) -> bool {
    let odd = |character: char| {
        let code = u32::from(character);
        character.is_control() || code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code)
    };
    // U+FEFF is not to be skipped or taken away (MQTT-1.5.4-3), so it is no odd one.
    str::from_utf8(bytes).is_ok_and(|text| text.chars().any(odd))
}

/// Whether the remaining length takes a byte more than it needs.
fn has_long_length(bytes: &[u8]) -> bool {
    let length = &bytes[1..bytes.len().min(5)];
    let last = length.iter().position(|byte| byte & 0x80 == 0).unwrap_or(0);
    last > 0 && length[last] == 0
}

/// What a decoder may hand out, because it is for its caller to answer.
fn may_be_accepted(error: &DecodeError) -> Option<&'static str> {
    (Kind::of(error.rule, error.version) == Kind::AnsweredByConnack)
        .then_some("a CONNECT that is to be answered by CONNACK may be handed out for that")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Context = Context::new(Version::V5, Sender::Client);

    #[test]
    fn a_packet_is_accepted_refused_or_waited_for() {
        assert!(matches!(due(b"\xC0\x00\xC0", CLIENT, b"", None), Due::Accept { len: 2, or_refuse: None, .. }));
        assert!(matches!(due(b"\xC1\x00", CLIENT, b"", None), Due::Refuse { or_accept: None, .. }));
        assert_eq!(due(b"\xC0", CLIENT, b"\xC0\x00", None), Due::Wait { of_legal: true });
        assert_eq!(due(b"\x30\x40\x00\x02+", CLIENT, b"\xC0\x00", None), Due::Wait { of_legal: false });
    }

    #[test]
    fn what_the_standard_leaves_open_is_left_open() {
        let open = |bytes: &[u8], context| match due(bytes, context, b"", None) {
            Due::Accept { or_refuse: why, .. } | Due::Refuse { or_accept: why, .. } => why.is_some(),
            Due::Wait { .. } => false,
        };
        assert!(open(b"\x30\x04\x00\x01\x01\x00", CLIENT), "a control character");
        assert!(open(b"\x30\x07\x00\x01a\x02\x01\x01\xFF", CLIENT), "a payload that is said to be UTF-8");
        assert!(open(b"\x10\x0F\x00\x04MQTT\x06\x02\x00\x3C\x00\x00\x02id", CLIENT), "a level to answer");
        let old = Context::new(Version::V3_1_1, Sender::Client);
        assert!(open(b"\x30\x83\x00\x00\x01a", old), "a long length before 5.0");
        assert!(!open(b"\x30\x04\x00\x01a\x00", CLIENT));
    }

    #[test]
    fn a_stream_is_due_piece_by_piece() {
        let pieces = [&b"\xC0"[..], b"\x00\xC0\x00", b"\x30"].map(<[u8]>::to_vec);
        let due = due_of_stream(&pieces, CLIENT, b"\x30\x03");
        assert_eq!(due.packets.iter().map(|(piece, _)| *piece).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(due.rest, Some(Due::Wait { of_legal: true }));
        assert_eq!(due_of_stream(&pieces[..2], CLIENT, b"").rest, None);
    }
}

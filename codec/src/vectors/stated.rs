//! Values as a decoder states them: the line read back.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::packet::{PacketType, PropertyId, PropertyType};
use crate::vectors::values::{Value, Values, property_name};

/// How the value of a field is written.
enum Form {
    Number,
    Bytes,
    Pair,
    Filter,
}

impl Values {
    /// Reads the line that [`Display`](core::fmt::Display) writes. Names are those of the fields that some packet has.
    ///
    /// # Errors
    ///
    /// The word of the line that is none, as it stands there.
    ///
    /// ```
    /// use mqtt_assay_codec::vectors::Values;
    /// let line = "PUBLISH dup=0 qos=0 retain=0 topic=612f62 user-property=6b:76 payload=";
    /// assert_eq!(Values::from_line(line).map(|values| values.to_string()), Ok(line.into()));
    /// assert_eq!(Values::from_line("PUBLISH qos=much"), Err("qos=much".into()));
    /// ```
    pub fn from_line(line: &str) -> Result<Self, String> {
        let mut words = line.split_ascii_whitespace();
        let name = words.next().unwrap_or_default();
        let packet = PacketType::ALL.into_iter().find(|known| known.name() == name).ok_or_else(|| name.to_owned())?;
        let fields = words.map(|word| field(packet, word).ok_or_else(|| word.to_owned()));
        Ok(Self { packet, fields: fields.collect::<Result<_, _>>()? })
    }
}

/// The property of this name, as the line writes it.
pub(super) fn property_named(name: &str) -> Option<PropertyId> {
    PropertyId::ALL.into_iter().find(|id| property_name(*id) == name)
}

fn field(packet: PacketType, word: &str) -> Option<(String, Value)> {
    let (name, written) = word.split_once('=')?;
    let value = match form(packet, name)? {
        Form::Number => Value::Number(written.parse().ok()?),
        Form::Bytes => Value::Bytes(unhex(written)?),
        Form::Pair => {
            let (name, value) = written.split_once(':')?;
            Value::Pair(unhex(name)?, unhex(value)?)
        }
        Form::Filter => {
            let mut parts = written.split(':');
            let filter = unhex(parts.next()?)?;
            Value::Filter(filter, parts.map(|part| part.parse().ok()).collect::<Option<_>>()?)
        }
    };
    Some((name.to_owned(), value))
}

fn form(packet: PacketType, name: &str) -> Option<Form> {
    let property = property_named(name.strip_prefix("will.").unwrap_or(name));
    if let Some(id) = property {
        return Some(match id.value_type()? {
            PropertyType::Utf8String | PropertyType::BinaryData => Form::Bytes,
            PropertyType::Utf8StringPair => Form::Pair,
            _ => Form::Number,
        });
    }
    Some(match name {
        "topic-filter" if packet == PacketType::Subscribe => Form::Filter,
        "protocol-name" | "client-identifier" | "will-topic" | "will-payload" | "user-name" | "password" | "topic"
        | "payload" | "topic-filter" => Form::Bytes,
        "protocol-level" | "clean-start" | "keep-alive" | "will-qos" | "will-retain" | "session-present"
        | "reason-code" | "dup" | "qos" | "retain" | "packet-identifier" => Form::Number,
        _ => return None,
    })
}

/// The bytes of hexadecimal digits; `None` where a digit is none, or has no other beside it.
fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| if let &[high, low] = pair { Some(digit(high)? << 4 | digit(low)?) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_value_is_named() {
        for (line, word) in [
            ("", ""),
            ("PUBLISHED qos=0", "PUBLISHED"),
            ("PUBLISH topic=6", "topic=6"),
            ("PUBLISH topic=xy", "topic=xy"),
            ("PUBLISH colour=1", "colour=1"),
            ("PUBLISH topic", "topic"),
            ("SUBSCRIBE topic-filter=61:one", "topic-filter=61:one"),
            ("PUBLISH user-property=61", "user-property=61"),
        ] {
            assert_eq!(Values::from_line(line), Err(word.into()), "{line}");
        }
    }
}

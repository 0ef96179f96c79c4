//! Bytes and values as the lines of the protocol have them.

use std::fmt::{self, Write as _};

/// The bytes that these hexadecimal digits stand for.
pub(crate) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    if !hex.len().is_multiple_of(2) {
        return None;
    }
    hex.as_bytes().chunks(2).map(|pair| Some(digit(&pair[0])? << 4 | digit(&pair[1])?)).collect()
}

/// The values of a packet, written as they are added.
pub(crate) struct Values(String);

impl Values {
    /// Those of a packet of this type.
    pub(crate) fn of(packet_type: &str) -> Self {
        Self(packet_type.to_owned())
    }

    /// A number, or a flag.
    pub(crate) fn number(&mut self, name: &str, value: impl TryInto<u64>) {
        // No field of the format is wider; a codec's own type may be.
        if let Ok(value) = value.try_into() {
            _ = write!(self.0, " {name}={value}");
        }
    }

    /// A number that may be absent.
    pub(crate) fn number_if(&mut self, name: &str, value: Option<impl TryInto<u64>>) {
        if let Some(value) = value {
            self.number(name, value);
        }
    }

    /// Text or binary data.
    pub(crate) fn bytes(&mut self, name: &str, value: impl AsRef<[u8]>) {
        _ = write!(self.0, " {name}={}", Hex(value.as_ref()));
    }

    /// Text or binary data that may be absent.
    pub(crate) fn bytes_if(&mut self, name: &str, value: Option<impl AsRef<[u8]>>) {
        if let Some(value) = value {
            self.bytes(name, value);
        }
    }

    /// User Properties, in their order.
    pub(crate) fn user_properties(&mut self, name: &str, pairs: &[(String, String)]) {
        for (key, value) in pairs {
            _ = write!(self.0, " {name}={}:{}", Hex(key.as_bytes()), Hex(value.as_bytes()));
        }
    }

    /// A topic filter of a SUBSCRIBE with its options.
    pub(crate) fn filter(&mut self, filter: &str, options: &[u8]) {
        self.bytes("topic-filter", filter);
        for option in options {
            _ = write!(self.0, ":{option}");
        }
    }

    /// The line.
    pub(crate) fn line(self) -> String {
        self.0
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for byte in self.0 {
            f.write_char(char::from(DIGITS[usize::from(byte >> 4)]))?;
            f.write_char(char::from(DIGITS[usize::from(byte & 15)]))?;
        }
        Ok(())
    }
}

//! What can be told of a packet before it is read: its length, and the version that a CONNECT speaks.

use mqtt_assay_codec::PacketType;

/// What the first packet's fixed header and name give away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// A protocol name and level.
    Level { name_is_mqtt: bool, level: u8 },
    /// Too few bytes to say.
    Unknown,
    /// Another packet than CONNECT.
    Other(u8),
}

/// How long the first packet is, by its fixed header alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PacketLen {
    /// In bytes, fixed header included.
    Known(usize),
    /// Its length isn't here yet.
    Unknown,
    /// Its length takes more than four bytes.
    Never,
}

pub(crate) fn packet_len(input: &[u8]) -> PacketLen {
    let mut length = 0;
    for (index, byte) in input.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return PacketLen::Known(index + 2 + length);
        }
    }
    if input.len() < 5 { PacketLen::Unknown } else { PacketLen::Never }
}

pub(crate) fn is_incomplete(input: &[u8]) -> bool {
    match packet_len(input) {
        PacketLen::Known(len) => len > input.len(),
        PacketLen::Unknown => true,
        PacketLen::Never => false,
    }
}

/// Reads as much of the first packet as tells which version it speaks.
pub(crate) fn greeting(input: &[u8]) -> Greeting {
    let Some(first) = input.first() else { return Greeting::Unknown };
    if first >> 4 != PacketType::Connect as u8 {
        return Greeting::Other(first >> 4);
    }
    let Some(end) = input.iter().skip(1).take(4).position(|byte| byte & 0x80 == 0) else { return Greeting::Unknown };
    let body = &input[end + 2..];
    let Some(&[high, low]) = body.get(..2) else { return Greeting::Unknown };
    let name_length = usize::from(u16::from_be_bytes([high, low]));
    if name_length != "MQTT".len() && name_length != "MQIsdp".len() {
        return Greeting::Level { name_is_mqtt: false, level: 0 };
    }
    let (Some(name), Some(level)) = (body.get(2..2 + name_length), body.get(2 + name_length)) else {
        return Greeting::Unknown;
    };
    Greeting::Level { name_is_mqtt: name == b"MQTT", level: *level }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_found_behind_any_length() {
        let level = Greeting::Level { name_is_mqtt: true, level: 5 };
        for (input, expected) in [
            (&b"\x10\x0d\x00\x04MQTT\x05"[..], level),
            (b"\x10\x8d\x01\x00\x04MQTT\x05", level),
            (b"\x10\x0d\x00\x04MQTT", Greeting::Unknown),
            (b"\x10", Greeting::Unknown),
            (b"\x10\xff\xff\xff\xff\x01", Greeting::Unknown),
            (b"\xc0\x00", Greeting::Other(12)),
            (b"\x10\x20\xff\xff", Greeting::Level { name_is_mqtt: false, level: 0 }),
            (b"\x10\x0e\x00\x06MQIsdp\x03", Greeting::Level { name_is_mqtt: false, level: 3 }),
        ] {
            assert_eq!(greeting(input), expected, "{input:x?}");
        }
    }

    #[test]
    fn the_length_counts_the_fixed_header() {
        for (input, expected) in [
            (&b"\xc0\x00"[..], PacketLen::Known(2)),
            (b"\x30\x80\x01", PacketLen::Known(131)),
            (b"\x30\x80", PacketLen::Unknown),
            (b"\x30", PacketLen::Unknown),
            (b"\x30\xff\xff\xff\x7f", PacketLen::Known(268_435_460)),
            (b"\x30\xff\xff\xff\xff", PacketLen::Never),
        ] {
            assert_eq!(packet_len(input), expected, "{input:x?}");
        }
    }
}

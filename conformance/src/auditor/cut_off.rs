//! What can be read of a SUBSCRIBE or UNSUBSCRIBE that ends too early, or whose properties are none: a broker that deals with
//! its topic filters as they come has heeded those before it meets the mistake, and one that passes over the mistake heeds all.

use mqtt_assay_codec::{PacketType, Version};

/// The packet with the topic filters that are whole; nothing where none is, or it is another packet.
pub(super) fn with_whole_filters(version: Version, bytes: &[u8]) -> Option<Vec<u8>> {
    let (&first, rest) = bytes.split_first()?;
    let options = match PacketType::from_number(first >> 4)? {
        PacketType::Subscribe => 1,
        PacketType::Unsubscribe => 0,
        _ => return None,
    };
    let (length, after) = number(rest)?;
    let body = after.get(..length).unwrap_or(after);
    let head = filters_begin(version, body)?;
    let mut end = head;
    while let Some(entry) = body.get(end..).and_then(|left| whole(left, options)) {
        end += entry;
    }
    let kept = body.get(..end).filter(|_| end > head)?;
    Some([&[first], encoded(kept.len()).as_slice(), kept].concat())
}

/// The same packet without its properties.
pub(super) fn without_properties(version: Version, bytes: &[u8]) -> Option<Vec<u8>> {
    let (&first, rest) = bytes.split_first().filter(|_| version == Version::V5)?;
    let (_, body) = number(rest)?;
    let filters = body.get(filters_begin(version, body)?..)?;
    let kept = [body.get(..2)?, &[0], filters].concat();
    Some([&[first], encoded(kept.len()).as_slice(), &kept].concat())
}

/// Behind the packet identifier and, in 5.0, the properties.
fn filters_begin(version: Version, body: &[u8]) -> Option<usize> {
    if version != Version::V5 {
        return Some(2);
    }
    let (length, after) = number(body.get(2..)?)?;
    Some(body.len() - after.len() + length)
}

/// How long the first filter with its options is, if it is whole.
fn whole(left: &[u8], options: usize) -> Option<usize> {
    let [high, low, ..] = *left else { return None };
    let length = 2 + usize::from(u16::from_be_bytes([high, low])) + options;
    (length <= left.len()).then_some(length)
}

/// A variable byte integer, and what is behind it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let len = bytes.iter().take(4).position(|byte| byte & 0x80 == 0)? + 1;
    let (digits, rest) = bytes.split_at(len);
    let value = digits.iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f));
    Some((value, rest))
}

fn encoded(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let digit = (value & 0x7f) as u8;
        value >>= 7;
        bytes.push(if value == 0 { digit } else { digit | 0x80 });
        if value == 0 {
            return bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::{Context, Decoded, Limits, Packet, Sender, decode};

    /// Two filters, `a/b` and `c`, of a SUBSCRIBE without properties, cut after so many bytes, with a length that says so.
    fn cut(version: Version, at: usize) -> Vec<u8> {
        let properties: &[u8] = if version == Version::V5 { &[0] } else { &[] };
        let body = [&[0, 7], properties, b"\0\x03a/b\x01\0\x01c\x02"].concat();
        let body = &body[..at.min(body.len())];
        [&[0x82, body.len() as u8], body].concat()
    }

    #[test]
    fn what_is_left_is_a_packet_of_the_whole_filters() {
        for version in [Version::V3_1_1, Version::V5] {
            let head = filters_begin(version, &cut(version, 20)[2..]).expect("it is there");
            for (at, filters) in [(0, 0), (head, 0), (head + 5, 0), (head + 6, 1), (head + 9, 1), (head + 10, 2)] {
                let whole = with_whole_filters(version, &cut(version, at));
                assert_eq!(whole.is_some(), filters > 0, "{version} cut at {at}");
                let Some(bytes) = whole else { continue };
                let context = Context::new(version, Sender::Client);
                match decode(&bytes, context, &Limits::default()) {
                    Ok(Decoded::Complete { packet: Packet::Subscribe(subscribe), len }) => {
                        assert_eq!(
                            (subscribe.filters.iter().count(), len),
                            (filters, bytes.len()),
                            "{version} cut at {at}"
                        );
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    #[test]
    fn nothing_is_read_where_nothing_is_whole() {
        for bytes in [&b""[..], b"\x82", b"\x82\xff\xff\xff\xff\x7f", b"\xa2\x03\0\x01\0", b"\x30\x03\0\x01a"] {
            for version in [Version::V3_1_1, Version::V5] {
                assert_eq!(with_whole_filters(version, bytes), None);
            }
        }
    }
}

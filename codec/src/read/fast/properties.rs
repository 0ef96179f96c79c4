//! Blocks of properties accepted in few instructions, for the short way: all that is judged of a property stands in
//! one small table.

use crate::packet::{LAST_PROPERTY, Limits, PacketType, PropertyHome, PropertyId, PropertyType};
use crate::read::fast::strings::{prefixed, string, topic_name};

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A byte that is 0 or 1.
    Flag,
    TwoBytes,
    TwoBytesAboveZero,
    FourBytes,
    FourBytesAboveZero,
    VariableAboveZero,
    Text,
    TopicName,
    Binary,
    Pair,
    /// No property has this identifier.
    Unknown,
}

/// All that is judged of a property.
#[derive(Clone, Copy)]
struct Traits {
    /// The bit of the identifier; 0 if the property may repeat.
    once: u64,
    homes: u16,
    shape: Shape,
}

static TABLE: [Traits; LAST_PROPERTY + 1] = {
    let mut table = [Traits { once: 0, homes: 0, shape: Shape::Unknown }; LAST_PROPERTY + 1];
    let mut id = 0;
    while id <= LAST_PROPERTY {
        let shape = shape(PropertyId(id as u8));
        let once = if matches!(shape, Shape::Pair) { 0 } else { 1 << id };
        table[id] = Traits { once, homes: PropertyId(id as u8).homes(), shape };
        id += 1;
    }
    table
};

const fn shape(id: PropertyId) -> Shape {
    match (id.value_type(), id) {
        (Some(PropertyType::Byte), _) => Shape::Flag,
        (Some(PropertyType::TwoByteInteger), PropertyId::RECEIVE_MAXIMUM | PropertyId::TOPIC_ALIAS) => {
            Shape::TwoBytesAboveZero
        }
        (Some(PropertyType::TwoByteInteger), _) => Shape::TwoBytes,
        (Some(PropertyType::FourByteInteger), PropertyId::MAXIMUM_PACKET_SIZE) => Shape::FourBytesAboveZero,
        (Some(PropertyType::FourByteInteger), _) => Shape::FourBytes,
        (Some(PropertyType::VariableByteInteger), _) => Shape::VariableAboveZero,
        (Some(PropertyType::Utf8String), PropertyId::RESPONSE_TOPIC) => Shape::TopicName,
        (Some(PropertyType::Utf8String), _) => Shape::Text,
        (Some(PropertyType::BinaryData), _) => Shape::Binary,
        (Some(PropertyType::Utf8StringPair), _) => Shape::Pair,
        (None, _) => Shape::Unknown,
    }
}

/// The properties at the start of `rest` that may not repeat, one bit each by their identifiers, and what follows them all.
#[inline(never)]
pub(crate) fn properties<'a>(rest: &'a [u8], home: PropertyHome, limits: &Limits) -> Option<(u64, &'a [u8])> {
    let (length, rest) = match *rest {
        [length @ ..0x80, ref rest @ ..] => (usize::from(length), rest),
        [low, high @ 1..0x80, ref rest @ ..] => (usize::from(low & 0x7F) | usize::from(high) << 7, rest),
        _ => return None,
    };
    let (mut block, rest) = rest.split_at_checked(length)?;
    let mut seen = 0;
    while let Some((&id, behind)) = block.split_first() {
        let Traits { once, homes, shape } = *TABLE.get(usize::from(id))?;
        if homes & home.bit() == 0 || seen & once != 0 {
            return None;
        }
        seen |= once;
        block = value(shape, behind, home, limits)?;
    }
    Some((seen, rest))
}

/// What follows the value at the start of `rest`.
#[inline]
fn value<'a>(shape: Shape, rest: &'a [u8], home: PropertyHome, limits: &Limits) -> Option<&'a [u8]> {
    let (fine, rest) = match shape {
        Shape::Flag => rest.split_first().map(|(&byte, rest)| (byte <= 1, rest))?,
        Shape::TwoBytes => rest.split_first_chunk::<2>().map(|(_, rest)| (true, rest))?,
        Shape::TwoBytesAboveZero => rest.split_first_chunk().map(|(bytes, rest)| (*bytes != [0; 2], rest))?,
        Shape::FourBytes => rest.split_first_chunk::<4>().map(|(_, rest)| (true, rest))?,
        Shape::FourBytesAboveZero => rest.split_first_chunk().map(|(bytes, rest)| (*bytes != [0; 4], rest))?,
        // A PUBLISH with one may not come from a client.
        Shape::VariableAboveZero => match *rest {
            [1..0x80, ref rest @ ..] => (home != PropertyHome::Packet(PacketType::Publish), rest),
            _ => return None,
        },
        Shape::Binary => (true, prefixed(rest)?.1),
        Shape::Text => (true, string(rest, limits)?.1),
        Shape::TopicName => (true, topic_name(rest, limits)?),
        Shape::Pair => {
            let (_, rest) = string(rest, limits)?;
            (limits.max_user_properties == u32::MAX, string(rest, limits)?.1)
        }
        Shape::Unknown => return None,
    };
    fine.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::broken_value_rule;

    #[test]
    fn the_table_judges_numbers_as_the_reader_does() {
        for id in (0..=255).map(PropertyId) {
            let shape = TABLE.get(usize::from(id.0)).map_or(Shape::Unknown, |traits| traits.shape);
            for number in [0, 1, 2, 100, 127] {
                let fine = match shape {
                    Shape::Flag => number <= 1,
                    Shape::TwoBytesAboveZero | Shape::FourBytesAboveZero | Shape::VariableAboveZero => number != 0,
                    _ => true,
                };
                assert_eq!(fine, broken_value_rule(id, number).is_none(), "{id} of {number}");
            }
            assert_eq!(shape == Shape::Unknown, id.value_type().is_none(), "{id}");
        }
    }
}

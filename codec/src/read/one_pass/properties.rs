//! Blocks of properties, judged and shown in the same pass. What may stand in a block, and has not come yet, is one word with
//! a bit for each identifier; what a value must be stands in a small table.

use crate::packet::{Limits, Properties, PropertyHome, PropertyId, PropertyType, RawValue, Sender};
use crate::read::one_pass::strings::{prefixed, string, topic_name};
use crate::read::one_pass::{Judging, Visit, variable};
use crate::rule::{holds, may_repeat, value_is_legal};

/// A block that was judged.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a> {
    pub(crate) block: Properties<'a>,
    /// The identifiers that came and may not come again, one bit each.
    seen: u64,
}

impl Block<'_> {
    /// Whether a property with this identifier came; not for those that may come again.
    #[inline]
    pub(crate) const fn has(&self, id: PropertyId) -> bool {
        self.seen & bit(id) != 0
    }
}

const fn bit(id: PropertyId) -> u64 {
    1 << (id.0 & 63)
}

/// The properties at the start of `rest`, and what follows them all.
#[inline(never)]
pub(super) fn properties<'a>(
    rest: &'a [u8],
    home: PropertyHome,
    Judging { context, limits }: Judging<'_>,
    visit: &mut impl Visit<'a>,
) -> Option<(Block<'a>, &'a [u8])> {
    let (length, rest) = variable(rest)?;
    let (block, rest) = rest.split_at_checked(length)?;
    let Openings { all, again } = OPENINGS[context.from as usize][home.index()];
    let mut open = all;
    let mut values = Values { limits, user_properties_left: limits.max_user_properties };
    let mut left = block;
    while let Some((&id, behind)) = left.split_first() {
        let id = PropertyId(id);
        // That it may stand here, and has not come yet.
        if id.0 >= 64 || open & bit(id) == 0 {
            return None;
        }
        open = open & !bit(id) | again;
        left = values.value(SHAPES[usize::from(id.0)], behind, (home, id), visit)?;
    }
    Some((Block { block: Properties::from_block(block, home.bit()), seen: all & !open }, rest))
}

/// The properties that may come in a home from a side, one bit each by their identifiers.
#[derive(Clone, Copy)]
struct Openings {
    all: u64,
    /// Those that may come again.
    again: u64,
}

/// By sender and home.
const OPENINGS: [[Openings; PropertyHome::COUNT]; Sender::ALL.len()] = {
    let mut table = [[Openings { all: 0, again: 0 }; PropertyHome::COUNT]; Sender::ALL.len()];
    let mut from = 0;
    while from < Sender::ALL.len() {
        let mut home = 0;
        while home < PropertyHome::COUNT {
            table[from][home] = openings(PropertyHome::at(home), Sender::ALL[from]);
            home += 1;
        }
        from += 1;
    }
    table
};

const fn openings(home: PropertyHome, from: Sender) -> Openings {
    let mut openings = Openings { all: 0, again: 0 };
    let mut index = 0;
    while index < PropertyId::ALL.len() {
        let id = PropertyId::ALL[index];
        if holds(home, id, from) {
            openings.all |= bit(id);
            if may_repeat(home, id) {
                openings.again |= bit(id);
            }
        }
        index += 1;
    }
    openings
}

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

const SHAPES: [Shape; 64] = {
    let mut shapes = [Shape::Unknown; 64];
    let mut id = 0;
    while id < shapes.len() {
        shapes[id] = shape(PropertyId(id as u8));
        id += 1;
    }
    shapes
};

const fn shape(id: PropertyId) -> Shape {
    match (id.value_type(), id) {
        (Some(PropertyType::Byte), _) => Shape::Flag,
        (Some(PropertyType::TwoByteInteger), _) if value_is_legal(id, 0) => Shape::TwoBytes,
        (Some(PropertyType::TwoByteInteger), _) => Shape::TwoBytesAboveZero,
        (Some(PropertyType::FourByteInteger), _) if value_is_legal(id, 0) => Shape::FourBytes,
        (Some(PropertyType::FourByteInteger), _) => Shape::FourBytesAboveZero,
        (Some(PropertyType::VariableByteInteger), _) => Shape::VariableAboveZero,
        (Some(PropertyType::Utf8String), PropertyId::RESPONSE_TOPIC) => Shape::TopicName,
        (Some(PropertyType::Utf8String), _) => Shape::Text,
        (Some(PropertyType::BinaryData), _) => Shape::Binary,
        (Some(PropertyType::Utf8StringPair), _) => Shape::Pair,
        (None, _) => Shape::Unknown,
    }
}

/// What values are judged by.
struct Values<'l> {
    limits: &'l Limits,
    /// User properties that may still come.
    user_properties_left: u32,
}

impl Values<'_> {
    /// Judges the value at the start of `rest` and shows it; yields what follows.
    #[expect(clippy::inline_always, reason = "the body of a loop")]
    #[inline(always)]
    fn value<'a>(
        &mut self,
        shape: Shape,
        rest: &'a [u8],
        (home, id): (PropertyHome, PropertyId),
        visit: &mut impl Visit<'a>,
    ) -> Option<&'a [u8]> {
        Some(match shape {
            Shape::Flag => {
                let (&byte, rest) = rest.split_first()?;
                if byte > 1 {
                    return None;
                }
                visit.property(home, id, RawValue::Byte(byte));
                rest
            }
            Shape::TwoBytes | Shape::TwoBytesAboveZero => {
                let (&bytes, rest) = rest.split_first_chunk()?;
                if bytes == [0; 2] && shape == Shape::TwoBytesAboveZero {
                    return None;
                }
                visit.property(home, id, RawValue::TwoByteInteger(u16::from_be_bytes(bytes)));
                rest
            }
            Shape::FourBytes | Shape::FourBytesAboveZero => {
                let (&bytes, rest) = rest.split_first_chunk()?;
                if bytes == [0; 4] && shape == Shape::FourBytesAboveZero {
                    return None;
                }
                visit.property(home, id, RawValue::FourByteInteger(u32::from_be_bytes(bytes)));
                rest
            }
            Shape::VariableAboveZero => {
                let (number, rest) = variable(rest)?;
                if number == 0 {
                    return None;
                }
                visit.property(home, id, RawValue::VariableByteInteger(number as u32));
                rest
            }
            Shape::Text => {
                let (text, rest) = string(rest, self.limits)?;
                visit.property(home, id, RawValue::Utf8String(text));
                rest
            }
            Shape::TopicName => {
                let (topic, rest) = topic_name(rest, self.limits)?;
                if topic.is_empty() {
                    return None;
                }
                visit.property(home, id, RawValue::Utf8String(topic));
                rest
            }
            Shape::Binary => {
                let (data, rest) = prefixed(rest)?;
                visit.property(home, id, RawValue::BinaryData(data));
                rest
            }
            Shape::Pair => {
                let (name, rest) = string(rest, self.limits)?;
                let (value, rest) = string(rest, self.limits)?;
                self.user_properties_left = self.user_properties_left.checked_sub(1)?;
                visit.property(home, id, RawValue::Utf8StringPair(name, value));
                rest
            }
            Shape::Unknown => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::broken_value_rule;

    #[test]
    fn shapes_judge_numbers_as_the_reader_does() {
        for id in (0..64).map(PropertyId) {
            let shape = SHAPES[usize::from(id.0)];
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

    #[test]
    fn each_home_and_sender_has_its_own_place_in_the_table() {
        for (from, homes) in OPENINGS.iter().enumerate() {
            assert_eq!(Sender::ALL[from] as usize, from);
            for home in 0..homes.len() {
                assert_eq!(PropertyHome::at(home).index(), home);
            }
        }
    }
}

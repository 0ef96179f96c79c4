//! A block of properties: the encoded bytes with an iterator over them, and the builder of such bytes.

use alloc::vec::Vec;
use core::fmt;

use crate::packet::cursor::Cursor;
use crate::packet::encode_error::EncodeError;
use crate::packet::listed::listed;
use crate::packet::properties::property::{Property, PropertyHome, PropertyId, PropertyType, RawValue};
use crate::packet::properties::rows::property_rows;
use crate::packet::wire::{self, MAX_VARIABLE_BYTE_INTEGER};

/// Properties of one packet or will: the encoded block without its length, read on demand.
///
/// Comes from the decoder, validated, or from [`PropertiesBuf::as_properties`]. Two blocks are equal if they hold
/// the same properties in the same order.
#[derive(Clone, Copy)]
pub struct Properties<'a> {
    bytes: &'a [u8],
    /// The first property that the builder of this block could not encode.
    too_long: Option<PropertyId>,
    /// Homes in which all these properties may stand, as far as that is known: one bit each, see [`PropertyHome::bit`].
    homes: u16,
}

impl<'a> Properties<'a> {
    /// No properties.
    pub const EMPTY: Self = Self { bytes: &[], too_long: None, homes: u16::MAX };

    /// A block that the decoder accepted, and the homes in which its properties may stand, as far as that is known.
    #[inline]
    pub(crate) const fn from_block(bytes: &'a [u8], homes: u16) -> Self {
        Self { bytes, too_long: None, homes }
    }

    /// The properties in the order of their bytes.
    #[inline]
    pub fn iter(&self) -> PropertiesIter<'a> {
        PropertiesIter { cursor: Cursor::new(self.bytes) }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The encoded block, without the Property Length before it.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Names and values of the User Properties, in order.
    pub fn user_properties(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.iter().filter_map(|property| match property {
            Property::UserProperty(name, value) => Some((name, value)),
            _ => None,
        })
    }

    /// All Subscription Identifiers, in order: a PUBLISH from a server may carry several.
    pub fn subscription_identifiers(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.iter().filter_map(|property| match property {
            Property::SubscriptionIdentifier(identifier) => Some(identifier),
            _ => None,
        })
    }

    /// The identifiers, in order: passes over the values without reading them.
    pub(crate) fn ids(&self) -> impl Iterator<Item = PropertyId> + use<'a> {
        let mut cursor = Cursor::new(self.bytes);
        core::iter::from_fn(move || {
            if cursor.is_empty() {
                return None;
            }
            let id = PropertyId(cursor.u8());
            match id.value_type()? {
                PropertyType::Byte => _ = cursor.take(1),
                PropertyType::TwoByteInteger => _ = cursor.take(2),
                PropertyType::FourByteInteger => _ = cursor.take(4),
                PropertyType::VariableByteInteger => _ = cursor.variable(),
                PropertyType::Utf8String | PropertyType::BinaryData => _ = cursor.binary(),
                PropertyType::Utf8StringPair => _ = (cursor.binary(), cursor.binary()),
            }
            Some(id)
        })
    }

    /// Whether it is known that all these properties may stand in this home.
    #[inline]
    pub(crate) const fn known_in(&self, home: PropertyHome) -> bool {
        self.homes & home.bit() != 0
    }

    /// The first property that has no place in this home.
    pub(crate) fn stranger_in(&self, home: PropertyHome) -> Option<PropertyId> {
        if self.known_in(home) { None } else { self.ids().find(|id| !id.allowed_in(home)) }
    }

    /// What made the builder of this block give up, if it did.
    #[inline]
    pub(crate) const fn error(&self) -> Option<EncodeError> {
        match self.too_long {
            Some(id) => Some(EncodeError::PropertyTooLong(id)),
            None => None,
        }
    }
}

/// The getters: one for each row of the table.
macro_rules! getters {
    ($($(#[$doc:meta])* $variant:ident, $constant:ident, $getter:ident = $id:literal, $name:literal,
        $kind:ident $value:ty, will $will:literal, [$($packet:ident)*];)*) => {
        impl<'a> Properties<'a> {
            $($(#[$doc])*
            ///
            /// `None` if absent; the first one if it repeats.
            pub fn $getter(&self) -> Option<$value> {
                self.iter().find_map(|property| match property {
                    Property::$variant(value) => Some(value),
                    _ => None,
                })
            })*
        }
    };
}

property_rows!(getters);

impl PartialEq for Properties<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.bytes, self.too_long) == (other.bytes, other.too_long)
    }
}

impl Eq for Properties<'_> {}

impl Default for Properties<'_> {
    fn default() -> Self {
        Self::EMPTY
    }
}

listed! { Properties, PropertiesIter, Property<'a> }

/// Iterator over a block of properties.
#[derive(Debug, Clone)]
pub struct PropertiesIter<'a> {
    cursor: Cursor<'a>,
}

/// A value of this type, read at the cursor.
macro_rules! read {
    (Byte, $cursor:ident) => {
        $cursor.u8()
    };
    (TwoByteInteger, $cursor:ident) => {
        $cursor.u16()
    };
    (FourByteInteger, $cursor:ident) => {
        $cursor.u32()
    };
    (VariableByteInteger, $cursor:ident) => {
        $cursor.variable()
    };
    (Utf8String, $cursor:ident) => {
        $cursor.string()
    };
    (BinaryData, $cursor:ident) => {
        $cursor.binary()
    };
}

macro_rules! iterator {
    ($($(#[$doc:meta])* $variant:ident, $constant:ident, $getter:ident = $id:literal, $name:literal,
        $kind:ident $value:ty, will $will:literal, [$($packet:ident)*];)*) => {
        impl<'a> Iterator for PropertiesIter<'a> {
            type Item = Property<'a>;

            /// Ends at an identifier that it cannot read, which only waiving a rule can leave in a block.
            #[inline]
            fn next(&mut self) -> Option<Property<'a>> {
                if self.cursor.is_empty() {
                    return None;
                }
                let cursor = &mut self.cursor;
                Some(match cursor.u8() {
                    $($id => Property::$variant(read!($kind, cursor)),)*
                    0x26 => Property::UserProperty(cursor.string(), cursor.string()),
                    _ => return None,
                })
            }

            /// What `for_each` and its like come down to: half the work of calling `next`, for each kind of property is made
            /// and handed over in an arm of its own.
            #[inline]
            fn fold<B, F: FnMut(B, Property<'a>) -> B>(self, init: B, mut with: F) -> B {
                let (mut cursor, mut folded) = (self.cursor, init);
                while !cursor.is_empty() {
                    folded = match cursor.u8() {
                        $($id => with(folded, Property::$variant(read!($kind, cursor))),)*
                        0x26 => with(folded, Property::UserProperty(cursor.string(), cursor.string())),
                        _ => break,
                    };
                }
                folded
            }
        }
    };
}

property_rows!(iterator);

/// Builds a block of properties in its encoded form.
///
/// A property that cannot be encoded (a string above 65,535 bytes, a Subscription Identifier above 268,435,455) is
/// left out and remembered: encoding a packet with this block fails with that error.
///
/// ```
/// use mqtt_assay_codec::{PropertiesBuf, Property};
/// let properties: PropertiesBuf = [Property::TopicAlias(7), Property::UserProperty("a", "b")].into_iter().collect();
/// assert_eq!(properties.as_properties().topic_alias(), Some(7));
/// ```
#[derive(Clone)]
pub struct PropertiesBuf {
    bytes: Vec<u8>,
    /// As in [`Properties`].
    too_long: Option<PropertyId>,
    homes: u16,
}

impl PropertiesBuf {
    /// An empty block.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), too_long: None, homes: u16::MAX }
    }

    /// Appends a property; whether it may stand in the packet shows when the packet is encoded.
    pub fn push(&mut self, property: Property<'_>) -> Result<&mut Self, EncodeError> {
        let fits = match property.raw() {
            RawValue::VariableByteInteger(value) => value <= MAX_VARIABLE_BYTE_INTEGER,
            RawValue::Utf8String(text) => wire::fits(text.as_bytes()),
            RawValue::BinaryData(data) => wire::fits(data),
            RawValue::Utf8StringPair(name, value) => wire::fits(name.as_bytes()) && wire::fits(value.as_bytes()),
            _ => true,
        };
        if !fits {
            self.too_long.get_or_insert(property.id());
            return Err(EncodeError::PropertyTooLong(property.id()));
        }
        self.append(property);
        Ok(self)
    }

    /// The same block with one more property.
    #[must_use]
    pub fn with(mut self, property: Property<'_>) -> Self {
        // The error is kept in the block and comes back when a packet is encoded with it.
        drop(self.push(property));
        self
    }

    /// Whether there are no properties.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The block, for a packet.
    pub fn as_properties(&self) -> Properties<'_> {
        Properties { bytes: &self.bytes, too_long: self.too_long, homes: self.homes }
    }

    fn append(&mut self, property: Property<'_>) {
        self.homes &= property.id().homes();
        let bytes = &mut self.bytes;
        bytes.push(property.id().0);
        match property.raw() {
            RawValue::Byte(value) => bytes.push(value),
            RawValue::TwoByteInteger(value) => bytes.extend_from_slice(&value.to_be_bytes()),
            RawValue::FourByteInteger(value) => bytes.extend_from_slice(&value.to_be_bytes()),
            RawValue::VariableByteInteger(value) => wire::put_variable(bytes, value),
            RawValue::Utf8String(text) => wire::put_prefixed(bytes, text.as_bytes()),
            RawValue::BinaryData(data) => wire::put_prefixed(bytes, data),
            RawValue::Utf8StringPair(name, value) => {
                wire::put_prefixed(bytes, name.as_bytes());
                wire::put_prefixed(bytes, value.as_bytes());
            }
        }
    }
}

impl PartialEq for PropertiesBuf {
    fn eq(&self, other: &Self) -> bool {
        self.as_properties() == other.as_properties()
    }
}

impl Eq for PropertiesBuf {}

impl Default for PropertiesBuf {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PropertiesBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_properties().fmt(f)
    }
}

impl<'p> Extend<Property<'p>> for PropertiesBuf {
    fn extend<I: IntoIterator<Item = Property<'p>>>(&mut self, properties: I) {
        for property in properties {
            drop(self.push(property));
        }
    }
}

impl<'p> FromIterator<Property<'p>> for PropertiesBuf {
    fn from_iter<I: IntoIterator<Item = Property<'p>>>(properties: I) -> Self {
        let mut built = Self::new();
        built.extend(properties);
        built
    }
}

impl From<Properties<'_>> for PropertiesBuf {
    fn from(properties: Properties<'_>) -> Self {
        Self { bytes: properties.bytes.to_vec(), too_long: properties.too_long, homes: properties.homes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::version::PacketType;

    /// Every home that there is, whatever its number.
    fn homes() -> impl Iterator<Item = PropertyHome> {
        (1..=15).filter_map(PacketType::from_number).map(PropertyHome::Packet).chain([PropertyHome::Will])
    }

    #[test]
    fn a_builder_knows_where_its_properties_may_stand() {
        for id in PropertyId::ALL {
            let mut bytes = alloc::vec![id.0];
            bytes.extend([0; 8]);
            let Some(property) = Properties::from_block(&bytes, 0).iter().next() else { panic!("{id} is not read") };
            let built = PropertiesBuf::new().with(Property::UserProperty("", "")).with(property);
            for home in homes() {
                let stranger = [PropertyId::USER_PROPERTY, id].into_iter().find(|id| !id.allowed_in(home));
                assert_eq!(built.as_properties().stranger_in(home), stranger, "{id} in {home:?}");
            }
        }
    }

    #[test]
    fn where_nothing_is_known_of_a_block_it_is_looked_at() {
        let built = PropertiesBuf::new().with(Property::TopicAlias(1));
        let (publish, will) = (PropertyHome::Packet(PacketType::Publish), PropertyHome::Will);
        // As of a PUBLISH that was decoded: nothing is known of other homes.
        let block = Properties::from_block(&built.bytes, publish.bit());
        assert_eq!(block.stranger_in(publish), None);
        assert_eq!(block.stranger_in(will), Some(PropertyId::TOPIC_ALIAS));
        assert_eq!(Properties::from_block(&built.bytes, 0).stranger_in(publish), None);
    }
}

//! Properties of 5.0: identifiers, types and homes, and the typed values.

use core::fmt;

use crate::packet::properties::rows::property_rows;
use crate::packet::version::PacketType;

/// Identifier of a property (5.0 section 2.2.2.2). Every byte is a value; see [`PropertyId::name`] for those known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropertyId(pub u8);

/// How the value of a property is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PropertyType {
    /// One byte.
    Byte,
    /// Two bytes, big endian.
    TwoByteInteger,
    /// Four bytes, big endian.
    FourByteInteger,
    /// One to four bytes, seven bits each, lowest first.
    VariableByteInteger,
    /// Two bytes of length, then UTF-8.
    Utf8String,
    /// Two bytes of length, then any bytes.
    BinaryData,
    /// Two strings: name and value.
    Utf8StringPair,
}

/// Where a block of properties stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PropertyHome {
    /// The variable header of this packet.
    Packet(PacketType),
    /// The will in the payload of CONNECT.
    Will,
}

impl PropertyHome {
    /// How many there are.
    pub(crate) const COUNT: usize = 16;

    /// A number of its own, below [`Self::COUNT`].
    #[inline]
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Will => 0,
            Self::Packet(packet) => packet as usize,
        }
    }

    /// The home with this number, which is below [`Self::COUNT`].
    pub(crate) const fn at(index: usize) -> Self {
        match PacketType::from_number(index as u8) {
            Some(packet) => Self::Packet(packet),
            None => Self::Will,
        }
    }

    pub(crate) const fn bit(self) -> u16 {
        match self {
            Self::Will => 1,
            Self::Packet(packet) => 1 << packet as u16,
        }
    }
}

struct Entry {
    name: &'static str,
    kind: PropertyType,
    homes: u16,
}

/// Highest identifier that 5.0 defines.
const LAST_PROPERTY: usize = 0x2A;

macro_rules! properties {
    ($($(#[$doc:meta])* $variant:ident, $constant:ident, $getter:ident = $id:literal, $name:literal,
        $kind:ident $value:ty, will $will:literal, [$($packet:ident)*];)*) => {
        impl PropertyId {
            $($(#[$doc])* pub const $constant: Self = Self($id);)*
        }

        /// The table of properties, indexed by identifier.
        static TABLE: [Option<Entry>; LAST_PROPERTY + 1] = {
            let mut table = [const { None }; LAST_PROPERTY + 1];
            $(table[$id] = Some(Entry {
                name: $name,
                kind: PropertyType::$kind,
                homes: $will $(| PropertyHome::Packet(PacketType::$packet).bit())*,
            });)*
            table
        };

        /// A property with its value.
        ///
        /// Integers hold what the bytes say; ranges (for example 0 or 1) are rules that the decoder judges.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Property<'a> {
            $($(#[$doc])* $variant($value),)*
            /// A name and a value of the application's choice (0x26). May repeat; order is kept.
            UserProperty(&'a str, &'a str),
        }

        impl Property<'_> {
            /// Identifier of this property.
            pub const fn id(&self) -> PropertyId {
                match self {
                    $(Self::$variant(_) => PropertyId::$constant,)*
                    Self::UserProperty(..) => PropertyId::USER_PROPERTY,
                }
            }
        }

        impl<'a> Property<'a> {
            /// The typed property, from its identifier and raw value; `None` if they do not fit.
            // Where the type of the value is known, little of this is left.
            #[inline(always)]
            pub(crate) fn from_raw(id: PropertyId, raw: RawValue<'a>) -> Option<Self> {
                match (id, raw) {
                    $((PropertyId::$constant, RawValue::$kind(value)) => Some(Self::$variant(value)),)*
                    (PropertyId::USER_PROPERTY, RawValue::Utf8StringPair(name, value)) => {
                        Some(Self::UserProperty(name, value))
                    }
                    _ => None,
                }
            }

            /// As [`from_raw`](Self::from_raw), for who wants the property at once: it is made and handed over in an arm of
            /// its own, and need not be put together from all arms. What the function says of it goes back to the caller.
            #[inline(always)]
            pub(crate) fn hand_over<T>(id: PropertyId, raw: RawValue<'a>, to: impl FnOnce(Self) -> T) -> Option<T> {
                match (id, raw) {
                    $((PropertyId::$constant, RawValue::$kind(value)) => Some(to(Self::$variant(value))),)*
                    (PropertyId::USER_PROPERTY, RawValue::Utf8StringPair(name, value)) => {
                        Some(to(Self::UserProperty(name, value)))
                    }
                    _ => None,
                }
            }

            /// The value alone, by its encoding.
            pub(crate) const fn raw(&self) -> RawValue<'a> {
                match *self {
                    $(Self::$variant(value) => RawValue::$kind(value),)*
                    Self::UserProperty(name, value) => RawValue::Utf8StringPair(name, value),
                }
            }
        }
    };
}

/// A value by its encoding, without its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawValue<'a> {
    Byte(u8),
    TwoByteInteger(u16),
    FourByteInteger(u32),
    VariableByteInteger(u32),
    Utf8String(&'a str),
    BinaryData(&'a [u8]),
    Utf8StringPair(&'a str, &'a str),
}

property_rows!(properties);

impl PropertyId {
    /// A name and a value of the application's choice. May repeat.
    pub const USER_PROPERTY: Self = Self(0x26);

    /// Every identifier that 5.0 defines, in ascending order.
    pub const ALL: [Self; 27] = {
        let ids = [
            0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x11, 0x12, 0x13, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1C, 0x1F, 0x21,
            0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A,
        ];
        let mut all = [Self(0); 27];
        let mut index = 0;
        while index < all.len() {
            all[index] = Self(ids[index]);
            index += 1;
        }
        all
    };

    /// Name in lower case; `None` if 5.0 does not define the identifier.
    pub fn name(self) -> Option<&'static str> {
        if self == Self::USER_PROPERTY { Some("user property") } else { self.entry().map(|entry| entry.name) }
    }

    /// How the value is encoded; `None` if 5.0 does not define the identifier.
    #[inline]
    pub const fn value_type(self) -> Option<PropertyType> {
        /// The types alone, which is what reading asks for.
        static TYPES: [Option<PropertyType>; LAST_PROPERTY + 1] = {
            let mut types = [None; LAST_PROPERTY + 1];
            let mut id = 0;
            while id <= LAST_PROPERTY {
                if let Some(entry) = &TABLE[id] {
                    types[id] = Some(entry.kind);
                }
                id += 1;
            }
            types[PropertyId::USER_PROPERTY.0 as usize] = Some(PropertyType::Utf8StringPair);
            types
        };
        if self.0 as usize <= LAST_PROPERTY { TYPES[self.0 as usize] } else { None }
    }

    /// Whether the property may stand in this block (5.0 table 2-4). User Property may stand in every one.
    #[inline]
    pub const fn allowed_in(self, home: PropertyHome) -> bool {
        self.homes() & home.bit() != 0
    }

    /// The homes of the property, one bit each.
    #[inline]
    pub(crate) const fn homes(self) -> u16 {
        const PINGS: u16 =
            PropertyHome::Packet(PacketType::Pingreq).bit() | PropertyHome::Packet(PacketType::Pingresp).bit();
        match self.entry() {
            _ if self.0 == Self::USER_PROPERTY.0 => !PINGS,
            Some(entry) => entry.homes,
            None => 0,
        }
    }

    #[inline]
    const fn entry(self) -> Option<&'static Entry> {
        if self.0 as usize <= LAST_PROPERTY { TABLE[self.0 as usize].as_ref() } else { None }
    }
}

impl fmt::Display for PropertyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "property 0x{:02x}", self.0),
        }
    }
}

impl fmt::Debug for PropertyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02x} {self}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::PropertyHome::{Packet, Will};
    use super::*;

    #[test]
    fn the_table_holds_what_table_2_4_of_the_standard_lists() {
        let allowed = |home| -> u64 {
            (0..=0x2A).filter(|&id| PropertyId(id).allowed_in(home)).fold(0, |bits, id| bits | 1 << id)
        };
        let bits = |ids: &[u8]| ids.iter().fold(0_u64, |bits, id| bits | 1 << id);
        for (home, ids) in [
            (Packet(PacketType::Connect), &[0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27][..]),
            (Will, &[0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26]),
            (
                Packet(PacketType::Connack),
                &[0x11, 0x12, 0x13, 0x15, 0x16, 0x1A, 0x1C, 0x1F, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A],
            ),
            (Packet(PacketType::Publish), &[0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x23, 0x26]),
            (Packet(PacketType::Puback), &[0x1F, 0x26]),
            (Packet(PacketType::Pubrec), &[0x1F, 0x26]),
            (Packet(PacketType::Pubrel), &[0x1F, 0x26]),
            (Packet(PacketType::Pubcomp), &[0x1F, 0x26]),
            (Packet(PacketType::Subscribe), &[0x0B, 0x26]),
            (Packet(PacketType::Suback), &[0x1F, 0x26]),
            (Packet(PacketType::Unsubscribe), &[0x26]),
            (Packet(PacketType::Unsuback), &[0x1F, 0x26]),
            (Packet(PacketType::Disconnect), &[0x11, 0x1C, 0x1F, 0x26]),
            (Packet(PacketType::Auth), &[0x15, 0x16, 0x1F, 0x26]),
            (Packet(PacketType::Pingreq), &[]),
            (Packet(PacketType::Pingresp), &[]),
        ] {
            assert_eq!(allowed(home), bits(ids), "{home:?}");
        }
    }
}

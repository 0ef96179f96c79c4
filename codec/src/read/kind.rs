//! How the bytes of a field are to be read.

/// How the bytes of a field are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// Upper four bits of the first byte.
    PacketType,
    /// Lower four bits of the first byte.
    Flags,
    /// Two bytes: length of the string or binary data that follows.
    Length,
    /// Variable byte integer: remaining length or property length.
    VariableLength,
    /// One byte, a number.
    Byte,
    /// One byte, each bit a meaning of its own.
    Bits,
    /// Two bytes, a number.
    TwoByteInteger,
    /// Four bytes, a number.
    FourByteInteger,
    /// Variable byte integer that is no length.
    VariableByteInteger,
    /// One byte, a reason code or return code.
    ReasonCode,
    /// One byte, the identifier of a property.
    PropertyIdentifier,
    /// UTF-8, behind its length.
    Utf8String,
    /// Bytes of any kind.
    BinaryData,
    /// Bytes that have no place in the packet, or whose rest has not come.
    Unread,
}

impl FieldKind {
    /// Whether the field holds the length of others.
    pub const fn is_length(self) -> bool {
        matches!(self, Self::Length | Self::VariableLength)
    }
}

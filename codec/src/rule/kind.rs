//! The sorts of errors.

/// The sort of an error, as 5.0 section 4.13 tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The bytes cannot be parsed as the standard lays them out.
    Malformed,
    /// The bytes can be parsed, but hold what the protocol does not allow.
    ProtocolError,
    /// A limit of the receiver, see [`Limits`](crate::Limits).
    TooLarge,
}

//! How far a client has come that authenticates with a method.

use bytes::Bytes;

use crate::state::ledger::Account;

/// The authentication of a connection whose CONNECT named the method.
#[derive(Debug, Default)]
pub(crate) struct Authentication {
    /// The CONNECT, until it is accepted; less than the largest packet.
    pub(crate) connect: Option<HeldConnect>,
    /// How many answers were right in the exchange that is under way, if one is.
    pub(crate) answered: Option<usize>,
}

/// A CONNECT that waits for the end of the exchange.
#[derive(Debug)]
pub(crate) struct HeldConnect {
    pub(crate) packet: Bytes,
    pub(crate) _account: Account,
}

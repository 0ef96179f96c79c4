//! What is remembered of a client that has sent DISCONNECT, as long as it may send more.

use mqtt_assay_codec::Version;

use crate::state::ClientId;

/// A client that has sent DISCONNECT.
#[derive(Debug)]
pub(crate) struct Departed {
    pub(crate) version: Version,
    pub(crate) client_id: Option<ClientId>,
    /// How many packets it had sent up to its DISCONNECT.
    pub(crate) packets: u64,
    /// It has gone already: what came before that is all.
    pub(crate) is_gone: bool,
}

//! Wills as the broker holds them.

use std::time::Duration;

use crate::state::message::Message;

/// What is published if the connection ends otherwise than by a normal DISCONNECT.
#[derive(Debug)]
pub(crate) struct Will {
    pub(crate) message: Message,
    /// How long it waits after the connection.
    pub(crate) delay: Duration,
}

/// A will that waits for its delay, or for the end of its session.
#[derive(Debug)]
pub(crate) struct PendingWill {
    pub(crate) will: Will,
    pub(crate) due: Duration,
}

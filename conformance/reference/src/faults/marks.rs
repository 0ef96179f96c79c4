//! What the broker's structs carry for the sake of faults only: one struct for each that has such a field.

use std::sync::Arc;
use std::time::Duration;

use mqtt_assay_codec::{PacketId, Publish};

use crate::event::ConnectionId;
use crate::state::session::Outgoing;

/// What a session remembers for faults only.
#[derive(Debug, Default)]
pub(crate) struct SessionMarks {
    /// It began with Clean Start 1.
    pub(crate) begun_anew: bool,
    /// What its client acknowledged last: on which connection, and under which packet identifier.
    pub(crate) done: Option<(ConnectionId, PacketId, Outgoing)>,
}

/// What a message remembers for faults only.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MessageMarks {
    /// DUP of the PUBLISH: nobody should care.
    pub(crate) dup: bool,
}

/// What one client's copy of a message remembers for faults only.
#[derive(Clone, Debug, Default)]
pub(crate) struct CopyMarks {
    /// The shared subscription that chose this client.
    pub(crate) group: Option<Arc<str>>,
}

/// What an open QoS 2 exchange with a publisher remembers for faults only.
#[derive(Debug, Default)]
pub(crate) struct ExchangeMarks {
    /// When its message expires.
    expires_at: Option<Duration>,
}

impl ExchangeMarks {
    /// What is to be remembered of the PUBLISH that opens the exchange.
    pub(crate) fn of(publish: &Publish<'_>, now: Duration) -> Self {
        let interval = publish.properties.message_expiry_interval();
        Self { expires_at: interval.map(|seconds| now + Duration::from_secs(u64::from(seconds))) }
    }

    /// Whether its message has expired.
    pub(crate) fn is_over(&self, now: Duration) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

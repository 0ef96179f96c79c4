//! What the broker remembers for the sake of faults only: one struct for each of its own that has such a field.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mqtt_assay_codec::Publish;

use crate::state::connection::Alias;
use crate::state::message::Message;

/// What a machine remembers for faults only.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Aliases of the client that left last.
    pub(crate) left_aliases: BTreeMap<u16, Alias>,
    /// The will that was published last.
    pub(crate) left_will: Option<Arc<Message>>,
    /// What stands behind the packet of now is to be published, although its connection takes no more.
    pub(crate) publishes_rest: bool,
}

/// What a session remembers for faults only.
#[derive(Debug, Default)]
pub(crate) struct SessionState {
    /// It began with Clean Start 1.
    pub(crate) begun_anew: bool,
}

/// What a message remembers for faults only.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MessageState {
    /// DUP of the PUBLISH: nobody should care.
    pub(crate) dup: bool,
}

/// What one client's copy of a message remembers for faults only.
#[derive(Clone, Debug, Default)]
pub(crate) struct CopyState {
    /// The shared subscription that chose this client.
    pub(crate) group: Option<Arc<str>>,
}

/// What an open QoS 2 exchange with a publisher remembers for faults only.
#[derive(Debug, Default)]
pub(crate) struct ExchangeState {
    /// When its message expires.
    expires_at: Option<Duration>,
}

impl ExchangeState {
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

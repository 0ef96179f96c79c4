//! What the broker's structs carry for the sake of faults only: one struct for each that has such a field.

use std::sync::Arc;
use std::time::Duration;

use mqtt_assay_codec::{PacketId, Publish, QoS, Version};

use super::way::{Path, Way};
use crate::event::ConnectionId;
use crate::state::session::Outgoing;

/// What a session remembers for faults only.
#[derive(Debug, Default)]
pub(crate) struct SessionMarks {
    /// It began with Clean Start 1.
    pub(crate) begun_anew: bool,
    /// What its client acknowledged last: on which connection, and under which packet identifier.
    pub(crate) done: Option<(ConnectionId, PacketId, Outgoing)>,
    /// How often it was resumed, as far as its connection of now or the last one goes.
    pub(crate) resumed: u32,
    /// Whether that connection ended another one of its client; true with a clean start.
    pub(crate) taken_over: Option<bool>,
    /// Which version that connection speaks.
    pub(crate) version: Option<Version>,
    /// How many copies of messages were handed on, by [`Path`].
    pub(crate) handed_on: [u32; Path::COUNT],
}

/// What a connection remembers for faults only.
#[derive(Debug, Default)]
pub(crate) struct ConnectionMarks {
    /// How many packets came, by their type.
    pub(crate) packets: [u32; 16],
}

/// What a subscription remembers for faults only.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SubscriptionMarks {
    /// It came with others in one SUBSCRIBE.
    pub(crate) one_of_several: bool,
    /// It took the place of an older one.
    pub(crate) replaced: bool,
}

/// What a message remembers for faults only.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MessageMarks {
    /// DUP of the PUBLISH: nobody should care.
    pub(crate) dup: bool,
    /// It is a will.
    pub(crate) is_will: bool,
    /// Which version its publisher speaks.
    pub(crate) version: Option<Version>,
}

/// What one client's copy of a message remembers for faults only.
#[derive(Clone, Debug)]
pub(crate) struct CopyMarks {
    /// The shared subscription that chose this client.
    pub(crate) group: Option<Arc<str>>,
    /// It is a retained message for a new subscription.
    pub(crate) is_retained: bool,
    /// The highest and the lowest QoS that was granted to the subscriptions for which it is made.
    pub(crate) granted: QoS,
    pub(crate) lowest: QoS,
    /// The subscription identifiers of all members of its shared subscription.
    pub(crate) mixed: Vec<u32>,
    /// How it came about.
    pub(crate) way: Way,
    /// The subscription identifiers that it had before it was sent again with others.
    pub(crate) numbered_before: Option<Vec<u32>>,
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

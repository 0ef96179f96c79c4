//! Application messages as the broker holds them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mqtt_assay_codec::{Properties, PropertiesBuf, Property, QoS};

use crate::faults::MessageMarks;
use crate::state::ClientId;
use crate::state::ledger::{Account, Ledger};

/// One published message, shared by everything that waits to deliver it.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) topic: Arc<str>,
    pub(crate) payload: Bytes,
    pub(crate) qos: QoS,
    /// RETAIN of the PUBLISH, or Will Retain.
    pub(crate) retain: bool,
    /// Properties that go on to subscribers unchanged and in order.
    pub(crate) properties: PropertiesBuf,
    pub(crate) expires_at: Option<Duration>,
    /// The interval as it was received, in seconds.
    pub(crate) expiry_interval: Option<u32>,
    pub(crate) publisher: ClientId,
    pub(crate) faulty: MessageMarks,
    _account: Account,
}

/// What a message is made of, before it is booked.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) topic: &'a str,
    pub(crate) payload: &'a [u8],
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) properties: Properties<'a>,
    pub(crate) publisher: ClientId,
    pub(crate) faulty: MessageMarks,
}

impl Draft<'_> {
    /// The message, unless the ledger has no room for it.
    pub(crate) fn book(self, ledger: &Ledger, now: Duration) -> Option<Message> {
        let properties = forwarded(self.properties);
        let size = self.topic.len() + self.payload.len() + properties.as_properties().as_bytes().len();
        let account = ledger.open(size)?;
        let expiry_interval = self.properties.message_expiry_interval();
        Some(Message {
            topic: self.topic.into(),
            payload: Bytes::copy_from_slice(self.payload),
            qos: self.qos,
            retain: self.retain,
            properties,
            expires_at: expiry_interval.map(|seconds| now + Duration::from_secs(u64::from(seconds))),
            expiry_interval,
            publisher: self.publisher,
            faulty: self.faulty,
            _account: account,
        })
    }
}

/// The properties that subscribers see, in the order in which they came.
fn forwarded(properties: Properties<'_>) -> PropertiesBuf {
    properties
        .iter()
        .filter(|property| {
            matches!(
                property,
                Property::PayloadFormatIndicator(_)
                    | Property::ContentType(_)
                    | Property::ResponseTopic(_)
                    | Property::CorrelationData(_)
                    | Property::UserProperty(..)
            )
        })
        .collect()
}

impl Message {
    pub(crate) fn is_expired(&self, now: Duration) -> bool {
        self.expires_at.is_some_and(|at| now >= at)
    }

    /// Whole seconds that are left of the message's life, at least 0.
    pub(crate) fn seconds_left(&self, now: Duration) -> Option<u32> {
        let left = self.expires_at?.saturating_sub(now);
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Some(u32::try_from(seconds).unwrap_or(u32::MAX))
    }

    /// What is left where the time that has passed is taken off twice.
    pub(crate) fn counted_twice(&self, left: u32) -> u32 {
        self.expiry_interval.map_or(left, |asked| left.saturating_sub(asked - left.min(asked)))
    }
}

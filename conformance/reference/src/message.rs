//! Application messages as the broker holds them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mqtt_assay_codec::{Properties, PropertiesBuf, Property, QoS};

use super::ClientId;
use super::ledger::{Account, Ledger};

/// One published message, shared by everything that waits to deliver it.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) topic: Arc<str>,
    pub(super) payload: Bytes,
    pub(super) qos: QoS,
    /// RETAIN of the PUBLISH, or Will Retain.
    pub(super) retain: bool,
    /// DUP of the PUBLISH: nobody should care.
    pub(super) dup: bool,
    /// Properties that go on to subscribers unchanged and in order.
    pub(super) properties: PropertiesBuf,
    pub(super) expires_at: Option<Duration>,
    /// The interval as it was received, in seconds.
    pub(super) expiry_interval: Option<u32>,
    pub(super) publisher: ClientId,
    _account: Account,
}

/// What a message is made of, before it is booked.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) topic: &'a str,
    pub(super) payload: &'a [u8],
    pub(super) qos: QoS,
    pub(super) retain: bool,
    pub(super) dup: bool,
    pub(super) properties: Properties<'a>,
    pub(super) publisher: ClientId,
}

impl Draft<'_> {
    /// The message, unless the ledger has no room for it.
    pub(super) fn book(self, ledger: &Ledger, now: Duration) -> Option<Message> {
        let properties = forwarded(self.properties);
        let size = self.topic.len() + self.payload.len() + properties.as_properties().as_bytes().len();
        let account = ledger.open(size)?;
        let expiry_interval = self.properties.message_expiry_interval();
        Some(Message {
            topic: self.topic.into(),
            payload: Bytes::copy_from_slice(self.payload),
            qos: self.qos,
            retain: self.retain,
            dup: self.dup,
            properties,
            expires_at: expiry_interval.map(|seconds| now + Duration::from_secs(u64::from(seconds))),
            expiry_interval,
            publisher: self.publisher,
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
    pub(super) fn is_expired(&self, now: Duration) -> bool {
        self.expires_at.is_some_and(|at| now >= at)
    }

    /// Whole seconds that are left of the message's life, at least 0.
    pub(super) fn seconds_left(&self, now: Duration) -> Option<u32> {
        let left = self.expires_at?.saturating_sub(now);
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Some(u32::try_from(seconds).unwrap_or(u32::MAX))
    }
}

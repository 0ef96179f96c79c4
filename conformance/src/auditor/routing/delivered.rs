//! A PUBLISH of the broker, as it is judged.

use super::content::Content;
use crate::auditor::print;
use mqtt_assay_codec::{PacketId, Publish, QoS};
use std::fmt;
use std::rc::Rc;

/// What came.
#[derive(Debug)]
pub(super) struct Delivered {
    /// Aliases resolved.
    pub(super) topic: Rc<str>,
    /// Tells its payload from others; nothing where that is passed over.
    pub(super) print: Option<u64>,
    pub(super) length: usize,
    pub(super) qos: QoS,
    pub(super) retain: bool,
    pub(super) id: Option<u16>,
    pub(super) content: Content,
    pub(super) expiry: Option<u32>,
    pub(super) identifiers: Vec<u32>,
    /// The broker says that it was sent before.
    pub(super) dup: bool,
    /// It was sent before, or may have been.
    pub(super) is_again: bool,
    /// When it was sent first, on an earlier connection.
    pub(super) sent_before: Option<u64>,
}

impl Delivered {
    pub(super) fn new(topic: Rc<str>, publish: &Publish<'_>, passed: Option<usize>) -> Self {
        Self {
            topic,
            print: passed.is_none().then(|| print(publish.payload)),
            length: passed.unwrap_or(publish.payload.len()),
            qos: publish.qos,
            retain: publish.retain,
            id: publish.packet_id.map(PacketId::get),
            content: Content::of(publish.properties),
            expiry: publish.properties.message_expiry_interval(),
            identifiers: publish.properties.subscription_identifiers().collect(),
            dup: publish.dup,
            is_again: publish.dup,
            sent_before: None,
        }
    }
}

impl fmt::Display for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, length, .. } = self;
        let (qos, retain) = (self.qos as u8, u8::from(self.retain));
        write!(f, "QoS {qos}, RETAIN {retain}, {length} bytes on {topic}")
    }
}

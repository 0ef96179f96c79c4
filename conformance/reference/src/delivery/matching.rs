//! What a subscription gets: messages to which topics, at which QoS.

use mqtt_assay_codec::{QoS, topic_matches};

use crate::faults::Fault;
use crate::machine::Machine;

impl Machine {
    /// Whether a message to `topic` belongs to a subscription with `filter`, which is without its share name.
    pub(crate) fn matches(&self, filter: &str, topic: &str) -> bool {
        if self.is_faultless() { topic_matches(filter, topic) } else { self.matches_by_fault(filter, topic) }
    }

    /// The QoS of a copy, for a message published at one QoS and a subscription granted another.
    pub(crate) fn qos_of_copy(&self, published: QoS, granted: QoS) -> QoS {
        if self.fault(Fault::AboveGrantedQos) {
            published
        } else if self.fault(Fault::AbovePublishedQos) {
            granted
        } else {
            published.min(granted)
        }
    }
}

//! Retained messages: the last of each topic, for future subscribers.

use std::sync::Arc;

use mqtt_assay_codec::{Publish, QoS};

use crate::faults::{CopyMarks, Fault};
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::state::ClientId;
use crate::state::message::Message;
use crate::state::session::Outgoing;

impl Machine {
    /// Stores, replaces or removes the retained message of a topic, as the message asks for.
    pub(crate) fn retain(&mut self, message: &Arc<Message>) {
        if !message.retain {
            self.retain_by_fault(message);
            return;
        }
        if !self.settings.limits.retain_available {
            return;
        }
        let topic = &message.topic;
        if message.payload.is_empty() && !self.fault(Fault::EmptyRetained) {
            if !self.fault(Fault::EmptyDoesNotClear) {
                self.retained.remove(topic);
            }
            if self.fault(Fault::EmptyClearsBelow) {
                self.clear_below(topic);
            }
            return;
        }
        let exists = self.retained.contains_key(topic);
        if self.fault(Fault::RetainedNotStored) || exists && self.fault(Fault::RetainedNotReplaced) {
            return;
        }
        if message.qos == QoS::AtMostOnce && self.quirk(Quirk::DropsRetainedQos0) {
            self.retained.remove(topic);
            return;
        }
        if exists || self.retained_has_room() {
            self.retained.insert(Arc::clone(topic), Arc::clone(message));
        }
    }

    /// Whether one more topic may have a retained message; expired ones make room.
    pub(crate) fn retained_has_room(&mut self) -> bool {
        let most = self.settings.limits.max_retained_messages;
        if self.retained.len() >= most && !self.fault(Fault::RetainedNeverExpires) {
            let now = self.now;
            self.retained.retain(|_, retained| !retained.is_expired(now));
        }
        self.retained.len() < most
    }

    /// Whether this PUBLISH asks for a retained message too many.
    pub(crate) fn retains_no_more(&mut self, publish: &Publish<'_>, topic: &str) -> bool {
        let stores = publish.retain && !publish.payload.is_empty() && self.settings.limits.retain_available;
        stores && !self.retained.contains_key(topic) && !self.retained_has_room()
    }

    /// The retained messages for a subscription, by topic.
    pub(crate) fn retained_for(
        &mut self,
        client_id: &ClientId,
        topic_filter: &str,
        granted: QoS,
        no_local: bool,
        identifier: Option<u32>,
    ) -> Vec<Outgoing> {
        let now = self.now;
        if !self.fault(Fault::RetainedNeverExpires) && !self.fault(Fault::MessageExpiryIgnored) {
            self.retained.retain(|_, retained| !retained.is_expired(now));
        }
        let matching = self.retained.values().filter(|message| {
            self.matches(topic_filter, &message.topic) && !(no_local && message.publisher == *client_id)
        });
        let qos_lost = self.fault(Fault::RetainedQosLost);
        matching
            .map(|message| Outgoing {
                message: Arc::clone(message),
                qos: if qos_lost { QoS::AtMostOnce } else { self.qos_of_copy(message.qos, granted) },
                retain: !self.fault(Fault::RetainFlagMissing),
                identifiers: identifier.into_iter().collect(),
                account: None,
                faulty: CopyMarks::default(),
            })
            .collect()
    }
}

//! Retained messages: the last of each topic, for future subscribers.

use std::sync::Arc;
use std::time::Duration;

use mqtt_assay_codec::{Publish, QoS};

use crate::faults::Fault;
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::state::message::Message;

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
        let exists = self.retained.contains(topic);
        if self.fault(Fault::RetainedNotStored) || exists && self.fault(Fault::RetainedNotReplaced) {
            return;
        }
        if exists && self.fault(Fault::RetainedComesBack) {
            self.keep_displaced(topic);
        }
        if message.qos == QoS::AtMostOnce && self.quirk(Quirk::DropsRetainedQos0) {
            self.retained.remove(topic);
            return;
        }
        if exists || self.retained_has_room() {
            self.retained_expires = self.retained_expires.into_iter().chain(message.expires_at).min();
            self.retained.insert(topic, Arc::clone(message));
        }
    }

    /// Whether one more topic may have a retained message; expired ones make room.
    pub(crate) fn retained_has_room(&mut self) -> bool {
        let most = self.settings.limits.max_retained_messages;
        if self.retained.len() >= most && !self.fault(Fault::RetainedNeverExpires) {
            self.forget_expired();
        }
        self.retained.len() < most
    }

    /// Looks through the retained messages, if one of them can have expired.
    fn forget_expired(&mut self) {
        let now = self.now;
        if self.retained_expires.is_some_and(|at| at <= now) {
            let mut next: Option<Duration> = None;
            self.retained.retain(|retained| {
                let keeps = !retained.is_expired(now);
                if keeps {
                    next = next.into_iter().chain(retained.expires_at).min();
                }
                keeps
            });
            self.retained_expires = next;
        }
    }

    /// Whether this PUBLISH asks for a retained message too many.
    pub(crate) fn retains_no_more(&mut self, publish: &Publish<'_>, topic: &str) -> bool {
        let stores = publish.retain && !publish.payload.is_empty() && self.settings.limits.retain_available;
        stores && !self.retained.contains(topic) && !self.retained_has_room()
    }
}

//! Wills: when they are published, and as what.

use std::sync::Arc;
use std::time::Duration;

use mqtt_assay_codec::QoS;

use crate::faults::Fault;
use crate::faults::ending::reversed;
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::state::ClientId;
use crate::state::will::{PendingWill, Will};

impl Machine {
    /// Publishes the will, or lets it wait for its delay or the end of the session, whichever is first
    /// (`[MQTT-3.1.2-8]`).
    pub(crate) fn will_after_end(&mut self, client_id: &ClientId, will: Will, expiry: Duration) {
        let delay = if self.fault(Fault::WillDelayIgnored) { Duration::ZERO } else { will.delay };
        if self.fault(Fault::WillOutlivesSession) && delay > expiry {
            self.late_will(will, delay);
            return;
        }
        let due = self.now.checked_add(delay.min(expiry)).filter(|due| *due > self.now);
        if let (Some(session), Some(due)) = (self.sessions.get_mut(client_id), due) {
            session.will = Some(PendingWill { will, due });
        } else if self.quirk(Quirk::DelaysWills) {
            self.late_will(will, Duration::from_secs(1));
        } else {
            self.publish_will(will);
        }
    }

    /// Publishes a will as its client asked for, unless its topic is denied.
    pub(crate) fn publish_will(&mut self, will: Will) {
        let Will { mut message, .. } = will;
        let _way = self.on_message(&message);
        if !self.may_publish(&message.topic) {
            return;
        }
        let is_unusual = message.qos == QoS::ExactlyOnce || message.retain || !message.properties.is_empty();
        if (is_unusual || message.expiry_interval.is_some()) && self.fault(Fault::LosesUnusualWills) {
            return;
        }
        message.expires_at = message.expiry_interval.map(|seconds| self.now + Duration::from_secs(u64::from(seconds)));
        if self.fault(Fault::WillExpiryMissing) {
            message.expires_at = None;
        }
        if self.fault(Fault::WillQosLost) {
            message.qos = QoS::AtMostOnce;
        }
        message.retain = match message.retain {
            _ if self.fault(Fault::WillAlwaysRetained) => true,
            retain => retain && !self.fault(Fault::WillNotRetained),
        };
        if self.fault(Fault::WillPropertiesReordered) {
            message.properties = reversed(&message.properties);
        }
        let message = Arc::new(message);
        self.accept(&message);
        if self.fault(Fault::WillStays) {
            self.faulty.left_wills.insert(Arc::clone(&message.publisher), Arc::clone(&message));
        }
        if self.fault(Fault::WillTwice) {
            self.accept(&message);
        }
    }
}

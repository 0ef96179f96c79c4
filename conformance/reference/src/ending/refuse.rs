//! What happens to a client that breaks a rule: the breach is named, the reason is sent where the version has one, and the
//! connection is closed.

use mqtt_assay_codec::{Packet, ReasonCode, Version};

use crate::ending::breach::Ids;
use crate::event::{ConnectionId, Effect};
use crate::faults::Fault;
use crate::machine::Machine;
use crate::state::connection::Phase;

impl Machine {
    /// Names the rule and closes, with that reason code in 5.0.
    pub(crate) fn violation(&mut self, id: ConnectionId, ids: Ids, reason: ReasonCode, detail: &str) {
        self.breach(id, ids, detail);
        self.refuse(id, reason, detail);
    }

    /// Names the rule and closes, where the rule is about a limit that CONNACK tells: a client that could not have read it
    /// yet has broken nothing.
    pub(crate) fn limit_violation(&mut self, id: ConnectionId, ids: Ids, reason: ReasonCode, detail: &str) {
        self.limit_breach(id, ids, detail);
        self.refuse(id, reason, detail);
    }

    /// Closes a connection because the broker can't go on with it, and says so in the log.
    pub(crate) fn give_up(&mut self, id: ConnectionId, reason: ReasonCode, why: &str) {
        let Some(connection) = self.connections.get(&id) else { return };
        let is_open = connection.phase == Phase::Open;
        self.note(id, format!("closed: {why}"));
        if is_open {
            self.refuse(id, reason, why);
        } else {
            self.end(id, false);
        }
    }

    /// Ends those who let too much wait.
    pub(crate) fn end_overflowing(&mut self) {
        self.look_for_overflow();
        while let Some((id, why)) = self.overflowing.pop() {
            self.effects.push(Effect::Discard(id));
            self.give_up(id, ReasonCode::QUOTA_EXCEEDED, why);
        }
    }

    /// Closes an accepted connection for an error: DISCONNECT first in 5.0.
    pub(crate) fn refuse(&mut self, id: ConnectionId, reason: ReasonCode, why: &str) {
        let version = self.connections.get(&id).map(|connection| connection.version);
        if version == Some(Version::V5) {
            self.send_disconnect(id, reason, why);
            if self.fault(Fault::SendsAfterDisconnect) {
                self.send(id, &Packet::Pingresp);
            }
            if self.fault(Fault::DisconnectWithoutClose) {
                return;
            }
        }
        if version == Some(Version::V3_1_1) && self.fault(Fault::DisconnectTo311) {
            self.send_client_packet(id, b"\xe0\x00");
        }
        if version == Some(Version::V5) && self.fault(Fault::ErrorClosesOthers) {
            self.end_others(id);
        }
        let _way = self.on_will_of(id);
        let with_will = !self.fault(Fault::NoWillOnError);
        self.end(id, with_will);
    }
}

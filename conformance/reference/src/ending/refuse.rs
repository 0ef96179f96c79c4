//! What happens to a client that breaks a rule: the breach is named, the reason is sent where the version has one, and the
//! connection is closed.

use bytes::Bytes;
use mqtt_assay_codec::{Packet, ReasonCode, Version};

use crate::event::{Breach, ConnectionId, Effect};
use crate::faults::Fault;
use crate::machine::Machine;

/// Ids of one rule: in 3.1.1, then in 5.0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids(pub(crate) &'static str, pub(crate) &'static str);

impl Machine {
    /// Names a rule that the client broke.
    pub(crate) fn breach(&mut self, id: ConnectionId, ids: Ids, detail: &str) {
        let Some(connection) = self.connections.get(&id) else { return };
        let rule = if connection.is_v5() { ids.1 } else { ids.0 };
        self.effects.push(Effect::Breach(Breach {
            connection: id,
            client_id: connection.client_id.as_deref().map(str::to_owned),
            rule,
            version: connection.version,
            detail: detail.to_owned(),
            packet: Bytes::new(),
            packet_len: 0,
        }));
    }

    /// Names the rule and closes, with that reason code in 5.0.
    pub(crate) fn violation(&mut self, id: ConnectionId, ids: Ids, reason: ReasonCode, detail: &str) {
        self.breach(id, ids, detail);
        self.refuse(id, reason, detail);
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
        let with_will = !self.fault(Fault::NoWillOnError);
        self.end(id, with_will);
    }
}

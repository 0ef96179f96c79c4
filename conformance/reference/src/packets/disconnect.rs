//! DISCONNECT from a client.

use mqtt_assay_codec::{Disconnect, ReasonCode};

use crate::ending::breach::Ids;
use crate::event::ConnectionId;
use crate::faults::Fault;
use crate::machine::Machine;
use crate::state::connection::Phase;
use crate::state::departed::Departed;

impl Machine {
    /// Deals with a DISCONNECT.
    pub(crate) fn disconnect(&mut self, id: ConnectionId, disconnect: &Disconnect<'_>) {
        if !self.settle_expiry(id, disconnect) {
            return;
        }
        self.remember_departed(id);
        let normal = disconnect.reason == ReasonCode::NORMAL_DISCONNECTION;
        let with_will =
            if normal { self.fault(Fault::WillAfterDisconnect) } else { !self.fault(Fault::NoWillOnDisconnectCode) };
        if self.fault(Fault::DisconnectLeftOpen) {
            self.end_without_close(id, with_will);
        } else {
            self.end(id, with_will);
        }
        self.faulty.publishes_rest = self.fault(Fault::ProcessesAfterDisconnect);
    }

    /// What the client sends from now on it should not send.
    fn remember_departed(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let departed = Departed {
            version: connection.version,
            client_id: connection.client_id.clone(),
            packets: connection.packets + 1,
            is_gone: connection.leaving,
        };
        self.departed.insert(id, departed);
        if self.departed.len() > self.settings.limits.max_connections {
            self.departed.pop_first();
        }
    }

    /// Takes over a new session expiry interval; false if that was an error and the connection is closed.
    fn settle_expiry(&mut self, id: ConnectionId, disconnect: &Disconnect<'_>) -> bool {
        let most = self.settings.limits.session_expiry_maximum;
        let accepts = self.fault(Fault::AcceptsExpiryAfterZero);
        let ignores = self.fault(Fault::DisconnectExpiryIgnored);
        let Some(expiry) = disconnect.properties.session_expiry_interval() else { return true };
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        if connection.phase != Phase::Open {
            return true;
        }
        if connection.asked_no_session && expiry > 0 && !accepts {
            let detail = "a session expiry interval in DISCONNECT, after none in CONNECT";
            self.violation(id, Ids("MQTT-4.8.0-1", "U5-185"), ReasonCode::PROTOCOL_ERROR, detail);
            return false;
        }
        if !ignores {
            connection.session_expiry = expiry.min(most);
        }
        true
    }
}

//! Ends of connections and sessions, and wills, that come otherwise than the standard has them.

use mqtt_assay_codec::{Disconnect, Packet, PropertiesBuf, Property, ReasonCode};

use super::Fault;
use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::state::ClientId;
use crate::state::connection::{Connection, Phase};
use crate::state::will::Will;

impl Machine {
    /// Does all that the end of a connection does, but leaves it open and deaf.
    pub(crate) fn end_without_close(&mut self, id: ConnectionId, with_will: bool) {
        let deaf = Connection { phase: Phase::Deaf, ..Connection::new(id, self.now) };
        if let Some(connection) = self.connections.insert(id, deaf) {
            self.wind(id);
            self.finish(connection, with_will);
        }
    }

    /// Publishes the will of a connection that was cut off from its session, the only one that has a will and no client
    /// identifier.
    pub(crate) fn will_of_cut_off(&mut self, will: Option<Will>) {
        if let Some(will) = will {
            self.publish_will(will);
        }
    }

    /// Publishes the will of the client's connection before.
    pub(crate) fn will_of_before(&mut self, client_id: &ClientId) {
        if let Some(message) = self.faulty.left_wills.remove(client_id) {
            self.accept(&message);
        }
    }

    /// Takes what goes to a client for a sign of its life.
    pub(crate) fn hear(&mut self, id: ConnectionId) {
        let now = self.now;
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.heard_at = now;
        }
    }

    /// Keeps the topic aliases of a connection for the next one of its client.
    pub(crate) fn leave_aliases(&mut self, connection: &mut Connection) {
        let Some(client_id) = connection.client_id.clone() else { return };
        if !connection.aliases.is_empty() && self.fault(Fault::AliasAcrossConnections) {
            let aliases = std::mem::take(&mut connection.aliases);
            self.faulty.left_aliases.insert(ClientId::clone(&client_id), aliases);
        }
        if !connection.aliases_sent.is_empty() && self.fault(Fault::SentAliasesStay) {
            let aliases = std::mem::take(&mut connection.aliases_sent);
            self.faulty.left_aliases_sent.insert(client_id, aliases);
        }
    }

    /// Ends every other connection than this one.
    pub(crate) fn end_others(&mut self, id: ConnectionId) {
        let others: Vec<ConnectionId> = self.connections.keys().copied().filter(|other| *other != id).collect();
        for other in others {
            self.end(other, true);
        }
    }

    /// DISCONNECT with a property that only clients may send.
    pub(crate) fn send_disconnect_with_expiry(&mut self, id: ConnectionId, reason: ReasonCode) {
        let properties = PropertiesBuf::new().with(Property::SessionExpiryInterval(60));
        self.send(id, &Packet::Disconnect(Disconnect { reason, properties: properties.as_properties() }));
    }
}

/// The properties in reverse order.
pub(crate) fn reversed(properties: &PropertiesBuf) -> PropertiesBuf {
    let properties: Vec<_> = properties.as_properties().iter().collect();
    properties.into_iter().rev().collect()
}

//! Messages of QoS 0 that are lost, or held back while the client's Receive Maximum is used up (5.0 section 4.9).

use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::state::ClientId;
use crate::state::session::Outgoing;

impl Machine {
    /// Whether the next message of QoS 0 to this connection is lost: every second one is, and the first.
    pub(crate) fn loses(&mut self, id: ConnectionId) -> bool {
        if !self.quirk(Quirk::LosesQos0) {
            return false;
        }
        let connections = &self.connections;
        self.quirky.qos0_copies.retain(|known, _| connections.contains_key(known));
        let count = self.quirky.qos0_copies.entry(id).or_default();
        *count += 1;
        *count % 2 == 1
    }

    /// Keeps a message of QoS 0 back, where the client may not get one of QoS 1 or 2; one too many is lost.
    pub(crate) fn holds_at_quota(&mut self, id: ConnectionId, outgoing: &Outgoing) -> bool {
        if !self.quirk(Quirk::HoldsQos0AtQuota) || !self.is_v5(id) {
            return false;
        }
        let is_used_up = self.client_id_of(id).is_some_and(|client_id| self.room_for(&client_id).is_none());
        if is_used_up && self.quirky.held_at_quota.len() < self.settings.limits.max_queued_messages {
            self.quirky.held_at_quota.push_back((id, outgoing.clone()));
        }
        is_used_up
    }

    /// Sends what was held back from this client, as long as it may get messages of QoS 1 or 2 too.
    pub(crate) fn release_held_at_quota(&mut self, client_id: &ClientId) {
        if !self.quirk(Quirk::HoldsQos0AtQuota) {
            return;
        }
        let Some(id) = self.room_for(client_id) else { return };
        let held = std::mem::take(&mut self.quirky.held_at_quota);
        for (owner, outgoing) in held {
            if owner == id {
                self.send_publish(id, &outgoing, None, false);
            } else if self.connections.contains_key(&owner) {
                self.quirky.held_at_quota.push_back((owner, outgoing));
            }
        }
    }

    fn client_id_of(&self, id: ConnectionId) -> Option<ClientId> {
        self.connections.get(&id)?.client_id.clone()
    }
}

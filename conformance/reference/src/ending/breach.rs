//! Rules that clients break, by name.

use bytes::Bytes;

use crate::event::{Breach, ConnectionId, Effect};
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
            packet_number: 0,
        }));
    }

    /// Names a rule about a limit that CONNACK tells, if the client could have read it.
    pub(crate) fn limit_breach(&mut self, id: ConnectionId, ids: Ids, detail: &str) {
        if self.connections.get(&id).is_some_and(|connection| connection.is_told) {
            self.breach(id, ids, detail);
        } else {
            self.note(id, format!("{detail}; sent before the CONNACK that tells the limit, so that no rule is broken"));
        }
    }
}

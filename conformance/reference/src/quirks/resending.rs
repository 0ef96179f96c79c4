//! Re-sends on a live connection: allowed in 3.1.1, a fault in 5.0.

use std::time::Duration;

use crate::event::ConnectionId;
use crate::faults::Fault;
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::state::connection::Connection;
use crate::state::session::Awaits;

/// How long an acknowledgement may take where messages are re-sent on a live connection.
const RESEND_AFTER: Duration = Duration::from_secs(20);

/// Faults only: the same in 5.0, where it is forbidden; short, so that a case need not wait for long.
const RESEND_AFTER_IN_5: Duration = Duration::from_secs(4);

impl Machine {
    /// When a message of this connection is to be re-sent without a reconnect.
    pub(crate) fn resend_deadline(&self, connection: &Connection) -> Option<Duration> {
        if !self.resends(connection) {
            return None;
        }
        let session = self.sessions.get(connection.client_id.as_ref()?)?;
        let waiting = session.in_flight.iter().filter(|entry| entry.sent && entry.awaits != Awaits::Pubcomp);
        waiting.map(|entry| entry.sent_at + resend_after(connection)).min()
    }

    /// Whether messages are re-sent on this connection.
    fn resends(&self, connection: &Connection) -> bool {
        if connection.is_v5() { self.fault(Fault::ResendsOnLive) } else { self.quirk(Quirk::ResendsOnTimer) }
    }

    /// Sends again what has waited too long on this connection.
    pub(crate) fn resend_due(&mut self, id: ConnectionId) {
        let now = self.now;
        let Some(connection) = self.connections.get(&id) else { return };
        if !self.resends(connection) {
            return;
        }
        let after = resend_after(connection);
        let Some(session) = self.session_of(id) else { return };
        let mut due = Vec::new();
        for entry in session.in_flight.iter_mut().filter(|entry| entry.sent && entry.awaits != Awaits::Pubcomp) {
            if entry.sent_at + after <= now {
                entry.sent_at = now;
                due.push((entry.outgoing.clone(), entry.packet_id));
            }
        }
        for (outgoing, packet_id) in due {
            self.send_publish(id, &outgoing, Some(packet_id), true);
        }
    }
}

/// How long an acknowledgement may take.
fn resend_after(connection: &Connection) -> Duration {
    if connection.is_v5() { RESEND_AFTER_IN_5 } else { RESEND_AFTER }
}

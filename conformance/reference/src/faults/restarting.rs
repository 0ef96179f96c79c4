//! What a broker forgets that stores too little: it shows when the broker is started again.

use std::collections::BTreeMap;

use crate::faults::Fault;
use crate::machine::Machine;
use crate::state::ClientId;

impl Machine {
    /// Forgets what a faulty broker has not stored.
    pub(crate) fn forget_at_restart(&mut self) {
        if self.fault(Fault::LosesSessionsAtRestart) {
            let known: Vec<ClientId> = self.sessions.keys().cloned().collect();
            for client_id in known {
                self.end_session(&client_id);
            }
        }
        if self.fault(Fault::LosesQueuesAtRestart) {
            for session in self.sessions.values_mut() {
                session.queue.clear();
                session.in_flight.clear();
            }
        }
        if self.fault(Fault::LosesReceivedAtRestart) {
            for session in self.sessions.values_mut() {
                session.received = BTreeMap::new();
            }
        }
        if self.fault(Fault::LosesRetainedAtRestart) {
            self.retained.retain(|_| false);
        }
    }
}

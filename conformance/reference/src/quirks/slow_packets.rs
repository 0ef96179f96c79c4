//! A broker that takes its time for each packet that a client sends; a connection that sends many it gets used to.

use std::time::Duration;

use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::state::timers::Due;

/// How long it takes for one packet.
const FOR_EACH: Duration = Duration::from_millis(1200);

/// How many packets of a connection take that long.
const SLOW_ONES: u32 = 10;

impl Machine {
    /// Whether the next packet of this connection has to wait; if so, it is looked at in time.
    pub(crate) fn takes_its_time(&mut self, id: ConnectionId) -> bool {
        if !self.quirk(Quirk::SlowPackets) {
            return false;
        }
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        if connection.slow_ones >= SLOW_ONES {
            return false;
        }
        let ready = self.now + FOR_EACH;
        let due = *self.quirky.slow.entry(id).or_insert(ready);
        if due <= self.now {
            connection.slow_ones += 1;
            self.quirky.slow.remove(&id);
        }
        self.wind_slow();
        due > self.now
    }

    /// Deals with the packets whose time has come, one of each connection.
    pub(crate) fn slow_due(&mut self) {
        let now = self.now;
        let due: Vec<ConnectionId> =
            self.quirky.slow.iter().filter(|(_, due)| **due <= now).map(|(id, _)| *id).collect();
        for id in due {
            self.go_on(id);
            // Others have used the event up: its turn comes with those whose work was broken off.
            if self.quirky.slow.get(&id).is_some_and(|due| *due <= now) {
                self.quirky.slow.remove(&id);
                self.busy.insert(id);
            }
        }
        self.wind_slow();
    }

    /// Forgets the packet that a connection waits with: the connection has ended.
    pub(crate) fn takes_no_more_time(&mut self, id: ConnectionId) {
        if self.quirky.slow.remove(&id).is_some() {
            self.wind_slow();
        }
    }

    fn wind_slow(&mut self) {
        self.timers.set(Due::SlowPackets, self.quirky.slow.values().min().copied());
    }
}

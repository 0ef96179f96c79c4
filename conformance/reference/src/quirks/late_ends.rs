//! Connections whose end is dealt with late: a DISCONNECT that waits to be read, a loss that waits to be noticed, and a loss
//! that is answered below MQTT before the session hears of it.

use std::time::Duration;

use mqtt_assay_codec::{Context, Decoded, Packet, Sender, decode};

use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::quirks::state::LateEnd;
use crate::state::connection::Phase;
use crate::state::timers::Due;

/// How long an end is left lying.
const LATE: Duration = Duration::from_secs(3);

/// How long a session takes its connection for open after that was closed in answer to a loss.
const UNAWARE: Duration = Duration::from_millis(500);

impl Machine {
    /// Puts the end of an accepted connection off, by this DISCONNECT or by its loss; false where it isn't to be late. Until
    /// then nothing that comes on it is read. There is at most one for each connection.
    pub(crate) fn puts_off(&mut self, id: ConnectionId, disconnect: Option<&[u8]>) -> bool {
        let answers_first = self.quirk(Quirk::LateLoss) && disconnect.is_none();
        if !self.quirk(Quirk::LateEnd) && !answers_first {
            return false;
        }
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        if connection.phase == Phase::Open {
            connection.phase = Phase::Deaf;
            let late = if answers_first { UNAWARE } else { LATE };
            let end = LateEnd { due: self.now + late, id, disconnect: disconnect.map(Vec::from), is_gone: false };
            self.quirky.late_ends.push_back(end);
            self.wind_late_ends();
            if answers_first {
                self.close_to(id);
                self.quirky.unaware.insert(id);
            }
        }
        self.quirky.late_ends.iter().any(|end| end.id == id)
    }

    /// Whether this connection is closed, and its session sends on: what it sends is lost, as in a socket that nobody reads.
    pub(crate) fn is_unaware(&self, id: ConnectionId) -> bool {
        self.quirky.unaware.contains(&id)
    }

    /// Deals with the ends that have waited long enough.
    pub(crate) fn late_ends_due(&mut self) {
        while let Some(end) = self.quirky.late_ends.pop_front_if(|end| end.due <= self.now) {
            let Some(connection) = self.connections.get_mut(&end.id) else { continue };
            connection.phase = Phase::Open;
            let context = Context::new(connection.version, Sender::Client);
            let version = connection.version;
            let limits = self.decode_limits(version);
            match end.disconnect.as_deref().map(|bytes| decode(bytes, context, &limits)) {
                Some(Ok(Decoded::Complete { packet, .. })) => {
                    if let Packet::Disconnect(disconnect) = packet {
                        self.disconnect(end.id, &disconnect);
                    }
                }
                _ => self.end(end.id, true),
            }
            if end.is_gone {
                self.departed.remove(&end.id);
            }
        }
        self.wind_late_ends();
    }

    /// Nothing more can come on this connection, so that nothing need be remembered of its client once its end is dealt with.
    pub(crate) fn note_gone(&mut self, id: ConnectionId) {
        if let Some(end) = self.quirky.late_ends.iter_mut().find(|end| end.id == id) {
            end.is_gone = true;
        }
    }

    fn wind_late_ends(&mut self) {
        self.timers.set(Due::LateEnds, self.quirky.late_ends.front().map(|end| end.due));
    }
}

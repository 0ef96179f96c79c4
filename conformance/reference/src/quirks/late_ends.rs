//! Connections whose end is dealt with late: a DISCONNECT that waits to be read, a loss that waits to be noticed.

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

impl Machine {
    /// Puts the end of an accepted connection off, by this DISCONNECT or by its loss; false where it isn't to be late. Until
    /// then nothing that comes on it is read. There is at most one for each connection.
    pub(crate) fn puts_off(&mut self, id: ConnectionId, disconnect: Option<&[u8]>) -> bool {
        if !self.quirk(Quirk::LateEnd) {
            return false;
        }
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        if connection.phase == Phase::Open {
            connection.phase = Phase::Deaf;
            let end = LateEnd { due: self.now + LATE, id, disconnect: disconnect.map(Vec::from) };
            self.quirky.late_ends.push_back(end);
            self.wind_late_ends();
        }
        self.quirky.late_ends.iter().any(|end| end.id == id)
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
        }
        self.wind_late_ends();
    }

    fn wind_late_ends(&mut self) {
        self.timers.set(Due::LateEnds, self.quirky.late_ends.front().map(|end| end.due));
    }
}

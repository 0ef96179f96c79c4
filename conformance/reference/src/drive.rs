//! Events in, effects out: the top of the machine, from which every room is reached.

use std::time::Duration;

use crate::event::{Closing, ConnectionId, Effect, Event};
use crate::faults::Fault;
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::state::connection::{Connection, Phase};
use crate::state::timers::Due;

impl Machine {
    /// Takes in one event that happened at `now` since the start, and appends what is to be done to `effects`.
    ///
    /// Time never runs backwards: an earlier `now` than before counts as the one before. Events of a connection that was
    /// never opened or is closed change nothing.
    pub fn handle(&mut self, event: Event<'_>, now: Duration, effects: &mut Vec<Effect>) {
        self.now = self.now.max(now);
        if self.faulty.is_silent {
            return;
        }
        (self.effort, self.congested) = (0, None);
        match event {
            Event::Opened(id) => self.opened(id),
            Event::Received(id, bytes) => self.received(id, bytes),
            Event::HalfClosed(id) | Event::Reset(id) => self.lost(id),
            Event::Written(id, bytes) => self.written(id, bytes),
            Event::Gone(id) => self.gone(id),
            Event::Restarted => self.restarted(),
            Event::Tick => self.tick(),
        }
        self.end_overflowing();
        self.wind_room();
        self.timers.set(Due::Work, (!self.busy.is_empty()).then_some(self.now));
        if self.quirk(Quirk::ReversesAcknowledgements) {
            self.reverse_acknowledgements();
        }
        if self.fault(Fault::SwapsPairs) {
            self.swap_pairs();
        }
        effects.append(&mut self.effects);
    }

    fn opened(&mut self, id: ConnectionId) {
        if self.connections.contains_key(&id) {
            return;
        }
        if self.connections.len() >= self.settings.limits.max_connections {
            self.note(id, "closed at once: there are as many connections as max-connections allows");
            self.effects.push(Effect::Close(id, Closing::Fin));
            return;
        }
        self.connections.insert(id, Connection::new(id, self.now));
        self.wind(id);
    }

    /// The client has gone. What it sent before is done first.
    fn lost(&mut self, id: ConnectionId) {
        if self.puts_off(id, None) || self.dies_of_half_close(id) {
            return;
        }
        self.departed.remove(&id);
        let is_busy = self.is_busy(id);
        match self.connections.get_mut(&id) {
            Some(connection) if is_busy && connection.has_more() => connection.leaving = true,
            _ => self.end(id, true),
        }
    }

    /// All is stored, so that nothing but the connections ends.
    fn restarted(&mut self) {
        let open: Vec<ConnectionId> = self.connections.keys().copied().collect();
        for id in open {
            self.end(id, true);
        }
        self.forget_at_restart();
    }

    fn tick(&mut self) {
        let mut works = false;
        while let Some(due) = self.timers.pop(self.now) {
            match due {
                Due::Connection(id) => self.connection_due(id),
                Due::Session(client_id) => self.session_due(&client_id),
                Due::LateWills => self.late_wills_due(),
                Due::HeldBack => self.held_back_due(),
                Due::Room => self.room_due(),
                Due::Work => works = true,
                Due::LateEnds => self.late_ends_due(),
                Due::LateRoutes => self.late_routes_due(),
                Due::SlowPackets => self.slow_due(),
                Due::Apart => self.apart_due(),
                Due::LateReplays => self.late_replays_due(),
            }
        }
        if works {
            self.work_on();
        }
    }

    fn connection_due(&mut self, id: ConnectionId) {
        let (now, is_busy, is_slowed) = (self.now, self.is_busy(id), self.is_slowed(id));
        let Some(connection) = self.connections.get_mut(&id) else { return };
        // What it sent waits for the broker, or is read slowly: the silence is not the client's.
        if is_busy && connection.has_more() || is_slowed && !connection.input.is_empty() {
            connection.heard_at = now;
        }
        let Some(connection) = self.connections.get(&id) else { return };
        let _way = self.on_connection(connection);
        let silent = match connection.phase {
            Phase::Deaf => false,
            Phase::Greeting => connection.opened_at + self.connect_timeout() <= self.now,
            Phase::Authenticating => connection.heard_at + self.connect_timeout() <= self.now,
            Phase::Open => {
                self.patience_with(connection).is_some_and(|patience| connection.heard_at + patience <= self.now)
            }
        };
        match (silent, connection.phase) {
            (true, Phase::Open) => self.keep_alive_over(id),
            (true, phase) => {
                let wanted = if phase == Phase::Authenticating { "AUTH" } else { "CONNECT" };
                self.note(id, format!("closed: no {wanted} came within connect-timeout"));
                self.end(id, false);
            }
            (false, _) => {
                self.resend_due(id);
                self.wind(id);
            }
        }
    }
}

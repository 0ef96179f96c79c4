//! Copies of one message for overlapping subscriptions that come apart, and retained messages that are looked up a moment after
//! the SUBACK.

use std::sync::Arc;
use std::time::Duration;

use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::quirks::state::{HeldApart, LateReplay};
use crate::state::ClientId;
use crate::state::session::{Outgoing, Session};
use crate::state::timers::Due;
use crate::state::work::Replay;

/// How far apart the copies of one message come.
const APART: Duration = Duration::from_millis(300);

/// How long after its SUBACK a subscription gets its retained messages.
const LOOKED_UP: Duration = Duration::from_millis(600);

impl Machine {
    /// Gives a client its copies of one message, all but the first of them later; what comes for it meanwhile waits behind
    /// them, so that the order of messages is kept.
    pub(crate) fn deliver_apart(&mut self, copies: Vec<(ClientId, Outgoing)>) {
        let mut before: Option<ClientId> = None;
        for (client_id, outgoing) in copies {
            let is_repeated = before.as_ref() == Some(&client_id);
            let last = self.quirky.held_apart.iter().rev().find(|held| held.client_id == client_id);
            let base = last.map(|held| held.due);
            let due = if is_repeated { Some(base.unwrap_or(self.now) + APART) } else { base };
            before = Some(Arc::clone(&client_id));
            match due.filter(|_| self.quirky.held_apart.len() < self.settings.limits.max_queued_messages) {
                Some(due) => self.quirky.held_apart.push(HeldApart { due, client_id, outgoing }),
                None => self.deliver(&client_id, outgoing),
            }
        }
        self.wind_apart();
    }

    /// Hands on what has waited long enough.
    pub(crate) fn apart_due(&mut self) {
        let held = std::mem::take(&mut self.quirky.held_apart).into_iter();
        let (due, waiting): (Vec<_>, Vec<_>) = held.partition(|held| held.due <= self.now);
        self.quirky.held_apart = waiting;
        for HeldApart { client_id, outgoing, .. } in due {
            let same = |session: &Session| Arc::ptr_eq(&session.client_id, &client_id);
            if self.sessions.get(&client_id).is_some_and(same) {
                self.deliver(&client_id, outgoing);
            }
        }
        self.wind_apart();
    }

    fn wind_apart(&mut self) {
        let deadline = self.quirky.held_apart.iter().map(|held| held.due).min();
        self.timers.set(Due::Apart, deadline);
    }

    /// Puts the look for retained messages off; hands it back where it is to be now.
    pub(crate) fn replays_later(&mut self, client_id: &ClientId, replay: Replay) -> Option<Replay> {
        let connection = self.sessions.get(client_id).and_then(|session| session.connection);
        let most = self.settings.limits.max_queued_messages;
        match connection.filter(|_| self.quirk(Quirk::LooksUpRetainedLater)) {
            Some(connection) if self.quirky.late_replays.len() < most => {
                let due = self.now + LOOKED_UP;
                let client_id = Arc::clone(client_id);
                self.quirky.late_replays.push_back(LateReplay { due, client_id, connection, replay });
                self.wind_late_replays();
                None
            }
            _ => Some(replay),
        }
    }

    /// Looks for retained messages where it is time, and the connection that asked for them still stands.
    pub(crate) fn late_replays_due(&mut self) {
        while let Some(late) = self.quirky.late_replays.pop_front_if(|late| late.due <= self.now) {
            let session = self.sessions.get_mut(&late.client_id);
            if let Some(session) = session.filter(|session| session.connection == Some(late.connection)) {
                session.replays.push_back(late.replay);
                self.replay(&late.client_id);
            }
        }
        self.wind_late_replays();
    }

    fn wind_late_replays(&mut self) {
        self.timers.set(Due::LateReplays, self.quirky.late_replays.front().map(|late| late.due));
    }
}

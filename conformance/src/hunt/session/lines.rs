//! The connections of a session: opened, written to, read from and ended, with the judge told of all of it.

use super::op::Cut;
use super::play::Player;
use crate::hunt::road::Came;
use crate::wire::Ending;
use std::time::Duration;

const NAMES: [&str; 4] = ["ann", "ben", "cid", "dee"];

impl Player<'_> {
    /// Opens a connection; one that is there is taken over, or let alone.
    pub(super) fn open(&mut self, who: usize) -> bool {
        self.flush(who);
        if let Some(line) = self.actors[who].line.take() {
            self.former.push(line);
        }
        let Ok(connection) = self.road.open() else { return false };
        self.connections[who] += 1;
        let name = NAMES[who % NAMES.len()];
        let count = self.connections[who];
        let role = if count == 1 { name.to_owned() } else { format!("{name}#{count}") };
        let side = self.trial.opened(self.road.now(), &role, self.actors[who].version);
        self.actors[who].begins((connection, side));
        true
    }

    /// Writes, and tells the judge.
    pub(super) fn write(&mut self, who: usize, bytes: &[u8], mutation: Option<&'static str>, cut: Cut) {
        let Some((connection, side)) = self.actors[who].line else { return };
        if cut == Cut::Joined && mutation.is_none() {
            self.actors[who].joined.extend_from_slice(bytes);
            return;
        }
        let mut all = std::mem::take(&mut self.actors[who].joined);
        if !all.is_empty() {
            self.trial.wrote(side, self.road.now(), &all, None);
        }
        self.trial.wrote(side, self.road.now(), bytes, mutation);
        all.extend_from_slice(bytes);
        let is_taken = match cut {
            Cut::Bytes if all.len() <= 400 => all.chunks(1).all(|byte| self.road.write(connection, byte)),
            Cut::At(place) if usize::from(place) < all.len() => {
                let (first, second) = all.split_at(usize::from(place));
                self.road.write(connection, first) && self.road.write(connection, second)
            }
            _ => self.road.write(connection, &all),
        };
        if !is_taken {
            self.pump();
        }
    }

    pub(super) fn flush(&mut self, who: usize) {
        if !self.actors[who].joined.is_empty() && self.actors[who].line.is_some() {
            self.write(who, &[], None, Cut::Whole);
        }
    }

    /// Reads once from a client's connection.
    pub(super) fn read(&mut self, who: usize, connection: usize, side: usize, patience: Duration) -> Came {
        let came = self.road.read(connection, self.trial.inbox(side), patience);
        let now = self.road.now();
        match came {
            Came::Bytes => {
                let actor = &mut self.actors[who];
                self.trial.came(side, now, |packet| actor.follow(packet));
                if let Some(seen) = actor.overgrant.take() {
                    self.suspect_grant(who, seen);
                }
            }
            Came::Ended(ending) => self.trial.ended(side, now, ending),
            Came::Nothing => {}
        }
        came
    }

    /// Reads what has come to everybody, and acknowledges it.
    pub(super) fn pump(&mut self) -> bool {
        let mut has_come = false;
        for who in 0..self.actors.len() {
            while let (Some((connection, side)), false) = (self.actors[who].line, self.actors[who].is_deaf) {
                match self.read(who, connection, side, Duration::ZERO) {
                    Came::Bytes => {
                        has_come = true;
                        self.answer(who);
                    }
                    Came::Nothing => break,
                    Came::Ended(_) => self.gone(who),
                }
            }
        }
        self.pump_former();
        has_come
    }

    fn pump_former(&mut self) {
        let mut left = Vec::new();
        for (connection, side) in std::mem::take(&mut self.former) {
            let came = self.road.read(connection, self.trial.inbox(side), Duration::ZERO);
            let now = self.road.now();
            match came {
                Came::Bytes => {
                    self.trial.came(side, now, |_| {});
                    left.push((connection, side));
                }
                Came::Nothing => left.push((connection, side)),
                Came::Ended(ending) => {
                    self.trial.ended(side, now, ending);
                    self.trial.closed(side, now, Some(Ending::Fin));
                    self.road.close(connection, Ending::Fin);
                }
            }
        }
        self.former = left;
    }

    /// The broker has ended a client's connection.
    pub(super) fn gone(&mut self, who: usize) {
        if let Some((connection, side)) = self.actors[who].line.take() {
            let now = self.road.now();
            self.trial.closed(side, now, Some(Ending::Fin));
            self.road.close(connection, Ending::Fin);
        }
        self.actors[who].awaited.clear();
        self.actors[who].held.clear();
    }

    pub(super) fn lose(&mut self, who: usize, ending: Ending) {
        self.flush(who);
        self.hears(who);
        if let Some((connection, side)) = self.actors[who].line.take() {
            self.trial.closed(side, self.road.now(), Some(ending));
            self.road.close(connection, ending);
        }
        self.actors[who].awaited.clear();
        self.actors[who].held.clear();
    }

    /// Reads what the broker has sent by now, whoever has not listened: of who takes leave it would be missing.
    pub(super) fn hears(&mut self, who: usize) {
        self.actors[who].is_deaf = false;
        self.pump();
    }

    pub(super) fn half_close(&mut self, who: usize) {
        self.flush(who);
        self.hears(who);
        let Some((connection, side)) = self.actors[who].line else { return };
        self.trial.closed(side, self.road.now(), None);
        self.actors[who].is_half_closed = true;
        self.actors[who].awaited.clear();
        self.road.half_close(connection);
    }

    /// DISCONNECT was sent: the broker's end is waited for, which alone says that it was dealt with. Our own end before that
    /// would be another reason to end.
    pub(super) fn left(&mut self, who: usize) {
        self.flush(who);
        let until = self.road.now() + self.terms.pace.wait;
        while let Some((connection, side)) = self.actors[who].line {
            let left = until.saturating_sub(self.road.now());
            match self.read(who, connection, side, left) {
                Came::Bytes => {}
                Came::Ended(_) | Came::Nothing => self.gone(who),
            }
        }
    }
}

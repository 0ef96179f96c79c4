//! Which connection or session has something to do at which time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::event::ConnectionId;
use crate::state::ClientId;

/// Whose time has come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// Keep alive, the wait for CONNECT, a re-send.
    Connection(ConnectionId),
    /// Session expiry, a delayed will.
    Session(ClientId),
    /// Wills that outlive their session: quirks and faults only.
    LateWills,
    /// Messages that wait to be handed on: a quirk only.
    HeldBack,
    /// Clients that take nothing of what waits for them, while others wait for its room.
    Room,
    /// Work that was broken off so that others are served in between.
    Work,
    /// Ends of connections that wait to be dealt with: a quirk only.
    LateEnds,
    /// Messages that are acknowledged and not routed yet: a quirk only.
    LateRoutes,
    /// Packets that take their time: a quirk only.
    SlowPackets,
    /// Copies that come apart: a quirk only.
    Apart,
    /// Retained messages that are not looked for yet: a quirk only.
    LateReplays,
}

/// At most one deadline for each connection and each session.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    by_owner: BTreeMap<Due, Duration>,
    by_time: BTreeSet<(Duration, Due)>,
}

impl Timers {
    /// Replaces the owner's deadline; `None` takes it away.
    pub(crate) fn set(&mut self, due: Due, at: Option<Duration>) {
        if self.by_owner.get(&due).copied() == at {
            return;
        }
        if let Some(before) = self.by_owner.remove(&due) {
            self.by_time.remove(&(before, due.clone()));
        }
        if let Some(at) = at {
            self.by_owner.insert(due.clone(), at);
            self.by_time.insert((at, due));
        }
    }

    pub(crate) fn next(&self) -> Option<Duration> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes out the first owner whose deadline isn't after `now`.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<Due> {
        let (at, _) = self.by_time.first()?;
        if *at > now {
            return None;
        }
        let (_, due) = self.by_time.pop_first()?;
        self.by_owner.remove(&due);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_one_deadline_for_each_owner() {
        let mut timers = Timers::default();
        let one = Due::Connection(ConnectionId(1));
        timers.set(one.clone(), Some(Duration::from_secs(5)));
        timers.set(one.clone(), Some(Duration::from_secs(3)));
        timers.set(Due::Session("a".into()), Some(Duration::from_secs(4)));
        assert_eq!(timers.next(), Some(Duration::from_secs(3)));
        assert_eq!(timers.pop(Duration::from_secs(2)), None);
        assert_eq!(timers.pop(Duration::from_secs(3)), Some(one));
        timers.set(Due::Session("a".into()), None);
        assert_eq!(timers.next(), None);
    }
}

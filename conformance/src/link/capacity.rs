//! How much is kept of what a broker sends: so much for each case, and so much for all cases of a run. A broker that
//! never stops sending costs no more memory than that; what comes beyond it is read and dropped. Of others' messages a
//! case keeps less, so that a busy broker doesn't use up what the case needs for its own.

use std::cell::Cell;
use std::rc::Rc;

/// Bytes kept for one case: more than any case asks for.
const CASE: usize = 4 << 20;

/// Bytes kept for all cases of a run together.
const RUN: usize = 48 << 20;

/// Bytes of others' messages kept for one case: enough to see what the case was among.
const OTHERS: usize = 16 << 10;

/// Messages of others that one case lets pass: more than any broker has to say in the time of a case, and less than takes
/// a noticeable part of it.
const PASSING: u32 = 300_000;

/// What a packet costs besides its bytes: its line of the transcript, and its place in an inbox.
const PACKET: usize = 512;

/// What a run has kept so far, in bytes.
#[derive(Debug, Default)]
pub(crate) struct RunCapacity(Cell<usize>);

/// What one case has kept so far, within its run.
#[derive(Debug)]
pub(crate) struct Capacity {
    case: Cell<usize>,
    others: Cell<usize>,
    passing: Cell<u32>,
    run: Rc<RunCapacity>,
}

/// Whether there is room for a message of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// There is; it counts now.
    Enough,
    /// No longer, from this one on.
    JustFilled,
    /// There was none before; it is let pass.
    None,
    /// So many were let pass that the broker doesn't stop.
    Flood,
}

impl Capacity {
    /// Nothing kept yet, in a run that may have kept something.
    pub(crate) fn of(run: &Rc<RunCapacity>) -> Self {
        Self { case: Cell::new(0), others: Cell::new(0), passing: Cell::new(0), run: Rc::clone(run) }
    }

    /// Takes a packet of this length in. False where there is no room for it; then it doesn't count.
    pub(crate) fn takes(&self, len: usize) -> bool {
        let (case, run) = (self.case.get() + len + PACKET, self.run.0.get() + len + PACKET);
        let has_room = case <= CASE && run <= RUN;
        if has_room {
            self.case.set(case);
            self.run.0.set(run);
        }
        has_room
    }

    /// Takes a packet of this length out again, which was asked for only to see that it comes.
    pub(crate) fn gives_back(&self, len: usize) {
        self.case.set(self.case.get().saturating_sub(len + PACKET));
        self.run.0.set(self.run.0.get().saturating_sub(len + PACKET));
    }

    /// Takes a message of others in that is so long.
    pub(crate) fn takes_of_others(&self, len: usize) -> Room {
        let others = self.others.get();
        if others > OTHERS {
            self.passing.set(self.passing.get().saturating_add(1));
            return if self.passing.get() > PASSING { Room::Flood } else { Room::None };
        }
        self.others.set(others + len + PACKET);
        if others + len + PACKET <= OTHERS && self.takes(len) { Room::Enough } else { Room::JustFilled }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_taken_without_end() {
        let capacity = Capacity::of(&Rc::default());
        let asked = (0..2 * CASE / PACKET).filter(|_| {
            let takes = capacity.takes(2);
            capacity.gives_back(2);
            takes
        });
        assert_eq!(asked.count(), 2 * CASE / PACKET);
        let kept = (0..2 * CASE / PACKET).filter(|_| capacity.takes(2));
        assert!(kept.count() < CASE / PACKET, "what is kept still counts");
    }

    #[test]
    fn a_case_is_full_before_its_run_and_a_run_before_the_memory() {
        let run = Rc::<RunCapacity>::default();
        let packet = CASE / 4 - PACKET;
        let taken = |capacity: &Capacity| (0..10).filter(|_| capacity.takes(packet)).count();
        let first = Capacity::of(&run);
        assert_eq!((taken(&first), first.takes(0)), (4, false));
        let others: usize = (1..20).map(|_| taken(&Capacity::of(&run))).sum();
        assert_eq!(4 + others, RUN / CASE * 4);
    }

    #[test]
    fn messages_of_others_leave_room_for_the_case() {
        let capacity = Capacity::of(&Rc::default());
        let rooms: Vec<Room> = (0..40).map(|_| capacity.takes_of_others(512)).collect();
        assert_eq!(rooms.iter().filter(|room| **room == Room::Enough).count(), OTHERS / (512 + PACKET));
        assert_eq!(rooms.iter().filter(|room| **room == Room::JustFilled).count(), 1);
        assert!(capacity.takes(CASE / 2), "room for the case's own");
        assert!((0..PASSING).any(|_| capacity.takes_of_others(512) == Room::Flood), "they end at last");
    }
}

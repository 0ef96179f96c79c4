//! How often a case is played again, and what is said of it then: plays that say nothing don't count.

use super::finding::Again;
use std::time::Duration;

/// How often a case is played to see whether it shows anything at all, and once it is small.
pub(super) const FIRST: u32 = 3;
pub(super) const TIMES: u32 = 20;

/// How long it is played for the first as often as later: what shows in three of twenty plays is mostly not among three.
const PATIENCE: Duration = Duration::from_secs(2);

/// As often also where that takes long, and how long it may take else.
const FEWEST: u32 = 5;
const TIME: Duration = Duration::from_secs(20);

/// How often in all, those that say nothing included.
const MOST: u32 = 40;

/// How often a broker may do nothing at all: one that answers nobody shows nothing in any play.
const SILENT: u32 = 3;

/// What may be said of a play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CameTo {
    /// It came to its end.
    End,
    /// It did, and the broker has answered nothing, and ended nothing.
    Silence,
    /// It did not: the broker died, of whatever, or the time was over.
    Nothing,
}

/// Plays of one case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    seen: u32,
    times: u32,
    silences: u32,
    plays: u32,
}

impl Tally {
    /// One more, that has shown what was looked for or not.
    pub(super) fn count(&mut self, came_to: CameTo, is_seen: bool) {
        self.plays += 1;
        match came_to {
            _ if is_seen => (self.seen, self.times) = (self.seen + 1, self.times + 1),
            CameTo::End => self.times += 1,
            CameTo::Silence => self.silences += 1,
            CameTo::Nothing => {}
        }
    }

    /// Whether it is played once more to see it at all: for some time so often.
    pub(super) fn is_sought(&self, most: u32, took: Duration) -> bool {
        let is_early = self.times < FIRST || self.times < most && took < PATIENCE;
        self.seen == 0 && is_early && self.has_room()
    }

    /// Whether it is played once more to see how often it shows, of so many times.
    pub(super) fn is_counted_on(&self, wanted: u32, took: Duration) -> bool {
        self.times < wanted && (self.times < FEWEST || took < TIME) && self.has_room()
    }

    fn has_room(&self) -> bool {
        self.plays < MOST && self.silences < SILENT
    }

    /// What is said of what was not seen again.
    pub(super) fn not_seen(&self, is_time_over: bool) -> Again {
        match self.times {
            FIRST.. => Again::Seen(0, self.times),
            // One that had no time for all of its tries says nothing.
            _ if is_time_over => Again::Untried("the time was over"),
            _ if self.silences >= SILENT => Again::Untried("the broker answered nobody when it was played"),
            _ => Again::Untried("the broker died in each play"),
        }
    }

    /// What is said of what was seen when it was sought, and counted so once it was small.
    pub(super) fn seen(&self, sought: Self) -> Again {
        match (self.seen, self.times) {
            // That it was seen at all is one time, where there is none left for more.
            (_, 0) => Again::Seen(1, sought.times),
            // It was seen when it was made smaller, and then not any more.
            (0, times) => Again::Seen(1, times + 1),
            (seen, times) => Again::Seen(seen, times),
        }
    }

    /// Whether each play has shown it.
    pub(super) fn is_always(&self) -> bool {
        self.seen == self.times
    }

    /// So often, of so many times.
    pub(super) fn numbers(&self) -> (u32, u32) {
        (self.seen, self.times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(1);

    fn tally(plays: &[(CameTo, bool)]) -> Tally {
        let mut tally = Tally::default();
        for (came_to, is_seen) in plays {
            tally.count(*came_to, *is_seen);
        }
        tally
    }

    /// How it is sought where only the play with this number shows it, each taking so long.
    fn sought(shown: u32, most: u32, each: Duration) -> Tally {
        let mut tally = Tally::default();
        while tally.is_sought(most, each * tally.plays) {
            tally.count(CameTo::End, tally.plays + 1 == shown);
        }
        tally
    }

    #[test]
    fn what_shows_seldom_is_sought_twenty_times_and_three_where_that_takes_long() {
        assert_eq!(sought(20, TIMES, QUICK).numbers(), (1, 20));
        assert_eq!(sought(21, TIMES, QUICK).numbers(), (0, 20));
        assert_eq!(sought(20, TIMES, PATIENCE).numbers(), (0, FIRST));
        assert_eq!(sought(20, FIRST, QUICK).numbers(), (0, FIRST));
        assert_eq!(sought(2, TIMES, QUICK).numbers(), (1, 2));
    }

    #[test]
    fn plays_that_say_nothing_are_not_counted_and_end_all_the_same() {
        let mut dying = Tally::default();
        while dying.is_sought(TIMES, QUICK) {
            dying.count(CameTo::Nothing, false);
        }
        assert_eq!((dying.numbers(), dying.plays), ((0, 0), MOST));
        assert_eq!(dying.not_seen(false), Again::Untried("the broker died in each play"));
        assert_eq!(dying.not_seen(true), Again::Untried("the time was over"));
        let silent = tally(&[(CameTo::Silence, false); SILENT as usize]);
        assert!(!silent.is_sought(TIMES, QUICK) && !silent.is_counted_on(TIMES, QUICK));
        assert_eq!(silent.not_seen(false), Again::Untried("the broker answered nobody when it was played"));
    }

    #[test]
    fn silence_is_what_was_looked_for_where_that_is_seen_in_it() {
        let hung = tally(&[(CameTo::Silence, true), (CameTo::Silence, true), (CameTo::Silence, false)]);
        assert_eq!((hung.numbers(), hung.silences), ((2, 2), 1));
    }

    #[test]
    fn once_it_is_small_it_is_played_twenty_times_and_five_where_that_takes_long() {
        let plays = |each: Duration| {
            let mut tally = Tally::default();
            while tally.is_counted_on(TIMES, each * tally.plays) {
                tally.count(CameTo::End, true);
            }
            tally.numbers()
        };
        assert_eq!((plays(QUICK), plays(TIME)), ((20, 20), (FEWEST, FEWEST)));
    }

    #[test]
    fn what_was_seen_once_stays_seen() {
        let sought = sought(4, TIMES, QUICK);
        assert_eq!(Tally::default().seen(sought), Again::Seen(1, 4));
        assert_eq!(tally(&[(CameTo::End, false); 5]).seen(sought), Again::Seen(1, 6));
        let counted = tally(&[(CameTo::End, true), (CameTo::End, false)]);
        assert_eq!(counted.seen(sought), Again::Seen(1, 2));
        assert!(!counted.is_always() && tally(&[(CameTo::End, true)]).is_always());
        assert_eq!(tally(&[(CameTo::End, false); 3]).not_seen(true), Again::Seen(0, 3));
    }
}

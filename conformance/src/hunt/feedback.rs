//! What was worth keeping: sessions that showed something that none before them did, and chance in favour of rare ones.

use super::session::Session;
use crate::chance::Random;
use std::collections::BTreeMap;

/// How many different sights are remembered, and how many sessions are kept.
const SIGHTS: usize = 1 << 16;
const SESSIONS: usize = 512;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Feedback {
    /// How often each was seen.
    sights: BTreeMap<u64, u32>,
    kept: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    session: Session,
    /// What it showed first.
    sight: u64,
}

impl Feedback {
    /// Takes in what a session has shown; true where it is kept.
    pub(super) fn take(&mut self, session: &Session, seen: &[u64]) -> bool {
        let mut new = None;
        for &sight in seen {
            let has_room = self.sights.len() < SIGHTS;
            match self.sights.get_mut(&sight) {
                Some(count) => *count = count.saturating_add(1),
                None if has_room => {
                    self.sights.insert(sight, 1);
                    new = Some(sight);
                }
                None => {}
            }
        }
        let Some(sight) = new else { return false };
        self.keep(session.clone(), sight);
        true
    }

    /// Keeps one, in the place of the commonest where there is no more room.
    pub(super) fn keep(&mut self, session: Session, sight: u64) {
        if self.kept.len() < SESSIONS {
            return self.kept.push(Kept { session, sight });
        }
        let commonest = (0..self.kept.len()).max_by_key(|place| self.rarity(*place));
        if let Some(place) = commonest {
            self.kept[place] = Kept { session, sight };
        }
    }

    fn rarity(&self, place: usize) -> u32 {
        self.sights.get(&self.kept[place].sight).copied().unwrap_or_default()
    }

    /// Two of them, the first a rare one.
    pub(super) fn choose(&self, random: &mut Random) -> Option<(Session, Session)> {
        if self.kept.is_empty() {
            return None;
        }
        let drawn = [(); 3].map(|()| random.below(self.kept.len()));
        let rarest = drawn.into_iter().min_by_key(|place| self.rarity(*place)).unwrap_or_default();
        let other = random.below(self.kept.len());
        Some((self.kept[rarest].session.clone(), self.kept[other].session.clone()))
    }

    /// How many are kept.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(count: usize) -> Session {
        Session { cast: vec![true; count], steps: Vec::new() }
    }

    #[test]
    fn only_what_is_new_is_kept() {
        let mut feedback = Feedback::default();
        assert!(feedback.take(&session(1), &[1, 2]));
        assert!(!feedback.take(&session(2), &[2, 1, 1]));
        assert!(feedback.take(&session(3), &[2, 3]));
        assert_eq!(feedback.len(), 2);
    }

    #[test]
    fn it_is_bounded_and_the_commonest_goes() {
        let mut feedback = Feedback::default();
        for sight in 0..SESSIONS as u64 {
            assert!(feedback.take(&session(1), &[sight]));
        }
        feedback.take(&session(1), &[0, 0, 0]);
        assert!(feedback.take(&session(2), &[1 << 40]));
        assert_eq!(feedback.len(), SESSIONS);
        assert!(feedback.kept.iter().all(|kept| kept.sight != 0));
        assert!(feedback.kept.iter().any(|kept| kept.sight == 1 << 40));
    }
}

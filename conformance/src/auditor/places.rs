//! When each of our packets was written on a connection, as far back as it is not known to have been read.

use super::facts::Moment;
use std::collections::VecDeque;

/// How many are remembered at most.
const MOST: usize = 1 << 12;

/// The moments of our packets by their place on the connection. In a flood only every so manieth is remembered: then less
/// is known to have been read, and never more.
#[derive(Debug)]
pub(super) struct Places {
    written: u64,
    /// Every so manieth packet is remembered.
    every: u64,
    remembered: VecDeque<(u64, Moment)>,
}

impl Default for Places {
    fn default() -> Self {
        Self { written: 0, every: 1, remembered: VecDeque::new() }
    }
}

impl Places {
    /// The next packet is written.
    pub(super) fn wrote(&mut self, moment: Moment) {
        self.written += 1;
        if !self.written.is_multiple_of(self.every) {
            return;
        }
        self.remembered.push_back((self.written, moment));
        if self.remembered.len() > MOST {
            self.every *= 2;
            self.remembered.retain(|(place, _)| place.is_multiple_of(self.every));
        }
    }

    /// The broker has read all up to this place, the first being 1: when the last of them that is remembered was written.
    /// What is before that is forgotten, since what follows reads at least as far.
    pub(super) fn up_to(&mut self, place: u64) -> Option<Moment> {
        let known = self.remembered.partition_point(|&(at, _)| at <= place);
        self.remembered.drain(..known.saturating_sub(1));
        self.remembered.front().filter(|&&(at, _)| at <= place).map(|&(_, moment)| moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(seq: u64) -> Moment {
        Moment { seq, ..Moment::default() }
    }

    fn of(count: u64) -> Places {
        let mut places = Places::default();
        (1..=count).for_each(|place| places.wrote(moment(place * 10)));
        places
    }

    #[test]
    fn each_place_has_its_moment() {
        let mut places = of(3);
        let read = [0, 1, 1, 3, 9].map(|place| places.up_to(place));
        assert_eq!(read, [None, Some(moment(10)), Some(moment(10)), Some(moment(30)), Some(moment(30))]);
    }

    #[test]
    fn of_a_flood_some_are_remembered_and_none_too_late() {
        let mut places = of(1_000_000);
        assert!(places.remembered.len() <= MOST);
        for place in (1..1_000_000).step_by(997) {
            let read = places.up_to(place).map_or(0, |moment| moment.seq / 10);
            assert!(read <= place, "{read} is behind {place}");
            assert!(read == 0 || place - read <= 4 * 1_000_000 / MOST as u64, "{read} is far before {place}");
        }
    }
}

//! Chance that repeats itself: the same numbers for the same seed, on every machine (SplitMix64); and chance that a fuzzer
//! has a hand in.

/// A stream of numbers.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
    /// What is drawn before any number of the seed, the last first.
    told: Vec<u16>,
}

impl Random {
    /// The numbers of one sequence of a seed.
    pub(crate) fn of(seed: u64, index: u64) -> Self {
        let mut random = Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15), told: Vec::new() };
        let base = random.next();
        Self { state: base ^ index.wrapping_mul(0xD1B5_4A32_D192_ED03), ..random }
    }

    /// Draws what these bytes say, two for a number; behind their end the numbers of a seed.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn told(bytes: &[u8]) -> Self {
        let pairs = bytes.chunks_exact(2).rev().map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        Self { told: pairs.collect(), ..Self::of(0, 0) }
    }

    /// The next number itself.
    pub(crate) fn next(&mut self) -> u64 {
        if let Some(told) = self.told.pop() {
            return told.into();
        }
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of so many: from 0, below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        // A bias of one in 2^58 for the small counts here.
        (self.next() % count.max(1) as u64) as usize
    }

    /// True `percent` times in a hundred.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// One of these, each as often as its weight says.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(usize, T)]) -> T {
        let mut left = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for &(weight, choice) in choices {
            if left < weight {
                return choice;
            }
            left -= weight;
        }
        choices[0].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_no_other() {
        let numbers = |seed, index| {
            let mut random = Random::of(seed, index);
            (0..20).map(|_| random.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(1, 7), numbers(1, 7));
        assert_ne!(numbers(1, 7), numbers(1, 8));
        assert_ne!(numbers(1, 7), numbers(2, 7));
    }

    #[test]
    fn what_is_told_comes_first() {
        let mut random = Random::told(&[7, 0, 3, 1, 9]);
        assert_eq!([random.below(1000), random.below(1000)], [7, 259]);
        assert_eq!(random.next(), Random::of(0, 0).next());
    }

    #[test]
    fn weights_are_kept() {
        let mut random = Random::of(1, 0);
        let drawn = (0..1000).filter(|_| random.weighted(&[(1, false), (9, true)])).count();
        assert!((850..950).contains(&drawn), "{drawn}");
    }
}

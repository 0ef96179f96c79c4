//! The largest number with which something works: doubled until it doesn't, then halved between.

/// How one try came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It works.
    Taken,
    /// It doesn't, and what was seen.
    Refused(String),
    /// The broker died of it.
    Died(String),
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Largest {
    /// The largest number that was taken; nothing where not even the first was.
    pub(super) taken: Option<u64>,
    /// The smallest that was not, and what was seen; nothing where the bound of the search was taken.
    pub(super) beyond: Option<(u64, String)>,
    /// Between the two nothing was tried: the broker had died.
    pub(super) has_gap: bool,
}

/// Finds the largest number from `first` to `last` that is taken, where each that is smaller is taken too. A death ends the
/// search.
pub(super) async fn largest(first: u64, last: u64, mut attempt: impl AsyncFnMut(u64) -> Outcome) -> Largest {
    let (mut taken, mut next) = (None, first.min(last));
    let mut beyond = loop {
        match attempt(next).await {
            Outcome::Taken if next == last => return Largest { taken: Some(next), beyond: None, has_gap: false },
            Outcome::Taken => {
                taken = Some(next);
                next = next.saturating_mul(2).min(last);
            }
            Outcome::Refused(why) => break (next, why),
            Outcome::Died(why) => return Largest { taken, beyond: Some((next, why)), has_gap: true },
        }
    };
    while let Some(low) = taken
        && beyond.0 - low > 1
    {
        let middle = low + (beyond.0 - low) / 2;
        match attempt(middle).await {
            Outcome::Taken => taken = Some(middle),
            Outcome::Refused(why) => beyond = (middle, why),
            Outcome::Died(why) => return Largest { taken, beyond: Some((middle, why)), has_gap: true },
        }
    }
    Largest { taken, beyond: Some(beyond), has_gap: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::clock;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_finds_the_limit_to_the_number_in_few_tries(first in 1_u64..100, more in 0_u64..1 << 28, limit in 0_u64..1 << 29) {
            let last = first + more;
            let mut tries = 0_u32;
            let found = clock::simulated(largest(first, last, async |number| {
                tries += 1;
                assert!((first..=last).contains(&number));
                if number <= limit { Outcome::Taken } else { Outcome::Refused("no".to_owned()) }
            }));
            let expected = (limit >= first).then(|| limit.min(last));
            prop_assert_eq!(found.taken, expected);
            let beyond = (limit < last).then(|| limit.max(first - 1) + 1);
            prop_assert_eq!(found.beyond.map(|(number, _)| number), beyond);
            prop_assert!(tries <= 2 * (64 - last.leading_zeros()) + 2, "{} tries", tries);
        }

        #[test]
        fn a_death_is_the_last_try(limit in 1_u64..10_000, dies_from in 1_u64..20_000) {
            let mut died = 0;
            let found = clock::simulated(largest(1, 1 << 14, async |number| {
                assert_eq!(died, 0, "nothing is tried after a death");
                if number > limit && number >= dies_from {
                    died += 1;
                    return Outcome::Died("it died".to_owned());
                }
                if number <= limit { Outcome::Taken } else { Outcome::Refused("no".to_owned()) }
            }));
            prop_assert_eq!(found.has_gap, died == 1);
            prop_assert!(found.taken.is_none_or(|taken| taken <= limit));
        }
    }
}

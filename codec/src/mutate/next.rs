//! The next mutation that has a place, for fuzzers.

use crate::mutate::edit::Legal;
use crate::mutate::mutation::Mutation;
use crate::mutate::outcome::Mutated;
use crate::mutate::table::MUTATIONS;
use crate::packet::Context;

impl Mutation {
    /// The first mutation, from the one at `start` on and round, that has a place in this legal packet.
    pub(crate) fn first_from(start: usize, legal: &[u8], context: Context) -> Option<(&'static Self, Mutated)> {
        let legal = Legal::new(legal, context)?;
        let (before, from) = MUTATIONS.split_at(start);
        from.iter().chain(before).find_map(|mutation| Some((mutation, (mutation.make)(&legal)?)))
    }
}

//! The next mutation that has a place.

use crate::mutate::edit::Legal;
use crate::mutate::mutation::Mutation;
use crate::mutate::outcome::Mutated;
use crate::mutate::table::MUTATIONS;
use crate::packet::Context;

impl Mutation {
    /// The first mutation of [`MUTATIONS`](crate::MUTATIONS), from this index on and round, that has a place in this legal
    /// packet, and what comes of it: for fuzzers. `None` if these bytes are not one whole legal packet, or none has a place.
    ///
    /// ```
    /// use mqtt_assay_codec::{Context, Mutation, Sender, Version};
    /// let context = Context::new(Version::V5, Sender::Client);
    /// let (mutation, mutated) = Mutation::first_from(0, b"\xC0\x00", context).unwrap();
    /// assert_eq!((mutation.name, mutated.bytes[0]), ("flags.reserved.1", 0xC1));
    /// ```
    pub fn first_from(start: usize, legal: &[u8], context: Context) -> Option<(&'static Self, Mutated)> {
        let legal = Legal::new(legal, context)?;
        let (before, from) = MUTATIONS.split_at(start % MUTATIONS.len());
        from.iter().chain(before).find_map(|mutation| Some((mutation, (mutation.make)(&legal)?)))
    }
}

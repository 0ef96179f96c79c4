//! Mutations: a legal packet plus exactly one named mistake.
//!
//! A mutation either repairs every length around what it changes, or breaks exactly one. So the packet that comes out
//! breaks one rule, which the mutation names, and can be refused for no other reason.

mod connect;
mod edit;
mod header;
mod lengths;
mod properties;
mod subscribe;
mod table;
mod text;

use alloc::vec::Vec;
use core::fmt;

use crate::packet::Context;
use crate::rule::Rule;
use edit::Legal;

pub use table::MUTATIONS;

/// Names of whole families whose mutations are called otherwise; [`Mutation::find`] knows them.
const ALIASES: &[(&str, &str)] = &[
    ("connect.will-flags-without-will", "connect.will-qos-without-will"),
    ("topic.share-malformed", "filter.share-without-filter"),
];

/// A named mistake that can be put into a legal packet. All of them are in [`MUTATIONS`].
#[derive(Clone, Copy)]
pub struct Mutation {
    /// Stable name: family, kind, and for some a place (`utf8.nul@client-identifier`) or a number (`flags.reserved.3`).
    pub name: &'static str,
    /// What it does, in a few words.
    pub says: &'static str,
    make: fn(&Legal<'_>) -> Option<Mutated>,
}

/// A packet with one mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutated {
    /// The packet.
    pub bytes: Vec<u8>,
    /// The rule that it breaks; `None` if it is legal after all in this version, or only incomplete.
    pub rule: Option<Rule>,
    /// What a receiver does with it.
    pub expectation: Expectation,
    /// Offset of the first byte that differs in meaning from the legal packet.
    pub offset: usize,
}

/// What a strict receiver does with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// Refuses it, for this rule.
    MustRefuse(Rule),
    /// Accepts it: unusual, but legal.
    MustAccept,
    /// Accepts or refuses it: the standard leaves that open, for this reason.
    MayEither(&'static str),
    /// Waits for bytes that the remaining length promises.
    Waits,
}

impl Mutation {
    /// Puts the mistake into a legal packet. `None` if the packet has no place for it, or isn't one whole legal packet.
    ///
    /// ```
    /// use mqtt_assay_codec::{Context, Expectation, Mutation, Packet, Publish, Rule, Sender, Version};
    /// let packet = Packet::Publish(Publish { topic: "sport", ..Publish::default() });
    /// let legal = packet.to_bytes(Version::V5)?;
    /// let context = Context::new(Version::V5, Sender::Client);
    /// let mutated = Mutation::named("topic.wildcard-in-name.hash").apply(&legal, context).unwrap();
    /// assert_eq!(mutated.expectation, Expectation::MustRefuse(Rule::TopicNameWildcard));
    /// assert_eq!(mutated.bytes, b"\x30\x0a\x00\x07sport/#\x00");
    /// # Ok::<_, mqtt_assay_codec::EncodeError>(())
    /// ```
    pub fn apply(&self, legal: &[u8], context: Context) -> Option<Mutated> {
        (self.make)(&Legal::new(legal, context)?)
    }

    /// The first mutation, from the one at `start` on and round, that has a place in this legal packet.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn first_from(start: usize, legal: &[u8], context: Context) -> Option<(&'static Self, Mutated)> {
        let legal = Legal::new(legal, context)?;
        let (before, from) = MUTATIONS.split_at(start);
        from.iter().chain(before).find_map(|mutation| Some((mutation, (mutation.make)(&legal)?)))
    }

    /// The mutation with this name, or the first one of this family: `topic.wildcard-in-name` finds
    /// `topic.wildcard-in-name.hash`.
    pub fn find(name: &str) -> Option<&'static Self> {
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, target)| target);
        let family =
            |mutation: &&Self| mutation.name.strip_prefix(name).is_some_and(|variant| variant.starts_with(['.', '@']));
        let exact = MUTATIONS.iter().find(|mutation| mutation.name == name);
        exact.or_else(|| MUTATIONS.iter().find(family))
    }

    /// The mutation with exactly this name, for constants: a name that does not exist does not compile.
    ///
    /// # Panics
    ///
    /// If there is none, which in a constant is an error of compilation.
    pub const fn named(name: &str) -> Self {
        let mut index = 0;
        while index < MUTATIONS.len() {
            if same(MUTATIONS[index].name.as_bytes(), name.as_bytes()) {
                return MUTATIONS[index];
            }
            index += 1;
        }
        panic!("no mutation has this name")
    }
}

/// Equality of names that works in constants.
const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

impl PartialEq for Mutation {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Mutation {}

impl fmt::Debug for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

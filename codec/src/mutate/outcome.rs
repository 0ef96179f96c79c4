//! What comes of a mutation.

use alloc::vec::Vec;

use crate::rule::Rule;

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

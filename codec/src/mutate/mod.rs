//! Mutations: a legal packet plus exactly one named mistake.
//!
//! A mutation either repairs every length around what it changes, or breaks exactly one. So the packet that comes out
//! breaks one rule, which the mutation names, and can be refused for no other reason.
//!
//! Uses `packet`, `rule` and `read`.

mod connect;
mod edit;
mod find;
mod header;
mod lengths;
mod mutation;
mod next;
mod outcome;
mod properties;
mod subscribe;
mod table;
mod text;

pub use mutation::Mutation;
pub use outcome::{Expectation, Mutated};
pub use table::MUTATIONS;

//! Faults: what the broker does wrong on purpose, so that it can be shown that a case notices.
//!
//! Below the machine: `table` names them, `catalog` says which rules each one breaks, `set` which are on, `way` and `condition`
//! on which ways, `sends` puts mistakes into the bytes of packets, `marks` is what the structs of `state/` carry for their
//! sake, `state` what the machine remembers. `doors` keeps the way that the machine is on.
//!
//! The other files are chapters of the machine, by subject: what it does under a fault that takes more than a condition at
//! the branch. Those may use every room. The branch itself, with its question `self.fault(..)`, stays where the rule is
//! kept, so that the rest of the crate reads as a broker.

pub(crate) mod answering;
mod authenticating;
mod catalog;
mod condition;
mod connecting;
pub(crate) mod delivering;
mod doors;
mod dying;
pub(crate) mod ending;
mod fitting;
mod marks;
mod matching;
mod receiving;
mod restarting;
pub(crate) mod sending;
mod sends;
mod set;
mod state;
mod subscribing;
mod table;
pub(crate) mod way;

pub use condition::{Condition, Conditions};
pub use fitting::{Fitting, Misfit};
pub(crate) use marks::{ConnectionMarks, CopyMarks, ExchangeMarks, MessageMarks, SessionMarks, SubscriptionMarks};
pub(crate) use receiving::Segment;
pub use set::{FaultOn, FaultSet, Questions};
pub(crate) use state::State;
pub use table::Fault;

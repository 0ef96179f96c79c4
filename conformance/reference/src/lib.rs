//! The reference broker: a small, strict, complete broker for MQTT 3.1.1 and 5.0 in memory, as a state machine.
//!
//! [`Machine`] has no socket, no clock and no randomness of its own: events and the time go in, effects come out, and the
//! same events give the same effects. It is the default target of the suite, the host of the [`Fault`]s that prove the
//! suite's cases, the model for generated sequences, and a strict broker for people who write clients ([`Breach`] names
//! each rule that a client broke).
//!
//! It is no product: nothing outlives the process, there is no cluster and no administration.

mod delivery;
mod drive;
mod ending;
mod event;
mod faults;
mod machine;
mod packets;
mod quirks;
mod settings;
mod state;

#[cfg(test)]
mod tests;

pub use event::{Breach, Closing, ConnectionId, Effect, Event};
pub use faults::{Fault, FaultSet};
pub use machine::Machine;
pub use quirks::{Quirk, QuirkSet};
pub use settings::Settings;
pub use settings::access::{Access, User};
pub use settings::limits::{BrokerLimits, LimitName};

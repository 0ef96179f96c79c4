//! The reference broker: a small, strict, complete broker for MQTT 3.1.1 and 5.0 in memory, as a state machine.
//!
//! [`Machine`] has no socket, no clock and no randomness of its own: events and the time go in, effects come out, and the
//! same events give the same effects. It is the default target of the suite, the host of the [`Fault`]s that prove the
//! suite's cases, the model for generated sequences, and a strict broker for people who write clients ([`Breach`] names
//! each rule that a client broke).
//!
//! It is no product: nothing outlives the process, there is no cluster and no administration.
//!
//! # Rooms
//!
//! From the bottom up; each uses those before it. What a room does, it adds to `impl Machine`.
//!
//! | room | what lives there |
//! |---|---|
//! | `event` | the words between the machine and whoever drives it |
//! | `faults::{table, catalog, set, way, condition, sends, marks}`, `quirks::table` | what the broker may be told to do otherwise, by name |
//! | `planted::table` | bugs that a hunt is to find, by name |
//! | `state` | connections, sessions, messages, wills, timers, and the count of what is stored |
//! | `settings` | limits and access, fixed before the start |
//! | `faults::state`, `quirks::state` | what the machine remembers for the sake of faults or quirks only |
//! | `machine` | what a broker is made of, and what every room may ask of it |
//! | `delivery` | the way of a message from its acceptance to the bytes for each client |
//! | `ending` | how connections and sessions end, and the wills that follow |
//! | `packets` | what clients send, a file for each packet |
//! | `drive` | events in, effects out |
//!
//! `planted` stands beside them: bugs of brokers in the field, for the proof of the hunt, off unless somebody asks for one.
//!
//! Each room asks for [`Fault`]s and [`Quirk`]s where it keeps the rule. Where the answer takes more than a condition, a
//! function in another file of `faults` or `quirks` does it. Those files may use every room, and every room may call them:
//! the one circle between rooms that is meant.

mod delivery;
mod drive;
mod ending;
mod event;
mod faults;
mod machine;
mod packets;
mod planted;
mod quirks;
mod settings;
mod state;

#[cfg(test)]
mod tests;

pub use event::{Breach, Closing, ConnectionId, Effect, Event, Note};
pub use faults::{Condition, Conditions, Fault, FaultOn, FaultSet, Fitting, Misfit, Questions};
pub use machine::Machine;
pub use planted::{Planted, Sort};
pub use quirks::{Quirk, QuirkSet};
pub use settings::Settings;
pub use settings::access::{Access, User};
pub use settings::challenge::{ANSWERS, METHOD};
pub use settings::limits::{BrokerLimits, LimitName};

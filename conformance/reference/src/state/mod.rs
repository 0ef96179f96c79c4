//! What the broker remembers of its clients and their messages, and how it counts that.
//!
//! Data with what can be asked of it alone. What is done with it is said in the rooms above.
//! May use: the codec, the words of `event`, and `faults::marks`, which its structs carry.

pub(crate) mod authentication;
pub(crate) mod connection;
pub(crate) mod departed;
pub(crate) mod ledger;
pub(crate) mod levels;
pub(crate) mod message;
pub(crate) mod outflow;
pub(crate) mod session;
pub(crate) mod subscriptions;
pub(crate) mod timers;
pub(crate) mod will;
pub(crate) mod work;

use std::sync::Arc;

/// A client identifier as the machine keys its sessions by it.
pub(crate) type ClientId = Arc<str>;

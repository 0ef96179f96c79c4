//! Faults: what the broker does wrong on purpose, so that it can be shown that a case notices.
//!
//! `table` names them, `catalog` says which rules each one breaks, `sends` is about packets with a mistake in their bytes.

mod catalog;
mod sends;
mod state;
mod table;

pub use catalog::FaultSet;
pub(crate) use sends::mistaken;
pub(crate) use state::{CopyState, ExchangeState, MessageState, SessionState, State};
pub use table::Fault;

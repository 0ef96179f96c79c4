//! Quirks: what the standard permits, although this broker does otherwise by default. No case may punish any of them.
//!
//! `table` names them.

mod table;

pub use table::{Quirk, QuirkSet};

//! What can be judged from one packet alone: the table of rules, where each of them applies, and the error that names one.
//!
//! Uses `packet`.

mod error;
mod kind;
mod layer;
mod property;
mod scope;
mod table;

pub use error::DecodeError;
pub use kind::ErrorKind;
pub use layer::Layer;
pub(crate) use property::{broken_value_rule, duplicate_rule, holds, may_repeat, value_is_legal};
pub use table::Rule;

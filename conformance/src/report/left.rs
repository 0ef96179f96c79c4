//! What may be left on a broker, in words.

use crate::link::describe;
use crate::scenario::{Kind, LeftBehind};

/// A line about one session or retained message.
pub(crate) fn told(left: &LeftBehind) -> String {
    let LeftBehind { kind, name, case } = left;
    let what = match kind {
        Kind::Session => "the session of client",
        Kind::Retained => "the retained message on",
    };
    format!("  {what} {} ({case})", describe::quoted(name.as_bytes()))
}

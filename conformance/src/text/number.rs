//! Numbers in sentences.

use std::time::Duration;

/// Seconds with three digits.
pub(crate) fn seconds(took: Duration) -> String {
    format!("{:.3}s", took.as_secs_f64())
}

/// `1 case`, `2 cases`.
pub(crate) fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

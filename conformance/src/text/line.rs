//! Text that stays on its line, whoever wrote it.

use std::fmt::Write as _;

/// Keeps hostile text on its line and visible: control characters are escaped.
pub(crate) fn single_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control()
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            let _ = write!(out, "{}", letter.escape_default());
        } else {
            out.push(letter);
        }
    }
    out
}

/// What the user wrote, in backticks, with control characters made visible.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", single_line(text))
}

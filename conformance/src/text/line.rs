//! Text that stays on its line, whoever wrote it.

use std::borrow::Cow;
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

/// The first letters of a text that is longer than so many, with its length; a shorter one as it is.
pub(crate) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}... ({} letters)", &text[..end], text.chars().count())),
        None => Cow::Borrowed(text),
    }
}

/// What the user wrote, in backticks, with control characters made visible.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", single_line(text))
}

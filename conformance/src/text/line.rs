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

/// Text of several lines, each of which stays on its own: what ends a line ends it, all else is escaped.
pub(crate) fn visible(text: &str) -> String {
    text.split('\n').map(single_line).collect::<Vec<_>>().join("\n")
}

/// The first letters of a text that is longer than so many, with its length; a shorter one as it is. One that was cut before
/// keeps the length that it had.
pub(crate) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => {
            let letters = length_before(text).unwrap_or_else(|| text.chars().count());
            Cow::Owned(format!("{}... ({letters} letters)", &text[..end]))
        }
        None => Cow::Borrowed(text),
    }
}

/// How long a text was that ends as [`cut`] has ended it.
fn length_before(text: &str) -> Option<usize> {
    text.strip_suffix(" letters)")?.rsplit_once("... (")?.1.parse().ok()
}

/// The most letters of what somebody wrote that are shown in a message.
const SHOWN: usize = 200;

/// What somebody wrote, with control characters made visible; of a long text the start.
pub(crate) fn short(text: &str) -> String {
    single_line(&cut(text, SHOWN))
}

/// As [`short`], in backticks.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", short(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_stays_on_its_line_and_is_no_longer_than_a_few_lines() {
        assert_eq!(quoted("a\x1b[2J\nb\u{202e}"), r"`a\u{1b}[2J\nb\u{202e}`");
        let long = quoted(&"ü".repeat(100_000));
        assert!(long.ends_with("... (100000 letters)`") && long.chars().count() < 250, "{long}");
    }

    #[test]
    fn what_is_cut_twice_says_how_long_it_was() {
        let once = cut(&"x".repeat(100), 50).into_owned();
        assert_eq!(cut(&once, 3), "xxx... (100 letters)");
        assert_eq!(cut("xxxx letters)", 3), "xxx... (13 letters)");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(visible("a\x07\nb\r\n"), "a\\u{7}\nb\\r\n");
    }
}

//! Lines that end where the screen does: counted in columns of a terminal, in which colours take no room and some letters two.

use std::fmt::Write as _;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The least room for text behind an indent; a narrower screen breaks the lines itself.
const ROOM: usize = 20;

/// Stands for what is left out of a line.
const LEFT_OUT: &str = "...";

/// How many columns a text takes, without its colours.
pub(crate) fn columns(text: &str) -> usize {
    let plain = anstream::adapter::strip_str(text);
    plain.map(UnicodeWidthStr::width).sum()
}

/// A line broken at blanks to be no wider than so many columns, what follows the first line set in. A word that is wider than
/// a line is divided. No line ends with a line break.
pub(crate) fn wrapped(line: &str, width: usize, indent: usize) -> Vec<String> {
    let width = width.max(indent + ROOM);
    if columns(line) <= width {
        return vec![line.to_owned()];
    }
    let mut page = Page { lines: Vec::new(), line: String::new(), taken: 0, width, indent };
    let start = line.len() - line.trim_start_matches(' ').len();
    page.put(&line[..start], start);
    let mut blanks = 0;
    for word in line[start..].split(' ') {
        page.word(word, blanks);
        blanks = 1;
    }
    page.lines.push(page.line.trim_end().to_owned());
    page.lines
}

/// A line that is no wider than so many columns: of a wider one the beginning. It has no colours.
pub(crate) fn fitted(line: &str, width: usize) -> String {
    if line.width() <= width {
        return line.to_owned();
    }
    let room = width.saturating_sub(LEFT_OUT.len());
    let mut out = String::new();
    let mut taken = 0;
    for letter in line.chars() {
        taken += letter.width().unwrap_or(0);
        if taken > room {
            break;
        }
        out.push(letter);
    }
    let _ = write!(out, "{LEFT_OUT}");
    out
}

/// Lines that are being filled.
struct Page {
    lines: Vec<String>,
    line: String,
    /// Columns of `line`.
    taken: usize,
    width: usize,
    indent: usize,
}

impl Page {
    fn put(&mut self, text: &str, columns: usize) {
        self.line.push_str(text);
        self.taken += columns;
    }

    /// A word behind so many blanks, on the next line where this one has no room for it.
    fn word(&mut self, word: &str, blanks: usize) {
        let wide = columns(word);
        let is_first = self.line.trim().is_empty();
        if self.taken + blanks + wide <= self.width {
            self.put(&" ".repeat(blanks), blanks);
            return self.put(word, wide);
        }
        if !is_first {
            self.next();
        }
        if wide <= self.width.saturating_sub(self.taken) {
            return self.put(word, wide);
        }
        for letter in word.chars() {
            let wide = letter.width().unwrap_or(0);
            if self.taken + wide > self.width {
                self.next();
            }
            self.put(letter.encode_utf8(&mut [0; 4]), wide);
        }
    }

    fn next(&mut self) {
        let line = std::mem::replace(&mut self.line, " ".repeat(self.indent));
        self.lines.push(line.trim_end().to_owned());
        self.taken = self.indent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_follows_the_first_line_is_set_in() {
        let lines = wrapped("  malformed/wildcard: 7 cases, MQTT-4.7.1-2: SUBACK id=1 0x00", 40, 4);
        assert_eq!(lines, ["  malformed/wildcard: 7 cases,", "    MQTT-4.7.1-2: SUBACK id=1 0x00"]);
        assert_eq!(wrapped("short", 40, 4), ["short"]);
    }

    #[test]
    fn a_word_that_is_too_long_is_divided() {
        let lines = wrapped(&format!("a {}", "x".repeat(50)), 24, 4);
        assert_eq!(
            lines,
            ["a", &format!("    {}", "x".repeat(20)), &format!("    {}", "x".repeat(20)), "    xxxxxxxxxx"]
        );
    }

    #[test]
    fn colours_take_no_room_and_some_letters_two_columns() {
        assert_eq!(columns("\u{1b}[31mred\u{1b}[0m"), 3);
        assert_eq!(columns("漢字"), 4);
        let line = format!("\u{1b}[1m{}\u{1b}[0m {}", "a".repeat(12), "b".repeat(11));
        assert_eq!(wrapped(&line, 24, 0).len(), 1);
        assert_eq!(fitted("漢字漢字", 6), "漢...");
        assert_eq!(fitted("abcdef", 6), "abcdef");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_and_no_letter_is_lost(line in "[ a-z漢é]{0,200}", width in 24_usize..90, indent in 0_usize..4) {
            let lines = wrapped(&line, width, indent);
            prop_assert!(lines.iter().all(|line| columns(line) <= width), "{lines:?}");
            let letters = |text: &str| text.chars().filter(|letter| *letter != ' ').collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&line));
            prop_assert!(columns(&fitted(&line, width)) <= width);
        }
    }
}

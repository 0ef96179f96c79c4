//! Lines of a transcript as a report holds them: text, taken apart where people are told of one. What a broker sent is escaped
//! in them already.

use super::document::CaseReport;
use crate::text::{HIDDEN, single_line};

/// Bytes of a packet that are shown where a line is told in short; the whole is in the transcript.
const BYTES_SHOWN: usize = 24;

/// One line, in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told<'a> {
    pub(crate) number: u32,
    pub(crate) at: &'a str,
    pub(crate) role: &'a str,
    /// What happened: `open`, `-> c000`, `expects: ...`.
    pub(crate) what: &'a str,
    /// The packet in words, where there is one.
    pub(crate) words: Option<&'a str>,
}

impl<'a> Told<'a> {
    /// The parts of a line; none where it is no line of a transcript.
    pub(crate) fn of(line: &'a str) -> Option<Self> {
        let (number, rest) = word(line)?;
        let (at, rest) = word(rest)?;
        let (role, what) = word(rest)?;
        let what = what.trim();
        let (what, words) = match what.split_once(" ;") {
            Some((what, words)) if what.starts_with("->") || what.starts_with("<-") => (what, Some(words.trim())),
            _ => (what, None),
        };
        Some(Self { number: number.parse().ok()?, at, role, what, words })
    }

    /// The line of a case's transcript with this number.
    pub(crate) fn numbered(case: &'a CaseReport, number: u32) -> Option<Self> {
        case.transcript.iter().filter_map(|line| Self::of(line)).find(|line| line.number == number)
    }

    /// The packet in words, with its first bytes, and what was changed in it.
    pub(crate) fn in_short(&self) -> String {
        let place = format!("line {}, {}: ", self.number, single_line(self.role));
        let packet = self.what.strip_prefix("-> ").or_else(|| self.what.strip_prefix("<- "));
        let Some((packet, words)) = packet.zip(self.words) else { return format!("{place}{}", self.what) };
        let (hex, mutation) = packet.split_once(" !").map_or((packet, None), |(hex, name)| (hex, Some(name)));
        let mutated = mutation.map_or_else(String::new, |name| format!(", mutated by {}", single_line(name)));
        format!("{place}{words} [{}]{mutated}", first_bytes(hex))
    }
}

fn word(text: &str) -> Option<(&str, &str)> {
    text.trim_start().split_once(' ')
}

/// Pairs of digits parted by blanks, so many of them, and of more how many there are.
fn first_bytes(hex: &str) -> String {
    let (mut rest, mut pairs) = (hex, Vec::new());
    while !rest.is_empty() && pairs.len() < BYTES_SHOWN {
        let long = if rest.starts_with(HIDDEN) { HIDDEN.len() } else { 2 };
        let Some((pair, behind)) = rest.split_at_checked(long) else { break };
        pairs.push(pair);
        rest = behind;
    }
    let shown = pairs.join(" ");
    if rest.is_empty() {
        return shown;
    }
    // Where the report has left the middle out, it says how long the packet was.
    match rest.split_once("[..]").and_then(|(_, cut)| cut.split_once(" bytes")) {
        Some((length, _)) => format!("{shown} ... {length} bytes"),
        None if rest.contains(HIDDEN) => format!("{shown} ..."),
        None => format!("{shown} ... {} bytes", hex.replace(HIDDEN, "").len() / 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart() {
        let line = Told::of("  16    0.000000 rogue        -> c100 !flags.reserved.1 ; PINGREQ").expect("a line");
        assert_eq!((line.number, line.at, line.role), (16, "0.000000", "rogue"));
        assert_eq!((line.what, line.words), ("-> c100 !flags.reserved.1", Some("PINGREQ")));
        assert_eq!(line.in_short(), "line 16, rogue: PINGREQ [c1 00], mutated by flags.reserved.1");
        let said = Told::of("   3    1.000000 rogue        decides: fail X: a ; b").expect("a line");
        assert_eq!((said.what, said.words), ("decides: fail X: a ; b", None));
        assert_eq!(Told::of("x"), None);
        assert_eq!(Told::of(""), None);
    }

    #[test]
    fn of_many_bytes_the_first_are_shown_and_how_many_there_are() {
        assert_eq!(first_bytes("c000"), "c0 00");
        assert_eq!(first_bytes(&"ab".repeat(30)), format!("{} ... 30 bytes", ["ab"; 24].join(" ")));
        assert_eq!(first_bytes("1002********"), "10 02 ********");
        let cut = format!("{}[..]5000 bytes, mark 0123[..]ff", "ab".repeat(40));
        assert!(first_bytes(&cut).ends_with("ab ... 5000 bytes"));
    }
}

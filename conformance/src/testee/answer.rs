//! What a decoder answers.

use std::time::Duration;

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Of a stream: the packets that came out of it, in their order.
    pub packets: Vec<Came>,
    /// How it ended.
    pub end: End,
}

/// A packet that came out of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// The piece that completed it, counted from 1.
    pub piece: usize,
    /// Its values as the decoder states them, in one line; none where it states none.
    pub values: Option<String>,
}

/// How an answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// A packet was accepted; of a stream, all is read, and it ends where a packet ends.
    Accepted {
        /// How many bytes it took.
        consumed: usize,
        /// Its values as the decoder states them, in one line; none where it states none, or of a stream.
        values: Option<String>,
    },
    /// It wants more bytes, at least so many where it knows.
    Wants(Option<usize>),
    /// The bytes are refused.
    Refused {
        /// For what, in a word.
        kind: RefusalKind,
        /// The reason code that it would answer with.
        reason: Option<u8>,
        /// What it says about it.
        text: String,
    },
    /// It can't do that: no verdict.
    Skipped(String),
    /// It died.
    Died(Death),
    /// It did not answer in this time.
    Hung(Duration),
    /// Its line is none of the protocol.
    Garbled(String),
}

/// Why a decoder refuses bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalKind {
    /// Not a packet of the standard.
    Malformed,
    /// A packet that is not allowed.
    Protocol,
    /// A version or feature that it does not have.
    Unsupported,
    /// Larger than it takes.
    TooLarge,
    /// Anything else.
    Other,
}

impl RefusalKind {
    /// The word of the protocol.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Protocol => "protocol",
            Self::Unsupported => "unsupported",
            Self::TooLarge => "too-large",
            Self::Other => "other",
        }
    }
}

/// How a decoder died.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// The exit code or the signal, in words.
    pub how: String,
    /// The last that it wrote on its standard error.
    pub stderr: String,
}

/// One line of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A packet of a stream; the answer goes on.
    Packet(Came),
    /// The last line of the answer.
    End(End),
}

impl Line {
    /// Reads a line: the id of its question, and what it says. `None` where not even the id can be read.
    pub fn read(line: &str) -> Option<(u64, Self)> {
        let (word, rest) = line.split_once(' ')?;
        let (id, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let id = id.parse().ok()?;
        let said = Self::said(word, rest).unwrap_or_else(|| Self::End(End::Garbled(line.to_owned())));
        Some((id, said))
    }

    fn said(word: &str, rest: &str) -> Option<Self> {
        let (first, others) = rest.split_once(' ').unwrap_or((rest, ""));
        let end = match word {
            "P" => return Some(Self::Packet(Came { piece: first.parse().ok()?, values: stated(others) })),
            "A" => End::Accepted { consumed: first.parse().ok()?, values: stated(others) },
            "N" if first == "-" || first.is_empty() => End::Wants(None),
            "N" => End::Wants(Some(first.parse().ok()?)),
            "R" => refused(first, others)?,
            "K" => End::Skipped(rest.to_owned()),
            _ => return None,
        };
        Some(Self::End(end))
    }
}

fn stated(values: &str) -> Option<String> {
    (!values.is_empty() && values != "-").then(|| values.to_owned())
}

fn refused(kind: &str, others: &str) -> Option<End> {
    let kind = match kind {
        "malformed" => RefusalKind::Malformed,
        "protocol" => RefusalKind::Protocol,
        "unsupported" => RefusalKind::Unsupported,
        "too-large" => RefusalKind::TooLarge,
        "other" => RefusalKind::Other,
        _ => return None,
    };
    let (reason, text) = others.split_once(' ').unwrap_or((others, ""));
    let reason = match reason {
        "-" | "" => None,
        code => Some(u8::from_str_radix(code, 16).ok()?),
    };
    Some(End::Refused { kind, reason, text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(line: &str) -> End {
        match Line::read(line) {
            Some((7, Line::End(end))) => end,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn every_line_of_the_protocol_is_read() {
        assert_eq!(end("A 7 2 PINGREQ"), End::Accepted { consumed: 2, values: Some("PINGREQ".into()) });
        assert_eq!(end("A 7 2 -"), End::Accepted { consumed: 2, values: None });
        assert_eq!((end("N 7 -"), end("N 7 3")), (End::Wants(None), End::Wants(Some(3))));
        let refused = |reason, text: &str| End::Refused { kind: RefusalKind::Malformed, reason, text: text.into() };
        assert_eq!(end("R 7 malformed 81 bad flags"), refused(Some(0x81), "bad flags"));
        assert_eq!(end("R 7 malformed -"), refused(None, ""));
        assert_eq!(end("K 7 no streams"), End::Skipped("no streams".into()));
        let packet = Line::Packet(Came { piece: 2, values: Some("PINGREQ".into()) });
        assert_eq!(Line::read("P 7 2 PINGREQ"), Some((7, packet)));
    }

    #[test]
    fn what_is_no_line_of_the_protocol_is_kept_as_it_came() {
        for line in ["A 7 many PINGREQ", "R 7 strange - x", "X 7", "R 7 malformed zz"] {
            assert_eq!(end(line), End::Garbled(line.into()));
        }
        assert_eq!(Line::read("thread main panicked"), None);
        assert_eq!(Line::read(""), None);
    }
}

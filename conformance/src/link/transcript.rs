//! The record of everything that went over a case's connections, and its text form.
//!
//! A transcript is evidence: verdicts name its lines. It is also a replay file: what [`Transcript`]'s `Display`
//! writes, `parse` reads back. One line is: number, seconds since the case began, role, what happened. What stands
//! behind ` ;` explains the bytes and is made anew from them, never parsed.

use super::describe;
use crate::text::{HIDDEN, Secrets, single_line};
use crate::wire::Ending;
use bytes::Bytes;
use mqtt_assay_codec::{Sender, Version};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::time::Duration;

/// One case's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// The case's id.
    pub case: String,
    /// The version its packets are read in.
    pub mqtt: Version,
    /// Roles whose connections speak another version than that.
    pub others: BTreeMap<String, Version>,
    /// What happened, in order of time.
    pub lines: Vec<Line>,
    /// What its text doesn't show.
    secrets: Secrets,
}

/// One happening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Counts from 1 within the case.
    pub number: u32,
    /// Since the case began.
    pub at: Duration,
    /// Whose connection; a second connection of the same role is `name#2`.
    pub role: String,
    /// What happened.
    pub what: What,
}

/// What can happen on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The network connection was opened.
    Open,
    /// We sent these bytes: a packet, or with a mutation what was left of one.
    Sent {
        /// The bytes.
        bytes: Bytes,
        /// The mutation's name, if one was applied.
        mutation: Option<String>,
    },
    /// The broker sent these bytes: a packet, or the rest of the stream where no packet could be read.
    Received(Bytes),
    /// The broker ended the connection.
    Ended(Ending),
    /// We ended it.
    Closed(Ending),
    /// We ended our half only.
    HalfClosed,
    /// The case says something: what it expects, what a fence proves, what was decided.
    Said(Remark, String),
}

/// What kind of thing a case says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remark {
    /// A deciding step begins.
    Expects,
    /// A deciding step has decided.
    Decides,
    /// Anything else worth knowing.
    Notes,
}

impl Remark {
    const fn word(self) -> &'static str {
        match self {
            Self::Expects => "expects",
            Self::Decides => "decides",
            Self::Notes => "notes",
        }
    }
}

/// Bytes of a packet that a report shows whole.
const BYTES_REPORTED: usize = 2048;

/// With this begins a note of what went out below the carrier of packets.
pub(crate) const BELOW: &str = "-> ";

/// Stands around the length of what a report leaves out.
const CUT: &str = "[..]";

/// The first line of the text form; its number changes when the form does.
const HEADER: &str = "mqtt-assay transcript 1";

impl Transcript {
    /// An empty record of a case.
    pub fn new(case: impl Into<String>, mqtt: Version) -> Self {
        Self { case: case.into(), mqtt, others: BTreeMap::new(), lines: Vec::new(), secrets: Secrets::default() }
    }

    /// What this role's connection speaks.
    pub fn speaks(&mut self, role: &str, version: Version) {
        if version != self.mqtt {
            self.others.insert(role.to_owned(), version);
        }
    }

    /// The version that the packets of this role are read in.
    pub fn version_of(&self, role: &str) -> Version {
        self.others.get(role).copied().unwrap_or(self.mqtt)
    }

    /// Doesn't show these passwords.
    pub(crate) fn hide(&mut self, secrets: Secrets) {
        self.secrets = secrets;
    }

    /// The packet of a line in words, where there is one.
    pub(crate) fn explain(&self, line: &Line) -> Option<String> {
        let words = line.what.explain(self.version_of(&line.role))?;
        match &line.what {
            What::Sent { bytes, mutation } => Some(self.secrets.in_words(words, bytes, mutation.is_some())),
            _ => Some(words),
        }
    }

    /// Adds a happening and returns its line number.
    pub fn add(&mut self, at: Duration, role: &str, what: What) -> u32 {
        let number = u32::try_from(self.lines.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.lines.push(Line { number, at, role: role.to_owned(), what });
        number
    }

    /// The line with this number.
    pub fn line(&self, number: u32) -> Option<&Line> {
        self.lines.iter().find(|line| line.number == number)
    }

    /// One line as text, with its explanation.
    pub fn print_line(&self, line: &Line) -> String {
        let what = match &line.what {
            What::Sent { bytes, mutation } => {
                let name = mutation.as_ref().map_or_else(String::new, |name| format!(" !{name}"));
                format!("-> {}{name}", self.secrets.hex(bytes, mutation.is_some(), usize::MAX, ""))
            }
            other => other.to_string(),
        };
        self.with_explanation(line, &what)
    }

    /// The same for a report: of more than `BYTES_REPORTED` the middle is left out, with its length and a mark that tells
    /// these bytes from others. It can be read, and not sent again.
    pub fn print_line_cut(&self, line: &Line) -> String {
        let (Some(bytes), Some(arrow)) = (line.what.bytes(), line.what.arrow()) else { return self.print_line(line) };
        if bytes.len() <= BYTES_REPORTED {
            return self.print_line(line);
        }
        let mutation = line.what.mutation();
        let hex = match &line.what {
            What::Sent { .. } => self.secrets.hex(bytes, mutation.is_some(), usize::MAX, ""),
            _ => format!("{bytes:x}"),
        };
        // A mark of a password would let it be guessed.
        let mark = if hex.contains(HIDDEN) { String::new() } else { format!(", mark {:016x}", mark(bytes)) };
        let (head, tail) = (hex.get(..BYTES_REPORTED), hex.get(hex.len() - BYTES_REPORTED..));
        let (head, tail) = (head.unwrap_or_default(), tail.unwrap_or_default());
        let name = mutation.map_or_else(String::new, |name| format!(" !{name}"));
        let what = format!("{arrow} {head}{CUT}{} bytes{mark}{CUT}{tail}{name}", bytes.len());
        self.with_explanation(line, &what)
    }

    fn with_explanation(&self, line: &Line, what: &str) -> String {
        let at = format!("{}.{:06}", line.at.as_secs(), line.at.subsec_micros());
        let mut out = format!("{:>4} {at:>11} {:<12} {what}", line.number, line.role);
        if let Some(explanation) = self.explain(line) {
            let _ = write!(out, " ; {explanation}");
        }
        out
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("open"),
            Self::Sent { bytes, mutation: None } => write!(f, "-> {bytes:x}"),
            Self::Sent { bytes, mutation: Some(name) } => write!(f, "-> {bytes:x} !{name}"),
            Self::Received(bytes) => write!(f, "<- {bytes:x}"),
            Self::Ended(ending) => write!(f, "<- {}", ending.word()),
            Self::Closed(ending) => write!(f, "-> {}", ending.word()),
            Self::HalfClosed => f.write_str("-> half-fin"),
            Self::Said(remark, text) => write!(f, "{}: {}", remark.word(), single_line(text)),
        }
    }
}

/// Tells bytes from others: FNV-1a, 64 bits, the same on every machine. It proves nothing against who wants it to match.
fn mark(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |mark, byte| (mark ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

impl What {
    /// The bytes that went over the connection, if some did.
    fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Sent { bytes, .. } | Self::Received(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether something of ours went out here: a packet, or what a case did below the carrier of packets, as its note tells.
    pub(crate) fn is_of_ours(&self) -> bool {
        match self {
            Self::Sent { .. } => true,
            Self::Said(Remark::Notes, text) => text.starts_with(BELOW),
            _ => false,
        }
    }

    /// Which way they went.
    fn arrow(&self) -> Option<&'static str> {
        match self {
            Self::Sent { .. } => Some("->"),
            Self::Received(_) => Some("<-"),
            _ => None,
        }
    }

    fn mutation(&self) -> Option<&str> {
        match self {
            Self::Sent { mutation, .. } => mutation.as_deref(),
            _ => None,
        }
    }

    fn explain(&self, mqtt: Version) -> Option<String> {
        match self {
            Self::Sent { bytes, .. } => Some(describe::bytes(bytes, mqtt, Sender::Client)),
            Self::Received(bytes) => Some(describe::bytes(bytes, mqtt, Sender::Server)),
            _ => None,
        }
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\ncase {}\nmqtt {}", self.case, self.mqtt)?;
        for (role, version) in &self.others {
            writeln!(f, "role {role} mqtt {version}")?;
        }
        for line in &self.lines {
            writeln!(f, "{}", self.print_line(line))?;
        }
        Ok(())
    }
}

/// Why a transcript could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for ParseError {}

impl FromStr for Transcript {
    type Err = ParseError;

    /// Reads the text form. Blank lines and lines that start with `#` are passed over.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim_end()))
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let mut head = |wanted: &str| match lines.next() {
            Some((line, text)) => text
                .strip_prefix(wanted)
                .map(|rest| (line, rest.trim().to_owned()))
                .ok_or_else(|| ParseError { line, problem: format!("expected `{wanted}`, found `{text}`") }),
            None => Err(ParseError { line: 1, problem: format!("expected `{wanted}`, found the end") }),
        };
        let (line, further) = head(HEADER)?;
        if !further.is_empty() {
            return Err(ParseError { line, problem: format!("expected `{HEADER}`, found `{HEADER}{further}`") });
        }
        let (_, case) = head("case ")?;
        let (line, mqtt) = head("mqtt ")?;
        let mqtt = mqtt.parse().map_err(|_| ParseError { line, problem: format!("`{mqtt}` is no MQTT version") })?;
        let mut transcript = Self::new(case, mqtt);
        for (line, text) in lines {
            if let Some(role) = text.strip_prefix("role ") {
                let (role, version) = parse_role(role).map_err(|problem| ParseError { line, problem })?;
                transcript.speaks(role, version);
                continue;
            }
            transcript.lines.push(parse_line(text).map_err(|problem| ParseError { line, problem })?);
        }
        Ok(transcript)
    }
}

/// `NAME mqtt VERSION`, of a role that speaks another version than its case.
fn parse_role(text: &str) -> Result<(&str, Version), String> {
    let mut words = text.split_whitespace();
    let (Some(role), Some("mqtt"), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(format!("expected `role NAME mqtt VERSION`, found `role {text}`"));
    };
    let version = version.parse().map_err(|_| format!("`{version}` is no MQTT version"))?;
    Ok((role, version))
}

/// One line of the text form.
pub(crate) fn parse_line(text: &str) -> Result<Line, String> {
    let (number, rest) = word(text);
    let (seconds, rest) = word(rest);
    let (role, what) = word(rest);
    let number = number.parse().map_err(|_| format!("`{number}` is no line number"))?;
    let at = parse_seconds(seconds)
        .ok_or_else(|| format!("`{seconds}` is no time in seconds, with up to six digits behind the point"))?;
    if role.is_empty() {
        return Err("the role is missing".to_owned());
    }
    Ok(Line { number, at, role: role.to_owned(), what: parse_what(what.trim_start())? })
}

/// Seconds to the microsecond, which is all that is printed.
fn parse_seconds(text: &str) -> Option<Duration> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !digits(seconds) || !digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let micros: u32 = format!("{fraction:0<6}").parse().ok()?;
    Some(Duration::new(seconds.parse().ok()?, micros * 1000))
}

fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(' ').unwrap_or((text, ""))
}

fn parse_what(text: &str) -> Result<What, String> {
    for remark in [Remark::Expects, Remark::Decides, Remark::Notes] {
        if let Some(said) = text.strip_prefix(remark.word()).and_then(|rest| rest.strip_prefix(':')) {
            return Ok(What::Said(remark, single_line(said.strip_prefix(' ').unwrap_or(said))));
        }
    }
    let text = text.split_once(';').map_or(text, |(what, _)| what).trim();
    match text {
        "open" => return Ok(What::Open),
        "-> fin" => return Ok(What::Closed(Ending::Fin)),
        "-> rst" => return Ok(What::Closed(Ending::Reset)),
        "-> half-fin" => return Ok(What::HalfClosed),
        "<- fin" => return Ok(What::Ended(Ending::Fin)),
        "<- rst" => return Ok(What::Ended(Ending::Reset)),
        _ => {}
    }
    if let Some(rest) = text.strip_prefix("-> ") {
        let (bytes, mutation) =
            rest.split_once(" !").map_or((rest, None), |(bytes, name)| (bytes, Some(name.to_owned())));
        return Ok(What::Sent { bytes: parse_hex(bytes)?, mutation });
    }
    if let Some(rest) = text.strip_prefix("<- ") {
        return Ok(What::Received(parse_hex(rest)?));
    }
    Err(format!("`{text}` is nothing that happens in a transcript"))
}

/// Bytes from pairs of hexadecimal digits; white space between digits does not count.
pub(crate) fn parse_hex(text: &str) -> Result<Bytes, String> {
    if text.contains(HIDDEN) {
        return Err(format!("{HIDDEN} stands for a password that was not written down; --show-passwords does that"));
    }
    if text.contains(CUT) {
        return Err(format!("{CUT} stands for bytes that the report has left out; --transcripts whole keeps them all"));
    }
    let digits: Vec<char> = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    if !digits.len().is_multiple_of(2) {
        return Err(format!("{} hexadecimal digits, which is odd", digits.len()));
    }
    digits
        .chunks(2)
        .map(|pair| {
            let value = |digit: char| {
                digit.to_digit(16).ok_or_else(|| format!("`{}` is no hexadecimal digit", digit.escape_default()))
            };
            Ok((value(pair[0])? * 16 + value(pair[1])?) as u8)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_what() -> impl Strategy<Value = What> {
        let bytes = || proptest::collection::vec(any::<u8>(), 1..40).prop_map(Bytes::from);
        let ending = || prop_oneof![Just(Ending::Fin), Just(Ending::Reset)];
        prop_oneof![
            Just(What::Open),
            Just(What::HalfClosed),
            ending().prop_map(What::Ended),
            ending().prop_map(What::Closed),
            bytes().prop_map(What::Received),
            (bytes(), proptest::option::of("[a-z]{1,8}\\.[a-z-]{1,12}"))
                .prop_map(|(bytes, mutation)| What::Sent { bytes, mutation }),
            (prop_oneof![Just(Remark::Expects), Just(Remark::Decides), Just(Remark::Notes)], "[!-~][ -~]{0,30}[!-~]")
                .prop_map(|(remark, text)| What::Said(remark, text)),
        ]
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed_back(
            lines in proptest::collection::vec((0u64..10_000_000, "[a-z]{1,9}(#[2-9])?", any_what()), 0..20),
            v5 in any::<bool>(),
            others in proptest::collection::vec(("[a-z]{1,9}(#[2-9])?", any::<bool>()), 0..3),
        ) {
            let version = |v5| if v5 { Version::V5 } else { Version::V3_1_1 };
            let mut transcript = Transcript::new("5/publish/example", version(v5));
            for (role, v5) in others {
                transcript.speaks(&role, version(v5));
            }
            for (micros, role, what) in lines {
                transcript.add(Duration::from_micros(micros), &role, what);
            }
            let text = transcript.to_string();
            prop_assert_eq!(text.parse::<Transcript>().expect("our own form"), transcript);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
            let _ = text.parse::<Transcript>();
            let _ = format!("{HEADER}\ncase x\nmqtt 5\n{text}").parse::<Transcript>();
        }
    }

    #[test]
    fn hostile_text_stays_on_its_line() {
        let mut transcript = Transcript::new("5/x/y", Version::V5);
        transcript.add(Duration::ZERO, "rogue", What::Said(Remark::Notes, "a\nb\u{1b}[31m".to_owned()));
        let text = transcript.to_string();
        assert_eq!(text.lines().count(), 4);
        assert!(text.ends_with("rogue        notes: a\\nb\\u{1b}[31m\n"), "{text}");
    }

    #[test]
    fn a_report_leaves_the_middle_of_long_packets_out() {
        let line = |bytes: Vec<u8>| {
            let mut transcript = Transcript::new("5/x/y", Version::V5);
            transcript.add(Duration::ZERO, "rogue", What::Received(bytes.into()));
            let line = transcript.lines.first().expect("one was added");
            (transcript.print_line_cut(line), transcript.print_line(line))
        };
        let (short, whole) = line(vec![0xab; BYTES_REPORTED]);
        assert_eq!(short, whole);
        let (short, whole) = line(vec![0xab; BYTES_REPORTED + 1]);
        assert!(short.contains("ab[..]2049 bytes, mark 19eccf1ccb69224a[..]ab"), "{short}");
        assert!(short.len() < whole.len() + 60, "{}", short.len());
        let (short, _) = line(vec![0xab; 1 << 20]);
        assert!(short.len() < 3 * BYTES_REPORTED, "{}", short.len());
        let error = short.split_once("<- ").and_then(|(_, hex)| parse_hex(hex.split_once(" ;")?.0).err());
        assert_eq!(
            error.as_deref(),
            Some("[..] stands for bytes that the report has left out; --transcripts whole keeps them all")
        );
    }

    #[test]
    fn errors_name_the_line_and_the_problem() {
        let parse = |text: &str| text.parse::<Transcript>().map_err(|error| error.to_string());
        assert_eq!(parse("x"), Err("line 1: expected `mqtt-assay transcript 1`, found `x`".to_owned()));
        let body = |line: &str| parse(&format!("{HEADER}\ncase c\nmqtt 5\n{line}"));
        assert_eq!(body("1 0.5 rogue -> 1g"), Err("line 4: `g` is no hexadecimal digit".to_owned()));
        assert_eq!(
            body("1 0.5 rogue leaps"),
            Err("line 4: `leaps` is nothing that happens in a transcript".to_owned())
        );
        let time = "line 4: `-1` is no time in seconds, with up to six digits behind the point";
        assert_eq!(body("1 -1 rogue open"), Err(time.to_owned()));
        let hidden = "line 4: ******** stands for a password that was not written down; --show-passwords does that";
        assert_eq!(body("1 0.5 rogue -> 10********"), Err(hidden.to_owned()));
        let other = format!("{HEADER}0\ncase c\nmqtt 5");
        assert_eq!(parse(&other), Err(format!("line 1: expected `{HEADER}`, found `{HEADER}0`")));
    }

    #[test]
    fn each_role_is_read_in_its_own_version() {
        let text = format!("{HEADER}\ncase c\nmqtt 5\nrole old mqtt 3.1.1\n1 0 old <- 20020000\n2 0 new <- 20020000\n");
        let transcript: Transcript = text.parse().expect("our own form");
        assert_eq!((transcript.version_of("old"), transcript.version_of("new")), (Version::V3_1_1, Version::V5));
        let printed = transcript.to_string();
        let lines: Vec<&str> = printed.lines().skip(3).map(str::trim).collect();
        assert_eq!(lines[0], "role old mqtt 3.1.1");
        assert!(lines[1].ends_with("<- 20020000 ; CONNACK 0x00"), "{printed}");
        assert!(!lines[2].ends_with("CONNACK 0x00"), "{printed}");
        let wrong = |role: &str| {
            format!("{HEADER}\ncase c\nmqtt 5\n{role}").parse::<Transcript>().map_err(|error| error.to_string())
        };
        assert_eq!(wrong("role a mqtt 4"), Err("line 4: `4` is no MQTT version".to_owned()));
        assert_eq!(wrong("role a"), Err("line 4: expected `role NAME mqtt VERSION`, found `role a`".to_owned()));
    }

    #[test]
    fn times_are_exact_to_the_microsecond() {
        for (text, time) in [
            ("0", Some(Duration::ZERO)),
            ("0.5", Some(Duration::from_millis(500))),
            ("23.000076", Some(Duration::new(23, 76_000))),
            ("18446744073709551615.999999", Some(Duration::new(u64::MAX, 999_999_000))),
            ("18446744073709551616", None),
            ("23.0000076", None),
            ("", None),
            (".5", None),
            ("1e3", None),
            ("+1", None),
            ("inf", None),
        ] {
            assert_eq!(parse_seconds(text), time, "{text}");
        }
    }
}

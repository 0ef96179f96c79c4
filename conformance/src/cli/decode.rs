//! `mqtt-assay decode`: explains bytes field by field, or says which rule they break and where.

use super::exit::Exit;
use super::failure::Failure;
use super::output::settle;
use crate::link::describe;
use crate::text::counted;
use clap::{Args, ValueEnum};
use mqtt_assay_codec::{
    Context, DecodeError, Decoded, ErrorKind, Limits, Sender, Version, annotate, decode as read_packet, packet_len,
};
use mqtt_assay_standard as standard;
use std::fmt::Write as _;
use std::io::{self, BufWriter, ErrorKind as IoErrorKind, Read, Write};

const EXAMPLES: &str = "\
Examples:
  mqtt-assay decode 30 04 00 01 61 00
  mqtt-assay decode 101000044d51545405020000000003616263 --from client --max-packet-size 65536
  tail -c 40 capture.bin | xxd -p | mqtt-assay decode -

Exit codes: 0 valid, 1 refused, 7 the bytes end inside a packet, 2 no hexadecimal digits.";

/// Explain bytes field by field, or say which rule they break and where
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DecodeArgs {
    /// Packets, one after the other, as hexadecimal digits; blanks and colons don't count; `-` reads standard input
    #[arg(value_name = "HEX", required = true)]
    hex: Vec<String>,

    /// Version to read them in [default: what a CONNECT at the start says, else 5]
    #[arg(long, value_enum, value_name = "VERSION")]
    mqtt: Option<VersionChoice>,

    /// Who sent them: some packets, properties and codes may come from one side only
    #[arg(long, value_enum, default_value_t, value_name = "SENDER")]
    from: SenderChoice,

    #[command(flatten)]
    limits: LimitArgs,
}

/// What a receiver takes at most. Without these options the format alone is the limit.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits of the receiver")]
struct LimitArgs {
    /// Largest packet, fixed header included [default: what the format allows]
    #[arg(long = "max-packet-size", value_name = "BYTES")]
    packet_size: Option<u32>,

    /// Longest string: topics, client identifier, user name, strings of properties [default: 65535]
    #[arg(long = "max-string-len", value_name = "BYTES")]
    string_len: Option<u16>,

    /// Most topic filters in one SUBSCRIBE or UNSUBSCRIBE [default: no limit]
    #[arg(long = "max-topic-filters", value_name = "COUNT")]
    topic_filters: Option<u32>,

    /// Most User Properties in one block of properties [default: no limit]
    #[arg(long = "max-user-properties", value_name = "COUNT")]
    user_properties: Option<u32>,
}

impl From<&LimitArgs> for Limits {
    fn from(args: &LimitArgs) -> Self {
        Self {
            max_packet_size: args.packet_size.unwrap_or(Self::NONE.max_packet_size),
            max_string_len: args.string_len.unwrap_or(Self::NONE.max_string_len),
            max_topic_filters: args.topic_filters.unwrap_or(Self::NONE.max_topic_filters),
            max_user_properties: args.user_properties.unwrap_or(Self::NONE.max_user_properties),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum VersionChoice {
    #[value(name = "3.1")]
    V3_1,
    #[value(name = "3.1.1")]
    V3_1_1,
    #[value(name = "5", alias = "5.0")]
    V5,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum SenderChoice {
    Client,
    Server,
    #[default]
    Any,
}

impl From<VersionChoice> for Version {
    fn from(choice: VersionChoice) -> Self {
        match choice {
            VersionChoice::V3_1 => Self::V3_1,
            VersionChoice::V3_1_1 => Self::V3_1_1,
            VersionChoice::V5 => Self::V5,
        }
    }
}

impl From<SenderChoice> for Sender {
    fn from(choice: SenderChoice) -> Self {
        match choice {
            SenderChoice::Client => Self::Client,
            SenderChoice::Server => Self::Server,
            SenderChoice::Any => Self::Either,
        }
    }
}

/// How much hexadecimal text is read at once, in bytes.
const READ: usize = 64 << 10;

/// The longest line about a packet as a whole, in bytes.
const LONGEST_LINE: usize = 64 << 10;

/// Explains the bytes, packet by packet: of a large input only its bytes are in memory.
pub(crate) fn decode(args: &DecodeArgs) -> Result<Exit, Failure> {
    let mut digits = Digits::default();
    if args.hex == ["-"] {
        digits.read_from(io::stdin().lock())?;
    } else {
        digits.read_text(&args.hex.join(" "))?;
    }
    let bytes = digits.into_bytes()?;
    let version = args.mqtt.map(Version::from).or_else(|| announced(&bytes)).unwrap_or(Version::V5);
    let mut out = BufWriter::with_capacity(READ, io::stdout().lock());
    let explained = explain(&bytes, Context::new(version, args.from.into()), &Limits::from(&args.limits), &mut out);
    let exit = explained.and_then(|exit| out.flush().map(|()| exit));
    // What is left in the buffer must not be tried again when it is dropped.
    drop(out.into_parts());
    match exit {
        Ok(exit) => Ok(exit),
        Err(error) => settle(Err(error)).map(|()| verdict_unread(&bytes, version, args)),
    }
}

/// How it ends where nobody reads what is printed.
fn verdict_unread(bytes: &[u8], version: Version, args: &DecodeArgs) -> Exit {
    let (context, limits) = (Context::new(version, args.from.into()), Limits::from(&args.limits));
    let mut at = 0;
    while at < bytes.len() {
        match read_packet(&bytes[at..], context, &limits) {
            Ok(Decoded::Complete { len, .. }) => at += len,
            Ok(Decoded::Partial { .. }) => return Exit::Incomplete,
            Err(_) => return Exit::Failed,
        }
    }
    Exit::Success
}

/// Bytes from pairs of hexadecimal digits, which may come in pieces.
#[derive(Default)]
struct Digits {
    bytes: Vec<u8>,
    /// The first digit of a pair whose second has not come.
    half: Option<u8>,
    /// Letters that have come.
    letters: usize,
}

impl Digits {
    fn read_from(&mut self, mut from: impl Read) -> Result<(), Failure> {
        let mut buffer = vec![0; READ];
        // A letter of more than one byte may be cut between two reads.
        let mut kept = 0;
        loop {
            let count = match from.read(&mut buffer[kept..]) {
                Ok(0) => break,
                Ok(count) => kept + count,
                Err(error) if error.kind() == IoErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::usage(format!("standard input: {error}"))),
            };
            let whole = match std::str::from_utf8(&buffer[..count]) {
                Ok(_) => count,
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                Err(error) => {
                    self.read_text(&String::from_utf8_lossy(&buffer[..error.valid_up_to()]))?;
                    return Err(self.no_digit(&format!("\\x{:02x}", buffer[error.valid_up_to()])));
                }
            };
            self.read_text(&String::from_utf8_lossy(&buffer[..whole]))?;
            buffer.copy_within(whole..count, 0);
            kept = count - whole;
        }
        if kept > 0 { Err(self.no_digit(&format!("\\x{:02x}", buffer[0]))) } else { Ok(()) }
    }

    fn read_text(&mut self, text: &str) -> Result<(), Failure> {
        for letter in text.chars() {
            if !letter.is_whitespace() && letter != ':' {
                let digit =
                    letter.to_digit(16).ok_or_else(|| self.no_digit(&letter.escape_default().to_string()))? as u8;
                match self.half.take() {
                    Some(high) => self.bytes.push(high << 4 | digit),
                    None => self.half = Some(digit),
                }
            }
            self.letters += 1;
        }
        Ok(())
    }

    fn no_digit(&self, letter: &str) -> Failure {
        Failure::usage(format!("`{letter}`, letter {} of what was given, is no hexadecimal digit", self.letters + 1))
    }

    fn into_bytes(self) -> Result<Vec<u8>, Failure> {
        if self.half.is_some() {
            let digits = 2 * self.bytes.len() + 1;
            return Err(Failure::usage(format!(
                "{}, which is odd: half of the last byte is missing",
                counted(digits, "hexadecimal digit")
            )));
        }
        if self.bytes.is_empty() {
            return Err(Failure::usage("there are no bytes; write hexadecimal digits, as in c0 00"));
        }
        Ok(self.bytes)
    }
}

/// The version that a CONNECT at the start names.
fn announced(bytes: &[u8]) -> Option<Version> {
    let (first, rest) = bytes.split_first()?;
    if first >> 4 != 1 {
        return None;
    }
    let length = rest.iter().take(4).position(|byte| byte & 0x80 == 0)? + 1;
    let rest = rest.get(length..)?;
    let name = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
    let level = *rest.get(2 + name)?;
    Version::ALL.into_iter().find(|version| version.level() == level)
}

/// Every packet explained, up to the first that is refused or cut.
fn explain(bytes: &[u8], context: Context, limits: &Limits, out: &mut impl Write) -> io::Result<Exit> {
    let mut at = 0;
    let mut packets = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        match read_packet(rest, context, limits) {
            Ok(Decoded::Complete { packet, len }) => {
                out.write_all(fields(&rest[..len], context, at).as_bytes())?;
                writeln!(out, "{}\n", cut(describe::packet(&packet)))?;
                at += len;
                packets += 1;
            }
            Ok(Decoded::Partial { needed }) => {
                out.write_all(fields(rest, context, at).as_bytes())?;
                let missing = packet_len(rest).map_or(needed, |length| length as usize - rest.len());
                writeln!(out, "\nincomplete: at least {}", counted(missing, "more byte"))?;
                return Ok(Exit::Incomplete);
            }
            Err(error) => {
                let end = error.packet_len.map_or(rest.len(), |length| rest.len().min(length as usize));
                out.write_all(fields(&rest[..end], context, at).as_bytes())?;
                out.write_all(refusal(&error, at).as_bytes())?;
                return Ok(Exit::Failed);
            }
        }
    }
    let (packets, length) = (counted(packets, "packet"), counted(bytes.len(), "byte"));
    writeln!(out, "valid: {packets}, {length} of MQTT {}", context.version)?;
    Ok(Exit::Success)
}

/// A packet may hold millions of filters, which nobody reads on one line.
fn cut(mut line: String) -> String {
    if line.len() > LONGEST_LINE {
        line.truncate(line.floor_char_boundary(LONGEST_LINE));
        line.push_str("...");
    }
    line
}

/// The fields of one packet, without the verdict on it, which is told here at more length.
fn fields(packet: &[u8], context: Context, at: usize) -> String {
    let mut out = if at == 0 { String::new() } else { format!("At byte {at}: ") };
    for line in annotate(packet, context)
        .lines()
        .filter(|line| !line.starts_with("refused:") && !line.starts_with("incomplete:"))
    {
        let _ = writeln!(out, "{line}");
    }
    out
}

/// Which rule, what it says, where it is broken, how to answer.
fn refusal(error: &DecodeError, at: usize) -> String {
    let id = error.id();
    let version = if error.version == Version::V5 { Version::V5 } else { Version::V3_1_1 };
    let says = id.and_then(|id| standard::find(version, id)).map_or(error.rule.says(), |rule| rule.rule().says);
    let offset = error.offset as usize;
    let mut out = format!("\nrefused: {} ({})\n", id.unwrap_or("no rule of the standard"), error.rule);
    let mut row = |label: &str, text: &str| {
        let _ = writeln!(out, "  {label:<12} {text}");
    };
    row("says", says);
    let of_all = if at == 0 { String::new() } else { format!(" of the packet, byte {} of all", at + offset) };
    row("where", &format!("byte {offset}{of_all}: {}", error.field));
    row("kind", kind(error.kind));
    if error.version == Version::V5 {
        row("answer with", &format!("reason code {}", error.reason));
    }
    if let Some(id) = id {
        row("more", &format!("mqtt-assay explain {id}"));
    }
    out
}

const fn kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Malformed => "malformed packet",
        ErrorKind::ProtocolError => "protocol error",
        ErrorKind::TooLarge => "over a limit of the receiver",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::vectors::{self, Verdict};
    use proptest::prelude::*;

    /// As from standard input, where a read may end anywhere.
    fn bytes(text: &str) -> Result<Vec<u8>, Failure> {
        let (mut at_once, mut in_pieces) = (Digits::default(), Digits::default());
        let pieces = text
            .as_bytes()
            .chunks(1)
            .fold(Box::new(io::empty()) as Box<dyn Read>, |before, piece| Box::new(before.chain(piece)));
        let results = (at_once.read_text(text), in_pieces.read_from(pieces));
        assert_eq!(results.0, results.1);
        results.0?;
        let (bytes, same) = (at_once.into_bytes(), in_pieces.into_bytes());
        assert_eq!(bytes, same);
        bytes
    }

    fn explained(bytes: &[u8], context: Context, limits: &Limits) -> (String, Exit) {
        let mut out = Vec::new();
        let exit = explain(bytes, context, limits, &mut out).expect("memory takes all");
        (String::from_utf8(out).expect("it is text"), exit)
    }

    #[test]
    fn a_connect_names_its_version() {
        let connect = |level: u8| vec![0x10, 0x0d, 0, 4, b'M', b'Q', b'T', b'T', level];
        assert_eq!(
            [3, 4, 5, 6].map(|level| announced(&connect(level))),
            [Some(Version::V3_1), Some(Version::V3_1_1), Some(Version::V5), None]
        );
        assert_eq!(announced(&[0x10, 0x80, 0x80]), None);
        assert_eq!(announced(&[0x30, 0x03]), None);
    }

    #[test]
    fn digits_are_read_whatever_stands_between_them() {
        assert_eq!(bytes(" 30:03\n00 0161").as_deref(), Ok(&[0x30, 3, 0, 1, 0x61][..]));
        let problem = |text| bytes(text).map_err(|failure| failure.message);
        assert!(problem("30 ü").is_err_and(|message| message.starts_with("`\\u{fc}`, letter 4 of what")));
        assert!(
            Digits::default()
                .read_from(&b"30 \xff"[..])
                .is_err_and(|failure| failure.message.starts_with("`\\xff`, letter 4 of what"))
        );
        assert!(problem("30 0g").is_err_and(|message| message.starts_with("`g`, letter 5 of what was given,")));
        assert!(problem("303").is_err_and(|message| message.starts_with("3 hexadecimal digits")));
        assert!(problem(" ").is_err_and(|message| message.starts_with("there are no bytes")));
    }

    #[test]
    fn every_vector_gets_its_verdict_and_its_rule() {
        let mut refused = 0;
        for vector in vectors::all() {
            let (text, exit) = explained(&vector.bytes(), vector.context, &vector.limits);
            let is_right = match vector.verdict {
                Verdict::Valid => exit == Exit::Success,
                Verdict::Incomplete => exit == Exit::Incomplete,
                Verdict::Either => matches!(exit, Exit::Success | Exit::Failed),
                Verdict::Invalid => {
                    refused += 1;
                    let statement = vector.statement.unwrap_or("no rule of the standard");
                    let rule = vector.rule.map(|rule| rule.to_string()).unwrap_or_default();
                    exit == Exit::Failed && text.contains(&format!("\nrefused: {statement} ({rule})\n"))
                }
            };
            assert!(is_right, "{}: {exit:?}\n{text}", vector.id);
        }
        assert!(refused > 3000, "only {refused} vectors are to be refused");
    }

    proptest! {
        #[test]
        fn any_bytes_are_explained(input in proptest::collection::vec(any::<u8>(), 1..64), level in 0..3_usize) {
            let (text, exit) = explained(&input, Context::new(Version::ALL[level], Sender::Either), &Limits::NONE);
            prop_assert!(!text.is_empty());
            prop_assert!(matches!(exit, Exit::Success | Exit::Failed | Exit::Incomplete));
        }
    }
}

//! The other side of the protocol: any testee in Rust as a process that is asked in lines.

use super::{Answer, Ask, End, Greeting, PROTOCOL, Question, RefusalKind, Testee};
use mqtt_assay_codec::{Context, Sender};
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

/// Questions that are answered at once, at most.
const AT_ONCE: usize = 64;

/// Answers for this testee until the questions end: reads requests, and writes its answers.
///
/// ```no_run
/// # fn mine() -> impl mqtt_assay::testee::Testee { mqtt_assay::testee::Ours::new() }
/// use std::io;
/// # fn main() -> io::Result<()> {
/// mqtt_assay::testee::serve(&mut mine(), io::stdin(), io::stdout())
/// # }
/// ```
///
/// # Errors
///
/// Those of reading and writing, and what [`Testee::ask`] says that can't be asked any more.
pub fn serve(testee: &mut dyn Testee, stdin: impl Read, stdout: impl Write) -> io::Result<()> {
    let mut requests = BufReader::with_capacity(1 << 16, stdin);
    let mut answers = BufWriter::with_capacity(1 << 16, stdout);
    let mut waiting = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let is_over = requests.read_until(b'\n', &mut line)? == 0;
        match Request::read(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n'])) {
            _ if is_over => {}
            Request::Question(id, question) => waiting.push((id, question)),
            other => {
                // Answers keep the order of the requests.
                answer(testee, &mut waiting, &mut answers)?;
                answers.write_all(other.answered(testee.greeting()).as_bytes())?;
            }
        }
        let has_run_dry = is_over || !requests.buffer().contains(&b'\n');
        if has_run_dry || waiting.len() == AT_ONCE {
            answer(testee, &mut waiting, &mut answers)?;
        }
        if has_run_dry {
            answers.flush()?;
        }
        if is_over {
            return Ok(());
        }
    }
}

/// A line, as a testee understands it.
enum Request {
    Hello,
    Question(String, Question),
    /// A word or a version that it does not know.
    Unknown(String, &'static str),
    Nothing,
}

impl Request {
    fn read(line: &str) -> Self {
        let mut words = line.split(' ');
        let (Some(word), Some(id)) = (words.next(), words.next()) else { return Self::Nothing };
        if word == "HELLO" {
            return Self::Hello;
        }
        let question = match (word, words.next(), words.next(), words.next()) {
            ("D" | "S", Some(version), Some(from), bytes) => question(word, version, from, bytes.unwrap_or_default()),
            ("D" | "S", ..) => Err("not understood"),
            _ => Err("unknown"),
        };
        match question {
            Ok(question) => Self::Question(id.to_owned(), question),
            Err(why) => Self::Unknown(id.to_owned(), why),
        }
    }

    fn answered(&self, greeting: &Greeting) -> String {
        match self {
            Self::Hello => greeting.to_string() + "\n",
            Self::Unknown(id, why) => format!("K {id} {why}\n"),
            Self::Question(..) | Self::Nothing => String::new(),
        }
    }
}

fn question(word: &str, version: &str, from: &str, bytes: &str) -> Result<Question, &'static str> {
    let version = version.parse().map_err(|_| "unknown version")?;
    let from = match from {
        "client" => Sender::Client,
        "server" => Sender::Server,
        _ => return Err("unknown sender"),
    };
    let context = Context::new(version, from);
    let ask = match word {
        "D" => Ask::Decode(unhex(bytes).ok_or("no hexadecimal digits")?),
        _ => Ask::Stream(bytes.split(',').map(unhex).collect::<Option<_>>().ok_or("no hexadecimal digits")?),
    };
    Ok(Question { context, ask })
}

fn unhex(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

fn answer(testee: &mut dyn Testee, waiting: &mut Vec<(String, Question)>, to: &mut impl Write) -> io::Result<()> {
    let (ids, questions): (Vec<String>, Vec<Question>) = waiting.drain(..).unzip();
    if questions.is_empty() {
        return Ok(());
    }
    let answers = testee.ask(&questions).map_err(io::Error::other)?;
    let mut lines = String::new();
    for (id, answer) in ids.iter().zip(&answers) {
        answer.write_lines(id, &mut lines);
    }
    to.write_all(lines.as_bytes())
}

impl std::fmt::Display for Greeting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |words: &std::collections::BTreeSet<String>| words.iter().cloned().collect::<Vec<_>>().join(",");
        write!(f, "HELLO {PROTOCOL} name={} version={} can={}", self.name, self.version, list(&self.can))?;
        if self.hides.is_empty() { Ok(()) } else { write!(f, " hides={}", list(&self.hides)) }
    }
}

impl Answer {
    /// Writes its lines, as the protocol has them; of what is no answer (a death, a hang) that it can't be given.
    pub fn write_lines(&self, id: impl std::fmt::Display, lines: &mut String) {
        for packet in &self.packets {
            let _ = writeln!(lines, "P {id} {} {}", packet.piece, packet.values.as_deref().unwrap_or("-"));
        }
        let _ = match &self.end {
            End::Accepted { consumed, values } => {
                writeln!(lines, "A {id} {consumed} {}", values.as_deref().unwrap_or("-"))
            }
            End::Wants(Some(more)) => writeln!(lines, "N {id} {more}"),
            End::Wants(None) => writeln!(lines, "N {id} -"),
            End::Refused { kind, reason, text } => {
                let reason = reason.map_or_else(|| "-".to_owned(), |code| format!("{code:02x}"));
                writeln!(lines, "R {id} {} {reason} {}", kind.word(), crate::text::single_line(text))
            }
            End::Skipped(why) => writeln!(lines, "K {id} {}", crate::text::single_line(why)),
            End::Died(death) => writeln!(lines, "K {id} died: {}", crate::text::single_line(&death.how)),
            End::Hung(time) => writeln!(lines, "K {id} hung for {} s", time.as_secs_f32()),
            End::Garbled(line) => writeln!(lines, "K {id} garbled: {}", crate::text::single_line(line)),
        };
    }
}

impl RefusalKind {
    /// The word in an answer.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testee::{Line, Ours};

    fn served(requests: &str) -> Vec<String> {
        let mut answers = Vec::new();
        serve(&mut Ours::new(), requests.as_bytes(), &mut answers).expect("answers");
        String::from_utf8(answers).expect("text").lines().map(str::to_owned).collect()
    }

    #[test]
    fn requests_are_answered_in_their_order() {
        let answers = served(
            "HELLO mqtt-testee/1\nD 1 5 client c000\nZ 2 what\nS 3 5 client c0,00c0\r\nD 4 6 client c000\nD 5 5 server c0\nD 6 5 client c",
        );
        assert!(answers[0].starts_with("HELLO mqtt-testee/1 name=mqtt-assay-codec version="), "{}", answers[0]);
        assert_eq!(answers[1], "A 1 2 PINGREQ");
        assert_eq!(answers[2], "K 2 unknown");
        assert_eq!(answers[3..5], ["P 3 2 PINGREQ", "N 3 -"]);
        assert_eq!(answers[5], "K 4 unknown version");
        assert!(answers[6].starts_with("R 5 protocol "), "{}", answers[6]);
        assert_eq!(answers[7..], ["K 6 no hexadecimal digits"]);
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let ends = [
            End::Accepted { consumed: 2, values: Some("PINGREQ".into()) },
            End::Wants(Some(3)),
            End::Wants(None),
            End::Refused { kind: RefusalKind::TooLarge, reason: Some(0x95), text: "too large".into() },
            End::Skipped("no streams".into()),
        ];
        for end in ends {
            let mut line = String::new();
            Answer { packets: Vec::new(), end: end.clone() }.write_lines(7, &mut line);
            assert_eq!(Line::read(line.trim_end_matches('\n')), Some((7, Line::End(end))));
        }
    }
}

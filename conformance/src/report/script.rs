//! A case's steps as a Python script over a plain socket, for who hasn't this program: one connection a role, the recorded bytes in
//! their order, and a wait for each packet and each end that the record shows. It prints what comes.

use super::document::{CaseReport, Document};
use super::full::transcript_of;
use crate::link::{Line, Remark, Transcript, What};
use crate::text::single_line;
use crate::wire::Ending;
use mqtt_assay_codec::PacketType;
use std::collections::BTreeMap;
use std::time::Duration;

/// A gap in the record that is kept: less is how fast both sides are.
const GAP: Duration = Duration::from_millis(100);

/// How much longer than in the record the script waits, in seconds.
const PATIENCE: f64 = 5.0;

/// What stands before the steps, behind the line that names the case and the broker. It and its fourteen lines are all that the
/// script has besides a line for each line of the record.
const WORDS: &str = r#"def read(role, size, data=b""):
    while len(data) < size and (more := roles[role].recv(size - len(data))): data += more
    return data
def wait(role, kind, count, seconds):  # until so many packets of this type have come on the connection, or its end (0)
    try:
        while roles[role].settimeout(seconds) or seen[role].count(kind) < count and 0 not in seen[role]:
            data = read(role, 2)
            while len(data) < 5 and data[-1:] > b"\x7f": data += read(role, 1) or b"\0"
            data += read(role, sum((byte & 127) << 7 * place for place, byte in enumerate(data[1:])))
            seen[role].append(data[0] >> 4 if data else 0); print(f"{role:>12} <- {data.hex() or 'the end'}")
    except OSError as error: print(f"{role:>12} <- {error}")
def send(role, data, what):  # nothing: our end
    try: print(f"{role:>12} -> {what}"); roles[role].sendall(bytes.fromhex(data)) if data else roles[role].shutdown(socket.SHUT_WR)
    except OSError as error: print(f"{role:>12} -> {error}")
"#;

/// The script.
///
/// # Errors
///
/// In words: what the report doesn't hold that the script needs, and how to get it.
pub(crate) fn script(document: &Document, case: &CaseReport) -> Result<String, String> {
    let transcript =
        transcript_of(case).map_err(|problem| format!("{}: {problem}\n  {}", case.case, way_out(document, case)))?;
    let mut steps = Steps::default();
    let lines: Vec<String> = transcript.lines.iter().map(|line| steps.step(&transcript, line)).collect();
    Ok(format!("{}{WORDS}{}\n", head(document, case), lines.join("\n")))
}

/// The script of a transcript that is at hand whole; `about` says in a line what it shows.
pub(crate) fn script_of(transcript: &Transcript, about: &str, address: &str) -> String {
    let mut steps = Steps::default();
    let lines: Vec<String> = transcript.lines.iter().map(|line| steps.step(transcript, line)).collect();
    format!("{}{WORDS}{}\n", opening(about, address, env!("CARGO_PKG_VERSION")), lines.join("\n"))
}

/// How a whole transcript is had.
pub(super) fn way_out(document: &Document, case: &CaseReport) -> String {
    let run = document.repeat(case);
    let run = run.strip_suffix(" -v").unwrap_or(&run);
    format!("the whole record: {run} --transcripts whole --json FILE, then mqtt-assay show FILE {}", case.case)
}

fn head(document: &Document, case: &CaseReport) -> String {
    let target = &document.target;
    let version = target.version.as_ref().map_or_else(String::new, |version| format!(" {version}"));
    let about = format!("{} ({}): {}; {}{version}", case.case, case.verdict, case.title, target.name);
    opening(&about, &target.address, &document.tool.version)
}

fn opening(about: &str, address: &str, version: &str) -> String {
    let (host, port) = place(address);
    format!(
        "import socket, struct, sys, time; address, roles, seen = ((sys.argv[1:] + [{}])[0], (sys.argv[2:] + [{port}])[0]), {{}}, {{}}  \
         # python3 SCRIPT [HOST [PORT]]: {}, recorded by mqtt-assay {}\n",
        python(host),
        single_line(about),
        single_line(version)
    )
}

/// Host and port of a plain address; this machine's usual port for every other broker.
fn place(address: &str) -> (&str, u16) {
    let plain = address.strip_prefix("mqtt://").unwrap_or_default();
    let place = plain.rsplit_once('@').map_or(plain, |(_, place)| place);
    let parted = place.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parted.unwrap_or((place, 1883));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (if host.is_empty() { "localhost" } else { host }, port)
}

/// A text as Python takes it: JSON's form, in which no letter is left that ends the line or that a terminal obeys.
fn python(text: &str) -> String {
    serde_json::Value::String(single_line(text)).to_string()
}

/// What the steps so far have come to.
#[derive(Default)]
struct Steps<'a> {
    /// Packets of each type that came on each connection.
    came: BTreeMap<(&'a str, u8), usize>,
    open: Vec<&'a str>,
    /// When the line before happened.
    before: Duration,
}

impl<'a> Steps<'a> {
    /// One line of the record as one line of the script.
    fn step(&mut self, transcript: &Transcript, line: &'a Line) -> String {
        let gap = line.at.saturating_sub(self.before);
        self.before = line.at;
        let role = python(&line.role);
        let seconds = |more: f64| format!("{:.1}", gap.as_secs_f64() + more);
        match &line.what {
            What::Open => {
                self.open.push(&line.role);
                format!("{}roles[{role}], seen[{role}] = socket.create_connection(address, 10), []", pause(gap))
            }
            What::Sent { bytes, mutation } => {
                let mutated = mutation.as_ref().map_or_else(String::new, |name| format!(" (changed: {name})"));
                let words = transcript.explain(line).unwrap_or_default() + &mutated;
                format!("{}send({role}, \"{bytes:x}\", {})", pause(gap), python(&words))
            }
            What::Received(bytes) => {
                let kind = bytes.first().map_or(0, |first| first >> 4);
                let count = self.came.entry((&line.role, kind)).or_default();
                *count += 1;
                let name = PacketType::from_number(kind).map_or("unknown", PacketType::name);
                format!("wait({role}, {kind}, {count}, {})  # {name}", seconds(PATIENCE))
            }
            What::Ended(_) => format!("wait({role}, 0, 1, {})  # the broker's end", seconds(PATIENCE)),
            What::Closed(Ending::Reset) => format!(
                "{0}roles[{role}].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(\"ii\", 1, 0)); roles[{role}].close()",
                pause(gap)
            ),
            What::Closed(Ending::Fin) | What::HalfClosed => {
                format!("{}send({role}, \"\", \"fin\")", pause(gap))
            }
            What::Said(remark, text) => {
                let word = match remark {
                    Remark::Expects => "expected",
                    Remark::Decides => "recorded",
                    Remark::Notes => "noted",
                };
                let says = format!("print({})", python(&format!("{word}: {text}")));
                // What was waited for in vain shows in nothing else.
                let waited = gap > GAP && self.open.contains(&line.role.as_str());
                if waited { format!("wait({role}, 0, 1, {}); {says}", seconds(1.0)) } else { says }
            }
        }
    }
}

/// The time that a case let pass on purpose.
fn pause(gap: Duration) -> String {
    if gap > GAP { format!("time.sleep({:.1}); ", gap.as_secs_f64()) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use crate::scenario::Verdict;

    fn lines() -> Vec<String> {
        let lines = [
            "   1    0.000000 rogue        open",
            "   2    0.000100 rogue        -> 100d00044d5154540502003c000000 ; CONNECT \"\" clean keep-alive=60",
            "   3    0.000200 rogue        <- 2003000000 ; CONNACK 0x00",
            "   4    2.000200 rogue        -> c100 !flags.reserved.1 ; PINGREQ",
            "   5    2.000300 rogue        expects: the broker closes \\ \"the connection\"",
            "   6   14.500300 rogue        decides: fail X: it went on",
            "   7   14.500400 rogue        notes: a note",
            "   8   14.500500 rogue        -> half-fin",
            "   9   14.500500 rogue        -> rst",
            "  10   14.500500 rogue        <- fin",
        ];
        lines.map(str::to_owned).to_vec()
    }

    fn script_of(transcript: Vec<String>) -> Result<String, String> {
        let mut case = samples::case("5/x/y", Verdict::Fail, "X", "it went on");
        case.transcript = transcript;
        let document = samples::report(vec![case]);
        script(&document, &document.results[0])
    }

    #[test]
    fn a_script_has_a_line_for_each_step_and_fifteen_more() {
        let lines = lines();
        let text = script_of(lines.clone()).expect("it is whole");
        assert_eq!(text.lines().count(), lines.len() + 15, "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_the_report_does_not_hold_is_said_with_the_way_out() {
        let few = script_of(lines().split_off(4)).expect_err("cut");
        assert!(
            few.starts_with(
                "5/x/y: the report holds only the lines that decided it\n  the whole record: mqtt-assay run "
            ),
            "{few}"
        );
        assert!(few.contains("--transcripts whole --json FILE"), "{few}");
        assert!(script_of(Vec::new()).expect_err("none").contains("holds no transcript"));
        let mut long = lines();
        "   3    0.000200 rogue        <- 30ff[..]5000 bytes, mark 0[..]00 ; PUBLISH".clone_into(&mut long[2]);
        assert!(script_of(long).expect_err("cut").contains("left out"));
        let mut secret = lines();
        "   2    0.000100 rogue        -> 100d********00 ; CONNECT".clone_into(&mut secret[1]);
        assert!(script_of(secret).expect_err("hidden").contains("--show-passwords"));
    }

    #[test]
    fn addresses_are_those_of_plain_connections() {
        assert_eq!(place("mqtt://ann@broker:1884"), ("broker", 1884));
        assert_eq!(place("mqtt://broker"), ("broker", 1883));
        assert_eq!(place("mqtt://[::1]:99"), ("::1", 99));
        assert_eq!(place(""), ("localhost", 1883));
        assert_eq!(place("mqtts://broker:8883"), ("localhost", 1883));
    }

    #[test]
    fn no_text_breaks_out_of_its_line() {
        assert_eq!(python("a\"\n\u{1b}\u{2028}\\"), r#""a\"\\n\\u{1b}\\u{2028}\\""#);
    }
}

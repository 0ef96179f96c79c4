//! The program in bad surroundings: ports on which there is no broker or a bad one, reports that can't be written,
//! signals, readers that have gone. Each ends in its time and within 200 MB (a run of all cases: 300 MB), says what is the
//! matter on its first line, shows no control code of a stranger, and leaves the report of what was finished.

#![cfg(unix)]

mod common;
mod hostile;
mod watched;

use common::{Served, mqtt_assay, settings};
use hostile::{Random, Trouble, proxy};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;
use watched::{Ended, Moment, StandardOutput};

/// Eight cases that the reference broker passes, in the order in which they are run.
const EIGHT: &str = "5/connect/takeover | 5/malformed/qos-3 | 5/qos/puback-identifier | 5/qos/pubrel-again \
                     | 5/qos/qos1-identifier-is-free | 5/retain/replaced | 5/retain/empty-payload-clears \
                     | 5/publish/topic-with-wildcard";

/// A case whose first step is a subscription: where no SUBACK comes, nothing is judged, however fast the machine is.
const BEGINNING_WITH_SUBACK: &str = "5/publish/delivered-unchanged";

/// A case that watches from its first fence on and has a second one, and one beside it.
const FENCED_TWICE: &str = "5/retain/replaced | 5/qos/puback-identifier";

/// Makes the last of them fail.
const BROKEN: [&str; 2] = ["--fault", "acts-on:topic-name-wildcard"];

/// The most that a run may have in memory, in bytes.
const MOST_MEMORY: u64 = 200_000_000;

/// The same of a run of all cases, which keeps their transcripts.
const MOST_MEMORY_FOR_ALL: u64 = 300_000_000;

/// A run of all cases.
const ALL_CASES: &str = "a signal on the simulated clock";

/// After so long a run hangs, and is killed. The longest of these waits 10 s for a packet; how long the machine takes
/// beside its other work decides nothing.
const WITHIN: Duration = Duration::from_mins(10);

/// The most bytes of a JSON report of so few cases, whatever came to them.
const LARGEST_REPORT: usize = 8 << 20;

/// PUBLISH of MQTT 5 on topic "x/y", QoS 1.
const OTHERS_AT_QOS_1: &[u8] = b"\x32\x09\x00\x03x/y\x00\x01\x00a";

/// The same at QoS 2, and its PUBREL.
const OTHERS_AT_QOS_2: &[u8] = b"\x34\x09\x00\x03x/y\x00\x01\x00a\x62\x02\x00\x01";

/// The longest line for people. Whatever a broker sends, a terminal can still show it.
const LONGEST_LINE: usize = 1000;

/// One input: the program and what surrounds it.
struct Row {
    what: &'static str,
    arguments: Vec<String>,
    output: StandardOutput,
    signal: Option<(&'static str, Moment)>,
    /// How the program is started, where that is not directly.
    wrapper: Vec<String>,
    /// The report that is looked at.
    report: Option<PathBuf>,
    served: Option<Served>,
    /// How many cases have ended before the broker is lost is a matter of speed.
    is_race: bool,
}

impl Row {
    fn new(what: &'static str, arguments: &[&str]) -> Self {
        Self {
            what,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            output: StandardOutput::Read,
            signal: None,
            wrapper: Vec::new(),
            report: None,
            served: None,
            is_race: false,
        }
    }

    /// A run of the eight cases, one after the other, against what listens at this address.
    fn against(what: &'static str, address: &str) -> Self {
        let target = format!("mqtt://{address}");
        Self::new(what, &["run", &target, "-f", EIGHT, "--jobs", "1"])
    }

    /// All cases at once instead.
    fn side_by_side(mut self) -> Self {
        let jobs = self.arguments.iter_mut().last().expect("the number of jobs stands last");
        "all".clone_into(jobs);
        self
    }

    /// Does not say how many cases had ended when the broker was lost.
    fn racing(self) -> Self {
        Self { is_race: true, ..self }
    }

    /// With other cases than the eight.
    fn of_cases(mut self, filter: &str) -> Self {
        self.arguments.iter_mut().filter(|argument| *argument == EIGHT).for_each(|eight| filter.clone_into(eight));
        self
    }

    /// The same against the reference broker, when something befalls its connections.
    fn troubled(what: &'static str, trouble: Trouble) -> Self {
        Self::troubled_and_broken(what, trouble, &[])
    }

    /// The same with flags for the reference broker.
    fn troubled_and_broken(what: &'static str, trouble: Trouble, flags: &[&str]) -> Self {
        let (served, address) = Served::start(flags);
        Self { served: Some(served), ..Self::against(what, &proxy(&address, trouble)) }
    }

    fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    fn signalled(self, signal: &'static str, moment: Moment) -> Self {
        Self { signal: Some((signal, moment)), ..self }
    }

    /// A JSON report is asked for, in this folder, and looked at.
    fn reported(mut self, folder: &Path, name: &str) -> Self {
        let path = folder.join(name);
        self.arguments.extend(["--json".to_owned(), path.display().to_string()]);
        self.report = Some(path);
        self
    }

    /// Runs it, holds it to what holds of every run, and says what it comes to.
    fn tried(self) -> String {
        let Self { what, arguments, output, signal, wrapper, report, served, is_race } = self;
        let command = started(&wrapper, &arguments);
        let is_timed =
            matches!(signal, Some((_, Moment::AfterLines(_)))) || arguments.iter().any(|word| word == "--timeout");
        let ended = watched::run(command, &output, signal, WITHIN);
        hold(what, &ended);
        // The others may be over before the first look.
        assert!(ended.peak > 0 || served.is_none() || cfg!(not(target_os = "linux")), "{what}: no memory was measured");
        let code = ended.code.unwrap_or_else(|| panic!("{what}: a signal ended it: {}", ended.errors));
        let report = report.map_or_else(String::new, |path| {
            let told = in_report(what, &path, first_line(&ended));
            // How far it is after a certain line, or time, is a matter of speed.
            format!("\n      report: {}", if is_timed || is_race { "those that had ended" } else { &told })
        });
        let result = first_line(&ended);
        let result = if is_race { without_count(result) } else { result.to_owned() };
        format!("{what}\n  $ mqtt-assay {}\n  {code:>3} {result}{report}\n", arguments.join(" "))
    }
}

fn started(wrapper: &[String], arguments: &[String]) -> Command {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let direct = mqtt_assay(&arguments);
    let [program, before @ ..] = wrapper else { return direct };
    let mut command = Command::new(program);
    command.args(before).arg(direct.get_program()).args(direct.get_args()).stdin(Stdio::null());
    command
}

/// What holds of every run, whatever surrounds it.
fn hold(what: &str, ended: &Ended) {
    let Ended { out, errors, peak, .. } = ended;
    println!("{what}: at most {} MB of memory", peak / 1_000_000);
    let most = if what == ALL_CASES { MOST_MEMORY_FOR_ALL } else { MOST_MEMORY };
    assert!(*peak < most, "{what}: {} MB of memory", peak / 1_000_000);
    for text in [out, errors] {
        let foreign = text.chars().find(|letter| letter.is_control() && *letter != '\n' || *letter == DIRECTION);
        assert_eq!(foreign, None, "{what}: a control code came through:\n{text:?}");
        assert!(!text.contains("panicked"), "{what}: {text}");
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        assert!(longest <= LONGEST_LINE, "{what}: a line of {longest} letters:\n{text}");
    }
}

/// The first line of the complaint, or where there is none the result.
fn first_line(ended: &Ended) -> &str {
    let lines = || ended.errors.lines().chain(ended.out.lines());
    let begins = |with: &'static str| lines().find(move |line| line.starts_with(with));
    begins("error: ").or_else(|| begins("Result: ")).unwrap_or("(nothing)")
}

/// A result without the number of cases that had ended.
fn without_count(result: &str) -> String {
    match result.split_once(" of ").and_then(|(before, counts)| Some((before, counts.split_once(" (")?.1))) {
        Some((before, behind)) => format!("{before} of some ({behind}"),
        None => result.to_owned(),
    }
}

/// How many cases a report holds. A run that was ended must leave whole JSON, too, with what it says it has finished.
fn in_report(what: &str, path: &Path, result: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{what}: {}: {error}", path.display()));
    // Escapes come at the length that the standard allows, six letters each.
    let most = if what.starts_with("escapes") { 8 * LARGEST_REPORT } else { LARGEST_REPORT };
    assert!(text.len() < most, "{what}: a report of {} bytes", text.len());
    let report: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{what}: {error}"));
    let results = report["results"].as_array().expect("results");
    if let Some((ended, _)) = result.split_once(" cases had ended") {
        let ended = ended.rsplit_once(": ").and_then(|(_, counts)| counts.split_once(" of ")).map(|(ended, _)| ended);
        assert_eq!(ended, Some(results.len().to_string().as_str()), "{what}: {result}");
    }
    let count = |verdict: &str| results.iter().filter(|result| result["verdict"] == verdict).count();
    let ended = report["ended"].as_str().expect("how it ended");
    format!("{ended}, cases {}: pass {}, inconclusive {}", results.len(), count("pass"), count("inconclusive"))
}

/// Right-to-left override: no control character by its class, and one by what it does.
const DIRECTION: char = '\u{202e}';

/// Escapes that clear a screen, set its title, colour in 8-bit form, turn the direction of writing, and a line of their
/// own, over and over: 64 KiB less one byte, the longest string that MQTT has.
fn escapes() -> &'static str {
    let piece = "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{202e}\nResult: pass\r\u{8}";
    let text = piece.repeat(usize::from(u16::MAX) / piece.len() + 1);
    text[..text.floor_char_boundary(u16::MAX.into())].to_owned().leak()
}

fn no_brokers() -> Vec<Row> {
    vec![
        Row::against("nobody listens", "127.0.0.1:1"),
        Row::new("nobody listens, in both versions", &["run", "mqtt://127.0.0.1:1"]),
        Row::against("an HTTP server", &hostile::http()),
        Row::against("an SSH server", &hostile::that_greets(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")),
        // A fatal alert: unexpected message.
        Row::against("a TLS server", &hostile::that_answers(&[0x15, 3, 3, 0, 2, 2, 10])),
        Row::against("it says nothing", &hostile::silent()),
        Row::against("it closes at once", &hostile::that_closes_at_once()),
        Row::against("it sends garbage", &hostile::garbage()),
        Row::against("it declares 256 MiB", &hostile::that_answers(&[0x20, 0xff, 0xff, 0xff, 0x7f, 0, 0])),
        Row::against("it sends 256 MiB in one packet", &hostile::that_sends_a_quarter_gigabyte(b"")),
        // Topic "a", and a Property Length of 254 MiB.
        Row::against(
            "it sends 254 MiB of properties",
            &hostile::that_sends_a_quarter_gigabyte(b"\x00\x01a\x80\x80\x80\x7f"),
        ),
        Row::against("it sends half a packet", &hostile::that_answers(&[0x20, 3, 0])),
        Row::against("it never stops sending bytes", &hostile::that_never_stops(b"\xff\xff")),
        Row::against("it never stops sending the smallest packets", &hostile::that_never_stops(&hostile::PINGRESP)),
        // PUBLISH on topic "mqtt-assay", QoS 0.
        Row::against(
            "it never stops sending messages",
            &hostile::that_never_stops(b"\x30\x10\x00\x0amqtt-assay\x00abc"),
        )
        // So many of them take as long as the machine takes.
        .with(&["--patience", "x20"]),
    ]
}

fn bad_brokers(folder: &Path) -> Vec<Row> {
    let escapes = escapes();
    vec![
        Row::troubled("it dies in the middle", Trouble::Dies(12)).reported(folder, "dies.json"),
        Row::troubled("it resets every third connection", Trouble::Resets(3)).reported(folder, "resets.json"),
        Row::troubled("it never stops sending, after the control", Trouble::Floods(2, &hostile::PINGRESP))
            .side_by_side()
            .racing()
            .reported(folder, "floods.json"),
        Row::troubled("it never stops sending messages of others at QoS 1", Trouble::Floods(2, OTHERS_AT_QOS_1))
            .of_cases(BEGINNING_WITH_SUBACK)
            .side_by_side()
            .reported(folder, "floods-1.json"),
        Row::troubled("it never stops sending messages of others at QoS 2", Trouble::Floods(2, OTHERS_AT_QOS_2))
            .of_cases(BEGINNING_WITH_SUBACK)
            .side_by_side()
            .reported(folder, "floods-2.json"),
        // The second try finds nobody there who watched for the first.
        Row::troubled("what timed out is tried again", Trouble::LosesOneFence(Arc::default()))
            .of_cases(FENCED_TWICE)
            .side_by_side()
            .reported(folder, "again.json"),
        Row::troubled("it goes silent, and time is over", Trouble::Freezes(12, channel().0))
            .with(&["--timeout", "8"])
            .reported(folder, "silent.json"),
        Row::troubled("escapes in reason strings and user properties", Trouble::Says(escapes))
            .with(&["-vv"])
            .reported(folder, "reasons.json"),
        Row::troubled_and_broken("escapes in what a failure shows", Trouble::Says(escapes), &BROKEN)
            .with(&["-v"])
            .reported(folder, "failure.json"),
        Row::troubled("escapes in topics, control included", Trouble::Renames(1, escapes)),
        Row::troubled("escapes in topics", Trouble::Renames(2, escapes)).with(&["-vv"]).reported(folder, "topics.json"),
    ]
}

fn bad_arguments(folder: &Path) -> Vec<Row> {
    let eight = |what| Row::new(what, &["run", "-f", EIGHT]);
    let unwritable = folder.join("no-such-folder").join("report.json").display().to_string();
    let mut closed = eight("nobody reads standard output").reported(folder, "closed.json");
    closed.output = StandardOutput::Closed;
    let mut unread = eight("nobody reads the report").with(&["--json", "-"]);
    unread.output = StandardOutput::Closed;
    let full = on_a_full_disk(folder, eight("the disk is full").with(&["--transcripts", "all"]));
    vec![
        Row::new("an unknown case", &["run", "-f", "5/publish/no-such-case"]),
        Row::new("a bad filter", &["run", "-f", "5/publish/* & ("]),
        Row::new("a bad address", &["run", "mqtt://127.0.0.1:port"]),
        Row::new("an address with a path", &["run", "mqtt://127.0.0.1/path"]),
        eight("a report path in no folder").with(&["--json", &unwritable]),
        eight("a report path that is a folder").with(&["--json", &folder.display().to_string()]),
        full,
        closed,
        unread,
    ]
}

/// Gives a run a file system of a few pages for its report. Where none can be mounted, a device that is always full has
/// to do, and that is said aloud.
fn on_a_full_disk(folder: &Path, row: Row) -> Row {
    let disk = folder.join("disk");
    fs::create_dir(&disk).expect("a folder of our own");
    let script = "mount -t tmpfs -o size=16k tmpfs \"$0\" && exec \"$@\"";
    let wrapper = ["unshare", "--map-root-user", "--mount", "sh", "-c", script];
    let mut wrapper: Vec<String> = wrapper.map(str::to_owned).to_vec();
    wrapper.push(disk.display().to_string());
    let report = disk.join("report.json");
    let row = row.with(&["--json", &report.display().to_string()]);
    let tried = Command::new(&wrapper[0]).args(&wrapper[1..]).arg("true").output();
    if tried.as_ref().is_ok_and(|output| output.status.success()) {
        return Row { wrapper, ..row };
    }
    // Not by a macro for printing: the test harness keeps those to itself when a test passes.
    let why = tried.map_or_else(|error| error.to_string(), |output| String::from_utf8_lossy(&output.stderr).into());
    let _ = writeln!(
        std::io::stderr(),
        "surroundings: NO FULL DISK WAS TRIED: no tmpfs can be mounted here ({}); /dev/full stands for it",
        why.trim()
    );
    std::os::unix::fs::symlink("/dev/full", report).expect("a link in a folder of our own");
    row
}

/// Moments that a seed has chosen. Against a broker: while the connection with this number waits for its answer, so that
/// what is finished by then is always the same.
fn signals(folder: &Path) -> Vec<Row> {
    let mut random = Random(3);
    let mut rows = Vec::new();
    for (what, signal) in [("Ctrl-C", "-INT"), ("SIGTERM", "-TERM")] {
        for _ in 0..3 {
            let (reached, told) = channel();
            let at = 1 + random.below(16) as usize;
            let row = Row::troubled(what, Trouble::Freezes(at, reached)).signalled(signal, Moment::Told(told));
            rows.push(row.reported(folder, &format!("signal-{}.json", rows.len())));
        }
    }
    for (signal, lines) in [("-INT", random.below(100)), ("-TERM", random.below(5000))] {
        let row = Row::new(ALL_CASES, &["run", "-vv"]);
        let row = row.signalled(signal, Moment::AfterLines(1 + lines as usize));
        rows.push(row.reported(folder, &format!("signal-{}.json", rows.len())));
    }
    rows
}

/// Ten million bytes, as twice as many digits: a payload of half of them, and packets of as many fields as can be.
#[test]
fn decode_takes_no_more_memory_than_the_bytes_need() {
    let folder = TempDir::new().expect("a folder of our own");
    let packet = |first: u8, start: &[u8], rest: &[u8], length: usize| {
        let length = start.len() + length / rest.len() * rest.len();
        let encoded: Vec<u8> =
            (0..4).map(|place| (length >> (7 * place)) as u8 & 0x7f | if place < 3 { 0x80 } else { 0 }).collect();
        [&[first], &encoded[..], start, &rest.repeat((length - start.len()) / rest.len())].concat()
    };
    let properties = packet(0x62, b"\x00\x01\x00\x80\x80\x80\x04", b"\x26\x00\x00\x00\x00", 5 << 20);
    // The property length is what it takes to reach the end.
    let length = properties.len() - 5 - 7;
    let mut properties = properties;
    (0..4).for_each(|place| {
        properties[8 + place] = (length >> (7 * place)) as u8 & 0x7f | if place < 3 { 0x80 } else { 0 }
    });
    let inputs = [
        [packet(0x30, b"\x00\x01a\x00", b"x", 5 << 20), packet(0x82, b"\x00\x01\x00", b"\x00\x01a\x00", 5 << 20)]
            .concat(),
        [packet(0x90, b"\x00\x01\x00", b"\x00", 5 << 20), properties].concat(),
    ];
    for (number, bytes) in inputs.iter().enumerate() {
        let path = folder.path().join("hex");
        let digit = |value: u8| char::from_digit(value.into(), 16).expect("a digit");
        let digits: String = bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        assert!(digits.len() > 20_000_000, "{}", digits.len());
        fs::write(&path, digits).expect("written");
        let mut command = mqtt_assay(&["decode", "--mqtt", "5", "-"]);
        command.stdin(fs::File::open(&path).expect("it is there"));
        let ended = watched::run(command, &StandardOutput::Read, None, WITHIN);
        assert_eq!(ended.code, Some(0), "{number}: {}", ended.errors);
        assert!(ended.peak < 100_000_000, "{number}: {} MB", ended.peak / 1_000_000);
        assert!(ended.out.ends_with(&format!("valid: 2 packets, {} bytes of MQTT 5\n", bytes.len())), "{number}");
        assert!(number == 0 || ended.out.contains(" more fields\n"), "{number}");
    }
}

/// What somebody wrote is told in a message that can be read, however long it is and whatever a terminal makes of it.
#[test]
fn what_was_written_is_repeated_within_reason() {
    let long = "x".repeat(100_000);
    let escape = "a\u{1b}[2Jb\u{202e}\r";
    let folder = TempDir::new().expect("a folder of our own");
    let profile = folder.path().join("odd.toml");
    fs::write(&profile, "name = 'x'\ncommand = ['x']\n\u{9b}31m\u{1b}[2J = 1\n").expect("written");
    let profile = profile.display().to_string();
    let boastful = folder.path().join("boastful.toml");
    let text = r#"name = "x\u001b[2J"
command = ['false', '{port}']
[version]
command = ['printf', 'v \033[2J1\007']
after = 'v '
"#;
    fs::write(&boastful, text).expect("written");
    let boastful = boastful.display().to_string();
    for arguments in [
        &["explain", &long][..],
        &["explain", escape],
        &["run", "-f", escape],
        &["run", "--fault", escape],
        &["run", "--fault", &long],
        &["run", &long],
        &["run", "--variant", &long],
        &["run", &format!("./{escape}.toml")],
        &["run", "--json", &format!("/no/{escape}")],
        &["run", "--spawn", &format!("./{escape} {{port}}"), "-f", "5/malformed/qos-3"],
        &["run", "--spawn", "sh -c 'printf \"\\\\033[2J\\\\233\"; exit 1' {port}", "-f", "5/malformed/qos-3"],
        &["run", &profile],
        &["run", &boastful],
        &["prove", "--write", &format!("/dev/null/{escape}")],
    ] {
        let ended = watched::run(mqtt_assay(arguments), &StandardOutput::Read, None, WITHIN);
        let what = arguments.join(" ");
        let what = &what[..what.floor_char_boundary(100)];
        assert!(matches!(ended.code, Some(2..=4)), "{what:?}: {:?}", ended.code);
        assert!(ended.errors.len() < 3000 && !ended.errors.is_empty(), "{what:?}: {} bytes", ended.errors.len());
        hold(what, &ended);
    }
}

/// A proof takes minutes: whether its tables can be written is tried before.
#[test]
fn a_proof_that_could_not_be_written_is_not_made() {
    let folder = TempDir::new().expect("a folder of our own");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    let table = folder.path().join("rules.tsv");
    fs::create_dir(&table).expect("a folder in the place of a table");
    for place in [&file, folder.path()] {
        let command = mqtt_assay(&["prove", "--write", &place.display().to_string()]);
        let ended = watched::run(command, &StandardOutput::Read, None, WITHIN);
        assert_eq!(ended.code, Some(2), "{}", ended.errors);
        assert!(ended.errors.contains("nothing was proven"), "{}", ended.errors);
    }
}

/// What can't be tried on a broker is no pass of it.
#[test]
fn where_nothing_is_judged_the_exit_code_says_so() {
    let (_served, address) = Served::start(&[]);
    let target = format!("mqtt://{address}");
    let command = mqtt_assay(&["run", &target, "--variant", "max-qos-1"]);
    let ended = watched::run(command, &StandardOutput::Read, None, WITHIN);
    assert_eq!(ended.code, Some(3), "{}", ended.out);
    assert!(ended.out.contains("Result: nothing judged: of "), "{}", ended.out);
}

#[test]
fn every_input_has_its_exit_code_and_its_first_line() {
    let folder = TempDir::new().expect("a folder of our own");
    let path = folder.path();
    let rows = [no_brokers(), bad_brokers(path), bad_arguments(path), signals(path)].into_iter().flatten();
    let table: Vec<Option<String>> = thread::scope(|scope| {
        let threads: Vec<_> = rows.map(|row| scope.spawn(|| row.tried())).collect();
        threads.into_iter().map(|thread| thread.join().ok()).collect()
    });
    assert!(table.iter().all(Option::is_some), "what is wrong with a row stands above");
    let table: Vec<String> = table.into_iter().flatten().collect();
    let table = table.join("\n").replace(&path.display().to_string(), "[folder]").replace(EIGHT, "EIGHT");
    let table = format!("EIGHT = {EIGHT}\n\n{table}");
    let mut settings = settings();
    // A run against a real broker has a name of its own, which nobody can foretell.
    settings.add_filter(r"mqtt-assay/[a-z0-9]{6}/", "mqtt-assay/[run]/");
    settings.add_filter(r"fence-[a-z0-9]+-\d+", "fence-[nonce]");
    // How far a run on the simulated clock has come at a certain line, or any run at a certain time, depends on the machine.
    settings.add_filter(r"interrupted: \d+ of \d{3,} ", "interrupted: [n] of [n] ");
    settings.add_filter(r"is over: \d+ of ", "is over: [n] of ");
    settings.bind(|| insta::assert_snapshot!("table", table));
}

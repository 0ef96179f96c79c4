//! `serve` on a real socket, with clients that read slowly, go in the middle, or ask for much at once.

mod common;

use common::Served;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take before a test gives up: no measure of anything.
const PATIENCE: Duration = Duration::from_mins(1);

const MIB: usize = 1 << 20;

/// A client that knows no more than it is told to.
struct Client {
    stream: TcpStream,
    is_v5: bool,
}

/// One packet: its first byte, and what stands behind its length.
type Packet = (u8, Vec<u8>);

fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a short text");
    [&length.to_be_bytes()[..], text.as_bytes()].concat()
}

fn packet(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut packet = vec![first];
    let mut rest = body.len();
    loop {
        let more = rest > 0x7f;
        packet.push(u8::try_from(rest & 0x7f).expect("7 bits") | if more { 0x80 } else { 0 });
        rest >>= 7;
        if !more {
            break;
        }
    }
    packet.extend(body);
    packet
}

impl Client {
    fn open(address: &str, is_v5: bool) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout that is not 0");
        Self { stream, is_v5 }
    }

    /// A connected client without keep alive; `flags` of CONNECT, and what stands behind the client identifier.
    fn with(address: &str, is_v5: bool, name: &str, flags: u8, rest: &[u8]) -> Self {
        let mut client = Self::open(address, is_v5);
        let none: &[u8] = if is_v5 { &[0] } else { &[] };
        let level = if is_v5 { 5 } else { 4 };
        client.send(&packet(0x10, &[&text("MQTT"), &[level, flags, 0, 0], none, &text(name), rest]));
        assert_eq!(client.next().map(|(first, body)| (first, body[1])), Some((0x20, 0)), "a CONNACK");
        client
    }

    fn connect(address: &str, is_v5: bool, name: &str) -> Self {
        Self::with(address, is_v5, name, 2, &[])
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("it reads");
    }

    /// Sends what the broker may not want to hear to the end.
    fn send_what_it_takes(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    fn publish(&mut self, first: u8, topic: &str, payload: &[u8]) {
        let packet_id: &[u8] = if first & 6 > 0 { &[0, 1] } else { &[] };
        let none: &[u8] = if self.is_v5 { &[0] } else { &[] };
        self.send(&packet(first, &[&text(topic), packet_id, none, payload]));
    }

    fn subscribe(&mut self, filter: &str, qos: u8) {
        let none: &[u8] = if self.is_v5 { &[0] } else { &[] };
        self.send(&packet(0x82, &[&[0, 1], none, &text(filter), &[qos]]));
    }

    /// Subscribes and waits until it is done.
    fn subscribed(mut self, filter: &str, qos: u8) -> Self {
        self.subscribe(filter, qos);
        assert_eq!(self.next().map(|(first, _)| first), Some(0x90), "a SUBACK");
        self
    }

    /// Waits until all that was sent before is dealt with.
    fn fence(&mut self) {
        self.send(&[0xc0, 0]);
        while self.next().expect("it is connected").0 != 0xd0 {}
    }

    /// The next packet; none if the broker has closed the connection.
    fn next(&mut self) -> Option<Packet> {
        let mut first = [0];
        match self.stream.read(&mut first) {
            Ok(0) => return None,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
            read => read.expect("an answer in time"),
        };
        let (mut length, mut shift, mut byte) = (0, 0, [0x80]);
        while byte[0] & 0x80 != 0 {
            self.stream.read_exact(&mut byte).expect("a length");
            length |= usize::from(byte[0] & 0x7f) << shift;
            shift += 7;
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a whole packet");
        Some((first[0], body))
    }

    /// Reads so many PUBLISH packets and acknowledges those of QoS 1.
    fn receive(&mut self, count: usize) {
        let mut received = 0;
        while received < count {
            let (first, body) = self.next().expect("it is still connected");
            if first >> 4 == 3 {
                received += 1;
                let end = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
                if first & 6 > 0 {
                    self.send(&[0x40, 2, body[end], body[end + 1]]);
                }
            }
        }
    }
}

#[test]
fn a_client_that_goes_while_bytes_wait_for_it_leaves_properly() {
    let (_served, address) = Served::start(&["--limit", "max-connections=3"]);
    let mut watcher = Client::connect(&address, true, "watcher").subscribed("will", 0);
    let mut publisher = Client::connect(&address, true, "publisher");
    for round in 0..5 {
        // Will flag; the will has no properties.
        let will = [&[0][..], &text("will"), &text("gone")].concat();
        let reader = Client::with(&address, true, "reader", 6, &will).subscribed("t", 0);
        for _ in 0..24 {
            publisher.publish(0x30, "t", &vec![b'x'; MIB]);
        }
        // Unread bytes make this a reset.
        drop(reader);
        let (first, body) = watcher.next().expect("it is connected");
        assert_eq!((first, &body[..6]), (0x30, &text("will")[..]), "round {round}");
        publisher.fence();
    }
}

#[test]
fn more_than_fits_in_a_buffer_arrives_queued_retained_and_live() {
    const COUNT: usize = 24;
    let (_served, address) = Served::start(&[]);
    let payload = vec![b'x'; MIB];
    let mut publisher = Client::connect(&address, false, "publisher");
    // CleanSession 0.
    drop(Client::with(&address, false, "sleeper", 0, &[]).subscribed("queued", 1));
    let mut live = Client::connect(&address, false, "live").subscribed("live", 0);
    for index in 0..COUNT {
        publisher.publish(0x32, "queued", &payload);
        publisher.publish(0x31, &format!("retained/{index}"), &payload);
        publisher.publish(0x30, "live", &payload);
    }
    publisher.fence();
    live.receive(COUNT);
    let mut sleeper = Client::with(&address, false, "sleeper", 0, &[]);
    let mut late = Client::connect(&address, false, "late");
    late.subscribe("retained/#", 0);
    sleeper.receive(COUNT);
    late.receive(COUNT);
    for client in [&mut live, &mut sleeper, &mut late] {
        client.fence();
    }
}

#[test]
fn what_is_too_much_is_said_to_the_client_and_in_the_log() {
    let (mut served, address) = Served::start(&["--limit", "max-waiting-bytes=1000000"]);
    let mut reader = Client::connect(&address, true, "reader").subscribed("t", 0);
    let mut publisher = Client::connect(&address, true, "publisher");
    // As long as the client's own system takes nothing more, it all waits in the broker.
    for _ in 0..48 {
        publisher.publish(0x30, "t", &vec![b'x'; MIB]);
    }
    publisher.fence();
    let mut last = None;
    while let Some(packet) = reader.next() {
        last = Some(packet);
    }
    let (first, body) = last.expect("something came");
    assert_eq!((first, body[0]), (0xe0, 0x97), "DISCONNECT, quota exceeded");
    let said = std::iter::repeat_with(|| served.line()).find(|line| line.contains("closed")).expect("a line");
    assert!(
        said.starts_with("connection 0, client \"reader\": closed: ") && said.contains("max-waiting-bytes"),
        "{said}"
    );
}

/// A SUBSCRIBE of 3.1.1 with 1,000 filters that match everything.
#[cfg(unix)]
fn subscribe_to_everything_1000_times() -> Vec<u8> {
    packet(0x82, &[&[0, 1], &[0, 1, b'#', 0].repeat(1000)])
}

#[cfg(unix)]
#[test]
fn a_packet_that_asks_for_more_than_its_sender_takes_stops_nobody() {
    let (mut served, address) = Served::start(&[]);
    let mut other = Client::connect(&address, false, "other");
    for index in 0..1000 {
        other.publish(0x31, &format!("t/{index}"), &[b'x'; 100]);
    }
    other.fence();
    let mut heavy = Client::connect(&address, false, "heavy");
    heavy.send(&subscribe_to_everything_1000_times());
    assert_eq!(heavy.next().map(|(first, _)| first), Some(0x90), "SUBACK, and a million messages follow");
    for _ in 0..100 {
        other.fence();
    }
    heavy.receive(100_000);
    interrupt(&served);
    assert_eq!(served.child.wait().expect("it ends").code(), Some(0));
}

#[cfg(unix)]
fn interrupt(served: &Served) {
    let killed = std::process::Command::new("kill").args(["-INT", &served.child.id().to_string()]).status();
    assert!(killed.expect("kill is there").success());
}

#[cfg(unix)]
#[test]
fn it_serves_and_ends_when_nobody_reads_its_log() {
    let (mut served, address) = Served::start(&[]);
    let mut client = Client::connect(&address, false, "careless");
    // The same identifier again and again, with DUP 0: a line for each, far more than a pipe and the log hold.
    for _ in 0..10_000 {
        client.publish(0x34, "t", &[]);
    }
    client.fence();
    Client::connect(&address, true, "last").fence();
    interrupt(&served);
    assert_eq!(served.child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn silence_and_a_packet_behind_disconnect_are_in_the_log() {
    let (mut served, address) = Served::start(&[]);
    let mut hasty = Client::connect(&address, false, "hasty");
    hasty.send(&[0xe0, 0, 0xc0, 0]);
    let mut silent = Client::open(&address, false);
    silent.send(&packet(0x10, &[&text("MQTT"), &[4, 2, 0, 1], &text("silent")]));
    while silent.next().is_some() {}
    let log: String = std::iter::repeat_with(|| served.line()).take(5).collect();
    for part in ["client \"hasty\": breaks MQTT-3.14.4-2", "[c0 00]", "client \"silent\": breaks MQTT-3.1.2-23"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    assert!(log.contains("client \"silent\": closed: keep alive"), "{log}");
}

/// The most memory that a process has had, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process is there");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux tells it");
    let kib: usize = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number");
    kib << 10
}

#[cfg(target_os = "linux")]
#[test]
fn memory_stays_within_its_bound_over_all_connections() {
    let stored = ["--limit", "max-stored-bytes=33554432"];
    let unsent = ["--limit", "max-unsent-bytes=16777216", "--limit", "max-waiting-bytes=8388608"];
    let (served, address) = Served::start(&[&stored[..], &unsent].concat());
    let idle = peak_memory(served.child.id());
    let readers: Vec<Client> = (0..40)
        .map(|index| {
            Client::connect(&address, true, &format!("deaf{index}")).subscribed("t/#", u8::from(index % 2 == 0))
        })
        .collect();
    let mut publisher = Client::connect(&address, true, "publisher");
    for index in 0..100 {
        publisher.publish(if index % 2 == 0 { 0x31 } else { 0x30 }, &format!("t/{index}"), &vec![b'x'; MIB]);
        publisher.fence();
    }
    // PUBLISH of 4 MiB in 5.0, of which all but the last bytes come.
    let half = packet(0x30, &[&text("half"), &[0], &vec![b'x'; 4 * MIB - 100]]);
    let halves: Vec<Client> = (0..40)
        .map(|index| {
            let mut client = Client::connect(&address, true, &format!("half{index}"));
            client.send_what_it_takes(&half[..half.len() - 10]);
            client
        })
        .collect();
    Client::connect(&address, true, "last").fence();
    let most = idle + (32 + 16) * MIB + (readers.len() + halves.len() + 2) * (64 << 10);
    let peak = peak_memory(served.child.id());
    // What is under way in one event, and what the allocator can't give back, comes on top.
    assert!(peak < most + 32 * MIB, "{} MiB, of at most {} MiB", peak / MIB, most / MIB);
}

/// `serve` with these arguments to its end: exit code, standard output, standard error.
#[cfg(unix)]
fn served(arguments: &[&str]) -> (Option<i32>, String, String) {
    let ended = common::mqtt_assay(arguments).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

/// A script for bash whose `$1` is the path of a client: bytes of MQTT over the shell's own sockets.
#[cfg(unix)]
fn bash(script: &str) -> Vec<String> {
    let opens = "exec 3<>/dev/tcp/$MQTT_HOST/$MQTT_PORT";
    ["--", "bash", "-c", &format!("{opens}; {script}")].map(str::to_owned).to_vec()
}

/// CONNECT of 3.1.1 for client `a`, and its CONNACK read.
#[cfg(unix)]
const CONNECT: &str = r"printf '\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a' >&3; head -c 4 <&3 >/dev/null";

#[cfg(unix)]
const PUBLISH_7: &str = r"printf '\x32\x06\x00\x01t\x00\x07x' >&3; head -c 4 <&3 >/dev/null";

#[cfg(unix)]
const TWICE_7: &str = r"printf '\x32\x06\x00\x01t\x00\x07x\x32\x06\x00\x01t\x00\x07y' >&3; head -c 8 <&3 >/dev/null";

#[cfg(unix)]
const LEAVE: &str = r"printf '\xe0\x00' >&3; cat <&3 >/dev/null";

#[cfg(unix)]
fn serve_bash(arguments: &[&str], script: &str) -> (Option<i32>, String, String) {
    let command = bash(script);
    let arguments: Vec<&str> =
        ["serve"].iter().chain(arguments).copied().chain(command.iter().map(String::as_str)).collect();
    served(&arguments)
}

#[cfg(unix)]
#[test]
fn a_command_finds_the_broker_and_its_end_is_the_end() {
    let script = format!("{CONNECT}; {PUBLISH_7}; {LEAVE}; echo $MQTT_URL; echo told >&2");
    let (code, out, log) = serve_bash(&["-v"], &script);
    assert_eq!(code, Some(0), "{log}");
    common::settings().bind(|| {
        let mut settings = insta::Settings::clone_current();
        settings.add_filter("(?m)^told\n", "");
        settings.bind(|| insta::assert_snapshot!("command_passes", format!("{out}---\n{log}")));
    });
    assert!(log.contains("told\n"), "what the command prints goes through");
}

#[cfg(unix)]
#[test]
fn a_breach_comes_before_the_failure_of_the_command() {
    let broken = format!("{CONNECT}; {TWICE_7}; {LEAVE}");
    for (script, expected) in [
        (format!("{broken}; exit 0"), 1),
        (format!("{broken}; exit 3"), 1),
        (format!("{CONNECT}; {LEAVE}; exit 3"), 9),
        ("kill -9 $$".to_owned(), 9),
    ] {
        let (code, _, log) = serve_bash(&[], &script);
        assert_eq!(code, Some(expected), "{script}: {log}");
    }
    let (code, _, log) = serve_bash(&[], &broken);
    assert_eq!(code, Some(1));
    common::settings().bind(|| insta::assert_snapshot!("command_breaks_a_rule", log));
    let (code, _, log) = served(&["serve", "--", "no-such-program"]);
    assert_eq!(code, Some(2), "{log}");
    let (code, _, _) = served(&["serve", "--json", "/no/such/folder/x.json", "--", "true"]);
    assert_eq!(code, Some(2));
}

#[cfg(unix)]
#[test]
fn what_is_only_implied_counts_with_strict_alone() {
    // SUBACK, which only brokers send.
    let script = format!(r"{CONNECT}; printf '\x90\x03\x00\x01\x00' >&3; cat <&3 >/dev/null");
    let (code, _, log) = serve_bash(&[], &script);
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("(implied)") && log.contains("counts with --strict"), "{log}");
    assert_eq!(serve_bash(&["--strict"], &script).0, Some(1));
}

#[cfg(unix)]
#[test]
fn the_report_names_clients_ends_and_breaches() {
    let script = format!("{CONNECT}; {TWICE_7}; {LEAVE}; exec 3<>/dev/tcp/$MQTT_HOST/$MQTT_PORT; exit 3");
    let (code, out, _) = serve_bash(&["--json", "-"], &script);
    assert_eq!(code, Some(1));
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON alone is on standard output");
    let mut settings = common::settings();
    settings.add_filter(r#""took_ms": \d+"#, r#""took_ms": "[ms]""#);
    settings.add_filter(r#""started": "[^"]*""#, r#""started": "[time]""#);
    settings.add_filter(r#""version": "[^"]*""#, r#""version": "[version]""#);
    settings.bind(|| insta::assert_snapshot!("report", serde_json::to_string_pretty(&report).expect("JSON")));
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_is_ended_with_what_it_has_started() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    let script = "sleep 600 & echo $!; trap 'exit 0' TERM; wait";
    let mut child = common::mqtt_assay(&["serve", "--", "sh", "-c", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("it tells");
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill is there").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    // Whoever it belongs to now may not have buried it yet.
    let state = std::fs::read_to_string(format!("/proc/{}/stat", line.trim())).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "it still runs: {state}");
}

#[cfg(unix)]
#[test]
fn each_fault_and_quirk_is_met_once_and_the_table_says_what_came_of_it() {
    // Publishes with QoS 1 under identifier 0x1007 and wants its PUBACK; breaks a rule where the identifier is another; waits for ever for none.
    let script = format!(
        r"{CONNECT}; printf '\x32\x06\x00\x01t\x10\x07x' >&3; got=$(head -c 4 <&3 | od -An -tx1 | tr -d ' \n'); case $got in
40021007) ;; 4002*) {TWICE_7} ;; esac; [ $got = 40021007 ] || {{ echo got $got; exit 1; }}; {LEAVE}"
    );
    let chosen = ["--each", "single-byte-writes", "--each", "no-puback", "--each", "wrong-puback-id"];
    let more = ["--each", "retained-not-stored", "--each-timeout", "10", "--jobs", "4"];
    let (code, out, log) = serve_bash(&[&chosen[..], &more].concat(), &script);
    assert_eq!(code, Some(1), "{out}{log}");
    common::settings().bind(|| insta::assert_snapshot!("each", out));
}

#[cfg(unix)]
#[test]
fn each_wants_a_command_that_passes() {
    let (code, out, _) = served(&["serve", "--each", "quirk", "--", "sh", "-c", "echo not today; exit 3"]);
    assert_eq!(code, Some(9));
    common::settings().bind(|| insta::assert_snapshot!("each_without_control", out));
    let (code, _, log) = served(&["serve", "--each", "retained-not-stord", "--", "true"]);
    assert_eq!(code, Some(2));
    assert!(log.contains("retained-not-stored"), "{log}");
    let (code, out, _) = served(&["serve", "--json", "-", "--each", "single-byte-writes", "--", "true"]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON alone is on standard output");
    assert_eq!((code, &report["summary"]["passes"], &report["exit"]), (Some(0), &1.into(), &0.into()));
}

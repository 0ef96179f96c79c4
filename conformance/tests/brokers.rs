//! Real brokers, held against what `reports/NAME-VERSION` says of them. Run with `--ignored`, and with the
//! brokers themselves on the PATH (`.ci/install-brokers`); without one its test fails, so that nothing passes for want of a
//! broker. No feature turns them on: it would have all of the crate compiled once more.
//!
//! - `verdicts.tsv`: every case and rule with its verdict.
//! - `varies.tsv`: rows whose verdict is the broker's own chance, with the verdicts seen and the reason. They are
//!   `varies` in the snapshot, and no other verdict than those listed may come.
//! - `not-judged.tsv`: why a case is inconclusive, by a rule that is broken in the same run, or not exercised. No
//!   case is named where the broker closed the connection, as it may at any time, and where only the case's own set-up
//!   shows the breach of the rule.
//!
//! `MQTT_ASSAY_RUNS=20` repeats the run that often, in random order, with 1, 8 and all jobs in turn. `MQTT_ASSAY_BUSY=1`
//! keeps a core busy meanwhile. `MQTT_ASSAY_WRITE=1` writes `verdicts.tsv` anew, and `report.json`: the same run as a report in
//! brief, of which `published.rs` makes the table of all brokers.

use mqtt_assay::broker::{
    AddressTarget, Carrier, EmbeddedOptions, EmbeddedTarget, Profile, Reach, Setting, SpawnedTarget, Target, Variant,
};
use mqtt_assay::cases;
use mqtt_assay::report::kept;
use mqtt_assay::run::{Order, RunOptions, RunResult, clock, run};
use mqtt_assay::scenario::{Instance, RunNames, Verdict};
use mqtt_assay_codec::{Connect, Packet, Properties, Publish, QoS, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Brokers side by side would disturb each other's time limits.
static ONE_BROKER_AT_A_TIME: Mutex<()> = Mutex::new(());

/// How often a broker is run by default: once for each number of jobs.
const RUNS: u64 = 3;

#[test]
#[ignore = "needs real brokers: .ci/run and .ci/full run it"]
fn mosquitto_is_as_its_report_says() {
    is_as_its_report_says("mosquitto");
}

#[test]
#[ignore = "needs real brokers: .ci/run and .ci/full run it"]
fn aedes_is_as_its_report_says() {
    is_as_its_report_says("aedes");
}

#[test]
#[ignore = "needs real brokers: .ci/run and .ci/full run it"]
fn amqtt_is_as_its_report_says() {
    is_as_its_report_says("amqtt");
}

#[test]
#[ignore = "needs real brokers: .ci/run and .ci/full run it"]
fn iotcore_is_as_its_report_says() {
    is_as_its_report_says("iotcore");
}

#[test]
#[ignore = "needs real brokers: .ci/run and .ci/full run it"]
fn ejabberd_is_as_its_report_says() {
    is_as_its_report_says("ejabberd");
}

#[test]
#[ignore = "needs real brokers: .ci/run and .ci/full run it"]
fn rabbitmq_is_as_its_report_says() {
    is_as_its_report_says("rabbitmq");
}

#[test]
#[ignore = "needs real brokers: .ci/run and .ci/full run it"]
fn activemq_is_as_its_report_says() {
    is_as_its_report_says("activemq");
}

/// An Erlang node finds others by an `epmd`, which usually stays behind. Here each broker has its own.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs real brokers: .ci/run and .ci/full run it"]
fn two_rabbitmqs_run_side_by_side_and_leave_nothing() {
    let _alone = ONE_BROKER_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = clock::real(async {
        let profile = Profile::load("rabbitmq").unwrap_or_else(|error| panic!("{error}"));
        let spawned = SpawnedTarget::new(profile, 1);
        let (one, other) = tokio::join!(spawned.lease(Variant::PLAIN), spawned.lease(Variant::PLAIN));
        for started in [&one, &other] {
            assert!(started.is_ok(), "{:?}", started.as_ref().err());
        }
        let groups: BTreeSet<u32> =
            processes().into_iter().filter(|it| it.parent == std::process::id()).map(|it| it.group).collect();
        let ours = of_groups(&groups);
        assert_eq!(groups.len(), 2, "{ours:?}");
        assert_eq!(ours.iter().filter(|it| it.name == "epmd").count(), 2, "{ours:?}");
        groups
    })
    .unwrap_or_else(|error| panic!("no runtime: {error}"));
    let left = of_groups(&begun);
    assert!(left.is_empty(), "{left:?}");
}

/// A process, as the system lists it.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Listed {
    name: String,
    parent: u32,
    group: u32,
}

/// Everything that runs in these process groups.
#[cfg(target_os = "linux")]
fn of_groups(groups: &BTreeSet<u32>) -> Vec<Listed> {
    processes().into_iter().filter(|it| groups.contains(&it.group)).collect()
}

/// Everything that runs. What has ended and only waits to be counted does not.
#[cfg(target_os = "linux")]
fn processes() -> Vec<Listed> {
    let entries = std::fs::read_dir("/proc").expect("Linux has /proc").flatten();
    let texts = entries.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let listed = texts.filter_map(|text| {
        // `123 (name) S 1 123 ...`; a name may have any characters.
        let (before, behind) = text.rsplit_once(") ")?;
        let cells: Vec<&str> = behind.split(' ').collect();
        let name = before.split_once('(')?.1.to_owned();
        let runs = !matches!(cells[0], "Z" | "X");
        runs.then_some(Listed { name, parent: cells[1].parse().ok()?, group: cells[2].parse().ok()? })
    });
    listed.collect()
}

/// A user who may use the topics below the suite's prefix and no others is enough for every case: whatever needs more says
/// *not offered*, and no rule is broken that an anonymous user without limits sees kept.
#[test]
#[ignore = "needs real brokers: .ci/run and .ci/full run it"]
fn mosquitto_with_access() {
    let _alone = ONE_BROKER_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/profiles/mosquitto-one-prefix.toml");
    let limited = Profile::load(path).unwrap_or_else(|error| panic!("{error}"));
    let free = Profile::load("mosquitto").unwrap_or_else(|error| panic!("{error}"));
    let (limited, ..) = one_run(&limited, 0);
    let (free, ..) = one_run(&free, 0);
    let fails = |result: &RunResult| -> BTreeSet<String> {
        text(result).lines().filter(|line| line.ends_with("\tfail")).map(str::to_owned).collect()
    };
    let inconclusive = |result: &RunResult| -> BTreeSet<String> {
        let cases = result.results.iter().filter(|case| case.verdict == Verdict::Inconclusive);
        cases.map(|case| case.instance.id()).collect()
    };
    // What the broker itself leaves unjudged is in its report.
    let unjudged = &inconclusive(&limited) - &inconclusive(&free);
    let unjudged: String = unjudged.iter().map(|id| transcript(&limited, id)).collect();
    let failed = fails(&limited).difference(&fails(&free)).cloned().collect::<Vec<_>>();
    assert!(unjudged.is_empty() && failed.is_empty(), "fails for the user's limits: {failed:#?}\n{unjudged}");
}

/// Where mosquitto 2.0.11 itself is not the same by every transport: the transports, a part of the cases' ids, and why.
const BY_CARRIER: &[(&[Variant], &str, &str)] = &[
    (WEB_SOCKETS, "/publish/any-length.2097152", "4 kB of a message go out every 100 ms: 2 MB come after 50 s"),
    (WEB_SOCKETS, "/invariants/owed-message", "the same message is owed for as long"),
    (WEB_SOCKETS, "/publish/too-large", "packets above max_packet_size are taken"),
    (WEB_SOCKETS, "/connections/too-large.", "packets above max_packet_size are taken"),
    (WEB_SOCKETS, "5/announced/ruled-out.", "packets above max_packet_size are taken"),
    (WEB_SOCKETS, "5/disconnect/lone-code", "the connection stays open after DISCONNECT 0x04"),
    (WEB_SOCKETS, "/connect/silent-connection", "connections without a CONNECT are closed, as is recommended"),
];

const WEB_SOCKETS: &[Variant] = &[Variant::WEBSOCKET, Variant::SECURE_WEBSOCKET];

/// What carries the bytes decides nothing about the rules: the same verdicts by each transport, but where the broker is known
/// to differ.
#[test]
#[ignore = "needs real brokers: .ci/run and .ci/full run it"]
fn every_transport_carries_the_same_verdicts() {
    let _alone = ONE_BROKER_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let profile = Profile::load("mosquitto").unwrap_or_else(|error| panic!("{error}"));
    let (plain, version, _) = one_run(&profile, 0);
    let report = Report::read("mosquitto", &version);
    for carrier in [Variant::TLS, Variant::MUTUAL_TLS, Variant::WEBSOCKET, Variant::SECURE_WEBSOCKET, Variant::UNIX] {
        let (carried, ..) = one_run_by(&profile, 0, Some(carrier));
        let is_known = |case: &str| {
            BY_CARRIER.iter().any(|(carriers, part, _)| carriers.contains(&carrier) && case.contains(part))
        };
        let without_known = |result: &RunResult| RunResult {
            results: result.results.iter().filter(|case| !is_known(&case.instance.id())).cloned().collect(),
            ..RunResult::default()
        };
        report.assert_same(&without_known(&plain), &without_known(&carried), carrier.name);
    }
}

/// The embedded broker keeps every rule by whatever it is reached.
#[test]
#[ignore = "needs real brokers: .ci/run and .ci/full run it"]
fn the_embedded_broker_is_the_same_by_every_transport() {
    let by = |carrier: Carrier| {
        let options = EmbeddedOptions { carrier, seed: 1, ..EmbeddedOptions::default() };
        let target = Target::Embedded(EmbeddedTarget::new(options));
        let selected: Vec<Instance> = cases::all().collect();
        let options = options_of(1, selected.len(), "e".to_owned());
        let result = clock::simulated(run(&target, &selected, &options, std::future::pending(), |_| {}));
        text(&result.unwrap_or_else(|nothing| panic!("nothing was judged: {}", nothing.0)))
    };
    let plain = by(Carrier::Tcp);
    for carrier in [Carrier::Tls, Carrier::MutualTls, Carrier::WebSocket, Carrier::SecureWebSocket] {
        let carried = by(carrier);
        let rows = plain.lines().zip(carried.lines());
        let differing: Vec<_> = rows.filter(|(plain, carried)| plain != carried).collect();
        assert!(differing.is_empty() && plain.len() == carried.len(), "{carrier:?}: {differing:#?}");
    }
}

fn is_as_its_report_says(name: &str) {
    let _alone = ONE_BROKER_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let profile = Profile::load(name).unwrap_or_else(|error| panic!("{error}"));
    // A run with a process for each case takes minutes.
    let runs = number("MQTT_ASSAY_RUNS").unwrap_or(if profile.fresh_for_each_case { 1 } else { RUNS });
    let _busy = number("MQTT_ASSAY_BUSY").map(|_| Busy::start());
    let (first, version, kept) = one_run(&profile, 0);
    let report = Report::read(name, &version);
    let verdicts = report.snapshot(&first);
    report.explains_what_was_not_judged(&first);
    for seed in 1..runs {
        let (again, ..) = one_run(&profile, seed);
        report.assert_same(&first, &again, &format!("seed {seed}: in another order, with other jobs"));
    }
    report.compare(&verdicts, &kept);
}

#[test]
#[ignore = "needs real brokers: .ci/run and .ci/full run it"]
fn two_runs_on_one_mosquitto_and_unrelated_messages_change_no_verdict() {
    let _alone = ONE_BROKER_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    clock::real(async {
        let profile = Profile::load("mosquitto").unwrap_or_else(|error| panic!("{error}"));
        let spawned = SpawnedTarget::new(profile, 1);
        spawned.learn_version().await;
        let (version, _) = spawned.version().expect("mosquitto tells its version");
        let started = spawned.prepare(Variant::PLAIN).await.unwrap_or_else(|why| panic!("{why:?}"));
        let ready = started.ready(Version::V3_1_1).unwrap_or_else(|why| panic!("{why:?}"));
        let address = ready.endpoint.tcp_address().expect("a spawned broker is reached by TCP").to_owned();
        let report = Report::read("mosquitto", &version);
        let alone = on_address(&address, "alone").await;
        let (one, other) = tokio::join!(on_address(&address, "one"), on_address(&address, "other"));
        report.assert_same(&alone, &one, "one of two runs side by side");
        report.assert_same(&alone, &other, "the other of two runs side by side");
        let noise = Noise::start(address.clone());
        let disturbed = on_address(&address, "noisy").await;
        let published = noise.stop();
        report.assert_same(&alone, &disturbed, &format!("beside {published} unrelated messages"));
        assert!(published > 0, "there was no noise");
    })
    .unwrap_or_else(|error| panic!("no runtime: {error}"));
}

/// A run on a broker that is already running, of the cases that need no variant.
async fn on_address(address: &str, run_name: &str) -> RunResult {
    let selected: Vec<Instance> = cases::all().filter(|instance| instance.case.variant == Variant::PLAIN).collect();
    let names =
        RunNames { topic_prefix: "mqtt-assay".to_owned(), client_id_prefix: "ma".to_owned(), run: run_name.to_owned() };
    let jobs = selected.len();
    let options =
        RunOptions { seed: 1, jobs, patience: 1, order: Order::Random, fail_fast: false, intrusive: true, names };
    let target = AddressTarget::parse(&format!("mqtt://{address}"), Setting::default(), Reach::default())
        .unwrap_or_else(|error| panic!("{error}"));
    let result = run(&Target::Address(Box::new(target)), &selected, &options, std::future::pending(), |_| {}).await;
    result.unwrap_or_else(|nothing| panic!("nothing was judged: {}", nothing.0))
}

/// A thread that publishes 1,000 messages a second on topics that are nobody's.
struct Noise {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<u64>,
}

impl Noise {
    fn start(address: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        Self { stop, thread: std::thread::spawn(move || make_noise(&address, &flag)) }
    }

    fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the noise is made to the end")
    }
}

fn make_noise(address: &str, stop: &AtomicBool) -> u64 {
    let properties = Properties::EMPTY;
    let connect = Connect {
        clean_start: true,
        keep_alive: 600,
        properties,
        client_id: "noise",
        will: None,
        user_name: None,
        password: None,
    };
    let message = Publish {
        dup: false,
        qos: QoS::AtMostOnce,
        retain: false,
        topic: "noise/of/others",
        packet_id: None,
        properties,
        payload: b"unrelated",
    };
    let bytes = |packet: Packet<'_>| packet.to_bytes(Version::V3_1_1).expect("a packet of 3.1.1");
    let mut stream = std::net::TcpStream::connect(address).expect("the broker is there");
    stream.write_all(&bytes(Packet::Connect(connect))).expect("it reads");
    let ten = bytes(Packet::Publish(message)).repeat(10);
    let mut count = 0;
    let begun = std::time::Instant::now();
    while !stop.load(Ordering::Relaxed) {
        stream.write_all(&ten).expect("it goes on reading");
        count += 10;
        let due = begun + std::time::Duration::from_millis(count);
        std::thread::park_timeout(due.saturating_duration_since(std::time::Instant::now()));
    }
    count
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn options_of(seed: u64, jobs: usize, run_name: String) -> RunOptions {
    let names = RunNames { topic_prefix: "mqtt-assay".to_owned(), client_id_prefix: "ma".to_owned(), run: run_name };
    RunOptions { seed, jobs, patience: 1, order: Order::Random, fail_fast: false, intrusive: true, names }
}

/// A run, the broker's version, and the run as it is kept.
fn one_run(profile: &Profile, seed: u64) -> (RunResult, String, String) {
    one_run_by(profile, seed, None)
}

fn one_run_by(profile: &Profile, seed: u64, carrier: Option<Variant>) -> (RunResult, String, String) {
    let selected: Vec<Instance> = cases::all().collect();
    let jobs = [selected.len(), 8, 1][seed as usize % 3];
    let options = options_of(seed, jobs, format!("r{seed}p{}", std::process::id() % 1000));
    let target = Target::Spawned(SpawnedTarget::new(profile.clone(), 1).over(carrier));
    clock::real(target.learn_version()).unwrap_or_else(|error| panic!("no runtime: {error}"));
    let version = target.version().map(|(version, _)| version);
    let version = version.unwrap_or_else(|| panic!("{} does not tell its version: is it installed?", target.name()));
    let begun = std::time::Instant::now();
    let result = clock::real(async { run(&target, &selected, &options, std::future::pending(), |_| {}).await })
        .unwrap_or_else(|error| panic!("no runtime: {error}"))
        .unwrap_or_else(|nothing| panic!("nothing was judged: {}", nothing.0));
    let kept = kept(&target, &options, &result, begun.elapsed()).expect("JSON");
    (result, version, kept)
}

/// One line for each case and rule: what must not depend on order, jobs or chance.
fn text(result: &RunResult) -> String {
    let mut out = String::from("case\trule\tverdict\n");
    for case in &result.results {
        for rule in &case.rules {
            let _ = writeln!(out, "{}\t{}\t{}", case.instance.id(), rule.rule.id(), rule.verdict.word());
        }
    }
    out
}

/// A case's lines, and its reason if it has one.
fn transcript(result: &RunResult, id: &str) -> String {
    let mut out = String::new();
    for case in result.results.iter().filter(|case| case.instance.id() == id) {
        let _ = writeln!(out, "{id} is {}: {}", case.verdict, case.reason.as_deref().unwrap_or_default());
        for line in &case.transcript.lines {
            let _ = writeln!(out, "  {}", case.transcript.print_line(line));
        }
    }
    out
}

/// What stands for the verdict of a row that varies.
const VARIES: &str = "varies";

/// What `reports/NAME-VERSION` says.
struct Report {
    folder: PathBuf,
    /// What writes the snapshot anew.
    command: String,
    /// Verdicts that a case and rule may have, where it varies.
    varies: BTreeMap<(String, String), Vec<String>>,
    not_judged: BTreeMap<String, NotJudged>,
}

/// A row of `not-judged.tsv`.
struct NotJudged {
    verdict: String,
    /// Case and rule whose breach is the cause; without a case for what is not exercised, for a close that breaks no
    /// rule, and for a rule that only the set-up shows as broken.
    cause: (String, String),
}

impl Report {
    fn read(name: &str, version: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../reports").join(format!("{name}-{version}"));
        let varies = rows(&folder.join("varies.tsv"), ["case", "rule", "verdicts", "reason"]).into_iter();
        let varies = varies.map(|[case, rule, verdicts, _]| {
            let verdicts: Vec<String> = verdicts.split(' ').map(str::to_owned).collect();
            assert!(verdicts.len() > 1, "varies.tsv: {case} {rule}: one verdict is none that varies");
            ((case, rule), verdicts)
        });
        // How long a run lasts decides whether a broker closes a silent connection before its end: no time is named for it.
        let sometime = [("3.1.1/connect/silent-connection", "U3-06"), ("5/connect/silent-connection", "U5-078")];
        let sometime = sometime.map(|(case, rule)| {
            let verdicts = ["pass", "observed", "not-offered"].map(str::to_owned).to_vec();
            ((case.to_owned(), rule.to_owned()), verdicts)
        });
        let head = ["case", "verdict", "broken case", "broken rule", "reason"];
        let not_judged = rows(&folder.join("not-judged.tsv"), head).into_iter();
        let not_judged = not_judged
            .map(|[case, verdict, broken_case, rule, _]| (case, NotJudged { verdict, cause: (broken_case, rule) }));
        let command = format!("MQTT_ASSAY_WRITE=1 cargo test -p mqtt-assay --test brokers {name} -- --ignored");
        Self { varies: varies.chain(sometime).collect(), not_judged: not_judged.collect(), folder, command }
    }

    /// The run's rows, with those that vary marked as such.
    fn snapshot(&self, result: &RunResult) -> String {
        let mut out = String::new();
        for line in text(result).lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            match self.varies.get(&(cells[0].to_owned(), cells[1].to_owned())) {
                Some(allowed) => {
                    assert!(allowed.iter().any(|verdict| verdict == cells[2]), "{line}: varies.tsv has {allowed:?}");
                    let _ = writeln!(out, "{}\t{}\t{VARIES}", cells[0], cells[1]);
                }
                None => {
                    let _ = writeln!(out, "{line}");
                }
            }
        }
        out
    }

    /// Every case that wasn't judged is listed, and the rule that is to be the cause is broken in this run: a fail, or
    /// weak. A row without that is for a broker that closed the connection, one without the case for a set-up that fails.
    fn explains_what_was_not_judged(&self, result: &RunResult) {
        let broken: BTreeSet<(String, String)> = result
            .results
            .iter()
            .flat_map(|case| case.rules.iter().map(move |rule| (case, rule)))
            .filter(|(_, rule)| matches!(rule.verdict, Verdict::Fail | Verdict::Weak))
            .map(|(case, rule)| (case.instance.id(), rule.rule.id().to_owned()))
            .collect();
        let mut problems = Vec::new();
        for case in &result.results {
            let (id, verdict) = (case.instance.id(), case.verdict);
            let closed =
                case.reason.as_deref().is_some_and(|reason| reason.contains("the broker closed the connection"));
            let varies = self.varies.keys().any(|(varying, _)| *varying == id);
            // Of what never came there is no more to say.
            let never_came = verdict == Verdict::NotExercised && case.instance.chapter == "invariants";
            if varies || never_came || !matches!(verdict, Verdict::Inconclusive | Verdict::NotExercised) {
                continue;
            }
            match self.not_judged.get(&id) {
                None => {
                    problems.push(format!("{id} is {verdict}, and not-judged.tsv doesn't say why: {:?}", case.reason));
                }
                Some(row) if row.verdict != verdict.word() => {
                    problems.push(format!("{id} is {verdict}, in not-judged.tsv {}", row.verdict));
                }
                Some(row) if row.cause.0.is_empty() && (closed || !row.cause.1.is_empty()) => {}
                Some(row) if verdict == Verdict::Inconclusive && !broken.contains(&row.cause) => {
                    problems.push(format!("{id} is inconclusive for {:?}, which is not broken in this run", row.cause));
                }
                Some(_) => {}
            }
        }
        assert!(problems.is_empty(), "{problems:#?}");
    }

    /// Fails with the rows of `again` that `first` hasn't got, and the transcripts of their cases: a verdict that
    /// changed can't be told from a broker's chance by anything less.
    fn assert_same(&self, first: &RunResult, again: &RunResult, which: &str) {
        let (known, rows) = (self.snapshot(first), self.snapshot(again));
        let known: BTreeSet<&str> = known.lines().collect();
        let differs: Vec<&str> = rows.lines().filter(|row| !known.contains(row)).collect();
        let cases: BTreeSet<&str> = differs.iter().filter_map(|row| row.split('\t').next()).collect();
        let transcripts: String = cases.iter().map(|id| transcript(first, id) + &transcript(again, id)).collect();
        assert!(differs.is_empty(), "{which}: verdicts changed: {differs:#?}\n{transcripts}");
    }

    fn compare(&self, verdicts: &str, kept: &str) {
        let file = self.folder.join("verdicts.tsv");
        if std::env::var_os("MQTT_ASSAY_WRITE").is_some_and(|value| value == "1") {
            std::fs::create_dir_all(&self.folder)
                .and_then(|()| std::fs::write(&file, verdicts))
                .and_then(|()| std::fs::write(self.folder.join("report.json"), kept))
                .expect("reports can be written");
            return;
        }
        let known = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}; what writes it: {}", file.display(), self.command));
        let (known, verdicts): (BTreeSet<&str>, BTreeSet<&str>) = (known.lines().collect(), verdicts.lines().collect());
        let gone: Vec<&&str> = known.difference(&verdicts).collect();
        let new: Vec<&&str> = verdicts.difference(&known).collect();
        assert!(
            gone.is_empty() && new.is_empty(),
            "{} differs; once each row is explained, what writes it anew: {}\nno longer: {gone:#?}\nnow: {new:#?}",
            file.display(),
            self.command
        );
    }
}

/// The rows of a table with this head; none where there is no such file. Every cell but the cause's says something.
fn rows<const CELLS: usize>(file: &Path, head: [&str; CELLS]) -> Vec<[String; CELLS]> {
    let Ok(table) = std::fs::read_to_string(file) else { return Vec::new() };
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some(head.join("\t").as_str()), "{}: its head", file.display());
    let row = |line: &str| {
        let cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
        let cells: [String; CELLS] =
            cells.try_into().unwrap_or_else(|_| panic!("{}: {CELLS} cells: {line}", file.display()));
        assert!(cells.last().is_some_and(|reason| reason.len() > 10), "{}: a reason in words: {line}", file.display());
        cells
    };
    lines.map(row).collect()
}

/// A thread that does nothing, as fast as it can.
struct Busy {
    stop: Arc<AtomicBool>,
}

impl Busy {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        std::thread::spawn(move || {
            while !flag.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        Self { stop }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

//! Real brokers, held against the snapshots of their verdicts in `reports/`. Needs the feature `brokers` and the broker
//! itself; without it the test fails, so that nothing passes for want of a broker.
//!
//! `ASSAY_RUNS=20` repeats the run that often, in random order, with 1, 8 and all jobs in turn. `ASSAY_BUSY=1` keeps a
//! core busy meanwhile. `ASSAY_UPDATE=1` writes the snapshot anew.

use mqtt_assay::case::Instance;
use mqtt_assay::names::RunNames;
use mqtt_assay::run::{Order, RunOptions, RunResult, run};
use mqtt_assay::target::{AddressTarget, Endpoint, Profile, Setting, SpawnedTarget, Target, Variant};
use mqtt_assay::verdict::Verdict;
use mqtt_assay::{cases, clock};
use mqtt_assay_codec::{Connect, Packet, Properties, Publish, QoS, Version};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How often a broker is run by default: once for each number of jobs.
const RUNS: u64 = 3;

#[test]
fn mosquitto_gets_the_verdicts_of_its_snapshot() {
    let runs = number("ASSAY_RUNS").unwrap_or(RUNS);
    let _busy = number("ASSAY_BUSY").map(|_| Busy::start());
    let (first, version) = one_run("mosquitto", 0);
    let verdicts = text(&first);
    for seed in 1..runs {
        let (again, _) = one_run("mosquitto", seed);
        assert_eq!(text(&again), verdicts, "seed {seed}: the verdicts depend on order, jobs or chance");
    }
    let inconclusive: BTreeSet<String> = first
        .results
        .iter()
        .filter(|case| case.verdict == Verdict::Inconclusive)
        .map(|case| case.instance.id())
        .collect();
    assert!(inconclusive.is_empty(), "inconclusive: {inconclusive:?}");
    compare("mosquitto", &version, &verdicts);
}

#[test]
fn two_runs_on_one_mosquitto_and_unrelated_messages_change_no_verdict() {
    clock::real(async {
        let profile = Profile::load("mosquitto").unwrap_or_else(|error| panic!("{error}"));
        let spawned = SpawnedTarget::new(profile, 1);
        let ready = spawned.prepare(Variant::PLAIN).await.unwrap_or_else(|why| panic!("{why:?}"));
        let Endpoint::Tcp(address) = ready.endpoint else { panic!("a spawned broker is reached by TCP") };
        let alone = on_address(&address, "alone").await;
        let (one, other) = tokio::join!(on_address(&address, "one"), on_address(&address, "other"));
        assert_eq!(text(&one), text(&alone), "two runs side by side");
        assert_eq!(text(&other), text(&alone), "two runs side by side");
        let noise = Noise::start(address.clone());
        let disturbed = on_address(&address, "noisy").await;
        let published = noise.stop();
        assert_eq!(text(&disturbed), text(&alone), "beside {published} unrelated messages");
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
    let target = AddressTarget::parse(&format!("mqtt://{address}"), Setting::default())
        .unwrap_or_else(|error| panic!("{error}"));
    let result = run(&Target::Address(target), &selected, &options, std::future::pending(), |_| {}).await;
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

fn one_run(profile: &str, seed: u64) -> (RunResult, String) {
    let selected: Vec<Instance> = cases::all().collect();
    let names = RunNames {
        topic_prefix: "mqtt-assay".to_owned(),
        client_id_prefix: "ma".to_owned(),
        run: format!("r{seed}p{}", std::process::id() % 1000),
    };
    let jobs = [selected.len(), 8, 1][seed as usize % 3];
    let options =
        RunOptions { seed, jobs, patience: 1, order: Order::Random, fail_fast: false, intrusive: true, names };
    let profile = Profile::load(profile).unwrap_or_else(|error| panic!("{error}"));
    let target = Target::Spawned(SpawnedTarget::new(profile, 1));
    let version = target.version().map(|(version, _)| version);
    let version = version.unwrap_or_else(|| panic!("{} does not tell its version: is it installed?", target.name()));
    let result = clock::real(async { run(&target, &selected, &options, std::future::pending(), |_| {}).await })
        .unwrap_or_else(|error| panic!("no runtime: {error}"))
        .unwrap_or_else(|nothing| panic!("nothing was judged: {}", nothing.0));
    (result, version)
}

/// One line for each case and rule: what must not depend on order, jobs or chance.
fn text(result: &RunResult) -> String {
    let mut out = String::from("case\trule\tverdict\n");
    for case in &result.results {
        for rule in &case.rules {
            let _ = writeln!(out, "{}\t{}\t{}", case.instance.id(), rule.rule, rule.verdict.word());
        }
    }
    out
}

fn compare(name: &str, version: &str, verdicts: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../reports").join(format!("{name}-{version}"));
    let file = folder.join("verdicts.tsv");
    if number("ASSAY_UPDATE").is_some() {
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&file, verdicts))
            .expect("reports can be written");
        return;
    }
    let known = std::fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!("{}: {error}; ASSAY_UPDATE=1 writes the snapshot of a new version", file.display())
    });
    let (known, verdicts): (BTreeSet<&str>, BTreeSet<&str>) = (known.lines().collect(), verdicts.lines().collect());
    let gone: Vec<&&str> = known.difference(&verdicts).collect();
    let new: Vec<&&str> = verdicts.difference(&known).collect();
    assert!(
        gone.is_empty() && new.is_empty(),
        "{name} {version} differs from its snapshot\nno longer: {gone:#?}\nnow: {new:#?}"
    );
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

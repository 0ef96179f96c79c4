//! `mqtt-assay probe`: on the embedded broker, on `serve` with limits, on one that dies, and as a profile that can be run.

mod common;

use common::{Served, mqtt_assay, settings};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

fn run(arguments: &[&str]) -> Output {
    mqtt_assay(arguments).output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(arguments: &[&str]) -> Value {
    let output = run(arguments);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
}

/// What was found of one question in one version.
fn cell<'a>(report: &'a Value, id: &str, version: &str) -> &'a Value {
    let findings = report["findings"].as_array().expect("findings");
    let finding = findings.iter().find(|finding| finding["id"] == id).unwrap_or_else(|| panic!("{id} is asked"));
    &finding["by_version"][version]
}

#[test]
fn the_embedded_broker_is_told_in_a_table() {
    let output = run(&["probe", "embedded"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    let long: Vec<&str> = table.lines().filter(|line| line.chars().count() > 80).collect();
    assert_eq!(long, Vec::<&str>::new());
    settings().bind(|| insta::assert_snapshot!("table_of_embedded", table));
}

/// Every limit of the reference broker is found, to the number.
#[test]
fn what_a_broker_is_limited_to_is_found() {
    let limits = [
        "max-qos=1",
        "retain=no",
        "wildcards=no",
        "shared-subscriptions=no",
        "subscription-identifiers=no",
        "topic-alias-maximum=0",
        "max-packet-size=5000",
        "max-client-id-bytes=23",
        "max-in-flight=7",
        "session-expiry-maximum=100",
        "server-keep-alive=77",
    ];
    let arguments: Vec<&str> = limits.iter().flat_map(|limit| ["--limit", *limit]).collect();
    let (_served, address) = Served::start(&arguments);
    let report = json(&["probe", &format!("mqtt://{address}"), "--json", "-"]);
    assert_eq!((&report["schema"], &report["exit"]), (&Value::from(1), &Value::from(0)), "{report:#}");
    for (id, announced, tried) in [
        ("qos-1", Value::from(true), Value::from(true)),
        ("qos-2", Value::from(false), Value::from(false)),
        ("retain", Value::from(false), Value::from(false)),
        ("wildcards", Value::from(false), Value::from(false)),
        ("shared-subscriptions", Value::from(false), Value::from(false)),
        ("subscription-identifiers", Value::from(false), Value::from(false)),
        ("topic-aliases", Value::from(false), Value::Null),
        ("largest-packet", Value::from(5000), Value::from(5000)),
        ("longest-client-id", Value::Null, Value::from(23)),
        ("in-flight", Value::Null, Value::from(7)),
        ("session-expiry-hour", Value::from("100 s"), Value::Null),
        ("keep-alive-0", Value::from("77 s"), Value::Null),
    ] {
        let cell = cell(&report, id, "5");
        assert_eq!(
            (&cell["announced"], &cell["tried"], &cell["at_least"]),
            (&announced, &tried, &Value::from(false)),
            "{id}"
        );
    }
    let spoken = |mqtt: &str| {
        report["versions"]
            .as_array()
            .expect("versions")
            .iter()
            .any(|version| version["mqtt"] == mqtt && version["spoken"] == true)
    };
    assert!(spoken("3.1.1") && spoken("5"));
}

#[test]
fn what_is_written_is_a_profile_that_can_be_run() {
    let folder = tempfile::TempDir::new().expect("a folder of our own");
    let mine = folder.path().join("mine.toml");
    let mine = mine.to_string_lossy();
    let (_served, address) = Served::start(&["--limit", "max-qos=1"]);
    let address = format!("mqtt://{address}");
    let output = run(&["probe", &address, "--mqtt", "5", "--write", &mine]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let written = fs::read_to_string(&*mine).expect("it is written");
    assert!(written.contains("[variants.max-qos-1]") && written.contains("#   qos-2 = 5: no"), "{written}");
    let report = json(&["run", &mine, "--mqtt", "5", "--variant", "max-qos-1", "--json", "-"]);
    assert_eq!(report["exit"], 0, "{}", report["why"]);
    assert_eq!(report["target"]["address"], address.as_str());
    assert!(report["summary"]["5"]["pass"].as_u64() > Some(0), "{}", report["summary"]);
    // Of a command, too.
    let command = format!("{} serve --listen 127.0.0.1:{{port}}", env!("CARGO_BIN_EXE_mqtt-assay"));
    let output = run(&["probe", "--spawn", &command, "--mqtt", "5", "--write", &mine]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report = json(&["run", &mine, "-f", "5/publish/topic-with-wildcard", "--json", "-"]);
    assert_eq!(report["exit"], 0, "{}", report["why"]);
}

#[test]
fn what_cannot_be_asked_is_told() {
    let output = run(&["probe", "mqtt://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(said.contains("nothing was found out: mqtt://127.0.0.1:1: MQTT 3.1: no connection"), "{said}");
    let output = run(&["probe", "embedded", "--write", "x.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--write is for a broker at an address"));
}

/// A way to a broker that goes down at a topic of 17 levels and more, with all that is connected.
struct Fragile {
    is_down: AtomicBool,
    streams: Mutex<Vec<TcpStream>>,
}

impl Fragile {
    /// Its address.
    fn before(broker: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let fragile = Arc::new(Self { is_down: AtomicBool::new(false), streams: Mutex::default() });
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if fragile.is_down.load(Ordering::SeqCst) {
                    return;
                }
                let server = TcpStream::connect(&broker).expect("the broker is there");
                let copy = |stream: &TcpStream| stream.try_clone().expect("a second handle");
                fragile.streams.lock().unwrap_or_else(PoisonError::into_inner).extend([copy(&client), copy(&server)]);
                let (one, other) = (Arc::clone(&fragile), Arc::clone(&fragile));
                let (back, forth) = ((copy(&server), copy(&client)), (client, server));
                thread::spawn(move || one.carry(forth));
                thread::spawn(move || other.carry(back));
            }
        });
        address
    }

    fn carry(&self, (mut from, mut to): (TcpStream, TcpStream)) {
        let deadly = "/a".repeat(15);
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if buffer[..count].windows(deadly.len()).any(|part| part == deadly.as_bytes()) {
                self.is_down.store(true, Ordering::SeqCst);
                let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
                for stream in streams.iter() {
                    // Whoever is gone already is.
                    let _ = stream.shutdown(Shutdown::Both);
                }
                return;
            }
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        // Whoever is gone can't be told.
        let _ = to.shutdown(Shutdown::Write);
    }
}

#[test]
fn a_broker_that_dies_is_told_with_what_it_died_of() {
    let (_served, address) = Served::start(&[]);
    let fragile = Fragile::before(address);
    let report = json(&["probe", &format!("mqtt://{fragile}"), "--mqtt", "5", "--json", "-"]);
    assert_eq!(report["exit"], 1, "{report:#}");
    let deaths = report["deaths"].as_array().expect("deaths");
    assert_eq!(deaths.len(), 1, "{deaths:?}");
    assert_eq!(deaths[0]["after"], "levels of a filter: 24");
    assert!(report["unfinished"].as_str().expect("why").contains("the suite can't start it"), "{report:#}");
    let levels = cell(&report, "filter-levels", "5");
    assert_eq!((&levels["tried"], &levels["at_least"]), (&Value::from(12), &Value::from(true)));
    assert!(levels["note"].as_str().expect("a note").starts_with("24: "), "{levels}");
}

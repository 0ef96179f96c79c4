//! A broker that dies of a packet, or of which nothing can be said, must not pass a case by its end: what the program says
//! of it, from outside.

#![cfg(unix)]

mod common;

use common::{Served, mqtt_assay};
use serde_json::Value;
use std::process::Output;
use tempfile::TempDir;

/// A broker that kills itself a moment after it has closed the connection of whoever published to a topic with a wildcard:
/// the close alone looks like the refusal that the standard asks for.
const DIES_LATE: &str = r#"#!/bin/sh
"$PROGRAM" serve --listen 127.0.0.1:$1 | while read -r line; do
  case "$line" in *MQTT-3.3.2-2*) echo "panic: a wildcard" >&2; kill -9 0;; esac
done
"#;

struct Judged {
    report: Value,
    exit: Option<i32>,
    text: String,
}

impl Judged {
    fn of(arguments: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("report.json");
        let path = path.to_str().expect("a path of letters");
        let mut command = mqtt_assay(&[arguments, &["--json", path]].concat());
        command.env("PROGRAM", env!("CARGO_BIN_EXE_mqtt-assay"));
        let Output { status, stdout, .. } = command.output().expect("it runs");
        let report = std::fs::read_to_string(path).expect("a report");
        let report = serde_json::from_str(&report).expect("JSON");
        Self { report, exit: status.code(), text: String::from_utf8_lossy(&stdout).into_owned() }
    }

    fn case(&self, id: &str) -> &Value {
        let results = self.report["results"].as_array().expect("results");
        results.iter().find(|case| case["case"] == id).unwrap_or_else(|| panic!("no {id} in {}", self.text))
    }

    fn verdict(&self, id: &str) -> &str {
        self.case(id)["verdict"].as_str().unwrap_or_default()
    }
}

fn script(folder: &TempDir, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.path().join("broker.sh");
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("made a program");
    format!("{} {{port}}", path.display())
}

#[test]
fn a_process_that_dies_of_a_packet_passes_nothing_and_is_told_with_the_case_that_did_it() {
    let folder = TempDir::new().expect("a folder");
    let broker = script(&folder, DIES_LATE);
    let judged = Judged::of(&["run", "--spawn", &broker, "-f", "5/publish/*"]);
    assert_eq!(judged.exit, Some(1), "{}", judged.text);
    assert_eq!(judged.verdict("5/publish/topic-with-wildcard"), "inconclusive");
    let life = judged.case("5/life/stays-alive");
    assert_eq!(life["verdict"], "fail");
    let seen = life["decided_by"]["seen"].as_str().unwrap_or_default();
    assert!(seen.contains("SIGKILL") && seen.contains("5/publish/topic-with-wildcard does it by itself"), "{seen}");
    assert!(seen.contains("panic: a wildcard"), "its last words are told: {seen}");
    assert!(
        judged.text.contains("-f 5/publish/topic-with-wildcard --seed"),
        "and how to see it again: {}",
        judged.text
    );
    // The others were at it too, and have their verdicts from a broker that lived.
    for case in ["5/publish/delivered-unchanged", "5/publish/byte-order-mark", "5/publish/empty-payload"] {
        assert_eq!(judged.verdict(case), "pass", "{case}: {}", judged.text);
    }
}

#[test]
fn alone_the_case_is_no_pass_either() {
    let folder = TempDir::new().expect("a folder");
    let broker = script(&folder, DIES_LATE);
    let judged = Judged::of(&["run", "--spawn", &broker, "-f", "3.1.1/publish/topic-with-wildcard"]);
    assert_eq!(judged.exit, Some(1), "{}", judged.text);
    assert_eq!(judged.verdict("3.1.1/publish/topic-with-wildcard"), "inconclusive");
    assert_eq!(judged.verdict("3.1.1/life/stays-alive"), "fail");
}

/// What watches over this one has started it again before anybody can ask.
#[test]
fn at_an_address_the_run_ends_even_if_a_new_connect_is_answered() {
    let (_served, address) = Served::start(&["--fault", "dies-of-wildcard-topic"]);
    let judged = Judged::of(&["run", &format!("mqtt://{address}"), "-f", "5/publish/*", "-q"]);
    assert_eq!(judged.exit, Some(1), "{}", judged.text);
    // When it happens, and at the end.
    assert_eq!(judged.text.matches("BROKER LOST").count(), 2, "{}", judged.text);
    assert!(!judged.text.contains("NOT JUDGED"), "{}", judged.text);
    assert_eq!(judged.verdict("5/life/stays-alive"), "fail");
    assert_eq!(judged.report["ended"], "broker-died");
    assert!(
        judged.report["why"].as_str().is_some_and(|why| why.contains("the broker was lost: ")),
        "{}",
        judged.report["why"]
    );
    assert_ne!(judged.verdict("5/publish/topic-with-wildcard"), "pass");
}

#[test]
fn a_broker_that_lives_is_asked_and_answers() {
    let (_served, address) = Served::start(&[]);
    let judged = Judged::of(&["run", &format!("mqtt://{address}"), "-f", "5/publish/topic-with-wildcard | 5/life/*"]);
    assert_eq!(judged.exit, Some(0), "{}", judged.text);
    for case in ["5/publish/topic-with-wildcard", "5/life/stays-alive", "5/life/answers"] {
        assert_eq!(judged.verdict(case), "pass", "{case}: {}", judged.text);
    }
}

//! Baselines as people and scripts meet them, on the embedded broker with a fault: written, held against, brought up to date
//! and reviewed; what is said, and the exit codes.

mod common;
#[path = "common/folder.rs"]
mod folder;

use common::mqtt_assay;
use folder::Folder;
use serde_json::Value;
use std::fs;

const CASES: &str = "*/publish/topic-with-wildcard | */retain/replaced | 5/shared/brings-no-retained";

/// A fault that one of the cases finds, in both versions.
const WILDCARDS: [&str; 2] = ["--fault", "acts-on:topic-name-wildcard"];

impl Folder {
    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("it is there")
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("can be written");
    }

    /// Replaces a text in a file, where it must be.
    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.text(name);
        assert!(text.contains(from), "{text}");
        self.write(name, &text.replacen(from, to, 1));
    }

    /// A run of the cases, and what it shows.
    fn run(&self, arguments: &[&str]) -> String {
        self.shown(&[&["run", "-q", "-f", CASES], arguments].concat())
    }

    /// A run whose exit code must be this.
    #[track_caller]
    fn run_to(&self, code: i32, arguments: &[&str]) -> String {
        let shown = self.run(arguments);
        assert!(shown.ends_with(&format!("--- exit code {code}\n")), "{shown}");
        shown
    }

    fn json(&self, name: &str) -> Value {
        folder::json(&self.path(name))
    }
}

const WRITE: [&str; 4] = [WILDCARDS[0], WILDCARDS[1], "--write-baseline", "known.toml"];
const HOLD: [&str; 4] = [WILDCARDS[0], WILDCARDS[1], "--baseline", "known.toml"];
const UPDATE: [&str; 4] = ["--baseline", "known.toml", "--write-baseline", "known.toml"];

#[test]
fn what_is_written_is_what_is_expected() {
    let folder = Folder::new();
    common::settings().bind(|| {
        insta::assert_snapshot!("written", folder.run_to(0, &WRITE));
        insta::assert_snapshot!("file", folder.text("known.toml"));
        insta::assert_snapshot!("as_listed", folder.run_to(0, &HOLD));
    });
    let again = folder.run_to(0, &[WILDCARDS[0], WILDCARDS[1], "--write-baseline", "again.toml", "--seed", "77"]);
    assert_eq!(folder.text("again.toml"), folder.text("known.toml"), "whatever the run is called\n{again}");
}

#[test]
fn each_difference_says_what_it_is_and_what_to_do() {
    let folder = Folder::new();
    folder.run_to(0, &WRITE);
    common::settings().bind(|| {
        insta::assert_snapshot!("passes", folder.run_to(5, &["--baseline", "known.toml"]));
        insta::assert_snapshot!(
            "unlisted",
            folder.run_to(1, &[&HOLD[..], &["--fault", "retained-not-replaced"]].concat())
        );
        folder.edit("known.toml", "seen = \"", "seen = \"something else, ");
        let more = |case: &str, rule: &str| {
            format!("\n[[expected]]\ncase = '{case}'\nrule = '{rule}'\nverdict = 'fail'\nseen = 'x'\n")
        };
        let unknown = more("5/publish/topic-with-wildcards", "MQTT-3.3.2-2");
        let text = folder.text("known.toml") + &more("5/shared/brings-no-retained", "U5-169") + &unknown;
        folder.write("known.toml", &text);
        insta::assert_snapshot!("stale", folder.run_to(5, &HOLD));
    });
}

#[test]
fn reports_tell_what_is_expected_and_what_is_stale() {
    let folder = Folder::new();
    folder.run_to(0, &WRITE);
    folder.edit(
        "known.toml",
        "reason = \"\"",
        "reason = \"older than the standard\"\nlink = \"https://example.org/12\"",
    );
    folder.run_to(0, &[&HOLD[..], &["--json", "a.json", "--junit", "a.xml"]].concat());
    let report = folder.json("a.json");
    let fails = |version: &str| report["summary"][version]["fail"].as_u64().expect("a number");
    let expected = |version: &str| report["summary"][version]["expected_fail"].as_u64().expect("a number");
    for version in ["3.1.1", "5"] {
        assert!(fails(version) > 0 && fails(version) == expected(version), "{}", report["summary"]);
    }
    let cases = report["results"].as_array().expect("results");
    let of_baseline: Vec<&Value> = cases.iter().filter_map(|case| case.get("expected_by_baseline")).collect();
    let first = serde_json::json!({ "reason": "older than the standard", "link": "https://example.org/12" });
    assert_eq!((of_baseline.len(), of_baseline[0]), (2, &first), "{of_baseline:?}");
    assert_eq!(report["baseline"]["differences"], serde_json::json!([]));
    let suites = folder.text("a.xml");
    assert!(suites.contains("failures=\"0\"") && suites.contains("older than the standard"), "{suites}");
    folder.run_to(5, &["--baseline", "known.toml", "--json", "b.json", "--junit", "b.xml"]);
    let difference = &folder.json("b.json")["baseline"]["differences"][0];
    assert_eq!(
        (&difference["what"], &difference["was"]["verdict"]),
        (&"passes".into(), &"fail".into()),
        "{difference}"
    );
    let suites = folder.text("b.xml");
    assert!(suites.contains("<testsuite name=\"baseline\"") && suites.contains("type=\"passes\""), "{suites}");
}

#[test]
fn an_update_keeps_the_reasons_of_what_holds() {
    let folder = Folder::new();
    folder.run_to(0, &WRITE);
    let refused = folder.run_to(2, &WRITE);
    assert!(
        refused.contains("known.toml is there already, and may hold reasons; add --baseline known.toml"),
        "{refused}"
    );
    folder.edit("known.toml", "reason = \"\"", "reason = \"kept\"");
    let before = folder.text("known.toml");
    folder.run_to(0, &[&WILDCARDS[..], &UPDATE].concat());
    assert_eq!(folder.text("known.toml"), before, "nothing has changed");
    // One version alone: what is not run stays.
    folder.run_to(0, &[&UPDATE[..], &["--mqtt", "5"]].concat());
    let text = folder.text("known.toml");
    assert!(text.contains("3.1.1/") && text.contains("kept") && !text.contains("\"5/"), "{text}");
    folder.run_to(0, &UPDATE);
    assert!(!folder.text("known.toml").contains("[[expected]]"));
}

#[test]
fn what_differs_from_run_to_run_is_marked() {
    let folder = Folder::new();
    folder.run_to(0, &WRITE);
    folder.run_to(0, &[&UPDATE[..], &["--mark-varying"]].concat());
    let text = folder.text("known.toml");
    let entries = text.matches("[[expected]]").count();
    assert!(entries > 0 && text.matches("\nvaries = true").count() == entries, "{text}");
    folder.run_to(0, &HOLD);
    folder.run_to(0, &["--baseline", "known.toml"]);
}

#[test]
fn a_run_that_is_not_whole_writes_none_and_what_is_listed_does_not_end_it() {
    let folder = Folder::new();
    folder.run_to(0, &WRITE);
    let fail_fast = ["--fail-fast", "--jobs", "1", "--json", "a.json"];
    folder.run_to(0, &[&HOLD[..], &fail_fast].concat());
    assert_eq!(folder.json("a.json")["ended"], "complete");
    folder.run_to(1, &[&WILDCARDS[..], &fail_fast].concat());
    assert_eq!(folder.json("a.json")["ended"], "fail-fast");
    let refused = folder.run_to(2, &[&WRITE[..], &["--fail-fast"]].concat());
    assert!(refused.contains("cannot be used with"), "{refused}");
    let alone = folder.shown(&["run", "--explore", "1", "--write-baseline", "x.toml"]);
    assert!(alone.contains("a baseline is about cases") && alone.ends_with("--- exit code 2\n"), "{alone}");
}

#[test]
fn what_is_wrong_with_a_file_is_told_before_the_run() {
    let folder = Folder::new();
    folder.write(
        "bad.toml",
        "schema = 1\n\n[[expected]]\ncase = '5/a/b'\nrule = 'MQTT-1'\nverdict = 'weka'\nseen = ''\n",
    );
    folder.write("none.toml", "name = 'a profile'\n");
    let known =
        "schema = 1\n[[expected]]\ncase = '5/publish/dup-at-qos'\nrule = 'MQTT-3.3.1-2'\nverdict = 'fail'\nseen = ''\n";
    folder.write("unknown.toml", known);
    let shown: Vec<String> = ["bad.toml", "none.toml", "missing.toml"]
        .iter()
        .map(|file| folder.run_to(2, &["--baseline", file]))
        .chain([folder.shown(&["baseline", "check", "unknown.toml"]), folder.shown(&["baseline", "check", "bad.toml"])])
        .collect();
    common::settings().bind(|| insta::assert_snapshot!("errors", shown.join("\n")));
}

#[test]
fn a_review_without_a_terminal_lists_and_takes_over_what_is_named() {
    let folder = Folder::new();
    folder.run_to(0, &WRITE);
    folder.run_to(0, &["--json", "a.json"]);
    let review = |options: &[&str]| {
        folder.shown(&[&["baseline", "review", "a.json", "--baseline", "known.toml"], options].concat())
    };
    let before = folder.text("known.toml");
    let rows = [
        review(&[]),
        review(&["--accept", "5/publish/topic-with-wildcrd"]),
        review(&["--accept", "3.1.1/*"]),
        review(&["--accept-all", "--mark-varying", "--reason", "a race"]),
        review(&[]),
    ];
    common::settings().bind(|| insta::assert_snapshot!("review", rows.join("\n")));
    let after = folder.text("known.toml");
    assert!(after != before && after.contains("reason = \"a race\"\n") && after.contains("varies = true"), "{after}");
    let checked = folder.shown(&["baseline", "check", "known.toml"]);
    assert!(checked.ends_with("all ids known, a reason for each\n--- exit code 0\n"), "{checked}");
}

/// The broker that is built in, which kills itself a moment after somebody has published to a topic with a wildcard.
#[cfg(unix)]
const DIES: &str = r#"#!/bin/sh
"$PROGRAM" serve --listen 127.0.0.1:$1 | while read -r line; do
  case "$line" in *MQTT-3.3.2-2*) kill -9 0;; esac
done
"#;

#[cfg(unix)]
#[test]
fn a_death_and_what_it_leaves_unjudged_can_be_listed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.write("dies.sh", DIES);
    fs::set_permissions(folder.path("dies.sh"), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let cases = "5/publish/topic-with-wildcard | 5/life/* | 5/retain/replaced";
    let run = |options: [&str; 2]| {
        let arguments = ["run", "--spawn", "./dies.sh {port}", "-q", "-f", cases, options[0], options[1]];
        let mut command = mqtt_assay(&arguments);
        command.current_dir(folder.0.path()).env("PROGRAM", env!("CARGO_BIN_EXE_mqtt-assay"));
        let output = command.output().expect("the program is there");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    };
    run(["--write-baseline", "known.toml"]);
    run(["--write-baseline", "again.toml"]);
    let text = folder.text("known.toml");
    assert_eq!(folder.text("again.toml"), text);
    for listed in ["\"5/life/stays-alive\"", "\"its process ended (signal: 9 (SIGKILL))\"", "\"the broker was lost\""] {
        assert!(text.contains(listed), "{text}");
    }
    run(["--baseline", "known.toml"]);
}

#[test]
fn help_says_what_can_be_done_with_a_baseline() {
    let folder = Folder::new();
    insta::assert_snapshot!("help", folder.shown(&["baseline", "--help"]));
    insta::assert_snapshot!("help_review", folder.shown(&["baseline", "review", "--help"]));
    insta::assert_snapshot!("help_reason", folder.shown(&["baseline", "reason", "--help"]));
}

#[test]
fn one_reason_stands_for_all_entries_of_a_cause() {
    let folder = Folder::new();
    folder.run_to(0, &WRITE);
    folder.edit("known.toml", "reason = \"\"", "reason = \"issue 12\"");
    let reason = |arguments: &[&str]| folder.shown(&[&["baseline", "reason", "known.toml"], arguments].concat());
    let shown = [
        reason(&["--of", "MQTT-3.3.2-2", "lenient", "--link", "https://broker.example/12"]),
        reason(&["--of", "5/publish/*", "--of", "*/retain/replaces", "lenient"]),
        reason(&["--of", "3.1.1/*", "as before"]),
        reason(&["--of", "3.1.1/*", "another reason"]),
        folder.shown(&["baseline", "check", "known.toml"]),
    ];
    insta::assert_snapshot!("reasons", shown.join("\n"));
    let text = folder.text("known.toml");
    assert_eq!(text.matches("reason = \"issue 12\"").count(), 1, "what has a reason keeps it: {text}");
    assert_eq!(text.matches("reason = \"another reason\"").count(), 0, "{text}");
    assert_eq!(text.matches("link = \"https://broker.example/12\"").count(), 1, "{text}");
    assert!(folder.run_to(0, &HOLD).contains("6 of 6 entries as listed"));
}

/// Where nothing fails that is not listed, what is said last is about the baseline, and not about what is weak.
#[test]
fn the_end_of_a_stale_run_leads_to_what_is_stale() {
    let folder = Folder::new();
    folder.run_to(0, &WRITE);
    let shown = folder.run_to(5, &["--baseline", "known.toml", "--json", "a.json"]);
    for line in [
        "repeat the first  mqtt-assay run embedded -f 3.1.1/publish/topic-with-wildcard",
        "read one          mqtt-assay show a.json 3.1.1/publish/topic-with-wildcard",
        "go through them   mqtt-assay baseline review a.json --baseline known.toml",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    assert!(!shown.contains("repeat them all"), "{shown}");
}

/// Invariants are judged in each part by its own traffic: where the breach is in another part, the entry is not stale.
#[test]
fn a_part_leaves_to_the_whole_what_only_another_part_can_show() {
    let folder = Folder::new();
    let cases = "3.1.1/publish/topic-with-wildcard | 3.1.1/retain/replaced | 3.1.1/invariants/topic-wildcard";
    let run = |arguments: &[&str]| folder.shown(&[&["run", "-q", "-f", cases], arguments].concat());
    run(&WRITE);
    assert!(folder.text("known.toml").contains("3.1.1/invariants/topic-wildcard"), "{}", folder.text("known.toml"));
    let parts = ["1/2", "2/2"].map(|part| run(&[&HOLD[..], &["--shard", part]].concat()));
    for part in &parts {
        assert!(part.ends_with("--- exit code 0\n"), "{part}");
    }
    let left = "1 entry not seen in this part, and perhaps in another: mqtt-assay report --merge tells";
    assert_eq!(parts.iter().filter(|part| part.contains(left)).count(), 1, "{parts:#?}");
    // What a part judges alone is stale there: the broker keeps all rules now.
    let parts = ["1/2", "2/2"].map(|part| run(&["--baseline", "known.toml", "--shard", part]));
    assert_eq!(parts.iter().filter(|part| part.ends_with("--- exit code 5\n")).count(), 1, "{parts:#?}");
}

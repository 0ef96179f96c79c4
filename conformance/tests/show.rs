//! Reports read again: what the run said at its end, cases in full, as blocks for an issue tracker, as scripts, and filters that
//! name a report.

mod common;
#[path = "common/folder.rs"]
mod folder;

use common::{settings, text};
use folder::Folder;
use std::fs;

/// A case that fails on a broker that acts on wildcards in topic names, and one that passes there.
const FAILS: &str = "5/publish/topic-with-wildcard";
const RUN: [&str; 7] = ["run", "embedded", "--fault", "acts-on:topic-name-wildcard", "-q", "--json", "a.json"];

/// A folder with the report of a run of these cases, and what the run has said.
fn reported(cases: &[&str]) -> (Folder, String) {
    let folder = Folder::new();
    let filters = cases.iter().flat_map(|case| ["-f", case]);
    let arguments: Vec<&str> = RUN.into_iter().chain(filters).collect();
    let output = folder.call(&arguments);
    assert!(folder.path("a.json").exists(), "{output:?}");
    (folder, text(&output.stdout))
}

/// Without the time of the run.
fn bind(test: impl FnOnce()) {
    let mut settings = settings();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[date]");
    settings.bind(test);
}

#[test]
fn a_report_says_what_the_run_has_said_at_its_end() {
    let (folder, said) = reported(&["chapter(publish) & mqtt(5)"]);
    let again = text(&folder.call(&["show", "a.json"]).stdout);
    let (head, end) = again.split_once('\n').expect("a head");
    assert!(head.starts_with("mqtt-assay ") && head.contains(" of MQTT 5 on embedded "), "{head}");
    assert!(end.len() > 200 && said.ends_with(end), "{said}\n---\n{end}");
}

#[test]
fn a_case_is_shown_in_full_as_a_block_and_as_a_script() {
    let (folder, _) = reported(&[FAILS]);
    bind(|| {
        insta::assert_snapshot!("end", folder.shown(&["show", "a.json"]));
        insta::assert_snapshot!("case", folder.shown(&["show", "a.json", FAILS]));
        insta::assert_snapshot!("markdown", folder.shown(&["show", "a.json", ":fail", "--markdown"]));
        insta::assert_snapshot!("script", folder.shown(&["show", "a.json", "*wildcard", "--script"]));
    });
}

#[test]
fn a_script_has_as_many_lines_as_steps_and_fifteen_more() {
    let (folder, _) = reported(&[FAILS]);
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path("a.json")).expect("it is there")).expect("JSON");
    let steps = report["results"][0]["transcript"].as_array().expect("lines").len();
    let script = text(&folder.call(&["show", "a.json", FAILS, "--script"]).stdout);
    assert!(steps > 10 && script.lines().count() <= steps + 15, "{steps} steps\n{script}");
}

#[test]
fn filters_name_the_cases_of_a_report() {
    let (folder, _) = reported(&[FAILS, "5/publish/qos0*", "5/connect/takeover"]);
    let listed = |filter: &str| folder.shown(&["run", "-q", "-f", filter]);
    bind(|| {
        insta::assert_snapshot!(
            "again",
            [
                "@a.json:fail",
                "@a.json:fail,pass & chapter(connect)",
                "@a.json:weak",
                "@a.json:not-pass & !@a.json:lenient",
                "@a.json:fial",
                "@a.json",
                "@b.json:fail",
                "@'a b.json':fail",
            ]
            .map(listed)
            .join("\n")
        );
    });
}

#[test]
fn what_can_not_be_shown_is_said_with_the_way_out() {
    let (folder, _) = reported(&[FAILS, "5/connect/takeover"]);
    fs::write(folder.path("other.json"), "{\"tests\": 1}").expect("can be written");
    bind(|| {
        insta::assert_snapshot!(
            "errors",
            [
                &["show", "b.json"][..],
                &["show", "other.json"],
                &["show", "a.json", "5/publish/topic-with-wildcrd"],
                &["show", "a.json", ":weak"],
                &["show", "a.json", ":fial"],
                &["show", "a.json", "levl(must)"],
                &["show", "a.json", "*", "--script"],
                &["show", "a.json", "5/connect/takeover", "--script"],
                &["show", "a.json", "--markdown"],
            ]
            .map(|arguments| folder.shown(arguments))
            .join("\n")
        );
    });
}

#[test]
fn a_whole_transcript_is_had_where_it_is_asked_for() {
    let folder = Folder::new();
    let arguments = ["run", "-q", "-f", "5/connect/takeover", "--transcripts", "whole", "--json", "a.json"];
    assert_eq!(folder.call(&arguments).status.code(), Some(0));
    let output = folder.call(&["show", "a.json", "5/connect/takeover", "--script"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).contains("socket.create_connection(address, 10)"), "{output:?}");
}

#[test]
fn a_hostile_report_does_nothing_to_the_terminal() {
    let (folder, _) = reported(&[FAILS]);
    let path = folder.path("a.json");
    let mut report: serde_json::Value = serde_json::from_slice(&fs::read(&path).expect("there")).expect("JSON");
    let hostile = "\u{1b}[2J\n```\n</details>\u{202e}`\"); import os #";
    report["target"]["name"] = hostile.into();
    report["target"]["version"] = hostile.into();
    report["command"]["broker"] = hostile.into();
    report["why"] = hostile.into();
    for field in ["title", "expected", "variant"] {
        report["results"][0][field] = hostile.into();
    }
    report["results"][0]["decided_by"]["seen"] = hostile.into();
    let line = format!("   1    0.000000 ro\u{1b}[2Jle -> c000 ; {hostile}");
    report["results"][0]["transcript"][0] = line.into();
    fs::write(&path, report.to_string()).expect("can be written");
    for arguments in [
        &["show", "a.json"][..],
        &["show", "a.json", "*"],
        &["show", "a.json", "*", "--markdown"],
        &["show", "a.json", "*", "--script"],
    ] {
        let output = folder.call(arguments);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let shown = text(&output.stdout);
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{arguments:?}: {shown}");
        assert!(shown.lines().all(|line| line.trim() != "</details>\\u{202e}`\"); import os #"), "{shown}");
    }
}

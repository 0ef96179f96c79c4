//! Decoders of other people: certified, reported, held against a baseline and against each other. The one that is built in stands
//! for a strict one; `sed` behind it makes decoders with faults.

#![cfg(unix)]

mod common;
#[path = "common/folder.rs"]
mod folder;
#[allow(dead_code, reason = "what a report of a broker has as well is held there")]
#[path = "common/schema.rs"]
mod schema;

use common::{settings, shown, text};
use folder::Folder;
use schema::{Walk, json};
use std::fs;

const PROGRAM: &str = env!("CARGO_BIN_EXE_mqtt-assay");

/// Swaps topic and payload, and calls every answer about a packet with reserved flags an acceptance.
const FAULTS: &str =
    "s/ topic=([0-9a-f]*)(.*) payload=([0-9a-f]*)/ topic=\\3\\2 payload=\\1/; s/^R ([0-9]+) .*flags.*/A \\1 2 -/";

/// What answers as the one that is built in, with its answers changed.
fn changed(sed: &str) -> [String; 3] {
    let program = PROGRAM.replace('\'', "'\\''");
    ["sh".into(), "-c".into(), format!("'{program}' decoder serve | sed -u -E '{sed}'")]
}

fn certified(folder: &Folder, options: &[&str], command: &[String]) -> std::process::Output {
    let words = command.iter().map(String::as_str);
    let arguments: Vec<&str> =
        ["decoder"].into_iter().chain(options.iter().copied()).chain(["--"]).chain(words).collect();
    folder.call(&arguments)
}

fn ours() -> [String; 3] {
    [PROGRAM.into(), "decoder".into(), "serve".into()]
}

/// Without times, versions, and where the program is.
fn bind(test: impl FnOnce()) {
    let mut settings = settings();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[date]");
    settings.add_filter(r"\d{4}-\d\d-\d\d", "[day]");
    settings.add_filter(r"mqtt-assay(-codec|) \d+\.\d+\.\d+", "mqtt-assay$1 [version]");
    settings.add_filter(&format!("[^ ']*{}", PROGRAM.rsplit('/').next().unwrap_or("mqtt-assay")), "mqtt-assay");
    settings.add_filter(r"\b\d+ (vectors|cases|pass|fail|broken|lenient|weak)\b", "[n] $1");
    settings.add_filter(r"FAIL: \d+ of \d+", "FAIL: [n] of [n]");
    settings.bind(test);
}

#[test]
fn the_one_that_is_built_in_passes_all_and_no_report_calls_it_a_broker() {
    let folder = Folder::new();
    let reports =
        ["--json", "a.json", "--junit", "a.xml", "--markdown", "a.md", "--events", "a.jsonl", "--html", "page"];
    let output = certified(&folder, &reports, &ours());
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    let report = json(&fs::read_to_string(folder.path("a.json")).expect("a report"));
    let mut walk = Walk::new(include_str!("../schemas/report.schema.json"));
    walk.hold(&report);
    let results = report["results"].as_array().expect("results");
    assert!(results.len() > 6000 && results.iter().all(|case| case["verdict"] == "pass"), "{}", results.len());
    assert!(report["decoder"]["questions"].as_u64() > Some(20_000), "{}", report["decoder"]);
    let [junit, markdown, events] =
        ["a.xml", "a.md", "a.jsonl"].map(|name| fs::read_to_string(folder.path(name)).expect("a report"));
    assert_eq!(events.lines().count(), results.len() + 2, "a line each, and two around them");
    let mut walk = Walk::new(include_str!("../schemas/events.schema.json"));
    events.lines().step_by(500).for_each(|line| walk.hold(&json(line)));
    for (name, told) in [("console", &said), ("junit", &junit), ("markdown", &markdown)] {
        assert!(!told.to_lowercase().contains("broker") && told.contains("mqtt-assay-codec"), "{name}: {told:.2000}");
    }
    assert!(fs::read_to_string(folder.path("page/index.html")).expect("a page").contains("decoder-pieces"));
}

#[test]
fn one_with_faults_is_told_by_rule() {
    let folder = Folder::new();
    let output = certified(&folder, &["-f", "*publish*", "-f", "*pubrel*", "--json", "a.json"], &changed(FAULTS));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    bind(|| {
        insta::assert_snapshot!("console", text(&output.stdout));
        let fails = "3.1.1/client/publish-of-qos-1";
        insta::assert_snapshot!("show", folder.shown(&["show", "a.json", fails]));
        insta::assert_snapshot!("issue", folder.shown(&["show", "a.json", fails, "--markdown"]));
    });
}

#[test]
fn several_stand_side_by_side_with_what_they_disagree_about() {
    let folder = Folder::new();
    let filter = ["-f", "3.1.1/client/publish*", "-q", "--json"];
    certified(&folder, &[&filter[..], &["strict.json"]].concat(), &ours());
    certified(&folder, &[&filter[..], &["swaps.json"]].concat(), &changed(FAULTS));
    let matrix = text(&folder.call(&["report", "strict.json", "swaps.json", "--names", "strict,swaps"]).stdout);
    assert!(matrix.starts_with("# Decoders and rules\n\n| decoder |"), "{matrix}");
    assert!(matrix.contains("| `decoder-values` | pass | **fail** ") && matrix.contains("Hands out what"), "{matrix}");
    assert!(matrix.contains("## Where two of them disagree\n\n`strict` and `swaps` disagree about "), "{matrix}");
    assert!(matrix.contains("- `swaps` is the worse at `decoder-values`: "), "{matrix}");
    let difference = folder.call(&["report", "--diff", "strict.json", "swaps.json"]);
    assert_eq!(difference.status.code(), Some(1));
    let page = folder.call(&["report", "strict.json", "swaps.json", "--html", "page"]);
    assert_eq!(page.status.code(), Some(0), "{}", text(&page.stderr));
    let page = fs::read_to_string(folder.path("page/index.html")).expect("a page");
    assert!(page.contains("All decoders") && page.contains("<title>2 decoders"), "a page of decoders");
    // The catalog's rules speak of the broker where the standard speaks of the server.
    let own: Vec<&str> = matrix.lines().filter(|line| !line.starts_with("| `MQTT-")).collect();
    let told = [own.join("\n"), text(&difference.stdout)].concat().to_lowercase();
    assert!(!told.contains("broker"), "{told}");
}

#[test]
fn a_baseline_lists_what_is_known_and_an_unexpected_pass_is_an_error() {
    let folder = Folder::new();
    let filter = ["-f", "3.1.1/client/publish-of*", "-q"];
    let with = |options: &[&str], command: &[String]| certified(&folder, &[&filter[..], options].concat(), command);
    let written = with(&["--write-baseline", "known.toml"], &changed(FAULTS));
    assert_eq!(written.status.code(), Some(0), "{}{}", text(&written.stdout), text(&written.stderr));
    assert!(fs::read_to_string(folder.path("known.toml")).expect("a baseline").contains("decoder-values"));
    let same = with(&["--baseline", "known.toml"], &changed(FAULTS));
    assert_eq!(same.status.code(), Some(0), "{}", text(&same.stdout));
    let fixed = with(&["--baseline", "known.toml"], &ours());
    assert_eq!(fixed.status.code(), Some(5), "{}", text(&fixed.stdout));
    let worse = with(&["--baseline", "known.toml"], &changed(&format!("{FAULTS}; s/dup=0/dup=1/")));
    assert_ne!(worse.status.code(), Some(0), "{}", text(&worse.stdout));
    let told = [same, fixed, worse].map(|output| text(&output.stdout)).concat().to_lowercase();
    assert!(!told.contains("broker"), "{told}");
    assert_eq!(folder.call(&["baseline", "check", "known.toml"]).status.code(), Some(5), "reasons are missing");
}

#[test]
fn what_can_not_be_asked_is_no_verdict() {
    let folder = Folder::new();
    let call = |arguments: &[&str]| shown(arguments, &folder.call(arguments));
    bind(|| {
        let all = [
            call(&["decoder", "--", "/no/such/decoder"]),
            call(&["decoder", "--", "sh", "-c", "echo what; cat"]),
            call(&["decoder", "--", "sh", "-c", "echo 'no module named mine' >&2; exit 1"]),
            call(&["decoder", "-f", "5/client/publish-of-qos-4", "--", "true"]),
            call(&["decoder"]),
        ];
        insta::assert_snapshot!("errors", all.join("\n"));
        insta::assert_snapshot!("help", call(&["decoder", "--help"]));
    });
}

#[test]
fn one_that_can_little_is_asked_little() {
    let folder = Folder::new();
    let little = changed("s/can=[^ ]*/can=3.1.1,client,decode/");
    let output = certified(&folder, &["-f", "*ping*", "--json", "a.json"], &little);
    let report = json(&fs::read_to_string(folder.path("a.json")).expect("a report"));
    let of = |version: &str| report["summary"][version].clone();
    assert_eq!((output.status.code(), &of("5")["pass"]), (Some(0), &0.into()), "{}", text(&output.stdout));
    assert!(of("3.1.1")["pass"].as_u64() > Some(0) && of("3.1.1")["not_offered"].as_u64() > Some(0), "{report}");
    let none = certified(&folder, &["-f", "5/*ping*", "-q"], &little);
    assert_eq!(none.status.code(), Some(3), "{}", text(&none.stdout));
}

/// Fuzzes the one that is built in, with this planted mistake.
fn fuzzed(folder: &Folder, bug: &str, options: &[&str]) -> std::process::Output {
    let command = ["--", PROGRAM, "decoder", "serve", "--bug", bug];
    folder.call(&[&["decoder", "fuzz", "--findings", "found"], options, &command].concat())
}

#[test]
fn fuzzing_finds_a_planted_mistake_and_says_how_it_is_repeated() {
    let folder = Folder::new();
    let output = fuzzed(&folder, "takes-qos-three", &["--cases", "1500", "--json", "a.json"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}{}", text(&output.stderr));
    assert!(said.contains("accepts      publish-qos-3 (MQTT-3.3.1-4)"), "{said}");
    let report = json(&fs::read_to_string(folder.path("a.json")).expect("a report"));
    Walk::new(include_str!("../schemas/decoder-fuzz.schema.json")).hold(&report);
    let files = fs::read_dir(folder.path("found")).expect("a folder").count();
    assert_eq!(files, report["findings"].as_array().expect("findings").len());
    let question = report["findings"][0]["repeat"].as_str().expect("a command").split(' ').nth(4).expect("a question");
    let only = |bug| fuzzed_only(&folder, bug, question);
    assert_eq!(only("takes-qos-three").status.code(), Some(1), "{question}");
    let right = only("forgets-dup");
    assert_eq!((right.status.code(), text(&right.stdout).contains("that is right")), (Some(0), true), "{question}");
}

fn fuzzed_only(folder: &Folder, bug: &str, question: &str) -> std::process::Output {
    folder.call(&["decoder", "fuzz", "--only", question, "--", PROGRAM, "decoder", "serve", "--bug", bug])
}

#[test]
fn a_crash_in_earnest_is_bisected_and_told_by_where_it_was() {
    let folder = Folder::new();
    let output = fuzzed(&folder, "dies-of-short-unsuback", &["--cases", "3000", "--json", "a.json"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let report = json(&fs::read_to_string(folder.path("a.json")).expect("a report"));
    let crash = &report["findings"][0];
    assert_eq!((crash["sort"].as_str(), crash["repeated"].as_str()), (Some("crash"), Some("5 of 5")), "{crash}");
    assert!(crash["about"].as_str().is_some_and(|about| about.contains("read_unsuback")), "{crash}");
    assert_eq!(crash["bytes"], 2, "{crash}");
}

#[test]
fn what_can_not_be_fuzzed_is_said() {
    let folder = Folder::new();
    let call = |arguments: &[&str]| shown(arguments, &folder.call(arguments));
    bind(|| {
        let all = [
            call(&["decoder", "fuzz", "--", "/no/such/decoder"]),
            call(&["decoder", "fuzz", "--only", "D/5/client/c00", "--", PROGRAM, "decoder", "serve"]),
            call(&["decoder", "serve", "--bug", "forgets-dupe"]),
            call(&["decoder", "prove", "--bug", "no-such-mistake"]),
        ];
        insta::assert_snapshot!("not_fuzzed", all.join("\n"));
    });
}

//! `fuzz` as it is used: what it says, how it exits, what it writes, and what is left when it is killed.

mod common;
#[allow(dead_code, reason = "that each field is written is held beside the schema")]
#[path = "common/schema.rs"]
mod schema;

use common::mqtt_assay;
use schema::Walk;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

/// The path of a folder, empty before.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    path
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = mqtt_assay(arguments).output().expect("it runs");
    (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).map(|all| all.flatten().map(|file| file.path()).collect::<Vec<_>>());
    let mut all = all.unwrap_or_default();
    all.retain(|path| path.extension().is_some_and(|there| there == ending));
    all.sort();
    all
}

fn read(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("written")).expect("JSON")
}

const FAULTY: [&str; 6] = ["fuzz", "embedded", "--fault", "no-pubrec", "--seed", "4"];

#[test]
fn a_finding_is_written_with_what_it_takes_to_repeat_it() {
    let folder = folder("hunt-written");
    let path = folder.to_string_lossy().into_owned();
    let json = folder.join("hunt.json").to_string_lossy().into_owned();
    let more = ["--cases", "60", "--findings", &path, "--json", &json, "--no-feedback"];
    let (code, text) = run(&[&FAULTY[..], &more].concat());
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("FAIL  answer 5/MQTT-4.3.3-8 - PUBREC"), "{text}");
    let report = read(&json);
    assert_eq!((&report["schema"], &report["exit"]), (&1.into(), &1.into()));
    Walk::new(include_str!("../schemas/hunt.schema.json")).hold(&report);
    let transcript = files(&folder, "txt").into_iter().find(|path| path.to_string_lossy().contains("4.3.3-8"));
    let transcript = transcript.expect("a transcript").to_string_lossy().into_owned();
    let (code, text) = run(&["replay", &transcript, "embedded", "--fault", "no-pubrec", "--times", "2"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(!files(&folder, "py").is_empty() && !files(&folder, "md").is_empty());
}

#[test]
fn what_is_known_stays_quiet() {
    let folder = folder("hunt-known");
    let (path, known) = (folder.to_string_lossy(), folder.join("known.txt").to_string_lossy().into_owned());
    let more = ["--cases", "60", "--findings", &path, "--no-feedback"];
    let (code, text) = run(&[&FAULTY[..], &more, &["--write-baseline", &known]].concat());
    assert_eq!(code, Some(1), "{text}");
    let (code, text) = run(&[&FAULTY[..], &more, &["--baseline", &known]].concat());
    assert_eq!(code, Some(0), "{text}");
    assert!(!text.contains("FAIL"), "{text}");
}

#[test]
fn nobody_is_hunted_without_leave() {
    let (code, text) = run(&["fuzz", "mqtt://192.0.2.1"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("--i-am-authorised 192.0.2.1"), "{text}");
    let (code, text) = run(&["fuzz", "mqtt://192.0.2.1", "--i-am-authorised", "192.0.2.2"]);
    assert_eq!(code, Some(2), "{text}");
}

#[test]
fn a_broker_that_is_not_there_is_not_judged() {
    let (code, text) = run(&["fuzz", "mqtt://127.0.0.1:1", "--cases", "1"]);
    assert_eq!(code, Some(3), "{text}");
}

#[test]
fn reports_are_tried_before_anything_is_sent() {
    let folder = folder("hunt-paths");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("file"), "").expect("a file");
    let [inside, findings] = ["file/report", "found"].map(|name| folder.join(name).to_string_lossy().into_owned());
    let same = folder.join("same").to_string_lossy().into_owned();
    for option in ["--json", "--markdown", "--html", "--write-baseline", "--findings", "--corpus"] {
        let (code, text) = run(&[&FAULTY[..], &["--cases", "60", option, &inside]].concat());
        assert_eq!(code, Some(2), "{option}: {text}");
        assert!(text.contains(&inside) && !text.contains("Hunting"), "{option}: {text}");
    }
    let twice = ["--cases", "60", "--findings", &findings, "--json", &same, "--markdown", &same];
    let (code, text) = run(&[&FAULTY[..], &twice].concat());
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("--json and --markdown name the same file"), "{text}");
}

#[test]
fn shards_put_together_are_the_whole_hunt() {
    let folder = folder("hunt-merged");
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let findings = path("found");
    let hunt = |name: &str, more: &[&str]| {
        let json = path(name);
        let common = ["--no-feedback", "--findings", &findings, "--json", &json];
        let (code, text) = run(&[&FAULTY[..], &common, more].concat());
        assert_eq!(code, Some(1), "{text}");
        json
    };
    let whole = hunt("whole.json", &["--cases", "120"]);
    let shards =
        [1, 2, 3].map(|part| hunt(&format!("{part}.json"), &["--cases", "40", "--shard", &format!("{part}/3")]));
    let [all, markdown, html] = ["all.json", "all.md", "page"].map(path);
    let outputs = ["report", "--merge", "--json", &all, "--markdown", &markdown, "--html", &html];
    let (code, text) = run(&[&outputs[..], &shards.each_ref().map(String::as_str)].concat());
    assert_eq!(code, Some(1), "{text}");
    let [whole, merged] = [&whole, &all].map(|path| read(path));
    // What is drawn is the same, whoever draws it.
    assert_eq!(whole["planned"], merged["planned"]);
    assert_eq!((merged["parts"].as_array().map(Vec::len), &merged["exit"]), (Some(3), &1.into()));
    assert_eq!(merged["cases"]["fresh"], whole["cases"]["fresh"]);
    let counts = |key: &str| {
        let of = |report: &Value| {
            report["findings"]
                .as_array()
                .expect("findings")
                .iter()
                .filter(|found| found["key"] == key)
                .filter_map(|found| found["count"].as_u64())
                .sum::<u64>()
        };
        (of(&merged), shards.iter().map(|shard| of(&read(shard))).sum::<u64>())
    };
    let (together, apart) = counts("answer 5/MQTT-4.3.3-8 - PUBREC");
    assert!(together > 0 && together == apart, "{together} {apart}");
    Walk::new(include_str!("../schemas/hunt.schema.json")).hold(&merged);
    let markdown = std::fs::read_to_string(markdown).expect("Markdown");
    assert!(markdown.contains("--shard 3/3") && markdown.contains("MQTT-4.3.3-8"), "{markdown}");
    let page = std::fs::read_to_string(Path::new(&html).join("index.html")).expect("a page");
    assert!(page.contains("MQTT-4.3.3-8") && page.contains("mqtt-assay replay answer-5"), "{page}");
    assert!(!page.contains("http://") && !page.contains("<script"));
    // A report of a run beside them is none of a hunt.
    let other = path("run.json");
    run(&["run", "-q", "-f", "5/publish/topic-with-wildcard", "--json", &other]);
    let (code, text) = run(&["report", &all, &other]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("run.json is not"), "{text}");
}

#[test]
fn the_fewest_sessions_that_show_all_are_kept() {
    let folder = folder("hunt-corpora");
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let [one, two, all, findings] = ["one", "two", "all", "found"].map(path);
    for (seed, corpus) in [("1", &one), ("2", &two)] {
        let more = ["--seed", seed, "--cases", "60", "--only", "sessions", "--corpus", corpus, "--findings", &findings];
        let (code, text) = run(&[&["fuzz", "embedded"][..], &more].concat());
        assert_eq!(code, Some(0), "{text}");
    }
    let (code, text) = run(&["fuzz", "embedded", "--corpus", &all, "--merge-corpus", &one, &two]);
    assert_eq!(code, Some(0), "{text}");
    let count = |folder: &str| files(Path::new(folder), "txt").len();
    let kept = count(&all);
    assert!(kept > 0 && kept < count(&one) + count(&two), "{text}");
    assert!(text.starts_with(&format!("{kept} of {} sessions", count(&one) + count(&two))), "{text}");
    // Once more there is nothing to leave out.
    let again = path("again");
    let (_, text) = run(&["fuzz", "embedded", "--corpus", &again, "--merge-corpus", &all]);
    assert!(text.starts_with(&format!("{kept} of {kept} sessions")), "{text}");
    let (code, text) = run(&["fuzz", "embedded", "--corpus", &all, "--merge-corpus", &one]);
    assert_eq!(code, Some(2), "{text}");
}

#[test]
fn a_broker_that_does_otherwise_where_no_rule_decides_is_told_as_weak() {
    let folder = folder("hunt-against");
    let path = folder.to_string_lossy().into_owned();
    let common =
        ["fuzz", "embedded", "--only", "sessions", "--seed", "1", "--findings", &path, "--against", "embedded"];
    let alike = [&common[..], &["--cases", "60"]].concat();
    let (code, text) = run(&alike);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Result: 0 findings that count, 0 weak"), "{text}");
    let other = [&common[..], &["--cases", "120", "--quirk", "reports-no-subscribers"]].concat();
    let (code, text) = run(&other);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("WEAK  against 5/- - differs from embedded: PUB"), "{text}");
}

#[test]
fn a_dry_run_sends_nothing_and_needs_no_leave() {
    let arguments = ["fuzz", "mqtt://192.0.2.1", "--dry-run", "20", "--seed", "3"];
    let (code, text) = run(&arguments);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(text.matches("\ncase ").count(), 20, "{text}");
    assert!(text.contains(", fresh") && text.contains(", session") && text.contains("CONNECT"), "{text}");
    assert_eq!(run(&arguments).1, text);
}

#[test]
fn findings_are_whole_whenever_it_is_killed() {
    for turn in 0..8 {
        let folder = folder(&format!("hunt-killed-{turn}"));
        let path = folder.to_string_lossy().into_owned();
        let more = ["--time", "20s", "--findings", &path];
        let mut child = mqtt_assay(&[&FAULTY[..], &more].concat());
        let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        // At another moment each time: once so many reports are there.
        let until = Instant::now() + Duration::from_secs(15);
        while files(&folder, "md").len() <= turn % 2 && Instant::now() < until {
            std::thread::yield_now();
        }
        child.kill().expect("it is killed");
        let told = child.wait_with_output().expect("it ends").stdout;
        for report in files(&folder, "md") {
            let text = std::fs::read_to_string(&report).expect("a report");
            assert!(text.starts_with("# ") && text.contains("**operations**"), "{}: {text}", report.display());
            if text.contains("Repeat it:") {
                assert!(report.with_extension("txt").exists() && report.with_extension("py").exists(), "{text}");
            }
        }
        let titles = files(&folder, "md").into_iter().map(|path| std::fs::read_to_string(path).expect("a report"));
        let titles: Vec<String> = titles.filter_map(|text| text.lines().next().map(str::to_owned)).collect();
        let told = String::from_utf8_lossy(&told).into_owned();
        for key in told.lines().filter_map(|line| line.trim_start().strip_prefix("FAIL  ")) {
            assert!(titles.contains(&format!("# fail: `{key}`")), "turn {turn}: {key} is not among {titles:?}");
        }
        assert!(!titles.is_empty(), "turn {turn}");
    }
}

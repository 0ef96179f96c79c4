//! `fuzz` as it is used: what it says, how it exits, what it writes, and what is left when it is killed.

mod common;

use common::mqtt_assay;
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
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&json).expect("written")).expect("JSON");
    assert_eq!((&report["schema"], &report["exit"]), (&1.into(), &1.into()));
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
fn findings_are_whole_whenever_it_is_killed() {
    for turn in 0..8 {
        let folder = folder(&format!("hunt-killed-{turn}"));
        let path = folder.to_string_lossy().into_owned();
        let more = ["--time", "20s", "--findings", &path];
        let mut child = mqtt_assay(&[&FAULTY[..], &more].concat());
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        // At another moment each time: once so many reports are there.
        let until = Instant::now() + Duration::from_secs(15);
        while files(&folder, "md").len() <= turn % 2 && Instant::now() < until {
            std::thread::yield_now();
        }
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        for report in files(&folder, "md") {
            let text = std::fs::read_to_string(&report).expect("a report");
            assert!(text.starts_with("# ") && text.contains("**operations**"), "{}: {text}", report.display());
            if text.contains("Repeat it:") {
                assert!(report.with_extension("txt").exists() && report.with_extension("py").exists(), "{text}");
            }
        }
        assert!(!files(&folder, "md").is_empty(), "turn {turn}");
    }
}

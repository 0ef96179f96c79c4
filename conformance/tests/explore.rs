//! `run --explore` and `replay` as they are used: what they say, how they exit, what they write.

mod common;

use common::mqtt_assay;
use std::path::{Path, PathBuf};
use std::process::Output;

/// The path of a folder for findings, empty before.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    path
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = mqtt_assay(arguments).output().expect("it runs");
    (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

/// The same with a folder for findings, which is not shown.
fn explored(name: &str, arguments: &[&str]) -> (Option<i32>, String, PathBuf) {
    let folder = folder(name);
    let path = folder.to_string_lossy().into_owned();
    let (code, text) = run(&[&["run", "--findings", &path][..], arguments].concat());
    (code, text.replace(&path, "[findings]"), folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").flatten().map(|file| file.path()).collect();
    files.sort();
    files
}

#[test]
fn a_finding_is_told_with_rule_steps_and_the_command_that_repeats_it() {
    let (code, text, folder) =
        explored("told", &["--explore", "12", "--mqtt", "5", "--fault", "no-pubrec", "embedded"]);
    assert_eq!(code, Some(1), "{text}");
    let rule = "    rule        MQTT-4.3.3-8 (must, section 4.3.3 of MQTT 5): ";
    for part in [
        "12 generated sequences of MQTT 5 on embedded",
        "fail sequence ",
        rule,
        "    came        no PUBREC came, and nothing else for 12.5s; the connection is open, line ",
        "                cast ",
        " publish topic=",
        "    repeat      mqtt-assay replay [findings]/5-MQTT-4.3.3-8-1-",
        "embedded --fault no-pubrec\n",
        "\n12 generated sequences: 1 finding\n",
        "Result: FAIL: 1 finding in 12 generated sequences (",
        "exit code 1)",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let files = files(&folder);
    assert_eq!(files.len(), 1, "{files:?}");
    let record = std::fs::read_to_string(&files[0]).expect("can be read");
    assert!(record.starts_with("# MQTT-4.3.3-8: no PUBREC came") && record.contains("\nmqtt-assay transcript 1\n"));
}

#[test]
fn a_record_is_sent_again_and_differs_on_another_broker() {
    let (_, _, folder) = explored("again", &["--explore", "12", "--mqtt", "5", "--fault", "no-pubrec", "embedded"]);
    let file = files(&folder).remove(0);
    let file = file.to_string_lossy();
    let (code, text) = run(&["replay", &file, "embedded", "--fault", "no-pubrec", "--times", "3"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("    3: as recorded\n\nResult: as recorded 3 of 3 times (exit code 0)"), "{text}");
    let (code, text) = run(&["replay", &file, "embedded"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("    1: differs\n") && text.contains(": PUBREC id="), "{text}");
}

#[test]
fn without_a_finding_all_is_well_and_nothing_is_written() {
    let (code, text, folder) = explored("well", &["--explore", "9", "--json", "-", "embedded"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Result: pass: no finding in 9 generated sequences ("), "{text}");
    assert!(text.contains("\"explore\": {\n    \"sequences\": 9,\n    \"seed\": 1,\n    \"findings\": [],"), "{text}");
    assert!(!folder.exists());
}

#[test]
fn cases_run_too_where_a_filter_asks_for_them() {
    let (code, text, _) = explored("both", &["--explore", "3", "-f", "chapter(order)", "embedded"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(" cases and 3 generated sequences of MQTT ") && text.contains("/order/"), "{text}");
    assert!(text.contains("\n3 generated sequences: 0 findings\n"), "{text}");
}

#[test]
fn what_is_no_record_is_refused() {
    let folder = folder("refused");
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("none.txt");
    std::fs::write(&file, "nonsense").expect("can be written");
    let (code, text) = run(&["replay", &file.to_string_lossy()]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("none.txt, line 1: expected `mqtt-assay transcript 1`, found `nonsense`"), "{text}");
}

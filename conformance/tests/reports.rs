//! Reports as files: what stands in them when a run has not come to its end, and that a file holds a whole report at any
//! time, the earlier one or the new one.

#![cfg(unix)]

mod common;
#[path = "common/folder.rs"]
mod folder;

use common::mqtt_assay;
use folder::{Folder, json};
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// One case that the embedded broker passes.
const PASSES: [&str; 3] = ["run", "-f", "5/publish/topic-with-wildcard"];

/// Makes it fail.
const BROKEN: [&str; 2] = ["--fault", "acts-on:topic-name-wildcard"];

const EARLIER: &str = "an earlier report";

impl Folder {
    fn with_earlier(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, EARLIER).expect("can be written");
        path
    }

    /// The names of all files.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("can be listed").flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn run(arguments: &[&str], reports: &[(&str, &Path)]) -> Output {
    let mut command = mqtt_assay(arguments);
    for (option, path) in reports {
        command.arg(option).arg(path);
    }
    command.output().expect("the program is there")
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("a signal ended it: {output:?}"))
}

#[track_caller]
fn assert_ended(report: &Value, ended: &str, exit: i32, selected: u64) {
    let found = (&report["ended"], &report["exit"], &report["selected"]);
    assert_eq!(found, (&ended.into(), &exit.into(), &selected.into()), "{report}");
    assert!(report["why"].as_str().is_some_and(|why| !why.is_empty()), "{report}");
}

#[test]
fn a_run_to_its_end_says_so() {
    let folder = Folder::new();
    let (whole, suites) = (folder.path("a.json"), folder.path("a.xml"));
    let output = run(&PASSES, &[("--json", &whole), ("--junit", &suites)]);
    assert_eq!(code(&output), 0, "{output:?}");
    assert_ended(&json(&whole), "complete", 0, 1);
    let text = fs::read_to_string(&suites).expect("there is a report");
    assert!(text.contains("errors=\"0\"") && !text.contains("<error"), "{text}");
}

#[test]
fn a_run_that_is_not_whole_is_no_success_in_any_report() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent = format!("mqtt://{}", silent.local_addr().expect("it is bound"));
    let two = "5/publish/topic-with-wildcard | 5/retain/replaced";
    let many = "5/publish/topic-with-wildcard | 5/retain/*";
    let fail_fast = ["run", "-f", many, BROKEN[0], BROKEN[1], "--jobs", "1", "--fail-fast"];
    let rows: [(&[&str], &str, i32); 4] = [
        (&["run", "mqtt://127.0.0.1:1", "-f", two], "nothing-judged", 3),
        (&["run", &silent, "-f", two, "--timeout", "1"], "timeout", 130),
        (&["run", "-f", two, "--fail-fast"], "complete", 0),
        (&fail_fast, "fail-fast", 1),
    ];
    for (arguments, ended, exit) in rows {
        let folder = Folder::new();
        let (whole, suites) = (folder.with_earlier("a.json"), folder.with_earlier("a.xml"));
        let output = run(arguments, &[("--json", &whole), ("--junit", &suites)]);
        assert_eq!(code(&output), exit, "{arguments:?}: {output:?}");
        let report = json(&whole);
        let selected = report["selected"].as_u64().expect("a number");
        assert_ended(&report, ended, exit, selected);
        let text = fs::read_to_string(&suites).expect("there is a report");
        let is_said = text.contains(&format!("type=\"{ended}\"")) && text.contains("errors=\"1\"");
        assert_eq!(is_said, ended != "complete", "{arguments:?}: {text}");
    }
}

#[test]
fn a_report_that_cannot_be_written_leaves_the_earlier_one() {
    let folder = Folder::new();
    let report = folder.with_earlier("a.json");
    let direct = mqtt_assay(&PASSES);
    // A file may have 512 bytes, and the signal that says so is ignored: writing fails as on a full disk.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""]).arg(direct.get_program());
    let output = command.args(direct.get_args()).arg("--json").arg(&report).output().expect("a shell is there");
    assert_eq!(code(&output), 8, "{output:?}");
    assert_eq!(fs::read_to_string(&report).expect("it is there"), EARLIER);
    assert_eq!(folder.names(), ["a.json"], "nothing is left beside it");
}

#[test]
fn a_run_that_does_not_begin_leaves_the_earlier_report() {
    let folder = Folder::new();
    let report = folder.with_earlier("a.json");
    let nowhere = folder.path("no-such-folder/a.xml");
    let output = run(&PASSES, &[("--json", &report), ("--junit", &nowhere)]);
    assert_eq!(code(&output), 2, "{output:?}");
    assert_eq!(fs::read_to_string(&report).expect("it is there"), EARLIER);
    assert_eq!(folder.names(), ["a.json"]);
}

#[test]
fn a_report_goes_through_links_and_keeps_who_may_read_it() {
    let folder = Folder::new();
    let target = folder.with_earlier("target.json");
    fs::set_permissions(&target, PermissionsExt::from_mode(0o640)).expect("it is ours");
    let (link, dangling) = (folder.path("link.json"), folder.path("dangling.xml"));
    symlink("target.json", &link).expect("can be made");
    symlink("new.xml", &dangling).expect("can be made");
    let output = run(&PASSES, &[("--json", &link), ("--junit", &dangling)]);
    assert_eq!(code(&output), 0, "{output:?}");
    assert!(link.is_symlink() && dangling.is_symlink(), "the links stay");
    assert_ended(&json(&target), "complete", 0, 1);
    assert_eq!(fs::metadata(&target).expect("it is there").mode() & 0o777, 0o640);
    assert!(fs::read_to_string(folder.path("new.xml")).is_ok_and(|text| text.starts_with("<?xml")));
    assert_eq!(folder.names(), ["dangling.xml", "link.json", "new.xml", "target.json"]);
}

#[test]
fn one_file_by_two_spellings_is_refused() {
    let folder = Folder::new();
    let there = folder.with_earlier("a");
    fs::hard_link(&there, folder.path("hard")).expect("can be made");
    symlink("a", folder.path("link")).expect("can be made");
    symlink("new", folder.path("dangling")).expect("can be made");
    symlink(".", folder.path("folder")).expect("can be made");
    let pairs =
        [("a", "./a"), ("a", "hard"), ("link", "a"), ("a", "folder/a"), ("new", "./new"), ("dangling", "folder/new")];
    for (one, other) in pairs {
        let output = mqtt_assay(&PASSES)
            .args(["--json", one, "--junit", other])
            .current_dir(folder.0.path())
            .output()
            .expect("the program is there");
        assert_eq!(code(&output), 2, "{one} {other}: {output:?}");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(errors.contains("--json and --junit name the same file"), "{errors}");
        assert_eq!(fs::read_to_string(&there).expect("it is there"), EARLIER);
    }
    let output = run(&PASSES, &[("--json", &there), ("--junit", &folder.path("b"))]);
    assert_eq!(code(&output), 0, "{output:?}");
}

#[test]
fn pipes_and_devices_are_written_to_as_they_are() {
    let folder = Folder::new();
    let pipe = folder.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there");
    assert!(made.success(), "{made}");
    let nobody = run(&[&PASSES[..], &["--timeout", "1"]].concat(), &[("--json", &pipe)]);
    assert_eq!(code(&nobody), 130, "{nobody:?}");
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || json(&pipe))
    };
    let output = run(&PASSES, &[("--json", &pipe), ("--junit", Path::new("/dev/null"))]);
    assert_eq!(code(&output), 0, "{output:?}");
    assert_ended(&reader.join().expect("whole JSON"), "complete", 0, 1);
    assert_eq!(folder.names(), ["pipe"]);
}

#[test]
fn every_report_is_written_beside_the_others() {
    let folder = Folder::new();
    let [summary, badge, events] = ["a.md", "a.svg", "a.events"].map(|name| folder.with_earlier(name));
    let output = run(&PASSES, &[("--markdown", &summary), ("--badge", &badge), ("--events", &events)]);
    assert_eq!(code(&output), 0, "{output:?}");
    let read = |path: &Path| fs::read_to_string(path).expect("there is a report");
    assert!(read(&summary).starts_with("## MQTT conformance of `embedded"), "{}", read(&summary));
    assert!(read(&badge).contains(">1 of 1 pass</text>"), "{}", read(&badge));
    let kinds: Vec<String> = read(&events)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .map(|event| event["event"].as_str().expect("a kind").to_owned())
        .collect();
    assert_eq!(kinds, ["begun", "started", "finished", "ended"]);
    assert_eq!(folder.names(), ["a.events", "a.md", "a.svg"], "nothing is left beside them");
    for option in ["--markdown", "--badge", "--events"] {
        let output = run(&PASSES, &[(option, Path::new("-"))]);
        assert!(
            !output.stdout.is_empty() && String::from_utf8_lossy(&output.stderr).contains("Result: pass"),
            "{output:?}"
        );
    }
}

#[test]
fn events_that_were_told_stay_when_the_run_is_killed() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let target = format!("mqtt://{}", silent.local_addr().expect("it is bound"));
    let folder = Folder::new();
    let events = folder.with_earlier("events");
    let mut child =
        mqtt_assay(&["run", &target]).arg("--events").arg(&events).stdout(Stdio::null()).spawn().expect("starts");
    // It has begun once it has connected.
    let connection = silent.accept().expect("it connects");
    child.kill().expect("it is ours");
    child.wait().expect("it ends");
    let told = fs::read_to_string(&events).expect("there are some");
    let first: Value = serde_json::from_str(told.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&first["event"], &first["schema"]), (&"begun".into(), &1.into()));
    assert!(told.ends_with('\n'), "{told}");
    drop(connection);
}

#[test]
fn events_go_through_a_pipe_and_a_full_disk_is_told() {
    let folder = Folder::new();
    let pipe = folder.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there").success());
    let read = pipe.clone();
    let reader = std::thread::spawn(move || fs::read_to_string(read).expect("UTF-8"));
    let output = run(&PASSES, &[("--events", &pipe)]);
    assert_eq!(code(&output), 0, "{output:?}");
    let told = reader.join().expect("it reads to the end");
    assert!(
        told.lines().count() == 4 && told.lines().last().is_some_and(|line| line.contains("\"event\":\"ended\"")),
        "{told}"
    );
    if Path::new("/dev/full").exists() {
        let output = run(&PASSES, &[("--events", Path::new("/dev/full"))]);
        assert_eq!(code(&output), 8, "{output:?}");
    }
}

#[test]
fn github_gets_annotations_and_a_summary_and_obeys_no_broker() {
    let folder = Folder::new();
    let summary = folder.with_earlier("summary");
    let under = |arguments: &[&str], is_there: bool| {
        let mut command = mqtt_assay(&[&PASSES[..], &BROKEN, arguments].concat());
        command.env("GITHUB_STEP_SUMMARY", &summary);
        if is_there {
            command.env("GITHUB_ACTIONS", "true");
        }
        let output = command.output().expect("the program is there");
        assert_eq!(code(&output), 1, "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let printed = under(&[], true);
    let stop = printed.lines().next().and_then(|line| line.strip_prefix("::stop-commands::")).expect("it begins so");
    let (before, behind) = printed.split_once(&format!("\n::{stop}::\n")).expect("the runner is told to go on");
    assert!(stop.len() > 10 && before.contains("repeat "), "{printed}");
    assert!(behind.starts_with("::error title=5/publish/topic-with-wildcard"), "{printed}");
    let written = fs::read_to_string(&summary).expect("it is there");
    assert!(written.starts_with(&format!("{EARLIER}## MQTT conformance of ")), "it is appended: {written}");
    for printed in [under(&["--github", "never"], true), under(&[], false)] {
        assert!(!printed.contains("::"), "{printed}");
    }
    assert_eq!(fs::read_to_string(&summary).expect("it is there"), written);
    assert!(under(&["--github", "always"], false).contains("\n::error title="));
}

#[test]
fn a_page_is_written_by_the_run_and_made_again_of_its_report() {
    let folder = Folder::new();
    let (report, page, again) = (folder.path("report.json"), folder.path("deep/page"), folder.path("again"));
    let output = run(&[&PASSES[..], &BROKEN].concat(), &[("--json", &report), ("--html", &page)]);
    assert_eq!(code(&output), 1, "{output:?}");
    let written = fs::read_to_string(page.join("index.html")).expect("a page in a folder that was made");
    assert!(written.contains("5/publish/topic-with-wildcard") && written.contains("FAIL: 1 of 1"));
    let report = report.to_string_lossy().into_owned();
    assert_eq!(code(&run(&["report", &report], &[("--html", &again)])), 0);
    assert_eq!(fs::read_to_string(again.join("index.html")).expect("a page"), written);
    assert_eq!(code(&run(&["report", &report, &report], &[("--html", &again)])), 0);
    let both = fs::read_to_string(again.join("index.html")).expect("a page");
    assert!(both.contains("2 runs compared"));
    assert_eq!(fs::read_dir(&again).expect("can be listed").count(), 1, "nothing is left beside it");
}

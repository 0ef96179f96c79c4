//! The user's password: from an option, an address, a file or the environment, and in nothing that is printed or written.

#![cfg(unix)]

mod common;

use common::{Served, mqtt_assay};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const PASSWORD: &str = "s3cret w@rd/%";

/// The same as an address has it.
const ESCAPED: &str = "s3cret%20w%40rd%2f%25";

const VARIABLE: &str = "MQTT_ASSAY_PASSWORD";

/// A case that fails on the broker below, one that passes, and one whose CONNECT is mutated.
const CASES: &str = "5/publish/topic-with-wildcard | 5/retain/replaced \
                     | 5/malformed-connect/with-user-name.connect.password-flag-without-password";

const BROKER: [&str; 6] = ["--user", "ann", "--password", PASSWORD, "--fault", "acts-on:topic-name-wildcard"];

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| format!("{out}{byte:02x}"))
}

fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A way to name the password: behind the address, before its host, and in the environment.
struct Way {
    options: Vec<String>,
    in_address: String,
    in_environment: bool,
    /// What the repeat line says instead of the password.
    repeated: String,
}

fn ways(folder: &Path) -> Vec<Way> {
    let file = folder.join("password").display().to_string();
    fs::write(&file, format!("{PASSWORD}\r\nanother line\n")).expect("can be written");
    let user = || vec!["--user".to_owned(), "ann".to_owned()];
    let way = |options, in_address: &str, in_environment, repeated: &str| Way {
        options,
        in_address: in_address.to_owned(),
        in_environment,
        repeated: repeated.to_owned(),
    };
    let with = |option: &str, value: &str| [user(), vec![option.to_owned(), value.to_owned()]].concat();
    let variable = "MQTT_ASSAY_PASSWORD=\"$MQTT_ASSAY_PASSWORD\" mqtt-assay run ";
    vec![
        way(with("--password", PASSWORD), "", false, variable),
        way(Vec::new(), &format!("ann:{ESCAPED}@"), false, variable),
        way(with("--password-file", &file), "", false, &format!("--user ann --password-file {file}")),
        way(user(), "", true, variable),
        way(Vec::new(), "ann@", true, variable),
    ]
}

#[test]
fn a_password_is_in_nothing_that_a_run_prints_or_writes_and_the_repeat_line_works() {
    let (_served, address) = Served::start(&BROKER);
    let folder = TempDir::new().expect("a folder of our own");
    for way in ways(folder.path()) {
        let (json, junit) = (folder.path().join("a.json"), folder.path().join("a.xml"));
        let target = format!("mqtt://{}{address}", way.in_address);
        let mut command = mqtt_assay(&["run", &target, "-f", CASES, "-vv"]);
        command.args(&way.options).arg("--json").arg(&json).arg("--junit").arg(&junit);
        if way.in_environment {
            command.env(VARIABLE, PASSWORD);
        }
        let output = command.output().expect("the program is there");
        assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
        let read = |path| fs::read_to_string(path).expect("there is a report");
        for text in [printed(&output), read(&json), read(&junit)] {
            for secret in [PASSWORD, ESCAPED, &hex(PASSWORD)] {
                assert!(!text.contains(secret), "{secret} is in\n{text}");
            }
            assert!(text.contains("********") && text.contains("ann"), "{text}");
        }
        let text = printed(&output);
        let of_failure = |line: &&str| line.contains("-f 5/publish/topic-with-wildcard ");
        let repeat = text.lines().filter_map(|line| line.trim().strip_prefix("repeat")).find(of_failure);
        let repeat = repeat.expect("a case fails").trim();
        assert!(repeat.contains(&way.repeated), "{repeat}");
        assert_repeats(repeat);
    }
}

/// The line does what it says, in a shell in which the variable is set.
fn assert_repeats(line: &str) {
    let direct = mqtt_assay(&[]);
    let program = direct.get_program().to_string_lossy().into_owned();
    let mut command = Command::new("sh");
    command.args(["-c", &line.replace("mqtt-assay run", &format!("{program} run"))]).stdin(Stdio::null());
    if line.contains(VARIABLE) {
        command.env(VARIABLE, PASSWORD);
    } else {
        command.env_remove(VARIABLE);
    }
    let output = command.output().expect("a shell is there");
    assert_eq!(output.status.code(), Some(1), "{line}\n{}", printed(&output));
}

#[test]
fn a_password_is_in_nothing_that_a_hunt_prints_or_writes_unless_that_is_asked_for() {
    let (_served, address) = Served::start(&BROKER);
    let target = format!("mqtt://ann@{address}");
    for shows in [false, true] {
        let folder = TempDir::new().expect("a folder of our own");
        let findings = folder.path().join("findings");
        let mut command = mqtt_assay(&["fuzz", &target, "--cases", "200", "--seed", "4", "--no-feedback"]);
        command.env(VARIABLE, PASSWORD).arg("--findings").arg(&findings);
        for (option, name) in [("--json", "a.json"), ("--markdown", "a.md"), ("--html", "html")] {
            command.arg(option).arg(folder.path().join(name));
        }
        command.args(shows.then_some("--show-passwords"));
        let output = command.output().expect("the program is there");
        assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
        let texts = |place: &Path| {
            let all = fs::read_dir(place).expect("it is there").flatten().map(|file| file.path());
            let all = all.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).expect("text"));
            all.collect::<Vec<_>>().join("\n")
        };
        let pages = texts(&findings);
        let all = [texts(folder.path()), texts(&folder.path().join("html")), pages.clone(), printed(&output)].concat();
        let is_there = [PASSWORD, ESCAPED, &hex(PASSWORD)].iter().any(|secret| all.contains(secret));
        assert_eq!(is_there, shows, "shown although nobody asked, or not although somebody did");
        let hidden =
            "The record does not hold the password, so that it can't be sent again; with `--show-passwords` it does.";
        assert_eq!(pages.contains(hidden), !shows);
        assert_eq!(pages.contains("mqtt-assay replay expectation-"), shows, "no command that could not work");
    }
}

#[test]
fn passwords_are_written_where_that_is_asked_for() {
    let (_served, address) = Served::start(&BROKER);
    let target = format!("mqtt://{address}");
    let arguments = ["run", &target, "--user", "ann", "--password", PASSWORD, "-f", CASES, "-vv", "--show-passwords"];
    let text = printed(&mqtt_assay(&arguments).output().expect("the program is there"));
    assert!(text.contains(&hex(PASSWORD)) && !text.contains("********"), "{text}");
    assert!(text.contains(&format!("--user ann --password '{PASSWORD}'")), "{text}");
}

/// Exit 2, and a message with this in it and without any password.
#[track_caller]
fn assert_refused(arguments: &[&str], environment: Option<&str>, with: &str) {
    let mut command = mqtt_assay(arguments);
    command.envs(environment.map(|value| (VARIABLE, value)));
    let output = command.output().expect("the program is there");
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
    assert!(text.contains(with), "{arguments:?}: {text}");
    assert!(!text.contains("s3cret"), "{arguments:?}: {text}");
}

#[test]
fn no_error_shows_a_password() {
    for address in ["mqtt://ann:s3cret@h/path", "mqtt://ann:s3cret%@h", "mqtt://ann:s3cret", "ann:s3cret@h:1883"] {
        assert_refused(&["run", address], None, "********");
    }
    assert_refused(&["run", "http://ann:s3cret@h"], None, "`http://` is no address of a broker");
    assert_refused(&["mqtt://ann:s3cret@h"], None, "mqtt-assay run 'mqtt://ann:********@h'");
    assert_refused(&["run", "mqtt://h", "mqtt://ann:s3cret@h"], None, "unexpected argument");
    let unreachable = mqtt_assay(&["run", "mqtt://ann:s3cret@127.0.0.1:1", "-vv"]).output().expect("it is there");
    let text = printed(&unreachable);
    assert!(unreachable.status.code() == Some(3) && !text.contains("s3cret"), "{text}");
}

#[test]
fn what_is_said_twice_or_by_halves_is_refused_with_the_way_out() {
    let folder = TempDir::new().expect("a folder of our own");
    let file = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("can be written");
        path.display().to_string()
    };
    let good = file("good", b"s3cret\n");
    let (empty, binary) = (file("empty", b"\ns3cret\n"), file("binary", b"s3cret\xff\n"));
    let missing = folder.path().join("missing").display().to_string();
    let with_user = |options: &[&'static str]| [&["run", "mqtt://h", "--user", "ann"], options].concat();
    assert_refused(&with_user(&[]), None, "--password-file, or put it into MQTT_ASSAY_PASSWORD");
    assert_refused(&with_user(&[]), Some(""), "--password-file, or put it into MQTT_ASSAY_PASSWORD");
    assert_refused(&with_user(&["--password", "s3cret"]), Some("s3cret"), "--password and MQTT_ASSAY_PASSWORD both");
    let file_and = |value| ["run", "mqtt://h", "--user", "ann", "--password-file", value];
    assert_refused(&file_and(&good), Some("s3cret"), "--password-file and MQTT_ASSAY_PASSWORD both");
    assert_refused(&file_and(&empty), None, "its first line is empty");
    assert_refused(&file_and(&binary), None, "its first line is no UTF-8");
    assert_refused(&file_and(&missing), None, "No such file");
    let both = [&file_and(&good)[..], &["--password", "s3cret"]].concat();
    assert_refused(&both, None, "cannot be used with");
    assert_refused(&["run", "mqtt://ann:s3cret@h"], Some("s3cret"), "the address and MQTT_ASSAY_PASSWORD both");
    assert_refused(&["run", "mqtt://ann:s3cret@h", "--user", "bob"], None, "the address names a user");
    assert_refused(&["run", "mqtt://h", "--password", "s3cret"], None, "name one with --user");
    assert_refused(&["run", "mqtt://ann%00:s3cret@h"], None, "U+0000");
    let report = [&file_and(&good)[..], &["--json", &good]].concat();
    assert_refused(&report, None, "--password-file and --json name the same file");
    assert_eq!(fs::read(&good).expect("it is there"), b"s3cret\n");
}

#[test]
fn a_variable_for_other_runs_is_in_nobodys_way() {
    let output = mqtt_assay(&["run", "-f", "5/retain/replaced"]).env(VARIABLE, "s3cret").output();
    assert_eq!(output.expect("the program is there").status.code(), Some(0));
}

/// Cases whose CONNECT has no place for the whole of the credentials, on a broker that demands them, and closes without a
/// word: what it does there says nothing of the mistake.
#[test]
fn a_connect_without_the_credentials_that_the_broker_demands_is_not_offered() {
    let user = ["--user", "ann", "--password", PASSWORD];
    let (_served, address) = Served::start(&[&user[..], &["--quirk", "closes-bad-connect-at-once"]].concat());
    let target = format!("mqtt://{address}");
    let why = "the broker knows its clients by a user name, which this CONNECT lacks";
    let refused = "the broker doesn't let in the user whom this CONNECT has to name";
    for (case, reason) in [
        ("5/connect/well-formed.password-alone", why),
        ("5/malformed-connect/with-will-and-user-name.cut.before-field@user-name", refused),
        ("3.1.1/malformed-connect/with-will-and-user-name.cut.before-field@user-name", refused),
    ] {
        let output = mqtt_assay(&["run", &target, "-f", case, "-v"]).args(user).output().expect("the program is there");
        let text = printed(&output);
        assert!(text.contains(reason) && text.contains("not offered"), "{case}\n{text}");
    }
}

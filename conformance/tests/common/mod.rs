//! What tests of the program share: the program itself, `serve` as a broker to aim at, and snapshots without what
//! differs from run to run.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// The program with these arguments, in an environment that says nothing about colours and passwords.
pub(crate) fn mqtt_assay(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mqtt-assay"));
    for name in [
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "COLUMNS",
        "MQTT_ASSAY_PASSWORD",
        "GITHUB_ACTIONS",
        "GITHUB_STEP_SUMMARY",
    ] {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What the program has written.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// Everything that a call shows: command, both outputs, exit code.
pub(crate) fn shown(arguments: &[&str], output: &Output) -> String {
    let (out, errors) = (text(&output.stdout), text(&output.stderr));
    let errors = if errors.is_empty() { errors } else { format!("--- standard error\n{errors}") };
    let code = output.status.code().expect("no signal ends it");
    format!("$ mqtt-assay {}\n{out}{errors}--- exit code {code}\n", arguments.join(" "))
}

/// Snapshots without what differs from run to run: times, ports.
pub(crate) fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d+\.\d{3}s", "[time]");
    settings.add_filter(r"127\.0\.0\.1:\d+", "127.0.0.1:[port]");
    settings.add_filter(r"os error \d+", "os error [n]");
    settings
}

/// A `serve` process, ended when it goes out of scope.
pub(crate) struct Served {
    pub(crate) child: Child,
    pub(crate) lines: BufReader<ChildStdout>,
}

impl Served {
    /// Starts it on a port of its own; returns `host:port` too.
    pub(crate) fn start(arguments: &[&str]) -> (Self, String) {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"][..], arguments].concat();
        let mut child = mqtt_assay(&arguments).stdout(Stdio::piped()).spawn().expect("starts");
        let lines = BufReader::new(child.stdout.take().expect("piped"));
        let mut served = Self { child, lines };
        let first = served.line();
        let address =
            first.split("mqtt://").nth(1).and_then(|rest| rest.split(';').next()).expect("an address").to_owned();
        (served, address)
    }

    /// Starts it at these addresses; returns those of clients, in the same order.
    pub(crate) fn at(addresses: &[&str], arguments: &[&str]) -> (Self, Vec<String>) {
        let mut words = vec!["serve"];
        words.extend(addresses.iter().flat_map(|address| ["--listen", address]));
        words.extend(arguments);
        let mut child = mqtt_assay(&words).stdout(Stdio::piped()).spawn().expect("starts");
        let lines = BufReader::new(child.stdout.take().expect("piped"));
        let mut served = Self { child, lines };
        let first = served.line();
        let urls = first.trim_start_matches("listening on ").split(';').next().expect("addresses");
        let urls = urls.split(", ").map(str::to_owned).collect();
        (served, urls)
    }

    /// The next line of its log.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("it goes on");
        line
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

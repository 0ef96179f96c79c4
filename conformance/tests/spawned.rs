//! Brokers that the program has started end with it, however it ends, and so does what they have started in their turn;
//! nothing of them stays on the disk.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What has not happened by then never will; how long the machine takes beside its other work decides nothing.
const WITHIN: Duration = Duration::from_mins(10);

/// What stands in the pipe of standard output when its writer has to wait, at least: it has room for 16 pages, and none
/// of them need be full.
const FULL: u64 = 12 * 4096;

#[test]
fn a_run_that_ends_leaves_no_broker() {
    let run = Run::start("5/malformed/qos-3", Stdio::null());
    let Run { mut child, folder } = run;
    assert_eq!(child.wait().expect("it was started here").code(), Some(0));
    nothing_is_left(folder.path());
}

/// The run can't end by itself here: it waits for a reader of its output.
#[test]
fn a_run_that_is_ended_at_once_leaves_no_broker() {
    let run = Run::start("*/malformed*/*", Stdio::piped());
    let Run { mut child, folder } = run;
    let mut out = BufReader::with_capacity(1, child.stdout.take().expect("piped"));
    out.read_line(&mut String::new()).expect("it says what it runs on");
    until("the output has filled its pipe", || rustix::io::ioctl_fionread(out.get_ref()).is_ok_and(|len| len >= FULL));
    assert!(is_alive(broker(folder.path())), "there is a broker to be ended");
    send("-INT", child.id());
    send("-INT", child.id());
    let mut ended = None;
    until("the second Ctrl-C has ended it", || {
        // Where both came as one, only one was counted.
        send("-INT", child.id());
        ended = child.try_wait().expect("it was started here");
        ended.is_some()
    });
    assert_eq!(ended.and_then(|status| status.code()), Some(130));
    nothing_is_left(folder.path());
}

/// A run on a broker that a shell has started beside itself.
struct Run {
    child: Child,
    /// Where the shell notes the broker's number, and where all folders of the run are made.
    folder: TempDir,
}

impl Run {
    fn start(filter: &str, output: Stdio) -> Self {
        let folder = TempDir::new().expect("a folder of our own");
        let program = env!("CARGO_BIN_EXE_mqtt-assay");
        let note = folder.path().join("broker");
        let broker = format!("'{program}' serve --listen 127.0.0.1:{{port}} & echo $! > '{}'; wait", note.display());
        let command = format!("sh -c \"{broker}\"");
        let mut run = Command::new(program);
        run.args(["run", "--spawn", &command, "-f", filter, "-vv"]).env("TMPDIR", folder.path());
        let child = run.stdin(Stdio::null()).stdout(output).spawn().expect("the program starts");
        Self { child, folder }
    }
}

/// The number of the broker's process.
fn broker(folder: &Path) -> u32 {
    let note = fs::read_to_string(folder.join("broker")).expect("the shell has noted it");
    note.trim().parse().expect("a number")
}

fn nothing_is_left(folder: &Path) {
    let broker = broker(folder);
    // Its parent has gone before it, and who inherits it takes note of its end in its own time.
    until("the broker has ended", || !is_alive(broker));
    let left: Vec<_> = fs::read_dir(folder).expect("it is ours").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["broker"], "the broker's folder is to be gone");
}

/// True while it runs; one that has ended and that nobody has asked about yet does not.
fn is_alive(process: u32) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", &process.to_string()]).output().expect("ps is there");
    !state.stdout.is_empty() && !state.stdout.starts_with(b"Z")
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < WITHIN, "not within {WITHIN:?}: {what}");
        thread::yield_now();
    }
}

fn send(signal: &str, process: u32) {
    // It may have ended in between, and is not yet waited for.
    let _ = Command::new("kill").args([signal, &process.to_string()]).status().expect("kill is there");
}

//! Brokers that the program has started end with it, however it ends, and so does what they have started in their turn;
//! nothing of them stays on the disk. A command that is no broker is told apart from one that is slow.

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

/// No destructor runs, and nobody can be asked: the broker's supervisor sees that the suite is gone.
#[test]
fn a_run_that_is_killed_leaves_no_broker() {
    for signal in ["-KILL", "-ABRT"] {
        let runs: Vec<Run> = (0..KILLED).map(|_| Run::start("*/session/*", Stdio::null())).collect();
        for run in &runs {
            run.wait_for_its_broker();
            send(signal, run.child.id());
        }
        for Run { mut child, folder } in runs {
            assert_eq!(child.wait().expect("it was started here").code(), None, "a signal ended it");
            nothing_is_left(folder.path());
        }
    }
}

/// Without a terminal the end of one is heard all the same: the run ends in order.
#[test]
fn a_hang_up_without_a_terminal_ends_a_run_in_order() {
    let run = Run::start("*/session/*", Stdio::null());
    run.wait_for_its_broker();
    send("-HUP", run.child.id());
    let Run { mut child, folder } = run;
    assert_eq!(child.wait().expect("it was started here").code(), Some(130));
    nothing_is_left(folder.path());
}

/// When the supervisor is killed too, nobody is left who could clean up: the next run does.
#[test]
fn what_nobody_could_remove_is_removed_at_the_next_start() {
    let run = Run::start("*/session/*", Stdio::null());
    run.wait_for_its_broker();
    let Run { mut child, folder } = run;
    let broker = broker(folder.path());
    let shell = parent(broker);
    let supervisor = parent(shell);
    assert_eq!(parent(supervisor), child.id(), "the suite, its supervisor, the shell, the broker");
    send("-STOP", supervisor);
    for process in [child.id(), supervisor, shell, broker] {
        send("-KILL", process);
    }
    let _ = child.wait().expect("it was started here");
    until("the broker has ended", || !is_alive(broker));
    assert_eq!(folders_in(folder.path()), 1, "this is how it is left");

    let next = started(&["run", "--spawn", "sh -c 'exit 1' {port}", "-f", "5/malformed/qos-3"], folder.path());
    assert_eq!(next.wait_with_output().expect("it ends").status.code(), Some(3));
    assert_eq!(folders_in(folder.path()), 0);
}

/// `setsid` leaves the group: on Linux the supervisor finds it all the same.
#[test]
#[cfg(target_os = "linux")]
fn a_command_that_goes_into_the_background_is_named_and_ended() {
    let folder = TempDir::new().expect("a folder of our own");
    let note = folder.path().join("broker");
    let program = env!("CARGO_BIN_EXE_mqtt-assay");
    let broker = format!("setsid '{program}' serve --listen 127.0.0.1:{{port}} & echo $! > '{}'", note.display());
    let (code, _, errors) = ended(&["--spawn", &format!("sh -c \"{broker}\"")], folder.path());
    assert_eq!(code, Some(3), "{errors}");
    assert!(errors.contains("the command went into the background: it ended after"), "{errors}");
    assert!(errors.contains("start the broker in the foreground"), "{errors}");
    assert!(!errors.contains("is it an MQTT broker"), "{errors}");
    nothing_is_left(folder.path());
}

/// What has no hope of listening is not started again.
#[test]
fn a_command_that_ends_is_tried_once_and_quoted() {
    let folder = TempDir::new().expect("a folder of our own");
    let count = folder.path().join("count");
    let script = format!("echo once >> '{}'; printf 'no \\\\033[2J config\\\\n'; exit 3", count.display());
    let (code, _, errors) = ended(&["--spawn", &format!("sh -c \"{script}\" {{port}}")], folder.path());
    assert_eq!(code, Some(3), "{errors}");
    assert!(errors.contains("s (exit status: 3); it printed: no \\u{1b}[2J config"), "{errors}");
    assert_eq!(fs::read_to_string(count).expect("it was started"), "once\n");
}

/// The start of a broker that never listens, and a question for the version that is never answered: both hear the end of
/// the time and the signal.
#[test]
#[cfg(target_os = "linux")]
fn the_end_of_the_time_and_a_signal_are_heard_while_a_command_says_nothing() {
    let folder = TempDir::new().expect("a folder of our own");
    let profile = folder.path().join("silent.toml");
    let note = folder.path().join("asked");
    let silent = "exec tail -f /dev/null";
    let question =
        format!("[version]\ncommand = ['sh', '-c', \"touch '{}'; {silent}\"]\nafter = 'x'\n", note.display());
    let text = format!("name = 'silent'\ncommand = ['sh', '-c', '{silent}', '{{port}}']\n{question}");
    fs::write(&profile, text).expect("written");
    let profile = profile.display().to_string();
    let silent = format!("sh -c '{silent}' {{port}}");
    for target in [&["--spawn", &silent][..], &[&profile]] {
        let (code, out, errors) = ended(&[target, &["--timeout", "1"]].concat(), folder.path());
        assert_eq!(code, Some(130), "{out}{errors}");
        assert!(out.contains("Result: --timeout is over: 0 of 1 cases had ended"), "{out}");
    }
    fs::remove_file(&note).expect("the version was asked for");
    let mut run = started(&["run", &profile, "-f", "5/malformed/qos-3"], folder.path());
    until("the version is asked for", || note.exists());
    send("-TERM", run.id());
    assert_eq!(run.wait().expect("it was started here").code(), Some(130));
    assert_eq!(folders_in(folder.path()), 0);
}

/// A gigabyte before the broker listens, and one before a command ends.
#[test]
fn a_command_may_print_a_gigabyte() {
    let folder = TempDir::new().expect("a folder of our own");
    let program = env!("CARGO_BIN_EXE_mqtt-assay");
    let script = folder.path().join("flood.sh");
    let flood = "head -c 1000000000 /dev/zero | tr '\\0' x; echo; echo the very end\n";
    fs::write(&script, format!("{flood}[ \"$1\" = dies ] && exit 1\nexec '{program}' serve --listen 127.0.0.1:$2\n"))
        .expect("written");
    let command = |how: &str| format!("sh '{}' {how} {{port}}", script.display());
    let (code, out, errors) = ended(&["--spawn", &command("lives")], folder.path());
    assert_eq!(code, Some(0), "{out}{errors}");
    let (code, _, errors) = ended(&["--spawn", &command("dies")], folder.path());
    assert_eq!(code, Some(3), "{errors}");
    assert!(errors.contains("xxx... | the very end\n") && errors.len() < 1000, "{errors}");
    assert_eq!(folders_in(folder.path()), 0);
}

/// What is wrong with this machine is not asked of the broker.
#[test]
fn a_trouble_of_this_machine_is_named() {
    let folder = TempDir::new().expect("a folder of our own");
    let nowhere = folder.path().join("nowhere");
    let run = started(&["run", "--spawn", "true {port}", "-f", "5/malformed/qos-3"], &nowhere);
    let run = run.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(3), "{errors}");
    assert!(errors.contains("nowhere: No such file or directory") && errors.contains("TMPDIR"), "{errors}");
    assert!(!errors.contains("is it an MQTT broker"), "{errors}");
    let program = env!("CARGO_BIN_EXE_mqtt-assay");
    for most in 5..30 {
        let script = format!("ulimit -n {most}; exec '{program}' run --spawn 'true {{port}}' -f 5/malformed/qos-3");
        let mut run = Command::new("sh");
        let run = run.args(["-c", &script]).env("TMPDIR", folder.path()).stdin(Stdio::null()).output();
        let run = run.expect("there is a shell");
        let errors = String::from_utf8_lossy(&run.stderr);
        let is_enough = errors.contains("ended after");
        let is_named = errors.contains("nothing judged: ")
            && errors.contains("Too many open files")
            && errors.contains("ulimit -n");
        assert!(run.status.code() == Some(3) && (is_named || is_enough), "{most} descriptors: {errors}");
        assert!(!errors.contains("is it an MQTT broker"), "{errors}");
    }
}

/// How many runs are killed at once.
const KILLED: usize = 15;

/// The program with these arguments, all of whose folders are made in this one.
fn started(arguments: &[&str], folder: &Path) -> Child {
    let mut run = Command::new(env!("CARGO_BIN_EXE_mqtt-assay"));
    run.args(arguments).env("TMPDIR", folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    run.spawn().expect("the program starts")
}

/// Runs one case on this target; its exit code, what it printed, and its errors.
fn ended(target: &[&str], folder: &Path) -> (Option<i32>, String, String) {
    let arguments = [&["run"], target, &["-f", "5/malformed/qos-3"]].concat();
    let output = started(&arguments, folder).wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// How many folders of runs there are.
fn folders_in(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("it is ours").flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("mqtt-assay-")).count()
}

fn parent(process: u32) -> u32 {
    let parent = Command::new("ps").args(["-o", "ppid=", "-p", &process.to_string()]).output().expect("ps is there");
    String::from_utf8_lossy(&parent.stdout).trim().parse().expect("it runs")
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

    /// Ends when the shell has noted the broker's number, to the line feed behind it.
    fn wait_for_its_broker(&self) {
        let note = self.folder.path().join("broker");
        until("the broker is started", || fs::read_to_string(&note).is_ok_and(|note| note.ends_with('\n')));
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
    // Who removes it may have been the last to go.
    until("its folder is gone", || folders_in(folder) == 0);
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

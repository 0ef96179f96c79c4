//! A child process under watch: its output, its exit code, how much memory it took at most, and a limit of time after
//! which it is killed and the test fails.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the memory and the limit of time are looked at.
const LOOK: Duration = Duration::from_millis(5);

/// What becomes of the child's standard output.
pub(crate) enum StandardOutput {
    /// It is read to its end.
    Read,
    /// Its reader has gone before anything is written.
    Closed,
}

/// When the child gets which signal.
pub(crate) enum Moment {
    /// When this many lines have been read of its standard output. Later ones are not read before.
    AfterLines(usize),
    /// When this is told.
    Told(Receiver<()>),
}

/// How a child ended.
pub(crate) struct Ended {
    /// `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) errors: String,
    /// The most memory that it had, in bytes; 0 on systems that don't tell.
    pub(crate) peak: u64,
}

/// Runs a child to its end, which must come within this time.
pub(crate) fn run(
    mut command: Command,
    output: &StandardOutput,
    mut signal: Option<(&'static str, Moment)>,
    within: Duration,
) -> Ended {
    command.stderr(Stdio::piped()).stdout(match output {
        StandardOutput::Read => Stdio::piped(),
        StandardOutput::Closed => without_reader(),
    });
    let mut child = command.spawn().expect("the program starts");
    // The command keeps its end of a pipe until it is gone.
    command.stdout(Stdio::null());
    // Without room for a line nobody has asked for, a child can't be further than its reader, a full pipe aside.
    let (tell, lines) = sync_channel(0);
    let errors = child.stderr.take().map(|errors| collect(errors, tell.clone(), false)).expect("piped");
    let out = child.stdout.take().map(|out| collect(out, tell.clone(), true));
    drop(tell);
    let (begun, mut read, mut peak) = (Instant::now(), 0, 0);
    loop {
        match lines.recv_timeout(LOOK) {
            Ok(()) => read += 1,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        peak = peak.max(memory(&child));
        let is_due = signal.as_ref().is_some_and(|(_, moment)| match moment {
            Moment::AfterLines(count) => read >= *count,
            Moment::Told(told) => told.try_recv().is_ok(),
        });
        if let Some((name, _)) = signal.take_if(|_| is_due) {
            send(name, &child);
        }
        if begun.elapsed() > within {
            let _ = child.kill();
            drop(lines);
            let out = out.map(finished);
            panic!("{command:?} has not ended within {within:?}:\n{}\n{}", out.unwrap_or_default(), finished(errors));
        }
    }
    let code = child.wait().expect("it was started here").code();
    Ended { code, out: out.map(finished).unwrap_or_default(), errors: finished(errors), peak }
}

/// The writing end of a pipe whose reader has gone.
fn without_reader() -> Stdio {
    let (_, writer) = std::io::pipe().expect("a pipe");
    writer.into()
}

/// Reads on a thread of its own, telling every line if it shall.
fn collect(from: impl Read + Send + 'static, tell: SyncSender<()>, tells: bool) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = Vec::new();
        let mut from = BufReader::new(from);
        while from.read_until(b'\n', &mut text).expect("a pipe can be read") > 0 {
            if tells {
                // When nobody counts any more, reading goes on.
                let _ = tell.send(());
            }
        }
        String::from_utf8(text).expect("output is UTF-8")
    })
}

fn finished(reader: JoinHandle<String>) -> String {
    reader.join().expect("what it prints is UTF-8")
}

#[cfg(target_os = "linux")]
fn memory(child: &Child) -> u64 {
    // A child that has just ended has no such file, or no such line in it.
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kibibytes.unwrap_or_default() << 10
}

#[cfg(not(target_os = "linux"))]
fn memory(_: &Child) -> u64 {
    0
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success(), "kill {signal}: {sent}");
}

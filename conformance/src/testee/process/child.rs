//! One process of a testee, from its start to its end.

use super::super::limits::{BYTES_A_BYTE, BYTES_BESIDES, LAST_WORDS, TesteeLimits};
use super::super::{Death, Greeting, PROTOCOL};
use super::kept::Kept;
use super::lines::{Lines, Piece};
use super::memory;
use crate::broker::Family;
use crate::text::{quoted, short};
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Those that have been started and not ended.
static LIVING: Mutex<Vec<Family>> = Mutex::new(Vec::new());

/// Ends all of them: for an end of the tool that runs no destructors.
pub(crate) fn end_all() {
    living().drain(..).for_each(|family| family.end());
}

fn living() -> MutexGuard<'static, Vec<Family>> {
    LIVING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process that has greeted.
pub(super) struct Child {
    family: Family,
    number: u32,
    /// Takes what is to be written; a thread of its own writes it, and closes its input when this is dropped.
    questions: Option<Sender<String>>,
    lines: Lines,
    stderr: Kept,
    has_ended: bool,
}

impl Child {
    /// Starts it, and waits for its greeting.
    ///
    /// # Errors
    ///
    /// Why it can't be asked, in words.
    pub(super) fn start(words: &[OsString], limits: &TesteeLimits) -> Result<(Self, Greeting), String> {
        let mut child = Self::spawn(words).map_err(|error| {
            let program = words.first().map_or_else(String::new, |program| program.to_string_lossy().into_owned());
            format!("{} can't be started: {error}", quoted(&program))
        })?;
        child.write(format!("HELLO {PROTOCOL}\n"));
        let lines = child.first_line(limits.greeting)?;
        let (line, more) = lines.split_once('\n').unwrap_or((&lines, ""));
        let greeting = Greeting::from_line(line).map_err(|why| format!("{why}: {}", quoted(line)))?;
        if more.is_empty() {
            return Ok((child, greeting));
        }
        Err(format!("behind its greeting it wrote, unasked: {}", quoted(more.trim_end())))
    }

    fn spawn(words: &[OsString]) -> io::Result<Self> {
        let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Where a panic of Rust was is its first line, which a trace would push out of what is kept, and takes long to make.
        command.env("RUST_BACKTRACE", "0");
        // All that it starts ends with it; and Ctrl-C in a terminal is for the tool alone.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let number = child.id();
        let family = Family::of(child, false);
        living().push(family.clone());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let made = || Ok((written_to(stdin)?, Lines::of(stdout, BYTES_BESIDES)?, Kept::of(stderr)?));
        match made() {
            Ok((questions, lines, stderr)) => {
                Ok(Self { family, number, questions: Some(questions), lines, stderr, has_ended: false })
            }
            Err(error) => {
                ended(&family);
                Err(error)
            }
        }
    }

    fn first_line(&mut self, patience: Duration) -> Result<String, String> {
        match self.lines.pieces.recv_timeout(patience) {
            Ok(Piece::Lines(lines)) => Ok(lines),
            Ok(Piece::Endless(line)) => Err(format!("its first line has no end: {}", quoted(&line))),
            Ok(Piece::Over(line)) => Err(self.died_before_it_greeted(&line)),
            Err(RecvTimeoutError::Timeout) => Err(self.greets_nobody(patience)),
            Err(RecvTimeoutError::Disconnected) => Err(self.died_before_it_greeted("")),
        }
    }

    fn died_before_it_greeted(&mut self, line: &str) -> String {
        let Death { how, stderr, .. } = self.death();
        let wrote =
            if line.is_empty() { String::new() } else { format!("; it wrote {} without a line feed", quoted(line)) };
        let said = if stderr.is_empty() { String::new() } else { format!("\n{}", crate::text::visible(&stderr)) };
        format!("it ended before it greeted: {how}{wrote}{said}")
    }

    fn greets_nobody(&mut self, patience: Duration) -> String {
        let seconds = patience.as_secs_f32();
        match self.lines.unfinished() {
            line if line.is_empty() => {
                format!("it did not greet within {seconds} s: its first line is to be `HELLO {PROTOCOL} ...`")
            }
            line => format!("it did not greet within {seconds} s: there is no line feed behind {}", quoted(&line)),
        }
    }

    /// Has lines written to it. That it doesn't read them any more is seen by what it does not answer.
    pub(super) fn write(&self, lines: String) {
        if let Some(questions) = &self.questions {
            let _ = questions.send(lines);
        }
    }

    /// Lets a line be as long as an answer to a question about so many bytes can be.
    pub(super) fn allow_answers_about(&self, bytes: usize) {
        self.lines.allow(bytes.saturating_mul(BYTES_A_BYTE).saturating_add(BYTES_BESIDES));
    }

    /// The next of its output.
    pub(super) fn next(&self, patience: Duration) -> Result<Piece, RecvTimeoutError> {
        self.lines.pieces.recv_timeout(patience)
    }

    /// The beginning of a line whose end has not come.
    pub(super) fn unfinished(&self) -> String {
        self.lines.unfinished()
    }

    /// How much memory it has used at most, if that is more than it may.
    pub(super) fn memory_over(&self, limit: u64) -> Option<u64> {
        memory::most_used(self.number).filter(|used| *used > limit)
    }

    /// How it ended, of one whose output has; one that lives on is killed.
    pub(super) fn death(&mut self) -> Death {
        let deadline = Instant::now() + LAST_WORDS;
        while self.family.is_running() && Instant::now() < deadline {
            thread::park_timeout(Duration::from_millis(1));
        }
        let lives_on = self.family.is_running();
        let status = self.end();
        let how = match status {
            _ if lives_on => "it closed its output and lived on".to_owned(),
            Some(status) => in_words(status),
            None => "nobody knows how".to_owned(),
        };
        Death { how, stderr: self.stderr.text(), repeats: true }
    }

    /// Ends it, with what it has started.
    pub(super) fn kill(&mut self) -> String {
        self.end();
        self.stderr.text()
    }

    fn end(&mut self) -> Option<ExitStatus> {
        self.questions = None;
        self.has_ended = true;
        ended(&self.family)
    }
}

/// Ends it with all that it has started, and says how it ended.
fn ended(family: &Family) -> Option<ExitStatus> {
    family.end();
    living().retain(|other| !other.is(family));
    family.wait().ok().map(|end| end.status)
}

impl Drop for Child {
    /// Its input ends, and so does it; if it doesn't at once, it is killed.
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        self.questions = None;
        let deadline = Instant::now() + LAST_WORDS;
        while self.family.is_running() && Instant::now() < deadline {
            thread::park_timeout(Duration::from_millis(1));
        }
        self.end();
    }
}

/// A thread that writes to the process, until there is nothing more to come or nobody who reads.
fn written_to(mut stdin: impl Write + Send + 'static) -> io::Result<Sender<String>> {
    let (questions, lines) = channel::<String>();
    thread::Builder::new().name("testee-stdin".to_owned()).spawn(move || {
        for line in lines {
            if stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()).is_err() {
                return;
            }
        }
    })?;
    Ok(questions)
}

/// `it exited with code 1`, `it was killed by signal 11 (SIGSEGV)`.
fn in_words(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal_name(signal) {
            Some(name) => format!("it was ended by signal {signal} ({name})"),
            None => format!("it was ended by signal {signal}"),
        };
    }
    match status.code() {
        Some(code) => format!("it exited with code {code}"),
        None => short(&status.to_string()),
    }
}

#[cfg(unix)]
fn signal_name(signal: i32) -> Option<&'static str> {
    use rustix::process::Signal;
    let names = [
        (Signal::ILL, "SIGILL"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::TERM, "SIGTERM"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::SYS, "SIGSYS"),
    ];
    names.into_iter().find(|(known, _)| known.as_raw() == signal).map(|(_, name)| name)
}

//! The log: written by a thread of its own, so that the broker never waits for whoever reads it. What is not read in time is
//! left out, and counted.

use crate::cli::failure::Failure;
use crate::cli::output::{print, print_aside};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of lines that may wait to be written.
const MOST_BYTES: usize = 1 << 20;

/// How long the last lines may take when the broker ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Where lines go. Clones write to the same log.
#[derive(Clone, Default)]
pub(super) struct Log {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: VecDeque<String>,
    bytes: usize,
    left_out: u64,
    is_writing: bool,
    is_ending: bool,
    failure: Option<Failure>,
}

impl Log {
    /// A log to standard output; where that belongs to somebody else, to standard error.
    pub(super) fn start(is_aside: bool) -> io::Result<Self> {
        Self::to(if is_aside { print_aside } else { print })
    }

    /// A log that is written by `write`, which may take as long as it likes.
    fn to(write: impl Fn(&str) -> Result<(), Failure> + Send + 'static) -> io::Result<Self> {
        let log = Self::default();
        let shared = Arc::clone(&log.shared);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || shared.write_all(write))?;
        Ok(log)
    }

    /// Adds a line, if there is room for it.
    pub(super) fn line(&self, line: &str) {
        let mut state = self.shared.lock();
        if state.bytes + line.len() > MOST_BYTES {
            state.left_out += 1;
            return;
        }
        state.push(format!("{line}\n"));
        self.shared.changed.notify_all();
    }

    /// Writes what waits and these last lines; whatever nobody reads within a second is lost.
    pub(super) fn end(&self, last: &str) -> Result<(), Failure> {
        let mut state = self.shared.lock();
        state.note_left_out();
        state.push(last.to_owned());
        state.is_ending = true;
        self.shared.changed.notify_all();
        let busy = |state: &mut State| !state.lines.is_empty() || state.is_writing;
        let waited = self.shared.changed.wait_timeout_while(state, LAST_WORDS, busy);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.failure.take().map_or(Ok(()), Err)
    }
}

impl State {
    fn push(&mut self, text: String) {
        self.bytes += text.len();
        self.lines.push_back(text);
    }

    /// Says in the log itself how much is missing there.
    fn note_left_out(&mut self) {
        let count = std::mem::take(&mut self.left_out);
        if count > 0 {
            self.push(format!("{count} lines are left out here: nobody read them in time\n"));
        }
    }

    /// Everything that waits, once there is something; nothing at the end.
    fn take(&mut self) -> String {
        self.note_left_out();
        self.bytes = 0;
        self.lines.drain(..).collect()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self, write: impl Fn(&str) -> Result<(), Failure>) {
        loop {
            let idle = |state: &mut State| state.lines.is_empty() && !state.is_ending;
            let mut state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
            if state.lines.is_empty() {
                return;
            }
            let text = state.take();
            state.is_writing = true;
            drop(state);
            let failure = write(&text).err();
            let mut state = self.lock();
            state.is_writing = false;
            state.failure = failure;
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn what_nobody_reads_is_left_out_and_counted() {
        let (begin, begun) = mpsc::channel();
        let (go_on, going_on) = mpsc::channel::<()>();
        let (wrote, written) = mpsc::channel();
        let log = Log::to(move |text| {
            begin.send(()).expect("the test waits");
            going_on.recv().expect("the test says when");
            wrote.send(text.to_owned()).expect("the test reads");
            Ok(())
        });
        let log = log.expect("a thread");
        log.line("first");
        begun.recv().expect("it writes");
        let long = "x".repeat(MOST_BYTES / 2 - 2);
        for _ in 0..5 {
            log.line(&long);
        }
        go_on.send(()).expect("it waits");
        assert_eq!(written.recv().expect("the first line"), "first\n");
        begun.recv().expect("it writes on");
        go_on.send(()).expect("it waits");
        let rest = written.recv().expect("the rest");
        assert_eq!(rest.matches('x').count(), 2 * long.len());
        assert!(rest.ends_with("\n3 lines are left out here: nobody read them in time\n"));
        drop(go_on);
    }

    #[test]
    fn the_end_does_not_wait_for_ever() {
        let (never, waits) = mpsc::channel::<()>();
        let log = Log::to(move |_| {
            let _ = waits.recv();
            Ok(())
        });
        let log = log.expect("a thread");
        log.line("nobody reads this");
        assert_eq!(log.end("nor this\n"), Ok(()));
        drop(never);
    }
}

//! What watches over a run from a thread of its own, by the clock on the wall: Ctrl-C and SIGTERM, `--timeout`, and a
//! watchdog, since a defect of ours can stop the simulated clock for ever, or keep the one thread of a run busy.
//!
//! The guard only asks the run to end; the run then ends by itself, and its reports are written. It decides nothing and
//! answers nothing, so that it may stand beside the simulated clock. A second Ctrl-C ends the process at once.

use super::exit::Exit;
use crate::{broker, testee};
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// How long nothing may happen in a run on the simulated clock, on the wall.
pub(super) const SILENCE: Duration = Duration::from_mins(1);

/// How long a run may take to end once the watchdog has asked it to; then the process is ended.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How often the watchdog looks.
const LOOK: Duration = Duration::from_secs(1);

/// How many pipes' descriptors two runtimes and the handling of signals need at most.
const NEEDED_PIPES: usize = 6;

/// Why a run was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Ctrl-C, SIGTERM or the end of the terminal.
    Signal,
    /// `--timeout` is over.
    Timeout,
    /// Nothing has happened for too long: a defect of ours.
    Standstill,
}

/// The watch over one run.
pub(crate) struct Guard {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    events: AtomicU64,
    running: Mutex<BTreeSet<String>>,
    ending: watch::Sender<Option<Ending>>,
    is_over: AtomicBool,
}

impl Guard {
    /// Begins to watch. `timeout` is that of the whole run; `silence` how long nothing may happen, where the run is on
    /// the simulated clock.
    pub(crate) fn start(timeout: Option<Duration>, silence: Option<Duration>) -> io::Result<Self> {
        require_descriptors()?;
        let shared = Arc::<Shared>::default();
        let watched = Arc::clone(&shared);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let signals = {
            let _inside = runtime.enter();
            Signals::new()?
        };
        let watch = async move {
            tokio::join!(end_by_signal(&watched, signals), deadline(&watched, timeout), watchdog(&watched, silence));
        };
        std::thread::Builder::new().name("guard".to_owned()).spawn(move || runtime.block_on(watch))?;
        Ok(Self { shared })
    }

    /// Takes note that something happened; `started` or ended is the case with this id.
    pub(crate) fn note(&self, case: &str, started: bool) {
        self.shared.events.fetch_add(1, Ordering::Relaxed);
        let mut running = self.shared.running.lock().unwrap_or_else(PoisonError::into_inner);
        if started {
            running.insert(case.to_owned());
        } else {
            running.remove(case);
        }
    }

    /// Ends when the run is asked to end.
    pub(crate) async fn asked_to_end(&self) {
        // The sender lives as long as the guard does, so waiting can't fail.
        let _ = self.shared.ending.subscribe().wait_for(Option::is_some).await;
    }

    /// Ends when the run is asked to end before its first case has begun.
    pub(crate) async fn asked_to_end_before_it_began(&self) {
        self.asked_to_end().await;
        if self.shared.events.load(Ordering::Relaxed) > 0 {
            std::future::pending::<()>().await;
        }
    }

    /// Why the run was asked to end, if it was.
    pub(crate) fn ending(&self) -> Option<Ending> {
        *self.shared.ending.borrow()
    }

    /// The cases that have begun and not ended.
    pub(crate) fn running(&self) -> Vec<String> {
        self.shared.running.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// A runtime that can't open what it needs panics: so that is tried before.
fn require_descriptors() -> io::Result<()> {
    let pipes: io::Result<Vec<_>> = (0..NEEDED_PIPES).map(|_| io::pipe()).collect();
    pipes.map(drop)
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    /// Asks the run to end. The first reason counts.
    fn ask(&self, why: Ending) {
        self.ending.send_if_modified(|ending| {
            let is_first = ending.is_none();
            ending.get_or_insert(why);
            is_first
        });
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

async fn end_by_signal(shared: &Shared, mut signals: Signals) {
    loop {
        signals.next().await;
        if shared.ending.borrow().is_some() || shared.is_over() {
            end_at_once(Exit::Interrupted);
        }
        shared.ask(Ending::Signal);
    }
}

/// Ctrl-C, and where the system has them SIGTERM and the end of the terminal. From its making on, they no longer end
/// the process by themselves.
pub(super) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    /// Begins to listen; needs a runtime.
    #[cfg(unix)]
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            // What `nohup` has had ignored is to stay so.
            hang_up: is_hang_up_heard().then(|| signal(SignalKind::hangup())).transpose()?,
        })
    }

    /// Begins to listen.
    #[cfg(not(unix))]
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Ends at the next signal.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = received(self.hang_up.as_mut()) => {}
        }
    }

    /// Ends at the next Ctrl-C.
    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler Ctrl-C ends the process as it always does.
            std::future::pending::<()>().await;
        }
    }
}

/// Ends when there is a signal and it comes.
#[cfg(unix)]
async fn received(signal: Option<&mut tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether the end of the terminal would end this process. Where the system doesn't say so, `nohup` is taken to have been at
/// work where no stream is a terminal's.
#[cfg(unix)]
fn is_hang_up_heard() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    is_hang_up_ignored(&status).map_or_else(has_terminal, |is_ignored| !is_ignored)
}

/// From what Linux says of a process: `SigIgn`, one bit for each signal from the first on, which is SIGHUP.
#[cfg(unix)]
fn is_hang_up_ignored(status: &str) -> Option<bool> {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    Some(u64::from_str_radix(ignored.trim(), 16).ok()? & 1 == 1)
}

#[cfg(unix)]
fn has_terminal() -> bool {
    use std::io::IsTerminal as _;
    io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal()
}

async fn deadline(shared: &Shared, timeout: Option<Duration>) {
    if let Some(timeout) = timeout {
        sleep(timeout).await;
        shared.ask(Ending::Timeout);
    }
}

async fn watchdog(shared: &Shared, silence: Option<Duration>) {
    let Some(silence) = silence else { return };
    let mut looks = interval(LOOK.min(silence));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut seen, mut since) = (0, Instant::now());
    while !shared.is_over() {
        looks.tick().await;
        let events = shared.events.load(Ordering::Relaxed);
        if events != seen {
            (seen, since) = (events, Instant::now());
        }
        if since.elapsed() > silence {
            shared.ask(Ending::Standstill);
        }
        if since.elapsed() > silence + LAST_WORDS && !shared.is_over() {
            give_up(shared, silence);
        }
    }
}

fn give_up(shared: &Shared, silence: Duration) {
    let running = shared.running.lock().unwrap_or_else(PoisonError::into_inner);
    let running: Vec<&str> = running.iter().map(String::as_str).collect();
    // If nobody can be told, the exit code must do; a panic here would let the process live on.
    let _ = writeln!(
        io::stderr(),
        "error: a defect of mqtt-assay: nothing happened for {silence:?}, and no report can be written; running: {}",
        running.join(", ")
    );
    end_at_once(Exit::OurBug);
}

/// Ends the process without its destructors, but not without the brokers and decoders that it has started.
fn end_at_once(exit: Exit) -> ! {
    broker::end_all();
    testee::end_all();
    std::process::exit(i32::from(exit.code()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::clock;

    /// Waits as a run does, on the simulated clock, until the guard asks it to end.
    fn ended_by(timeout: Option<Duration>, silence: Option<Duration>) -> Option<Ending> {
        let guard = Guard::start(timeout, silence).expect("a thread");
        clock::simulated(guard.asked_to_end_before_it_began());
        guard.ending()
    }

    #[test]
    fn a_standstill_and_a_timeout_end_a_run_by_the_clock_on_the_wall() {
        let moment = Duration::from_millis(30);
        assert_eq!(ended_by(None, Some(moment)), Some(Ending::Standstill));
        assert_eq!(ended_by(Some(moment), None), Some(Ending::Timeout));
        assert_eq!(ended_by(Some(moment), Some(SILENCE)), Some(Ending::Timeout));
    }

    #[test]
    #[cfg(unix)]
    fn a_hang_up_that_is_ignored_stays_ignored() {
        assert_eq!(is_hang_up_ignored("Name:\tx\nSigIgn:\t0000000000001001\n"), Some(true));
        assert_eq!(is_hang_up_ignored("SigIgn:\t0000000000001000\n"), Some(false));
        assert_eq!(is_hang_up_ignored(""), None);
    }

    #[test]
    fn the_guard_knows_what_is_running() {
        let guard = Guard::start(None, None).expect("a thread");
        guard.note("5/a/b", true);
        guard.note("5/a/c", true);
        guard.note("5/a/b", false);
        assert_eq!(guard.running(), ["5/a/c"]);
        assert_eq!(guard.ending(), None);
    }
}

//! Who stands by while others hunt: starts a broker again that has died, and tells how it goes.

use super::ground::{self, Place};
use crate::broker::Target;
use crate::cli::choices::Versions;
use crate::hunt::{Broker, Progress};
use crate::report::hunted::progress;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often a line is written where nobody watches, and renewed where somebody does.
const QUIET: Duration = Duration::from_mins(1);
const LIVE: Duration = Duration::from_millis(500);

/// How often a broker is started again before that is given up.
const STARTS: u32 = 200;

/// Tells how it goes.
pub(super) struct Teller {
    is_live: bool,
    next: Instant,
}

impl Teller {
    pub(super) fn new() -> Self {
        let is_live = std::io::stderr().is_terminal();
        Self { is_live, next: Instant::now() + if is_live { LIVE } else { QUIET } }
    }

    pub(super) fn turn(&mut self, now: &dyn Fn() -> Progress) {
        if Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + if self.is_live { LIVE } else { QUIET };
        let line = progress(&now());
        let mut out = anstream::stderr();
        // Nobody may be reading any more.
        let _ = if self.is_live {
            let width = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0));
            let line: String = line.chars().take(width.saturating_sub(1)).collect();
            write!(out, "\r\x1b[2K{line}").and_then(|()| out.flush())
        } else {
            writeln!(out, "{line}")
        };
    }

    /// Makes room for other lines.
    pub(super) fn clear(&self) {
        if self.is_live {
            let _ = write!(anstream::stderr(), "\r\x1b[2K");
        }
    }
}

/// Looks after the process of a broker.
pub(super) struct Keeper<'a> {
    pub(super) target: &'a Target,
    pub(super) place: Place,
    pub(super) starts: u32,
    pub(super) versions: Versions,
}

impl Keeper<'_> {
    /// Notices that the broker has ended, and starts it again.
    pub(super) async fn turn(&mut self, broker: &Broker) {
        let Some(process) = self.place.process.as_ref() else { return };
        let stuck = || broker.is_to_be_ended().then(|| "it ran and answered nobody, and was ended".to_owned());
        let Some(ended) = process.ended().or_else(stuck) else { return };
        let words = self.place.process.as_ref().map(crate::broker::SpawnedBroker::last_words).unwrap_or_default();
        let said = if words.is_empty() { String::new() } else { format!("; its last words: {words}") };
        broker.died(format!("{ended}{said}"));
        self.starts += 1;
        if self.starts > STARTS {
            return broker.is_lost();
        }
        match ground::find(self.target, self.versions).await {
            Ok(place) => {
                broker.came_again(place.address, place.pid());
                self.place = place;
            }
            Err(_) => broker.is_lost(),
        }
    }
}

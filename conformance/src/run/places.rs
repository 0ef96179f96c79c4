//! Places for cases that run side by side. One that waits for what does not come needs none: another takes its place
//! meanwhile, as long as the broker has time for it.

use super::life::Life;
use crate::scenario::CaseContext;
use std::cell::RefCell;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

/// A case that has done and heard nothing for so long is waiting. It is looked this often.
const QUIET: Duration = Duration::from_secs(1);

/// A broker that answers within this time is not busy.
const QUICK: Duration = Duration::from_millis(50);

/// For each place, so many cases that wait beside it: enough for a broker with many findings, and for the sockets that a
/// process usually has.
const WAITING: usize = 2;

/// The places of a run.
pub(super) struct Places {
    working: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Places {
    /// For so many cases side by side. One alone stays so.
    pub(super) fn new(jobs: usize) -> Self {
        let waiting = if jobs == 1 { 0 } else { jobs * WAITING };
        Self { working: Arc::new(Semaphore::new(jobs)), waiting: Arc::new(Semaphore::new(waiting)) }
    }

    /// A place, when one is free; none when the run ends.
    pub(super) async fn take(&self) -> Option<Place> {
        let permit = Arc::clone(&self.working).acquire_owned().await.ok()?;
        Some(Place { permit: RefCell::new(permit), waiting: Arc::clone(&self.waiting) })
    }
}

/// A case's place. It is free again when this is dropped.
pub(super) struct Place {
    permit: RefCell<OwnedSemaphorePermit>,
    waiting: Arc<Semaphore>,
}

impl Place {
    /// Leaves the place to another case once this one only waits. Never ends.
    pub(super) async fn give_way(&self, context: &CaseContext, life: Option<&Life>) {
        loop {
            sleep(QUIET).await;
            if context.recorder().quiet_for() >= QUIET && is_quick(life).await && self.wait() {
                return pending().await;
            }
        }
    }

    /// Waits beside the places, if there is room.
    fn wait(&self) -> bool {
        let room = Arc::clone(&self.waiting).try_acquire_owned();
        room.map(|permit| drop(self.permit.replace(permit))).is_ok()
    }
}

/// Whether the broker has time for more: it is not slow that makes the case wait.
async fn is_quick(life: Option<&Life>) -> bool {
    let Some(life) = life else { return false };
    let begun = Instant::now();
    life.ask().await.is_none() && begun.elapsed() <= QUICK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_leaves_the_place_to_another() {
        let places = Places::new(2);
        let (first, second) = (places.take().await.expect("a place"), places.take().await.expect("a place"));
        assert_eq!(places.working.available_permits(), 0);
        assert!(first.wait());
        assert_eq!(places.working.available_permits(), 1);
        drop(first);
        assert_eq!(places.working.available_permits(), 1, "its own place was free before");
        assert_eq!(places.waiting.available_permits(), 4);
        drop(second);
        assert_eq!(places.working.available_permits(), 2);
    }

    #[tokio::test]
    async fn there_is_room_for_so_many_that_wait() {
        let places = Places::new(2);
        let mut waiting = Vec::new();
        for _ in 0..4 {
            let place = places.take().await.expect("a place");
            assert!(place.wait());
            waiting.push(place);
        }
        let fifth = places.take().await.expect("a place");
        assert!(!fifth.wait(), "no room");
        assert_eq!(places.working.available_permits(), 1);
    }

    #[tokio::test]
    async fn one_alone_stays_alone() {
        let places = Places::new(1);
        let place = places.take().await.expect("a place");
        assert!(!place.wait());
    }
}

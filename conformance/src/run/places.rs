//! Places for cases that run side by side. One that waits for what does not come needs none: another takes its place
//! meanwhile, as long as the broker has time for it.

use super::descriptors::Share;
use super::life::Life;
use crate::scenario::CaseContext;
use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

/// A case that has done and heard nothing for so long is waiting. It is looked this often.
const QUIET: Duration = Duration::from_millis(500);

/// A broker that answers within this time is not busy.
const QUICK: Duration = Duration::from_millis(50);

/// The places of a run.
pub(super) struct Places {
    working: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Places {
    /// For as many cases as their share of the sockets says.
    pub(super) fn new(share: Share) -> Self {
        Self { working: Arc::new(Semaphore::new(share.jobs)), waiting: Arc::new(Semaphore::new(share.waiting)) }
    }

    /// A place, when one is free; none when the run ends. A case that waits by the standard waits beside the places from its
    /// beginning, if there is room.
    pub(super) async fn take(&self, waits: bool) -> Option<Place> {
        let beside = waits.then(|| Arc::clone(&self.waiting).try_acquire_owned().ok()).flatten();
        let permit = match beside {
            Some(permit) => permit,
            None => Arc::clone(&self.working).acquire_owned().await.ok()?,
        };
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
    pub(super) async fn give_way(&self, context: &CaseContext, life: Option<&Rc<Life>>) {
        loop {
            sleep(QUIET).await;
            let may_wait = self.waiting.available_permits() > 0 && context.recorder().quiet_for() >= QUIET;
            if may_wait && is_quick(life).await && self.wait() {
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
async fn is_quick(life: Option<&Rc<Life>>) -> bool {
    let Some(life) = life.map(Rc::clone) else { return false };
    let begun = Instant::now();
    // A question has the connections that it asks on: it is not broken off where the case ends meanwhile.
    let answered = tokio::task::spawn_local(async move { life.ask().await.is_none() });
    answered.await.unwrap_or(false) && begun.elapsed() <= QUICK
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Share = Share { jobs: 1, waiting: 0, watching: 1 };
    const TWO: Share = Share { jobs: 2, waiting: 6, watching: 2 };

    #[tokio::test]
    async fn who_waits_leaves_the_place_to_another() {
        let places = Places::new(TWO);
        let (first, second) = (places.take(false).await.expect("a place"), places.take(false).await.expect("a place"));
        assert_eq!(places.working.available_permits(), 0);
        assert!(first.wait());
        assert_eq!(places.working.available_permits(), 1);
        drop(first);
        assert_eq!(places.working.available_permits(), 1, "its own place was free before");
        assert_eq!(places.waiting.available_permits(), 6);
        drop(second);
        assert_eq!(places.working.available_permits(), 2);
    }

    #[tokio::test]
    async fn there_is_room_for_so_many_that_wait() {
        let places = Places::new(TWO);
        let mut waiting = Vec::new();
        for _ in 0..6 {
            let place = places.take(false).await.expect("a place");
            assert!(place.wait());
            waiting.push(place);
        }
        let seventh = places.take(false).await.expect("a place");
        assert!(!seventh.wait(), "no room");
        assert_eq!(places.working.available_permits(), 1);
    }

    #[tokio::test]
    async fn what_waits_by_the_standard_needs_no_place_where_there_is_room() {
        let places = Places::new(TWO);
        let waiting = places.take(true).await.expect("a place");
        assert_eq!((places.working.available_permits(), places.waiting.available_permits()), (2, 5));
        assert!(waiting.wait(), "it changes nothing");
        assert_eq!((places.working.available_permits(), places.waiting.available_permits()), (2, 5));
        let alone = Places::new(ONE);
        let waiting = alone.take(true).await.expect("a place");
        assert_eq!(alone.working.available_permits(), 0);
        drop(waiting);
    }

    #[tokio::test]
    async fn one_alone_stays_alone() {
        let places = Places::new(ONE);
        let place = places.take(false).await.expect("a place");
        assert!(!place.wait());
    }
}

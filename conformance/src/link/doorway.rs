//! The doorway to a broker: how many connections may be open that the broker has not answered yet.
//!
//! A listening socket holds so many connections that its program has not accepted (Java's default is 50, mosquitto asks
//! for 100, Rust's standard library for 128); what comes beyond is dropped, and tried again by the system a second later
//! or, once it answers with cookies, reset in the middle of what we send. A run that opened all its connections at once
//! would then judge the backlog, and no rule speaks of that.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many connections knock at once: two runs side by side stay below a backlog of 100, one below 50.
const PLACES: usize = 32;

/// How long a connection keeps its place at most: some cases say nothing for long, and some brokers answer nothing.
const STAY: Duration = Duration::from_millis(250);

/// The doorway of a run.
#[derive(Debug, Clone)]
pub(crate) struct Doorway(Arc<Semaphore>);

/// A place at the door.
pub(crate) struct Place(OwnedSemaphorePermit);

impl Default for Doorway {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }
}

impl Doorway {
    /// Waits for a place; those who ask first have it first.
    pub(crate) async fn place(&self) -> Option<Place> {
        // It is never closed, so there is always a place in the end.
        Arc::clone(&self.0).acquire_owned().await.ok().map(Place)
    }
}

impl Place {
    /// Keeps the place until it has lasted long enough. Dropped earlier, it is free earlier.
    pub(crate) async fn keep(self) {
        tokio::time::sleep(STAY).await;
        drop(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_comes_later_waits_for_who_leaves_or_stays_too_long() {
        let doorway = Doorway::default();
        let mut places = Vec::new();
        for _ in 0..PLACES {
            places.push(doorway.place().await.expect("a place"));
        }
        let at_once = Duration::from_millis(1);
        assert!(tokio::time::timeout(at_once, doorway.place()).await.is_err(), "the doorway is full");
        places.pop();
        let freed = tokio::time::timeout(at_once, doorway.place()).await;
        let (stays, next) = tokio::join!(freed.expect("one has left").expect("a place").keep(), doorway.place());
        assert_eq!((stays, next.is_some()), ((), true));
    }
}

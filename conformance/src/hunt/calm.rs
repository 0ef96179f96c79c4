//! Who has the broker: whoever plays cases again holds it for a play, beside others, and whoever needs it for himself alone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};
use std::time::{Duration, Instant};

/// How often it is tried.
const TURN: Duration = Duration::from_millis(5);

/// Up to which death of the broker all is explained, and who may play.
#[derive(Debug, Default)]
pub(super) struct Calm {
    explained: RwLock<u64>,
    /// Somebody waits to be alone, so that nobody begins another play.
    is_wanted: AtomicBool,
}

impl Calm {
    /// For one play.
    pub(super) fn play(&self) -> RwLockReadGuard<'_, u64> {
        while self.is_wanted.load(Ordering::Relaxed) {
            std::thread::sleep(TURN);
        }
        self.explained.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// For who finds out what the broker has died of, however long others play.
    pub(super) fn alone(&self) -> RwLockWriteGuard<'_, u64> {
        self.explained.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same where others come to the end of a play by then; a play takes half a minute where a broker does not answer.
    pub(super) fn alone_by(&self, until: Instant) -> Option<RwLockWriteGuard<'_, u64>> {
        self.is_wanted.store(true, Ordering::Relaxed);
        let alone = loop {
            match self.explained.try_write() {
                Ok(alone) => break Some(alone),
                Err(TryLockError::Poisoned(poisoned)) => break Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if Instant::now() >= until => break None,
                Err(TryLockError::WouldBlock) => std::thread::sleep(TURN),
            }
        };
        self.is_wanted.store(false, Ordering::Relaxed);
        alone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_waited_for_longer_than_that_and_nobody_begins_meanwhile() {
        let calm = Calm::default();
        let playing = calm.play();
        assert!(calm.alone_by(Instant::now()).is_none());
        drop(playing);
        let alone = calm.alone_by(Instant::now()).expect("nobody plays");
        assert!(calm.explained.try_read().is_err());
        drop(alone);
        // Whoever gave up is in nobody's way.
        drop(calm.play());
    }
}

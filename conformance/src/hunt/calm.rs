//! Who has the broker: whoever plays cases again holds it for a play, beside others, and whoever needs it for himself alone.

use super::shared::lock;
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Up to which death of the broker all is explained, and who may play.
#[derive(Debug, Default)]
pub(super) struct Calm {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    explained: u64,
    /// How many play.
    playing: u32,
    /// How many wait to be alone, so that nobody begins another play.
    waiting: u32,
    is_alone: bool,
}

/// Held for one play.
pub(super) struct Playing<'a>(&'a Calm);

/// Held by who is alone; up to which death of the broker all is explained.
pub(super) struct Alone<'a> {
    calm: &'a Calm,
    explained: u64,
}

impl Calm {
    /// For one play.
    pub(super) fn play(&self) -> Playing<'_> {
        let is_taken = |inner: &mut Inner| inner.is_alone || inner.waiting > 0;
        let mut inner = self.changed.wait_while(lock(&self.inner), is_taken).unwrap_or_else(PoisonError::into_inner);
        inner.playing += 1;
        Playing(self)
    }

    /// For who finds out what the broker has died of, however long others play.
    pub(super) fn alone(&self) -> Alone<'_> {
        loop {
            if let Some(alone) = self.alone_by(Instant::now() + Duration::from_hours(1)) {
                return alone;
            }
        }
    }

    /// The same where others come to the end of a play by then; a play takes half a minute where a broker does not answer.
    pub(super) fn alone_by(&self, until: Instant) -> Option<Alone<'_>> {
        let mut inner = lock(&self.inner);
        inner.waiting += 1;
        let left = until.saturating_duration_since(Instant::now());
        let is_taken = |inner: &mut Inner| inner.is_alone || inner.playing > 0;
        let waited = self.changed.wait_timeout_while(inner, left, is_taken);
        let (mut inner, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        inner.waiting -= 1;
        if timeout.timed_out() {
            drop(inner);
            self.changed.notify_all();
            return None;
        }
        inner.is_alone = true;
        Some(Alone { calm: self, explained: inner.explained })
    }
}

impl Drop for Playing<'_> {
    fn drop(&mut self) {
        lock(&self.0.inner).playing -= 1;
        self.0.changed.notify_all();
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        let mut inner = lock(&self.calm.inner);
        (inner.is_alone, inner.explained) = (false, self.explained);
        drop(inner);
        self.calm.changed.notify_all();
    }
}

impl Deref for Alone<'_> {
    type Target = u64;

    fn deref(&self) -> &u64 {
        &self.explained
    }
}

impl DerefMut for Alone<'_> {
    fn deref_mut(&mut self) -> &mut u64 {
        &mut self.explained
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn nobody_is_waited_for_longer_than_that_and_whoever_gave_up_is_in_nobodys_way() {
        let calm = Calm::default();
        let playing = calm.play();
        let beside = calm.play();
        assert!(calm.alone_by(Instant::now()).is_none());
        drop((playing, beside));
        drop(calm.play());
        let mut alone = calm.alone_by(Instant::now()).expect("nobody plays");
        *alone = 7;
        assert!(calm.alone_by(Instant::now()).is_none());
        drop(alone);
        assert_eq!(*calm.alone(), 7);
    }

    #[test]
    fn whoever_waits_to_be_alone_comes_before_the_next_play() {
        let calm = Calm::default();
        let was_alone = AtomicBool::new(false);
        let playing = calm.play();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _alone = calm.alone();
                was_alone.store(true, Ordering::SeqCst);
            });
            while lock(&calm.inner).waiting == 0 {
                std::thread::yield_now();
            }
            let next = scope.spawn(|| {
                let _playing = calm.play();
                assert!(was_alone.load(Ordering::SeqCst));
            });
            drop(playing);
            next.join().expect("he plays after who was alone");
        });
    }
}

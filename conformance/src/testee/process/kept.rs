//! The end of what a testee writes on its standard error.

use super::super::limits::{LAST_WORDS, STDERR_KEPT};
use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// It is read by a thread of its own until it ends.
pub(super) struct Kept {
    bytes: Arc<Mutex<VecDeque<u8>>>,
    is_all: Receiver<()>,
}

impl Kept {
    /// Begins to read.
    pub(super) fn of(from: impl Read + Send + 'static) -> io::Result<Self> {
        let bytes = Arc::<Mutex<VecDeque<u8>>>::default();
        let (done, is_all) = channel();
        let into = Arc::clone(&bytes);
        thread::Builder::new().name("testee-stderr".to_owned()).spawn(move || {
            keep(from, &into);
            // Nobody may be waiting for it.
            let _ = done.send(());
        })?;
        Ok(Self { bytes, is_all })
    }

    /// What was kept, of a process that has ended; others may still hold its standard error, and are not waited for.
    pub(super) fn text(&self) -> String {
        let _ = self.is_all.recv_timeout(LAST_WORDS);
        let bytes: Vec<u8> = locked(&self.bytes).iter().copied().collect();
        String::from_utf8_lossy(&bytes).trim_end().to_owned()
    }
}

fn keep(mut from: impl Read, into: &Mutex<VecDeque<u8>>) {
    let mut piece = [0; 4096];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return,
            Ok(len) => {
                let mut kept = locked(into);
                kept.extend(&piece[..len]);
                let too_many = kept.len().saturating_sub(STDERR_KEPT);
                kept.drain(..too_many);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn locked(bytes: &Mutex<VecDeque<u8>>) -> MutexGuard<'_, VecDeque<u8>> {
    bytes.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_is_kept() {
        let long = [vec![b'x'; 3 * STDERR_KEPT], b"panicked\n".to_vec()].concat();
        let kept = Kept::of(io::Cursor::new(long)).expect("a thread").text();
        assert!(kept.ends_with("xpanicked") && kept.len() == STDERR_KEPT - 1, "{kept}");
    }
}

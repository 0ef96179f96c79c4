//! The lines that a testee writes, read by a thread of its own, so that neither side ever waits for the other to read.

use super::super::limits::LETTERS_SHOWN;
use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Bytes that are read at once.
const PIECE: usize = 65_536;

/// Pieces that wait to be looked at; a testee that writes on has to wait too.
const PIECES: usize = 16;

/// What comes of its output.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Whole lines, each with its end.
    Lines(String),
    /// A line that is longer than any answer: its beginning.
    Endless(String),
    /// The output has ended, in the middle of this line if it is not empty.
    Over(String),
}

/// The output of one process.
pub(super) struct Lines {
    pub(super) pieces: Receiver<Piece>,
    longest: Arc<AtomicUsize>,
    unfinished: Arc<Mutex<String>>,
}

impl Lines {
    /// Begins to read. No line may be longer than this until [`Lines::allow`] says otherwise.
    pub(super) fn of(from: impl Read + Send + 'static, longest: usize) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(PIECES);
        let longest = Arc::new(AtomicUsize::new(longest));
        let unfinished = Arc::<Mutex<String>>::default();
        let reader = Reader { longest: Arc::clone(&longest), unfinished: Arc::clone(&unfinished), line: Vec::new() };
        thread::Builder::new().name("testee-stdout".to_owned()).spawn(move || reader.read(from, &sender))?;
        Ok(Self { pieces, longest, unfinished })
    }

    /// Lets lines be so long.
    pub(super) fn allow(&self, longest: usize) {
        self.longest.store(longest, Ordering::Relaxed);
    }

    /// The beginning of a line whose end has not come.
    pub(super) fn unfinished(&self) -> String {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Reader {
    longest: Arc<AtomicUsize>,
    unfinished: Arc<Mutex<String>>,
    line: Vec<u8>,
}

impl Reader {
    fn read(mut self, mut from: impl Read, to: &SyncSender<Piece>) {
        let mut piece = vec![0; PIECE];
        let last = loop {
            match from.read(&mut piece) {
                Ok(0) => break Piece::Over(shown(&self.line)),
                Ok(len) => {
                    if let Some(lines) = self.take(&piece[..len])
                        && to.send(lines).is_err()
                    {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A pipe that can't be read has ended.
                Err(_) => break Piece::Over(shown(&self.line)),
            }
            if self.line.len() > self.longest.load(Ordering::Relaxed) {
                break Piece::Endless(shown(&self.line));
            }
        };
        // Nobody may be asking any more.
        let _ = to.send(last);
    }

    /// The lines that are whole with this piece.
    fn take(&mut self, piece: &[u8]) -> Option<Piece> {
        let end = piece.iter().rposition(|&byte| byte == b'\n').map(|last| last + 1);
        let (whole, rest) = piece.split_at(end.unwrap_or_default());
        let mut lines = end.map(|_| std::mem::take(&mut self.line));
        if let Some(lines) = &mut lines {
            lines.extend_from_slice(whole);
        }
        self.line.extend_from_slice(rest);
        *self.unfinished.lock().unwrap_or_else(PoisonError::into_inner) = shown(&self.line);
        lines.map(|lines| Piece::Lines(String::from_utf8_lossy(&lines).into_owned()))
    }
}

/// The beginning of a line, as evidence.
fn shown(line: &[u8]) -> String {
    let most = line.len().min(4 * LETTERS_SHOWN);
    String::from_utf8_lossy(&line[..most]).chars().take(LETTERS_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &'static [u8], longest: usize) -> Vec<Piece> {
        let lines = Lines::of(io::Cursor::new(bytes), longest).expect("a thread");
        lines.pieces.iter().collect()
    }

    #[test]
    fn whole_lines_come_together_and_the_rest_is_told_at_the_end() {
        let lines = Piece::Lines("A 1 2 -\nN 2 -\n".into());
        assert_eq!(read(b"A 1 2 -\nN 2 -\nA 3", 100), [lines, Piece::Over("A 3".into())]);
        assert_eq!(read(b"", 100), [Piece::Over(String::new())]);
    }

    #[test]
    fn a_line_without_end_is_not_read_to_the_end() {
        assert_eq!(read(b"0123456789", 9), [Piece::Endless("0123456789".into())]);
    }
}

//! The in-memory pipe: a bidirectional byte stream with a capacity, orderly and abortive ends, and half-close.
//!
//! It behaves as a TCP connection on Linux does: bytes that have arrived before a reset can still be read, a write
//! to an end that is gone fails, dropping an end with unread bytes resets the stream, and a full pipe makes the
//! writer wait. It lives on one thread, so that runs over it are deterministic.

use super::Transport;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes under way in one direction.
#[derive(Default)]
struct Direction {
    bytes: VecDeque<u8>,
    capacity: usize,
    /// The writer has ended its half.
    finished: bool,
    /// The reader is gone: writes fail.
    abandoned: bool,
    reset: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Direction {
    fn wake_all(&mut self) {
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}

type Shared = Rc<RefCell<Direction>>;

/// One end of an in-memory stream; see [`pipe`].
pub struct Pipe {
    incoming: Shared,
    outgoing: Shared,
}

/// A stream that holds at most `capacity` bytes (at least 1) under way in each direction.
pub fn pipe(capacity: usize) -> (Pipe, Pipe) {
    let direction = || Rc::new(RefCell::new(Direction { capacity: capacity.max(1), ..Direction::default() }));
    let (there, back) = (direction(), direction());
    let near = Pipe { incoming: Rc::clone(&back), outgoing: Rc::clone(&there) };
    (near, Pipe { incoming: there, outgoing: back })
}

impl Pipe {
    fn abort(&mut self) {
        for direction in [&self.incoming, &self.outgoing] {
            let mut direction = direction.borrow_mut();
            direction.reset = true;
            direction.wake_all();
        }
    }
}

impl Transport for Pipe {
    fn reset(mut self: Box<Self>) {
        self.abort();
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let unread = !self.incoming.borrow().bytes.is_empty();
        if unread && !self.incoming.borrow().reset {
            self.abort();
        }
        let mut incoming = self.incoming.borrow_mut();
        incoming.abandoned = true;
        incoming.bytes = VecDeque::new();
        incoming.wake_all();
        let mut outgoing = self.outgoing.borrow_mut();
        outgoing.finished = true;
        outgoing.wake_all();
    }
}

impl AsyncRead for Pipe {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut direction = self.incoming.borrow_mut();
        if !direction.bytes.is_empty() {
            let count = into.remaining().min(direction.bytes.len());
            let (front, back) = direction.bytes.as_slices();
            let of_front = count.min(front.len());
            into.put_slice(&front[..of_front]);
            into.put_slice(&back[..count - of_front]);
            direction.bytes.drain(..count);
            if let Some(writer) = direction.writer.take() {
                writer.wake();
            }
            return Poll::Ready(Ok(()));
        }
        if direction.reset {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        if direction.finished {
            return Poll::Ready(Ok(()));
        }
        direction.reader = Some(context.waker().clone());
        Poll::Pending
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut direction = self.outgoing.borrow_mut();
        if direction.reset {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        if direction.abandoned || direction.finished {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let room = direction.capacity.saturating_sub(direction.bytes.len());
        if room == 0 && !bytes.is_empty() {
            direction.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let count = room.min(bytes.len());
        direction.bytes.extend(&bytes[..count]);
        if let Some(reader) = direction.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut direction = self.outgoing.borrow_mut();
        direction.finished = true;
        direction.wake_all();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ending, Read, read};
    use super::*;
    use std::future::Future;
    use tokio::io::AsyncWriteExt;

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(test);
    }

    #[test]
    fn bytes_arrive_before_an_orderly_end() {
        run(async {
            let (mut near, mut far) = pipe(16);
            near.write_all(b"abc").await.expect("room");
            drop(near);
            let mut buffer = [0; 8];
            assert_eq!(read(&mut far, &mut buffer).await, Read::Bytes(3));
            assert_eq!(read(&mut far, &mut buffer).await, Read::Ended(Ending::Fin));
            assert!(far.write_all(b"late").await.is_err());
        });
    }

    #[test]
    fn what_had_arrived_can_be_read_after_a_reset() {
        run(async {
            let (mut near, mut far) = pipe(16);
            near.write_all(b"abc").await.expect("room");
            Box::new(near).reset();
            let mut buffer = [0; 8];
            assert_eq!(read(&mut far, &mut buffer).await, Read::Bytes(3));
            assert_eq!(read(&mut far, &mut buffer).await, Read::Ended(Ending::Reset));
        });
    }

    #[test]
    fn leaving_bytes_unread_resets_the_stream() {
        run(async {
            let (mut near, mut far) = pipe(16);
            near.write_all(b"abc").await.expect("room");
            far.write_all(b"unread").await.expect("room");
            drop(near);
            let mut buffer = [0; 8];
            assert_eq!(read(&mut far, &mut buffer).await, Read::Bytes(3));
            assert_eq!(read(&mut far, &mut buffer).await, Read::Ended(Ending::Reset));
        });
    }

    #[test]
    fn one_half_can_end_while_the_other_goes_on() {
        run(async {
            let (mut near, mut far) = pipe(16);
            near.shutdown().await.expect("a half-close");
            let mut buffer = [0; 8];
            assert_eq!(read(&mut far, &mut buffer).await, Read::Ended(Ending::Fin));
            far.write_all(b"still").await.expect("the other half is open");
            assert_eq!(read(&mut near, &mut buffer).await, Read::Bytes(5));
        });
    }

    #[test]
    fn both_ends_may_write_first_and_a_full_pipe_makes_the_writer_wait() {
        run(async {
            let (mut near, mut far) = pipe(4);
            let writes = async {
                near.write_all(b"12345678").await.expect("drained by the reader");
            };
            let reads = async {
                far.write_all(b"abcd").await.expect("room");
                let mut got = Vec::new();
                let mut buffer = [0; 3];
                while got.len() < 8 {
                    let Read::Bytes(count) = read(&mut far, &mut buffer).await else { panic!("ended early") };
                    got.extend_from_slice(&buffer[..count]);
                }
                assert_eq!(got, b"12345678");
            };
            tokio::join!(writes, reads);
        });
    }
}

//! A stream that holds back what is written until something is to be read again: the last words of a handshake that fails,
//! its alert, are never said.

use super::Transport;
use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holding {
    /// Nothing; not even what was, by now.
    Nothing,
    /// What is written, until something is to be read.
    LastWords,
    /// What was not written by now: for good.
    Silence,
}

/// A stream whose last words are held back.
pub(super) struct HeldBack {
    stream: Box<dyn Transport>,
    waiting: Vec<u8>,
    holds: Rc<Cell<Holding>>,
}

impl HeldBack {
    /// Holds back what the switch says.
    pub(super) fn new(stream: Box<dyn Transport>, holds: Rc<Cell<Holding>>) -> Self {
        Self { stream, waiting: Vec::new(), holds }
    }

    /// Writes what waits.
    fn poll_waiting(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.holds.get() == Holding::Silence {
            self.waiting.clear();
        }
        while !self.waiting.is_empty() {
            let count = ready!(Pin::new(&mut *self.stream).poll_write(context, &self.waiting))?;
            self.waiting.drain(..count);
        }
        Poll::Ready(Ok(()))
    }
}

impl Transport for HeldBack {
    fn acknowledge_quickly(&self) {
        self.stream.acknowledge_quickly();
    }

    fn reset(self: Box<Self>) {
        self.stream.reset();
    }
}

impl AsyncRead for HeldBack {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_waiting(context))?;
        Pin::new(&mut *self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for HeldBack {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.holds.get() != Holding::Nothing {
            self.waiting.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(self.poll_waiting(context))?;
        Pin::new(&mut *self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.holds.get() != Holding::Nothing {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_waiting(context))?;
        Pin::new(&mut *self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.holds.get() == Holding::Nothing {
            ready!(self.poll_waiting(context))?;
        }
        Pin::new(&mut *self.stream).poll_shutdown(context)
    }
}

//! A stream that holds back what is written until something is to be read again: the last words of a handshake that fails,
//! its alert, are never said.

use super::Transport;
use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose last words are held back.
pub(super) struct HeldBack {
    stream: Box<dyn Transport>,
    waiting: Vec<u8>,
    holds: Rc<Cell<bool>>,
}

impl HeldBack {
    /// Holds back for as long as the switch is on.
    pub(super) fn new(stream: Box<dyn Transport>, holds: Rc<Cell<bool>>) -> Self {
        Self { stream, waiting: Vec::new(), holds }
    }

    /// Writes what waits.
    fn poll_waiting(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
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
        if self.holds.get() {
            self.waiting.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(self.poll_waiting(context))?;
        Pin::new(&mut *self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.holds.get() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_waiting(context))?;
        Pin::new(&mut *self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.holds.get() {
            ready!(self.poll_waiting(context))?;
        }
        Pin::new(&mut *self.stream).poll_shutdown(context)
    }
}

//! The stream below a layer: it remembers how it ended, since a layer tells only that its own end did not come.

use super::{Ending, Transport, read_outcome};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that carries another one.
pub(super) struct Below {
    stream: Box<dyn Transport>,
    ended: Option<Ending>,
}

impl Below {
    pub(super) fn new(stream: Box<dyn Transport>) -> Self {
        Self { stream, ended: None }
    }

    /// How the peer has ended it, if it has.
    pub(super) fn ended(&self) -> Option<Ending> {
        self.ended
    }

    pub(super) fn acknowledge_quickly(&self) {
        self.stream.acknowledge_quickly();
    }

    pub(super) fn reset(self) {
        self.stream.reset();
    }

    pub(super) fn why_ended(&self) -> Option<String> {
        self.stream.why_ended()
    }
}

impl AsyncRead for Below {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let done = ready!(Pin::new(&mut *self.stream).poll_read(context, into));
        if let super::Read::Ended(ending) = read_outcome(&done, into.filled().len() - before) {
            self.ended.get_or_insert(ending);
        }
        Poll::Ready(done)
    }
}

impl AsyncWrite for Below {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_shutdown(context)
    }
}

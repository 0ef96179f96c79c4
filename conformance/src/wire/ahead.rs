//! A stream of which some bytes were read already, to see what they are, and which brings them all the same.

use super::Transport;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are looked at, at most.
const MOST: usize = 64;

/// A stream, with what was read of it.
pub(super) struct Ahead {
    read: Vec<u8>,
    /// How many of those bytes were brought by now.
    brought: usize,
    stream: Box<dyn Transport>,
}

impl Ahead {
    /// Reads until `tells` says yes to what has come, or nothing more comes.
    pub(super) async fn look(mut stream: Box<dyn Transport>, tells: impl Fn(&[u8]) -> bool) -> io::Result<Self> {
        let mut read = Vec::new();
        while !tells(&read) && read.len() < MOST {
            let mut byte = [0];
            let count = poll_fn(|context| {
                let mut into = ReadBuf::new(&mut byte);
                Pin::new(&mut *stream).poll_read(context, &mut into).map_ok(|()| into.filled().len())
            });
            if count.await? == 0 {
                break;
            }
            read.extend(byte);
        }
        Ok(Self { read, brought: 0, stream })
    }

    /// What was read.
    pub(super) fn seen(&self) -> &[u8] {
        &self.read
    }
}

impl Transport for Ahead {
    fn acknowledge_quickly(&self) {
        self.stream.acknowledge_quickly();
    }

    fn reset(self: Box<Self>) {
        self.stream.reset();
    }
}

impl AsyncRead for Ahead {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.brought < self.read.len() && into.remaining() > 0 {
            let count = into.remaining().min(self.read.len() - self.brought);
            into.put_slice(&self.read[self.brought..self.brought + count]);
            self.brought += count;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut *self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Ahead {
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

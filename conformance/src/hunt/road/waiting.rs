//! Reading from sockets what is there already, and waiting for any of several at once: the ways of each system.

use std::net::TcpStream;
use std::time::Duration;

/// Bytes that one read takes at most.
const ONE_READ: usize = 4 << 10;

#[cfg(unix)]
mod system {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::net::{RecvFlags, recv};
    use std::io;
    use std::net::TcpStream;
    use std::time::Duration;

    pub(super) fn receive(stream: &TcpStream, into: &mut Vec<u8>) -> io::Result<usize> {
        into.reserve(super::ONE_READ);
        let (_, count) = recv(stream, rustix::buffer::spare_capacity(into), RecvFlags::DONTWAIT)?;
        Ok(count)
    }

    pub(super) fn wait(streams: &[&TcpStream], patience: Duration, ready: &mut Vec<usize>) {
        let mut asked: Vec<PollFd<'_>> = streams.iter().map(|stream| PollFd::new(*stream, PollFlags::IN)).collect();
        let limit = Timespec::try_from(patience).ok();
        if poll(&mut asked, limit.as_ref()).is_ok() {
            ready.extend((0..asked.len()).filter(|place| !asked[*place].revents().is_empty()));
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::io::{self, Read as _};
    use std::net::TcpStream;
    use std::time::Duration;

    pub(super) fn receive(mut stream: &TcpStream, into: &mut Vec<u8>) -> io::Result<usize> {
        let mut buffer = [0; super::ONE_READ];
        stream.set_nonblocking(true)?;
        let read = stream.read(&mut buffer);
        stream.set_nonblocking(false)?;
        into.extend_from_slice(&buffer[..*read.as_ref().unwrap_or(&0)]);
        read
    }

    /// The first is waited for so long, and each of the others a millisecond.
    pub(super) fn wait(streams: &[&TcpStream], patience: Duration, ready: &mut Vec<usize>) {
        for (place, stream) in streams.iter().enumerate() {
            let patience = if place == 0 { patience } else { Duration::ZERO };
            let limit = patience.max(Duration::from_millis(1));
            let is_there = stream.set_read_timeout(Some(limit)).and_then(|()| stream.peek(&mut [0]));
            if is_there.is_ok() {
                ready.push(place);
            }
        }
    }
}

/// Reads what is there, behind what `into` has; how many bytes.
///
/// # Errors
///
/// [`std::io::ErrorKind::WouldBlock`] where nothing is there, and whatever else has become of the connection.
pub(in crate::hunt) fn receive(stream: &TcpStream, into: &mut Vec<u8>) -> std::io::Result<usize> {
    system::receive(stream, into)
}

/// Waits until one of these can be read; the places of those that can, or none where time has run out or a signal came.
pub(in crate::hunt) fn wait(streams: &[&TcpStream], patience: Duration, ready: &mut Vec<usize>) {
    ready.clear();
    system::wait(streams, patience, ready);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Write as _};
    use std::net::TcpListener;

    #[test]
    fn whoever_can_be_read_is_told_of_and_read_without_waiting() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it has one");
        let (ours, mut theirs): (Vec<TcpStream>, Vec<TcpStream>) = (0..3)
            .map(|_| (TcpStream::connect(address).expect("it listens"), listener.accept().expect("one comes").0))
            .unzip();
        let all: Vec<&TcpStream> = ours.iter().collect();
        let mut ready = vec![7];
        wait(&all, Duration::from_millis(1), &mut ready);
        assert!(ready.is_empty(), "nobody has written: {ready:?}");
        (&theirs[1]).write_all(b"one").expect("it is open");
        drop(theirs.pop());
        while ready.len() < 2 {
            wait(&all, Duration::from_mins(1), &mut ready);
        }
        assert_eq!(ready, [1, 2]);
        let mut bytes = b"-".to_vec();
        let nothing = receive(&ours[0], &mut bytes).map_err(|error| error.kind());
        assert_eq!(nothing, Err(ErrorKind::WouldBlock));
        assert_eq!(receive(&ours[1], &mut bytes).expect("it is there"), 3);
        assert_eq!(bytes, b"-one");
    }
}

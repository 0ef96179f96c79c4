//! WebSocket (RFC 6455) over any other stream: a byte stream whose bytes travel in frames, and the frames themselves where a
//! case asks for them. What MQTT sees is the bytes, wherever the frames begin and end.
//!
//! A close frame is an orderly end. A stream that ends without one is judged by the end of the stream below.

use super::below::Below;
use super::{Ending, Transport};
use bytes::{Buf, Bytes};
use futures_util::{Sink, Stream};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig, frame};
use tokio_tungstenite::tungstenite::{Message, protocol::Role};

/// The name of MQTT among the subprotocols of WebSocket.
pub const SUBPROTOCOL: &str = "mqtt";

/// The largest message that is read, in bytes: more than the largest packet of MQTT (256 MB), and not so much that a length
/// that a peer makes up could cost all memory.
const LARGEST_MESSAGE: usize = 320 << 20;

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// Text, in which MQTT must not travel.
    Text,
    /// Bytes.
    Binary,
    /// More of the message before.
    Continuation,
    /// A question whether the peer is there.
    Ping,
    /// The answer to it.
    Pong,
}

/// A frame as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it carries.
    pub kind: FrameKind,
    /// The message ends with it.
    pub is_last: bool,
    /// Its bytes.
    pub payload: Bytes,
}

impl Frame {
    /// A whole message of this kind.
    pub fn whole(kind: FrameKind, payload: impl Into<Bytes>) -> Self {
        Self { kind, is_last: true, payload: payload.into() }
    }

    /// A part of a message, behind which more is to come.
    pub fn part(kind: FrameKind, payload: impl Into<Bytes>) -> Self {
        Self { kind, is_last: false, payload: payload.into() }
    }
}

impl From<Frame> for Message {
    fn from(Frame { kind, is_last, payload }: Frame) -> Self {
        let code = match kind {
            FrameKind::Text => Data::Text,
            FrameKind::Binary => Data::Binary,
            FrameKind::Continuation => Data::Continue,
            FrameKind::Ping => return Self::Frame(frame::Frame::ping(payload)),
            FrameKind::Pong => return Self::Frame(frame::Frame::pong(payload)),
        };
        Self::Frame(frame::Frame::message(payload, OpCode::Data(code), is_last))
    }
}

/// How a broker keeps the rules about frames; the usual manners break none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Manners {
    /// Reads packets out of text frames too.
    pub accepts_text: bool,
    /// Sends in text frames what can be text.
    pub sends_text: bool,
    /// Reads one packet of each message, and drops what is behind it.
    pub one_packet_a_message: bool,
    /// Drops of each message what is no whole packet.
    pub whole_packets_only: bool,
    /// Answers no subprotocol.
    pub no_subprotocol: bool,
    /// Answers a subprotocol of its own.
    pub other_subprotocol: bool,
}

/// One end of a WebSocket.
pub struct WebSocket {
    stream: WebSocketStream<Below>,
    role: Role,
    manners: Manners,
    unread: Bytes,
    /// In what the last bytes came.
    last_kind: Option<FrameKind>,
    /// The peer's half has ended, with this error where it was no orderly end.
    ended: Option<Result<(), ErrorKind>>,
    why_ended: Option<String>,
    has_closed: bool,
    /// What the broker answered in the handshake.
    subprotocol: Option<String>,
}

/// How messages are read.
pub(super) fn config() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(Some(LARGEST_MESSAGE)).max_frame_size(Some(LARGEST_MESSAGE))
}

impl WebSocket {
    pub(super) fn client(stream: WebSocketStream<Below>, subprotocol: Option<String>) -> Self {
        Self::new(stream, Role::Client, Manners::default(), subprotocol)
    }

    pub(super) fn server(stream: WebSocketStream<Below>, manners: Manners) -> Self {
        Self::new(stream, Role::Server, manners, None)
    }

    fn new(stream: WebSocketStream<Below>, role: Role, manners: Manners, subprotocol: Option<String>) -> Self {
        let (last_kind, ended, why_ended) = (None, None, None);
        Self {
            stream,
            role,
            manners,
            unread: Bytes::new(),
            last_kind,
            ended,
            why_ended,
            has_closed: false,
            subprotocol,
        }
    }

    /// The subprotocol that the broker has answered.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// In what kind of message the bytes came that were read last.
    pub fn last_kind(&self) -> Option<FrameKind> {
        self.last_kind
    }

    /// Sends a frame as it is, once all before it is on its way.
    pub fn poll_send(&mut self, context: &mut Context<'_>, frame: &Frame) -> Poll<io::Result<()>> {
        ready!(self.poll_sent(context))?;
        self.start(frame.clone().into())?;
        // What doesn't go now goes with the next flush.
        let _ = self.poll_sent(context)?;
        Poll::Ready(Ok(()))
    }

    fn start(&mut self, message: Message) -> io::Result<()> {
        Pin::new(&mut self.stream).start_send(message).map_err(|error| as_io(&error))
    }

    fn poll_sent(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context).map_err(|error| as_io(&error))
    }

    /// The next bytes; none where the peer's half has ended.
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        loop {
            if let Some(ended) = self.ended {
                return Poll::Ready(ended.map(|()| None).map_err(Into::into));
            }
            match ready!(Pin::new(&mut self.stream).poll_next(context)) {
                Some(Ok(Message::Binary(bytes))) => {
                    self.last_kind = Some(FrameKind::Binary);
                    return Poll::Ready(Ok(Some(self.manners.read(bytes))));
                }
                Some(Ok(Message::Text(text))) => {
                    self.last_kind = Some(FrameKind::Text);
                    if self.role == Role::Client || self.manners.accepts_text {
                        return Poll::Ready(Ok(Some(self.manners.read(text.into()))));
                    }
                    self.refuse(context, CloseCode::Unsupported, "MQTT travels in binary frames");
                }
                Some(Ok(Message::Close(frame))) => self.end_in_order(context, frame.as_ref()),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => self.end_by(context, &error),
                None => self.ended = Some(Ok(())),
            }
        }
    }

    /// Ends the connection for what came.
    fn refuse(&mut self, context: &mut Context<'_>, code: CloseCode, reason: &'static str) {
        if !self.has_closed {
            self.has_closed = true;
            // The connection ends whether the word reaches the peer or not.
            let _ = self.start(Message::Close(Some(CloseFrame { code, reason: reason.into() })));
            let _ = self.poll_sent(context);
        }
        self.ended = Some(Err(ErrorKind::InvalidData));
    }

    fn end_in_order(&mut self, context: &mut Context<'_>, frame: Option<&CloseFrame>) {
        if let Some(CloseFrame { code, reason }) = frame.filter(|frame| frame.code != CloseCode::Normal) {
            self.why_ended = Some(format!("WebSocket close frame with code {}: {reason}", u16::from(*code)));
        }
        self.ended = Some(Ok(()));
        // The answer is a courtesy.
        let _ = self.poll_sent(context);
    }

    fn end_by(&mut self, context: &mut Context<'_>, error: &Error) {
        let is_cut_short = matches!(
            error,
            Error::ConnectionClosed
                | Error::AlreadyClosed
                | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
        );
        if is_cut_short || matches!(error, Error::Io(_)) {
            let is_reset = !is_cut_short || self.stream.get_ref().ended() == Some(Ending::Reset);
            self.ended = Some(if is_reset { Err(ErrorKind::ConnectionReset) } else { Ok(()) });
            return;
        }
        if matches!(error, Error::Utf8(_)) {
            self.last_kind = Some(FrameKind::Text);
        }
        self.why_ended = Some(format!("WebSocket: {error}"));
        self.refuse(context, CloseCode::Protocol, "a frame that breaks RFC 6455");
    }
}

impl Manners {
    /// What is taken of a message.
    fn read(self, bytes: Bytes) -> Bytes {
        if !self.one_packet_a_message && !self.whole_packets_only {
            return bytes;
        }
        let mut taken = 0;
        while let Some(length) = first_packet(&bytes[taken..]) {
            taken += length;
            if self.one_packet_a_message {
                break;
            }
        }
        if taken == 0 && !self.whole_packets_only { bytes } else { bytes.slice(..taken) }
    }
}

/// The length of the packet that these bytes begin with, if they have the whole of it.
fn first_packet(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    for (place, byte) in bytes.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(length + place + 2).filter(|&length| length <= bytes.len());
        }
    }
    None
}

fn as_io(error: &Error) -> io::Error {
    match error {
        Error::Io(error) => error.kind().into(),
        _ => ErrorKind::BrokenPipe.into(),
    }
}

impl Transport for WebSocket {
    fn acknowledge_quickly(&self) {
        self.stream.get_ref().acknowledge_quickly();
    }

    fn reset(self: Box<Self>) {
        self.stream.into_inner().reset();
    }

    fn web_socket(&mut self) -> Option<&mut WebSocket> {
        Some(self)
    }

    fn why_ended(&self) -> Option<String> {
        self.why_ended.clone().or_else(|| self.stream.get_ref().why_ended())
    }
}

impl AsyncRead for WebSocket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            match ready!(self.poll_message(context))? {
                // A message may be empty, and is no end.
                Some(bytes) => self.unread = bytes,
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = into.remaining().min(self.unread.len());
        into.put_slice(&self.unread[..count]);
        self.unread.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WebSocket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.has_closed {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let is_text = self.manners.sends_text && std::str::from_utf8(bytes).is_ok();
        let kind = if is_text { FrameKind::Text } else { FrameKind::Binary };
        ready!(self.poll_send(context, &Frame::whole(kind, Bytes::copy_from_slice(bytes))))?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_sent(context)
    }

    /// Sends a close frame; a WebSocket has no half that could end alone. The broker then ends the stream below.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.has_closed {
            ready!(self.poll_sent(context))?;
            self.has_closed = true;
            self.start(Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })))?;
        }
        let sent = ready!(self.poll_sent(context));
        if self.role == Role::Client {
            return Poll::Ready(sent);
        }
        // Where the client has closed before, there is nothing left to send.
        Pin::new(self.stream.get_mut()).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_the_manners_are() {
        let two = Bytes::from_static(&[0xC0, 0, 0x30, 1, 7, 0xC0]);
        assert_eq!(Manners::default().read(two.clone()), two);
        let one = Manners { one_packet_a_message: true, ..Manners::default() };
        assert_eq!(&one.read(two.clone())[..], [0xC0, 0]);
        assert_eq!(&one.read(Bytes::from_static(&[0x30, 9]))[..], [0x30, 9], "a part of a packet is read");
        let whole = Manners { whole_packets_only: true, ..Manners::default() };
        assert_eq!(&whole.read(two)[..], [0xC0, 0, 0x30, 1, 7]);
        assert!(whole.read(Bytes::from_static(&[0x30, 9])).is_empty());
    }
}

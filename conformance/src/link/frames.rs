//! The frames of one connection over WebSocket: in what kind the broker's bytes came, and those that a case makes by hand.

use super::connection::{Link, Order};
use super::transcript::Remark;
use crate::wire::{Frame, FrameKind, Transport, WebSocket};
use bytes::{Bytes, BytesMut};
use std::cell::{Cell, RefCell};

/// The name under which a legal packet in a text frame stands in transcripts, among the mutations.
const IN_TEXT: &str = "websocket.text-frame";

/// What was agreed on before the first frame.
pub(crate) struct Handshake {
    /// What the broker answered for a subprotocol.
    pub(crate) subprotocol: Option<String>,
}

/// What a connection knows of its frames.
#[derive(Default)]
pub(super) struct Frames {
    /// Where a WebSocket frames the bytes.
    handshake: Option<Handshake>,
    /// The kind of frame in which the last bytes came.
    last: Cell<Option<FrameKind>>,
    /// A text frame has been seen.
    has_text: Cell<bool>,
    /// What is sent waits to be put into frames by the case.
    held: RefCell<Option<BytesMut>>,
    /// What is sent goes into a frame in which MQTT must not travel.
    in_text: Cell<bool>,
}

impl Frames {
    pub(super) fn of(stream: &mut dyn Transport) -> Self {
        let subprotocol = |socket: &mut WebSocket| socket.subprotocol().map(str::to_owned);
        let handshake = stream.web_socket().map(|socket| Handshake { subprotocol: subprotocol(socket) });
        Self { handshake, ..Self::default() }
    }
}

impl Link {
    /// What came of the handshake of its WebSocket; nothing where the connection is none.
    pub(crate) fn handshake(&self) -> Option<&Handshake> {
        self.frames.handshake.as_ref()
    }

    /// The kind of frame in which the last bytes came.
    pub(super) fn frame_kind(&self) -> Option<FrameKind> {
        self.frames.last.get()
    }

    /// Whether the broker has sent a text frame.
    pub(crate) fn has_seen_text(&self) -> bool {
        self.frames.has_text.get()
    }

    /// Takes note of the kind of frame in which bytes came, or their end.
    pub(super) fn note_frame(&self, kind: Option<FrameKind>) {
        self.frames.last.set(kind);
        if kind == Some(FrameKind::Text) && !self.frames.has_text.replace(true) {
            self.recorder.say(&self.label, Remark::Notes, "what follows came in a text frame");
        }
    }

    /// From now on what is sent waits for [`send_frames`](Self::send_frames).
    pub(crate) fn hold_for_frames(&self, in_text: bool) {
        self.frames.in_text.set(in_text);
        self.frames.held.replace(Some(BytesMut::new()));
    }

    /// Takes what is sent where it waits for its frames; false where it is to go at once.
    pub(super) fn holds(&self, bytes: &[u8]) -> bool {
        match &mut *self.frames.held.borrow_mut() {
            Some(held) => {
                held.extend_from_slice(bytes);
                true
            }
            None => false,
        }
    }

    /// What is wrong with the frame that a packet is to travel in.
    pub(crate) fn frame_mistake(&self) -> Option<&'static str> {
        (self.frames.held.borrow().is_some() && self.frames.in_text.get()).then_some(IN_TEXT)
    }

    /// Sends what has waited, in the frames that `cut` makes of it.
    pub(crate) fn send_frames(&self, cut: impl FnOnce(Bytes) -> Vec<Frame>) {
        let held = self.frames.held.take().unwrap_or_default().freeze();
        let frames = cut(held);
        let told: Vec<String> = frames.iter().map(in_words).collect();
        self.recorder.say(&self.label, Remark::Notes, format!("in frames: {}", told.join(", ")));
        self.order(Order::Frames(frames));
    }
}

fn in_words(Frame { kind, is_last, payload }: &Frame) -> String {
    let kind = match kind {
        FrameKind::Text => "text",
        FrameKind::Binary => "binary",
        FrameKind::Continuation => "continuation",
        FrameKind::Ping => "ping",
        FrameKind::Pong => "pong",
    };
    let open = if *is_last { "" } else { " and more to come" };
    format!("{kind} of {} bytes{open}", payload.len())
}

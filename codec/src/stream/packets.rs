//! Packets out of a stream of bytes, however it is cut.
//!
//! Bytes are read into one buffer, and packets borrow from it: a packet costs no allocation and no reference count. How
//! many bytes are to come before more can be known is remembered, so the work is linear in the bytes even if they come one
//! by one; and what is wrong is refused with the same byte as by [`decode`], however the stream is cut.

use bytes::{Buf, BytesMut};
use core::cell::Cell;

use crate::packet::{Context, Limits, Packet, PacketType};
use crate::read::one_pass::{self, Unvisited};
use crate::read::{Decoded, OwnedPacket, PublishHead, decode, decode_longer, packet_len, publish_head};
use crate::rule::DecodeError;
use crate::stream::batch::PacketBatch;

/// Reads packets from a stream.
///
/// ```
/// use mqtt_assay_codec::{Context, Limits, PacketStream, PacketType, Sender, Version};
/// let mut stream = PacketStream::new(Context::new(Version::V3_1_1, Sender::Client), Limits::default());
/// let mut types = Vec::new();
/// // As a socket would give them: a PINGREQ and a half, then the rest.
/// for read in [&b"\xC0\x00\xC0"[..], b"\x00\xE0\x00"] {
///     stream.buffer().extend_from_slice(read);
///     while let Some(packet) = stream.next_packet()? {
///         types.push(packet.packet_type());
///     }
/// }
/// assert_eq!(types, [PacketType::Pingreq, PacketType::Pingreq, PacketType::Disconnect]);
/// # Ok::<_, mqtt_assay_codec::DecodeError>(())
/// ```
///
/// After an error the stream stays where it is: it returns the same error again.
#[derive(Debug, Clone)]
pub struct PacketStream {
    context: Context,
    limits: Limits,
    buffer: BytesMut,
    /// Bytes of the buffer that are read.
    start: usize,
    /// Bytes from `start` without which nothing new can be known.
    wanted: usize,
    /// Bytes of a payload in pieces that are still to come.
    payload_left: usize,
}

/// What a stream yields where large payloads come in pieces, see [`PacketStream::next_item`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamItem<'a> {
    /// A whole packet.
    Packet {
        /// The packet.
        packet: Packet<'a>,
        /// The bytes that it was read from.
        bytes: &'a [u8],
    },
    /// All of a PUBLISH but its payload, which follows in pieces.
    Head(PublishHead<'a>),
    /// The next bytes of the payload.
    Payload {
        /// The bytes, at least one.
        bytes: &'a [u8],
        /// Bytes of the payload that follow these; 0: this was the last piece.
        left: usize,
    },
}

impl PacketStream {
    /// A stream of which nothing has come yet.
    pub fn new(context: Context, limits: Limits) -> Self {
        Self { context, limits, buffer: BytesMut::new(), start: 0, wanted: 0, payload_left: 0 }
    }

    /// Version and sender of what is read.
    pub const fn context(&self) -> Context {
        self.context
    }

    /// Reads on in another version or from another side: a server learns the version from CONNECT.
    pub fn set_context(&mut self, context: Context) {
        self.context = context;
        self.wanted = 0;
    }

    /// Where to append what comes. Gives up the bytes of all packets that have been yielded.
    ///
    /// Only append: what stands there belongs to the packet that comes next.
    pub fn buffer(&mut self) -> &mut BytesMut {
        self.buffer.advance(self.start);
        self.start = 0;
        &mut self.buffer
    }

    /// Bytes that have come and belong to no packet that was yielded.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// The next whole packet; `None`: more bytes are needed.
    ///
    /// What is left of a payload in pieces is passed over.
    #[expect(clippy::inline_always, reason = "a call costs as much as a ping")]
    #[inline(always)]
    pub fn next_packet(&mut self) -> Result<Option<Packet<'_>>, DecodeError> {
        if self.payload_left > 0 {
            self.skip_payload();
        }
        let Self { context, limits, buffer, start, wanted, .. } = self;
        let rest = buffer.get(*start..).unwrap_or(&[]);
        let (start, wanted) = (Cell::from_mut(start), Cell::from_mut(wanted));
        let complete = |packet, len| {
            start.update(|start| start + len);
            wanted.set(0);
            Ok(Some(packet))
        };
        // Accepting takes no more than looking whether there are as many bytes as are wanted.
        one_pass::frequent(rest, (*context, limits), &mut Unvisited, complete, |_| {
            next_longer(rest, *context, limits, (start, wanted))
        })
    }

    /// As [`next_packet`](Self::next_packet), for a packet that outlives the stream's buffer: it has a share of it.
    ///
    /// What is left of a payload in pieces is passed over.
    pub fn next_owned(&mut self) -> Result<Option<OwnedPacket>, DecodeError> {
        self.skip_payload();
        let Self { context, limits, wanted, .. } = *self;
        let buffer = self.buffer();
        if buffer.len() < wanted {
            return Ok(None);
        }
        let (owned, wanted) = match decode(buffer, context, &limits)? {
            Decoded::Complete { len, .. } => {
                (Some(OwnedPacket::strict(buffer.split_to(len).freeze(), context.version)), 0)
            }
            Decoded::Partial { needed } => (None, buffer.len() + needed),
        };
        self.wanted = wanted;
        Ok(owned)
    }

    /// All whole packets that are there, together in one piece of memory that can go elsewhere; `None`: not one is
    /// whole. Costs one reference count, however many packets there are.
    ///
    /// What is left of a payload in pieces is passed over.
    pub fn next_batch(&mut self) -> Result<Option<PacketBatch>, DecodeError> {
        self.skip_payload();
        let Self { context, limits, mut wanted, .. } = *self;
        let batch = PacketBatch::split_off(self.buffer(), context, &limits, &mut wanted);
        self.wanted = wanted;
        batch
    }

    /// The next whole packet, or the next part of a PUBLISH of more than `whole_up_to` bytes that is not all there: so a
    /// payload of 256 MiB need not be in memory. `None`: more bytes are needed.
    ///
    /// ```
    /// use mqtt_assay_codec::{Context, Limits, PacketStream, Sender, StreamItem, Version};
    /// let mut stream = PacketStream::new(Context::new(Version::V3_1_1, Sender::Client), Limits::default());
    /// stream.buffer().extend_from_slice(b"\x30\x0B\x00\x01tabc");
    /// let Some(StreamItem::Head(head)) = stream.next_item(8)? else { panic!("not the head") };
    /// assert_eq!((head.publish.topic, head.payload_len), ("t", 8));
    /// assert_eq!(stream.next_item(8)?, Some(StreamItem::Payload { bytes: b"abc", left: 5 }));
    /// assert_eq!(stream.next_item(8)?, None);
    /// stream.buffer().extend_from_slice(b"defgh\xC0\x00");
    /// assert_eq!(stream.next_item(8)?, Some(StreamItem::Payload { bytes: b"defgh", left: 0 }));
    /// assert!(matches!(stream.next_item(8)?, Some(StreamItem::Packet { .. })));
    /// # Ok::<_, mqtt_assay_codec::DecodeError>(())
    /// ```
    pub fn next_item(&mut self, whole_up_to: usize) -> Result<Option<StreamItem<'_>>, DecodeError> {
        if self.payload_left > 0 {
            return Ok(self.next_piece());
        }
        let Some(rest) = self.buffer.get(self.start..).filter(|rest| rest.len() >= self.wanted) else {
            return Ok(None);
        };
        let needed = match decode(rest, self.context, &self.limits)? {
            Decoded::Complete { packet, len } => {
                self.start += len;
                self.wanted = 0;
                return Ok(Some(StreamItem::Packet { packet, bytes: rest.get(..len).unwrap_or(rest) }));
            }
            Decoded::Partial { needed } => needed,
        };
        match head_len(rest, self.context, whole_up_to) {
            // The reader may have to look before the whole head is there.
            Some(length) if length > rest.len() => self.wanted = length.min(rest.len() + needed),
            Some(_) => {
                let Some(head) = publish_head(rest, self.context, &self.limits)? else { return Ok(None) };
                self.start += head.bytes.len();
                self.payload_left = head.payload_len;
                self.wanted = 0;
                return Ok(Some(StreamItem::Head(head)));
            }
            None => self.wanted = rest.len() + needed,
        }
        Ok(None)
    }

    fn next_piece(&mut self) -> Option<StreamItem<'_>> {
        let start = self.start;
        let length = self.payload_left.min(self.buffer.len() - start);
        self.start += length;
        self.payload_left -= length;
        let bytes = self.buffer.get(start..start + length).filter(|bytes| !bytes.is_empty())?;
        Some(StreamItem::Payload { bytes, left: self.payload_left })
    }

    fn skip_payload(&mut self) {
        let length = self.payload_left.min(self.pending());
        self.start += length;
        self.payload_left -= length;
    }
}

/// As [`PacketStream::next_packet`], for what is not accepted at once.
#[inline(never)]
fn next_longer<'a>(
    rest: &'a [u8],
    context: Context,
    limits: &Limits,
    (start, wanted): (&Cell<usize>, &Cell<usize>),
) -> Result<Option<Packet<'a>>, DecodeError> {
    if rest.len() < wanted.get() {
        return Ok(None);
    }
    match decode_longer(rest, context, limits)? {
        Decoded::Complete { packet, len } => {
            start.update(|start| start + len);
            wanted.set(0);
            Ok(Some(packet))
        }
        Decoded::Partial { needed } => {
            wanted.set(rest.len() + needed);
            Ok(None)
        }
    }
}

/// Length of all that comes before the payload of a PUBLISH of more than `whole_up_to` bytes, or of as much of it as must
/// be there to know that length; `None` for other packets. Looks at a few bytes only.
fn head_len(bytes: &[u8], context: Context, whole_up_to: usize) -> Option<usize> {
    let first = *bytes.first()?;
    let length = packet_len(bytes)? as usize;
    if PacketType::from_number(first >> 4) != Some(PacketType::Publish) || length <= whole_up_to {
        return None;
    }
    let topic_at = 1 + bytes.get(1..)?.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let Some(topic_len) = bytes.get(topic_at..topic_at + 2) else { return Some(topic_at + 2) };
    let topic_len = topic_len.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
    let identifier_len = if first & 0b0110 == 0 { 0 } else { 2 };
    let properties_at = topic_at + 2 + topic_len + identifier_len;
    if !context.version.has_properties() {
        return Some(properties_at);
    }
    let encoded = bytes.get(properties_at..).unwrap_or(&[]);
    let Some(last) = encoded.iter().take(4).position(|byte| byte & 0x80 == 0) else {
        // One byte more, unless there are four: then what they say is wrong, and the reader says so.
        return Some(properties_at + (encoded.len() + 1).min(4));
    };
    let value = |bytes: &[u8]| bytes.iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7F));
    let block_at = properties_at + last + 1;
    let block_end = block_at + value(&encoded[..=last]);
    // What does not fit is refused for its length alone.
    Some(if block_end > length { block_at } else { block_end })
}

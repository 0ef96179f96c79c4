//! All of a PUBLISH but its payload, for payloads that come in pieces.

use crate::packet::{Context, Limits, Publish};
use crate::read::fast::Accepted;
use crate::read::reader::{Prefixes, Reader, Stop};
use crate::read::view::PacketView;
use crate::rule::DecodeError;

/// A PUBLISH whose payload has not come yet. All else is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishHead<'a> {
    pub(crate) view: PacketView<'a>,
    pub(crate) payload_len: usize,
}

impl<'a> PublishHead<'a> {
    /// The packet, with an empty payload.
    pub fn publish(&self) -> Publish<'a> {
        self.view.publish_only()
    }

    /// Length of its payload in bytes.
    pub const fn payload_len(&self) -> usize {
        self.payload_len
    }

    /// The bytes before the payload.
    pub const fn bytes(&self) -> &'a [u8] {
        self.view.bytes()
    }
}

/// Judges and reads all that comes before the payload of a PUBLISH; `None` if that is not all there.
pub(crate) fn publish_head<'a>(
    bytes: &'a [u8],
    context: Context,
    limits: &Limits,
) -> Result<Option<PublishHead<'a>>, DecodeError> {
    let mut observer = Prefixes;
    let mut reader = Reader::new(bytes, context, limits, &mut observer);
    match reader.packet() {
        Err(Stop::Refused(error)) => return Err(error),
        Err(Stop::Short(_)) if reader.payload == 0 => return Ok(None),
        Ok(()) | Err(Stop::Short(_)) => {}
    }
    let payload_len = reader.end - reader.payload;
    let accepted = Accepted {
        bytes: reader.bytes.get(..reader.payload).unwrap_or(reader.bytes),
        payload: reader.payload as u32,
        packet_id: reader.packet_id,
        header_len: reader.header_len as u8,
    };
    let view = PacketView::of(accepted, context.version);
    Ok(Some(PublishHead { view, payload_len }))
}

//! All of a PUBLISH but its payload, for payloads that come in pieces.

use crate::packet::{Context, Limits, Publish};
use crate::read::accepted::{self, Acceptance};
use crate::read::reader::{Prefixes, Reader, Stop};
use crate::rule::DecodeError;

/// A PUBLISH whose payload has not come yet. All else is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishHead<'a> {
    /// The packet, with an empty payload.
    pub publish: Publish<'a>,
    /// Length of its payload in bytes.
    pub payload_len: usize,
    /// The bytes before the payload.
    pub bytes: &'a [u8],
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
    let bytes = reader.bytes.get(..reader.payload).unwrap_or(reader.bytes);
    let publish = accepted::publish(bytes, Acceptance { version: context.version, waived: false });
    Ok(Some(PublishHead { publish, payload_len, bytes }))
}

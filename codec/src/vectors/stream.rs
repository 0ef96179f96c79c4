//! Streams as data: bytes in pieces, as a socket yields them, and what is due after each piece.

use alloc::vec::Vec;

use crate::packet::{Context, PacketType, ReasonCode, Sender, Version};
use crate::rule::{Layer, Rule};
use crate::vectors::json::{Json, unhex};
use crate::vectors::kind::Kind;
use crate::vectors::values::Values;

/// How a stream ends for a strict decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// Where a packet ends: nothing is left.
    Between,
    /// Within a packet: the decoder waits for more.
    Within,
    /// With a refusal.
    Refused,
}

impl End {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Between, Self::Within, Self::Refused];

    /// Name, as the JSON has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Between => "between",
            Self::Within => "within",
            Self::Refused => "refused",
        }
    }
}

/// A packet that is complete with a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The piece that completes it, counted from 1.
    pub piece: usize,
    /// Bytes that it takes.
    pub len: usize,
    /// What it says.
    pub values: Values,
}

/// A breach at the end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The piece with which the breach must have been seen at the latest, counted from 1: it holds the last byte of the packet
    /// that is refused.
    pub piece: usize,
    /// The rule that is broken.
    pub rule: Rule,
    /// Id of the statement or unnumbered rule of the standard, where there is one.
    pub statement: Option<&'static str>,
    /// What the breach comes to.
    pub kind: Kind,
    /// Code to answer it with: in 5.0 always one, before where CONNACK is to carry it.
    pub reason: Option<ReasonCode>,
}

/// One stream, for a fresh decoder without limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Stable and unique: version, sender, and `stream-` with what it shows.
    pub id: &'static str,
    /// Version and sender.
    pub context: Context,
    /// What a decoder has to understand to get it right.
    pub layer: Layer,
    /// What it is, in a few words.
    pub comment: &'static str,
    /// The bytes as they come; no piece is empty.
    pub pieces: Vec<Vec<u8>>,
    /// The packets that become complete, in their order.
    pub packets: Vec<Due>,
    /// How it ends.
    pub end: End,
    /// The breach that it ends with, if it is refused.
    pub refusal: Option<Refusal>,
}

impl Stream {
    /// Reads the line of one stream; `None` for any other line of the files.
    fn from_line(line: &'static str) -> Option<Self> {
        let (json, _) = line.starts_with("{\"id\"").then(|| Json::read(line))??;
        let text = |key| json.get(key)?.text();
        let version = text("version")?.parse().ok()?;
        let from = if text("sender")? == "client" { Sender::Client } else { Sender::Server };
        let end = text("end")?;
        Some(Self {
            id: text("id")?,
            context: Context::new(version, from),
            layer: Layer::find(text("layer")?)?,
            comment: text("comment")?,
            pieces: json.get("pieces")?.list().iter().filter_map(Json::text).map(unhex).collect(),
            packets: json.get("packets")?.list().iter().map(due).collect::<Option<_>>()?,
            end: End::ALL.into_iter().find(|known| known.name() == end)?,
            refusal: refusal(&json),
        })
    }
}

fn due(json: &Json<'_>) -> Option<Due> {
    let packet = json.get("packet")?.text()?;
    let packet = PacketType::ALL.into_iter().find(|known| known.name() == packet)?;
    let number = |key| json.get(key)?.number();
    let values = Values::read(packet, json.get("values")?)?;
    Some(Due { piece: number("piece")? as usize, len: number("length")? as usize, values })
}

fn refusal(json: &Json<'static>) -> Option<Refusal> {
    Some(Refusal {
        piece: json.get("by")?.number()? as usize,
        rule: Rule::find(json.get("rule")?.text()?)?,
        statement: json.get("statement").and_then(Json::text),
        kind: Kind::find(json.get("kind")?.text()?)?,
        reason: json.get("reason").and_then(Json::number).map(|number| ReasonCode(number as u8)),
    })
}

/// The file of each version, as it is in `codec/vectors`.
pub(crate) const fn streams_json(version: Version) -> &'static str {
    match version {
        Version::V3_1 => include_str!("../../vectors/streams-3.1.json"),
        Version::V3_1_1 => include_str!("../../vectors/streams-3.1.1.json"),
        Version::V5 => include_str!("../../vectors/streams-5.json"),
    }
}

/// The streams of one version.
pub fn streams_of(version: Version) -> impl Iterator<Item = Stream> {
    streams_json(version).lines().filter_map(Stream::from_line)
}

/// All streams, oldest version first.
///
/// ```
/// use mqtt_assay_codec::vectors::{self, End};
/// use mqtt_assay_codec::{Limits, PacketStream};
/// for wanted in vectors::streams().filter(|stream| stream.end != End::Refused) {
///     let mut stream = PacketStream::new(wanted.context, Limits::NONE);
///     let mut packets = 0;
///     for piece in &wanted.pieces {
///         stream.buffer().extend_from_slice(piece);
///         while stream.next_packet().expect(wanted.id).is_some() {
///             packets += 1;
///         }
///     }
///     assert_eq!((packets, stream.pending() > 0), (wanted.packets.len(), wanted.end == End::Within));
/// }
/// ```
pub fn streams() -> impl Iterator<Item = Stream> {
    Version::ALL.into_iter().flat_map(streams_of)
}

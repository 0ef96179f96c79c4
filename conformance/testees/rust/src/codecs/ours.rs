//! This project's codec: `decode` for one packet, `PacketStream` for a stream. It hides nothing.

use mqtt_assay_codec::vectors::Values;
use mqtt_assay_codec::{
    Context, DecodeError, Decoded, ErrorKind, Limits, PacketStream, PacketType, ReasonCode, Sender, Version, decode,
};

use super::{Asked, Incremental, Testee, Verdict, version_of};

pub(super) struct Ours;

struct Stream {
    stream: PacketStream,
    version: Version,
}

fn context(asked: Asked<'_>) -> Option<Context> {
    let from = match asked.sender {
        "client" => Sender::Client,
        "server" => Sender::Server,
        _ => return None,
    };
    Some(Context::new(asked.version.parse().ok()?, from))
}

fn refused(error: &DecodeError) -> Verdict {
    let kind = match error.kind {
        ErrorKind::Malformed => "malformed",
        ErrorKind::ProtocolError => "protocol",
        ErrorKind::TooLarge => "too-large",
    };
    // Before 5.0 a code is sent only in the CONNACK that answers a CONNECT, and only these two are meant.
    let answered = error.packet_type == Some(PacketType::Connect) && matches!(error.reason, ReasonCode(1 | 2));
    let reason = (error.version == Version::V5 || answered).then_some(error.reason.0);
    Verdict::Refused { kind, reason, text: error.to_string() }
}

impl Testee for Ours {
    fn greeting(&self) -> String {
        let can = "3.1,3.1.1,5,client,server,decode,stream,values,reason";
        format!("name=mqtt-assay-codec version={} can={can}", version_of("mqtt-assay-codec"))
    }

    fn decode(&self, asked: Asked<'_>, bytes: &[u8]) -> Option<Verdict> {
        let context = context(asked)?;
        Some(match decode(bytes, context, &Limits::NONE) {
            Ok(Decoded::Complete { packet, len }) => {
                Verdict::Packet { consumed: len, values: Values::of(&packet, context.version).to_string() }
            }
            Ok(Decoded::Partial { needed }) => Verdict::Wants(Some(needed)),
            Err(error) => refused(&error),
        })
    }

    fn stream(&self, asked: Asked<'_>) -> Option<Box<dyn Incremental>> {
        let context = context(asked)?;
        let stream = PacketStream::new(context, Limits::NONE);
        Some(Box::new(Stream { stream, version: context.version }))
    }
}

impl Incremental for Stream {
    fn feed(&mut self, piece: &[u8]) {
        self.stream.buffer().extend_from_slice(piece);
    }

    fn next(&mut self) -> Verdict {
        let before = self.stream.pending();
        let values = match self.stream.next_packet() {
            Ok(Some(packet)) => Values::of(&packet, self.version).to_string(),
            Ok(None) => return Verdict::Wants(None),
            Err(error) => return refused(&error),
        };
        Verdict::Packet { consumed: before - self.stream.pending(), values }
    }
}

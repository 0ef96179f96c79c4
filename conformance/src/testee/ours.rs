//! The decoder of this project as a testee: what a strict one answers.

use super::{Answer, Ask, Came, End, Greeting, Question, RefusalKind, Testee};
use mqtt_assay_codec::vectors::Values;
use mqtt_assay_codec::{Context, DecodeError, Decoded, ErrorKind, Limits, PacketStream, Rule, decode};

/// Answers by [`decode`] and [`PacketStream`].
#[derive(Debug)]
pub struct Ours {
    greeting: Greeting,
}

impl Ours {
    /// It can all that the protocol has.
    pub fn new() -> Self {
        let can = ["3.1", "3.1.1", "5", "client", "server", "decode", "stream", "values", "reason"];
        let greeting = Greeting {
            name: "mqtt-assay-codec".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            can: can.into_iter().map(str::to_owned).collect(),
            hides: std::collections::BTreeSet::new(),
        };
        Self { greeting }
    }
}

impl Ours {
    /// What a strict decoder without limits makes of bytes.
    pub(super) fn end(bytes: &[u8], context: Context) -> End {
        decoded(bytes, context)
    }
}

impl Default for Ours {
    fn default() -> Self {
        Self::new()
    }
}

impl Testee for Ours {
    fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Answer>, String> {
        Ok(questions.iter().map(answer).collect())
    }
}

/// What a strict decoder without limits answers.
pub fn answer(question: &Question) -> Answer {
    match &question.ask {
        Ask::Decode(bytes) => Answer { packets: Vec::new(), end: decoded(bytes, question.context) },
        Ask::Stream(pieces) => streamed(pieces, question.context),
    }
}

fn decoded(bytes: &[u8], context: Context) -> End {
    match decode(bytes, context, &Limits::NONE) {
        Ok(Decoded::Complete { packet, len }) => {
            End::Accepted { consumed: len, values: Some(Values::of(&packet, context.version).to_string()) }
        }
        Ok(Decoded::Partial { needed }) => End::Wants(Some(needed)),
        Err(error) => refused(&error),
    }
}

fn streamed(pieces: &[Vec<u8>], context: Context) -> Answer {
    let mut stream = PacketStream::new(context, Limits::NONE);
    let mut packets = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        stream.buffer().extend_from_slice(piece);
        loop {
            match stream.next_packet() {
                Ok(Some(packet)) => {
                    let values = Some(Values::of(&packet, context.version).to_string());
                    packets.push(Came { piece: index + 1, values });
                }
                Ok(None) => break,
                Err(error) => return Answer { packets, end: refused(&error) },
            }
        }
    }
    let consumed = pieces.iter().map(Vec::len).sum();
    let end = if stream.pending() > 0 { End::Wants(None) } else { End::Accepted { consumed, values: None } };
    Answer { packets, end }
}

fn refused(error: &DecodeError) -> End {
    let kind = match error.kind {
        _ if error.rule == Rule::ProtocolLevel => RefusalKind::Unsupported,
        ErrorKind::Malformed => RefusalKind::Malformed,
        ErrorKind::ProtocolError => RefusalKind::Protocol,
        ErrorKind::TooLarge => RefusalKind::TooLarge,
    };
    End::Refused { kind, reason: Some(error.reason.0), text: error.to_string() }
}

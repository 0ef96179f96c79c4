//! Decoders with one mistake each, planted into ours: the shapes of mistakes that decoders of brokers and clients have had.
//!
//! They show what certifying and fuzzing find. A mistake is in the decoding of one packet, and so in streams as well, or in
//! streams alone.

mod bytes;
mod pieces;
mod table;
mod values;

pub use table::BUGS;

use super::ours::Ours;
use super::{Answer, Ask, Came, End, Greeting, Question, Testee};
use mqtt_assay_codec::vectors::Values;
use mqtt_assay_codec::{Context, Decoded, Limits, Rule, decode, decode_waiving};

/// A mistake.
pub struct Bug {
    /// Its name.
    pub name: &'static str,
    /// What the decoder does, in a sentence.
    pub says: &'static str,
    way: Way,
}

/// How a mistake comes about.
enum Way {
    /// These rules are not looked at.
    Unseen(&'static [Rule]),
    /// The values of an accepted packet are changed, where they are of the right sort.
    Values(fn(&mut Values, &[u8])),
    /// Some bytes are answered otherwise than by the decoder.
    Bytes(fn(&[u8], Context) -> Option<End>),
    /// Some streams are.
    Pieces(fn(&[Vec<u8>], &mut Answer)),
}

/// Our decoder with a mistake.
pub struct Planted {
    bug: &'static Bug,
    ours: Ours,
}

impl Planted {
    /// With the mistake of this name.
    pub fn new(name: &str) -> Option<Self> {
        let bug = BUGS.iter().find(|bug| bug.name == name)?;
        Some(Self { bug, ours: Ours::new() })
    }

    fn answer(&self, question: &Question) -> Answer {
        let context = question.context;
        match &question.ask {
            Ask::Decode(bytes) => Answer { packets: Vec::new(), end: self.end(bytes, context) },
            Ask::Stream(pieces) => {
                let mut answer = self.streamed(pieces, context);
                if let Way::Pieces(change) = self.bug.way {
                    change(pieces, &mut answer);
                }
                answer
            }
        }
    }

    fn end(&self, bytes: &[u8], context: Context) -> End {
        match self.bug.way {
            Way::Unseen(rules) => unseen(bytes, context, rules),
            Way::Bytes(other) => other(bytes, context).unwrap_or_else(|| accepted(bytes, context, |_| {})),
            Way::Values(change) => accepted(bytes, context, |values| change(values, bytes)),
            Way::Pieces(_) => accepted(bytes, context, |_| {}),
        }
    }

    /// A stream, packet by packet.
    fn streamed(&self, pieces: &[Vec<u8>], context: Context) -> Answer {
        let (mut packets, mut buffer, mut taken) = (Vec::new(), Vec::new(), 0);
        for (index, piece) in pieces.iter().enumerate() {
            buffer.extend_from_slice(piece);
            while !buffer.is_empty() {
                match self.end(&buffer, context) {
                    End::Accepted { consumed, values } => {
                        buffer.drain(..consumed.min(buffer.len()));
                        taken += consumed;
                        packets.push(Came { piece: index + 1, values });
                    }
                    End::Wants(_) => break,
                    end => return Answer { packets, end },
                }
            }
        }
        let between = End::Accepted { consumed: taken, values: None };
        Answer { packets, end: if buffer.is_empty() { between } else { End::Wants(None) } }
    }
}

impl Testee for Planted {
    fn greeting(&self) -> &Greeting {
        self.ours.greeting()
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Answer>, String> {
        Ok(questions.iter().map(|question| self.answer(question)).collect())
    }
}

/// What a strict decoder answers, with the values changed.
fn accepted(bytes: &[u8], context: Context, change: impl FnOnce(&mut Values)) -> End {
    let mut end = Ours::end(bytes, context);
    if let (End::Accepted { values, .. }, Ok(Decoded::Complete { packet, .. })) =
        (&mut end, decode(bytes, context, &Limits::NONE))
    {
        let mut changed = Values::of(&packet, context.version);
        change(&mut changed);
        *values = Some(changed.to_string());
    }
    end
}

fn unseen(bytes: &[u8], context: Context, rules: &[Rule]) -> End {
    match decode(bytes, context, &Limits::NONE) {
        Err(error) if rules.contains(&error.rule) => waived(bytes, context, error.rule),
        _ => accepted(bytes, context, |_| {}),
    }
}

fn waived(bytes: &[u8], context: Context, rule: Rule) -> End {
    match decode_waiving(bytes, context, &Limits::NONE, rule) {
        Ok(Decoded::Complete { packet, len }) => {
            End::Accepted { consumed: len, values: Some(Values::of(&packet, context.version).to_string()) }
        }
        Ok(Decoded::Partial { needed }) => End::Wants(Some(needed)),
        Err(_) => Ours::end(bytes, context),
    }
}

/// Waives the rule that the bytes break, if it is one of these.
fn waived_if(bytes: &[u8], context: Context, wanted: impl FnOnce(Rule) -> bool) -> Option<End> {
    let error = decode(bytes, context, &Limits::NONE).err()?;
    wanted(error.rule).then(|| waived(bytes, context, error.rule))
}

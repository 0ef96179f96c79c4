//! What a decoder is asked.

use mqtt_assay_codec::{Context, Sender};
use std::fmt::{self, Write as _};

/// A question to a decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Version and sender of the bytes.
    pub context: Context,
    /// What it is about.
    pub ask: Ask,
}

/// What is to be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// The packet that these bytes begin with.
    Decode(Vec<u8>),
    /// A stream that comes in these pieces, for a fresh incremental decoder.
    Stream(Vec<Vec<u8>>),
}

impl Question {
    /// The packet that these bytes begin with.
    pub const fn decode(context: Context, bytes: Vec<u8>) -> Self {
        Self { context, ask: Ask::Decode(bytes) }
    }

    /// A stream that comes in these pieces.
    pub const fn stream(context: Context, pieces: Vec<Vec<u8>>) -> Self {
        Self { context, ask: Ask::Stream(pieces) }
    }

    /// Reads what [`Question::to_words`] has written.
    pub fn from_words(words: &str) -> Option<Self> {
        let mut words = words.split('/');
        let (word, version, from, bytes) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let from = match from {
            "client" => Sender::Client,
            "server" => Sender::Server,
            _ => return None,
        };
        let context = Context::new(version.parse().ok()?, from);
        match word {
            "D" => Some(Self::decode(context, unhex(bytes)?)),
            "S" => Some(Self::stream(context, bytes.split(',').map(unhex).collect::<Option<_>>()?)),
            _ => None,
        }
    }

    /// In one word for a command line: `D/5/client/c000`.
    pub fn to_words(&self) -> String {
        self.to_string().replacen(" 1 ", "/", 1).replace(' ', "/")
    }

    /// How many bytes it is about.
    pub fn len(&self) -> usize {
        match &self.ask {
            Ask::Decode(bytes) => bytes.len(),
            Ask::Stream(pieces) => pieces.iter().map(Vec::len).sum(),
        }
    }

    /// Whether it is about no byte at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes its line, with the end of the line.
    pub fn write_line(&self, id: u64, line: &mut String) {
        let context = self.context;
        let word = if matches!(self.ask, Ask::Decode(_)) { 'D' } else { 'S' };
        let _ = write!(line, "{word} {id} {} {} ", context.version, context.from);
        match &self.ask {
            Ask::Decode(bytes) => push_hex(bytes, line),
            Ask::Stream(pieces) => {
                for (index, piece) in pieces.iter().enumerate() {
                    if index > 0 {
                        line.push(',');
                    }
                    push_hex(piece, line);
                }
            }
        }
        line.push('\n');
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        self.write_line(1, &mut line);
        f.write_str(line.trim_end())
    }
}

fn push_hex(bytes: &[u8], line: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    line.reserve(bytes.len() * 2);
    for byte in bytes {
        line.push(char::from(DIGITS[usize::from(byte >> 4)]));
        line.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::Version;

    #[test]
    fn a_question_is_one_line() {
        let context = Context::new(Version::V3_1_1, Sender::Client);
        assert_eq!(Question::decode(context, vec![0xC0, 0]).to_string(), "D 1 3.1.1 client c000");
        let stream = Question::stream(context, vec![vec![0xC0], vec![0, 0xC0, 0]]);
        assert_eq!(stream.to_string(), "S 1 3.1.1 client c0,00c000");
        assert_eq!(stream.len(), 4);
        assert_eq!(Question::from_words(&stream.to_words()), Some(stream));
        assert_eq!(Question::from_words("D/5/client/c00"), None);
        assert_eq!(Question::from_words("D/6/client/c000"), None);
    }
}

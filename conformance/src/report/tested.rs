//! What a report is about, a broker or a decoder, and the words that differ between them.

use super::document::Mark;

/// What was tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tested {
    Broker,
    Decoder,
}

impl Tested {
    /// The word for it.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Decoder => "decoder",
        }
    }

    /// At the beginning of a sentence.
    pub(crate) const fn capital(self) -> &'static str {
        match self {
            Self::Broker => "Broker",
            Self::Decoder => "Decoder",
        }
    }

    /// What a mark shows of it.
    pub(crate) const fn shows(self, mark: Mark) -> &'static str {
        match (self, mark) {
            (Self::Broker, Mark::Broken) => "the broker itself did wrong",
            (Self::Broker, Mark::Lenient) => "the broker went on after something that the standard forbids a client",
            (Self::Decoder, Mark::Broken) => "the decoder itself did wrong",
            (Self::Decoder, Mark::Lenient) => "the decoder took what the standard forbids",
        }
    }

    /// The same in few words.
    pub(crate) const fn shows_in_short(self, mark: Mark) -> &'static str {
        match (self, mark) {
            (Self::Broker, Mark::Lenient) => "it went on after something forbidden",
            (Self::Decoder, Mark::Lenient) => "it took what the standard forbids",
            _ => self.shows(mark),
        }
    }
}

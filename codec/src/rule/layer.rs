//! The layers of a decoder, by which its gaps can be told in a word.

use core::fmt;

/// What a decoder has to understand to see that a rule is broken.
///
/// Each layer stands on those before it: a decoder of frames alone can judge [`Framing`](Self::Framing), and whoever hands
/// out text as bytes has no business with [`Text`](Self::Text).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Where things begin and end: packet type and fixed flags, every length, what runs past an end or is left behind one.
    Framing,
    /// Which fields there are, and which values, codes and flags each of them may have.
    Fields,
    /// That text is well-formed UTF-8 and holds no U+0000.
    Text,
    /// What fields mean, and mean together: topics, identifiers, sides, versions, what comes twice or is missed.
    Semantics,
}

impl Layer {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Framing, Self::Fields, Self::Text, Self::Semantics];

    /// Stable name, a word in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Framing => "framing",
            Self::Fields => "fields",
            Self::Text => "text",
            Self::Semantics => "semantics",
        }
    }

    /// The layer with this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.name() == name)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

//! What a breach comes to: how a receiver answers it.

use crate::packet::{ReasonCode, Version};
use crate::rule::{ErrorKind, Rule};

/// What a breach comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The bytes cannot be parsed.
    Malformed,
    /// The bytes can be parsed, but hold what the protocol does not allow.
    ProtocolError,
    /// A limit of the receiver is passed.
    TooLarge,
    /// A CONNECT whose form is right, of a version or with a client identifier that the server does not take: the standard has
    /// it answered by a CONNACK with [`Vector::reason`](crate::vectors::Vector::reason).
    AnsweredByConnack,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Malformed, Self::ProtocolError, Self::TooLarge, Self::AnsweredByConnack];

    /// Stable name, as the JSON has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::ProtocolError => "protocol-error",
            Self::TooLarge => "too-large",
            Self::AnsweredByConnack => "answered-by-connack",
        }
    }

    /// The kind with this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What a breach of this rule is in this version.
    pub fn of(rule: Rule, version: Version) -> Self {
        match (rule, version) {
            // Before 5.0 a server may go on with another protocol name, or leave without a word (MQTT-3.1.2-1).
            (Rule::ProtocolLevel, _)
            | (Rule::ProtocolName, Version::V5)
            | (Rule::EmptyClientId, Version::V3_1_1)
            | (Rule::ClientIdLength, Version::V3_1) => Self::AnsweredByConnack,
            _ => match rule.kind() {
                ErrorKind::Malformed => Self::Malformed,
                ErrorKind::ProtocolError => Self::ProtocolError,
                ErrorKind::TooLarge => Self::TooLarge,
            },
        }
    }
}

/// The code that a breach of this rule is answered with: in 5.0 always one, before only where CONNACK is to carry it.
#[cfg(test)]
pub(crate) fn reason(rule: Rule, version: Version) -> Option<ReasonCode> {
    let answered = version.has_properties() || Kind::of(rule, version) == Kind::AnsweredByConnack;
    answered.then(|| rule.reason(version))
}

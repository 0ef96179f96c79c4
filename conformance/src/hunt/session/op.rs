//! What a session is made of: who takes part, and what they do, step by step. A step is an intention: where it can't be
//! carried out it is passed over, so that any part of a session is one.

use serde::{Deserialize, Serialize};

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::hunt) struct Session {
    /// Who takes part: true for 5.0.
    pub(in crate::hunt) cast: Vec<bool>,
    pub(in crate::hunt) steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::hunt) struct Step {
    pub(in crate::hunt) who: usize,
    pub(in crate::hunt) act: Act,
    /// A mistake that is put into its packet, by the catalogue's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::hunt) mutation: Option<String>,
    #[serde(default, skip_serializing_if = "Cut::is_whole")]
    pub(in crate::hunt) cut: Cut,
}

/// How the bytes of a step are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::hunt) enum Cut {
    /// At once.
    #[default]
    Whole,
    /// One write for each byte.
    Bytes,
    /// In two pieces, the first of so many bytes.
    At(u16),
    /// Together with what this client writes next.
    Joined,
}

impl Cut {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

/// What a client does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::hunt) enum Act {
    /// It connects; where it is connected, it takes itself over.
    Connect(Greeting),
    Publish(Message),
    Subscribe {
        /// Places in the pool of filters, with the byte of options.
        filters: Vec<(u8, u8)>,
        identifier: Option<u32>,
        id: Id,
    },
    Unsubscribe {
        filters: Vec<u8>,
        id: Id,
    },
    /// How it acknowledges from now on.
    Manner(Manner),
    /// It acknowledges what it has left, or only what came first.
    Acknowledge {
        all: bool,
    },
    /// An acknowledgement that nobody waits for: its type and identifier.
    Stray(u8, u16),
    Ping,
    /// It reads nothing from now on, or reads again.
    Deaf(bool),
    /// DISCONNECT with this code, and in 5.0 this session expiry.
    Leave {
        code: u8,
        expiry: Option<u32>,
        /// Bytes of a user property (5.0).
        #[serde(default)]
        padding: u16,
    },
    Fin,
    Reset,
    HalfClose,
    /// Nobody does anything for so many milliseconds.
    Wait(u32),
    /// Much of one thing in a row.
    Storm(Storm, u16),
    /// Bytes of a legal packet with some of them changed: place and value.
    Flipped(Box<Act>, Vec<(u16, u8)>),
}

/// What comes in storms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::hunt) enum Storm {
    /// The client takes itself over.
    Takeover,
    /// Retained messages, set and removed.
    Retained,
    /// SUBSCRIBE and UNSUBSCRIBE of one filter.
    Subscribe,
    /// Messages of QoS 1 without a pause.
    Publish,
}

/// How a client acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::hunt) enum Manner {
    Now,
    /// When it is told to, or never.
    Later,
    /// With another packet than its QoS asks for.
    Wrongly,
    /// It refuses what it gets (5.0).
    Refusing,
    /// With a long reason string (5.0).
    Wordy,
}

/// Which packet identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::hunt) enum Id {
    /// One that is free.
    Fresh,
    /// The one used last.
    Again,
    /// This one, or the next that is free.
    Number(u16),
}

/// How a client connects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::hunt) struct Greeting {
    /// Whose client identifier it uses.
    pub(in crate::hunt) client: usize,
    pub(in crate::hunt) clean: bool,
    pub(in crate::hunt) keep_alive: u16,
    /// Session Expiry Interval (5.0).
    pub(in crate::hunt) expiry: Option<u32>,
    pub(in crate::hunt) receive_maximum: Option<u16>,
    pub(in crate::hunt) packet_size: Option<u32>,
    pub(in crate::hunt) aliases: Option<u16>,
    /// Request Problem Information (5.0).
    pub(in crate::hunt) problems: Option<u8>,
    /// Bytes of a user property (5.0).
    #[serde(default)]
    pub(in crate::hunt) padding: u16,
    pub(in crate::hunt) will: Option<Willing>,
}

/// A will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::hunt) struct Willing {
    pub(in crate::hunt) topic: u8,
    pub(in crate::hunt) qos: u8,
    pub(in crate::hunt) retain: bool,
    pub(in crate::hunt) delay: Option<u32>,
    pub(in crate::hunt) properties: bool,
    /// How long its payload is at least.
    #[serde(default)]
    pub(in crate::hunt) size: u32,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::hunt) struct Message {
    pub(in crate::hunt) topic: u8,
    pub(in crate::hunt) qos: u8,
    pub(in crate::hunt) retain: bool,
    pub(in crate::hunt) dup: bool,
    pub(in crate::hunt) size: u32,
    pub(in crate::hunt) id: Id,
    /// Its topic alias (5.0): 0 for none; above the broker's maximum it breaks a rule.
    pub(in crate::hunt) alias: u16,
    /// Its topic is left out, so that the alias stands for it: where nobody has set that, it breaks a rule.
    #[serde(default)]
    pub(in crate::hunt) is_by_alias: bool,
    /// Bits of the properties that it has (5.0).
    pub(in crate::hunt) properties: u8,
    pub(in crate::hunt) expiry: Option<u32>,
}

impl Session {
    /// Without one of those who take part.
    pub(in crate::hunt) fn without(&self, who: usize) -> Self {
        let steps = self.steps.iter().filter(|step| step.who != who).cloned();
        Self { cast: self.cast.clone(), steps: steps.collect() }
    }

    /// How many do something.
    pub(in crate::hunt) fn clients(&self) -> usize {
        (0..self.cast.len()).filter(|who| self.steps.iter().any(|step| step.who == *who)).count()
    }
}

impl Act {
    /// For keys of what was seen: its kind.
    pub(in crate::hunt) const fn kind(&self) -> u8 {
        match self {
            Self::Connect(_) => 0,
            Self::Publish(_) => 1,
            Self::Subscribe { .. } => 2,
            Self::Unsubscribe { .. } => 3,
            Self::Manner(_) => 4,
            Self::Acknowledge { .. } => 5,
            Self::Stray(..) => 6,
            Self::Ping => 7,
            Self::Deaf(_) => 8,
            Self::Leave { .. } => 9,
            Self::Fin => 10,
            Self::Reset => 11,
            Self::HalfClose => 12,
            Self::Wait(_) => 13,
            Self::Storm(..) => 14,
            Self::Flipped(..) => 15,
        }
    }
}

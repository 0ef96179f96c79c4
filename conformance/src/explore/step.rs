//! What a generated sequence is made of: who takes part, and what they do, step by step.
//!
//! A step is an intention. Whether it can be carried out hangs on what came before and on what the broker has announced:
//! where it can't, it is passed over. So any part of a sequence is a sequence, which is what makes shrinking simple.

use mqtt_assay_codec::{QoS, SubscriptionOptions, Version};

/// The names of those who take part, in order.
pub(crate) const ROLES: [&str; 4] = ["ann", "ben", "cid", "dee"];

/// A sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Who takes part: the version of each, by the places in `ROLES`; `None` where a place is left out.
    pub cast: Vec<Option<Version>>,
    /// What they do.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nobody does anything for so many milliseconds.
    Wait(u32),
    /// Somebody does something.
    Do(usize, Act),
}

/// What a client can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// It connects; where it is connected, it takes itself over.
    Connect(Connecting),
    /// It subscribes.
    Subscribe {
        /// Topic filters with their options.
        filters: Vec<(String, SubscriptionOptions)>,
        /// The subscription identifier (5.0).
        identifier: Option<u32>,
    },
    /// It unsubscribes.
    Unsubscribe(Vec<String>),
    /// It publishes.
    Publish(Publishing),
    /// It leaves what comes unacknowledged from now on.
    Hold,
    /// It acknowledges what it has left unacknowledged.
    Acknowledge(Which),
    /// It asks whether the broker is there.
    Ping,
    /// It sends DISCONNECT; in 5.0 perhaps with the code that has its will published.
    Leave {
        /// Code 0x04.
        with_will: bool,
    },
    /// Its connection is reset.
    Reset,
    /// Its connection ends without DISCONNECT.
    Fin,
}

/// How a client connects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connecting {
    /// It discards the session that is there.
    pub is_clean: bool,
    /// Its session outlives the connection. In 3.1.1 that is the opposite of `is_clean`.
    pub keeps: bool,
    /// Receive Maximum (5.0).
    pub receive_maximum: Option<u16>,
    /// Maximum Packet Size (5.0).
    pub packet_size: Option<u32>,
    /// Topic Alias Maximum (5.0).
    pub aliases: Option<u16>,
    /// Its will.
    pub will: Option<Willing>,
    /// One write for each byte.
    pub in_pieces: bool,
}

/// A will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Willing {
    /// Its topic.
    pub topic: String,
    /// Its QoS.
    pub qos: QoS,
    /// Will Retain.
    pub retain: bool,
    /// Will Delay Interval in seconds (5.0).
    pub delay: Option<u32>,
}

/// How a client publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publishing {
    /// The topic.
    pub topic: String,
    /// The QoS.
    pub qos: QoS,
    /// RETAIN 1.
    pub retain: bool,
    /// Bytes of the payload, at least; 0 for none at all.
    pub size: usize,
    /// By a topic alias (5.0).
    pub alias: bool,
    /// With properties (5.0).
    pub properties: bool,
    /// Message Expiry Interval in seconds (5.0).
    pub expiry: Option<u32>,
    /// The next step does not wait for its acknowledgement.
    pub at_once: bool,
    /// One write for each byte.
    pub in_pieces: bool,
}

impl Publishing {
    /// A short message.
    pub(crate) fn plain(topic: &str, qos: QoS) -> Self {
        Self {
            topic: topic.to_owned(),
            qos,
            retain: false,
            size: 1,
            alias: false,
            properties: false,
            expiry: None,
            at_once: false,
            in_pieces: false,
        }
    }
}

/// Which of what waits is acknowledged. Within a kind the order of arrival is kept, as the standard asks of clients
/// (section 4.6); between the kinds it is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All of it, and from now on everything.
    All,
    /// What came first.
    First,
    /// Messages of QoS 1.
    Qos1,
    /// What belongs to QoS 2.
    Qos2,
}

impl Sequence {
    /// Whose versions those are: indices with versions.
    pub(crate) fn actors(&self) -> impl Iterator<Item = (usize, Version)> {
        self.cast.iter().enumerate().filter_map(|(index, version)| Some((index, (*version)?)))
    }

    /// Without one of those who take part.
    pub(crate) fn without(&self, actor: usize) -> Self {
        let mut cast = self.cast.clone();
        cast[actor] = None;
        let steps = self.steps.iter().filter(|step| !matches!(step, Step::Do(who, _) if *who == actor));
        Self { cast, steps: steps.cloned().collect() }
    }
}

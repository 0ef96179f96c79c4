//! One vector, and how it is read out of the line of a file.

use alloc::vec::Vec;

use crate::packet::{Context, Limits, PacketType, ReasonCode, Sender, Version};
use crate::rule::{Layer, Rule};
use crate::vectors::json::{Json, unhex};
use crate::vectors::kind::Kind;
use crate::vectors::values::Values;

/// What a strict decoder makes of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// One whole legal packet: to be accepted.
    Valid,
    /// Breaks [`Vector::rule`]: to be refused.
    Invalid,
    /// The standard lets a receiver accept or refuse it.
    Either,
    /// The start of a legal packet: to be waited for.
    Incomplete,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Valid, Self::Invalid, Self::Either, Self::Incomplete];

    /// Name, as the JSON has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Either => "either",
            Self::Incomplete => "incomplete",
        }
    }
}

/// One vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vector {
    /// Stable and unique: version, sender, the legal packet it begins with, and what was done to that.
    pub id: &'static str,
    /// Version and sender.
    pub context: Context,
    /// Type of the legal packet that it begins with.
    pub packet: PacketType,
    /// What is to be made of it.
    pub verdict: Verdict,
    /// What a decoder has to understand for the verdict: the layer of the rule; without one, of what is tried.
    pub layer: Layer,
    /// Whether an invalid packet is not all there, so that who waits for whole packets may wait instead of refusing it.
    pub early: bool,
    /// The rule that it breaks.
    pub rule: Option<Rule>,
    /// What the breach comes to.
    pub kind: Option<Kind>,
    /// Code to answer the breach with: in 5.0 always one, before where CONNACK is to carry it.
    pub reason: Option<ReasonCode>,
    /// Id of the statement or unnumbered rule of the standard, where there is one.
    pub statement: Option<&'static str>,
    /// What it is, in a few words.
    pub comment: &'static str,
    /// Id of the nearest legal vector; none where the vector is a legal packet to begin with.
    pub twin: Option<&'static str>,
    /// Limits of the receiver that it is meant for.
    pub limits: Limits,
    hex: &'static str,
    values: Option<&'static str>,
}

impl Vector {
    /// The bytes.
    pub fn bytes(&self) -> Vec<u8> {
        unhex(self.hex)
    }

    /// What a decoder is to hand out: always there if the verdict is valid.
    ///
    /// ```
    /// use mqtt_assay_codec::vectors;
    /// let vector = vectors::all().find(|vector| vector.id == "3.1.1/client/publish-of-qos-1").unwrap();
    /// let line = "PUBLISH dup=0 qos=1 retain=0 topic=73706f72742f74656e6e6973 packet-identifier=10 payload=332d30";
    /// assert_eq!(vector.values().unwrap().to_string(), line);
    /// ```
    pub fn values(&self) -> Option<Values> {
        Values::read(self.packet, &Json::read(self.values?)?.0)
    }

    /// Reads the line of one vector; `None` for any other line of the files.
    fn from_line(line: &'static str) -> Option<Self> {
        let id = text(line, "\"id\":\"")?;
        let version = text(line, "\"version\":\"")?.parse().ok()?;
        let from = match text(line, "\"sender\":\"")? {
            "client" => Sender::Client,
            _ => Sender::Server,
        };
        let verdict = text(line, "\"verdict\":\"")?;
        let packet = text(line, "\"packet\":\"")?;
        Some(Self {
            id,
            context: Context::new(version, from),
            packet: PacketType::ALL.into_iter().find(|known| known.name() == packet)?,
            verdict: Verdict::ALL.into_iter().find(|known| known.name() == verdict)?,
            layer: text(line, "\"layer\":\"").and_then(Layer::find)?,
            early: number(line, "\"early\":") == Some(1),
            rule: text(line, "\"rule\":\"").and_then(Rule::find),
            kind: text(line, "\"kind\":\"").and_then(Kind::find),
            reason: number(line, "\"reason\":").map(|number| ReasonCode(number as u8)),
            statement: text(line, "\"statement\":\""),
            comment: text(line, "\"comment\":\"")?,
            twin: text(line, "\"twin\":\""),
            limits: limits(line),
            hex: text(line, "\"bytes\":\"")?,
            values: line.split_once("\"values\":").map(|(_, rest)| rest),
        })
    }
}

/// The text between this key and the next quotation mark. No value holds one: a test sees to it.
fn text(line: &'static str, key: &str) -> Option<&'static str> {
    let (_, rest) = line.split_once(key)?;
    rest.split_once('"').map(|(value, _)| value)
}

/// The number behind this key.
fn number(line: &str, key: &str) -> Option<u32> {
    Json::read(line.split_once(key)?.1)?.0.number()
}

fn limits(line: &str) -> Limits {
    let limit = |key| number(line, key).unwrap_or(u32::MAX);
    Limits {
        max_packet_size: limit("\"max_packet_size\":"),
        max_user_properties: limit("\"max_user_properties\":"),
        max_topic_filters: limit("\"max_topic_filters\":"),
        max_string_len: limit("\"max_string_len\":").min(u32::from(u16::MAX)) as u16,
    }
}

/// The file of each version, as it is in `codec/vectors`.
pub(crate) const fn json(version: Version) -> &'static str {
    match version {
        Version::V3_1 => include_str!("../../vectors/mqtt-3.1.json"),
        Version::V3_1_1 => include_str!("../../vectors/mqtt-3.1.1.json"),
        Version::V5 => include_str!("../../vectors/mqtt-5.json"),
    }
}

/// The vectors of one version.
pub fn of(version: Version) -> impl Iterator<Item = Vector> {
    json(version).lines().filter_map(Vector::from_line)
}

/// All vectors, oldest version first.
pub fn all() -> impl Iterator<Item = Vector> {
    Version::ALL.into_iter().flat_map(of)
}

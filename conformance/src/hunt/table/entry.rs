//! One packet of the table: its bytes, and what a broker has to do with it.

use super::identifier_in;
use crate::hunt::expected::Expected;
use mqtt_assay_codec::{
    Context, Decoded, Expectation, Limits, Mutated, Packet, PacketType, QoS, Rule, Sender, Version, decode,
    decode_waiving, packet_len,
};
use mqtt_assay_standard::find;

/// Packets that are larger are for who has announced no limit, too, of a size that nobody need take.
const LARGE: usize = 4096;

/// What stands before the packet on its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::hunt) enum State {
    /// Nothing at all.
    First,
    /// CONNECT.
    Connected,
    /// CONNECT and SUBSCRIBE.
    Subscribed,
    /// CONNECT and a PUBLISH of QoS 2 with the identifier of the table's packets.
    InFlight,
}

impl State {
    pub(in crate::hunt) const ALL: [Self; 4] = [Self::First, Self::Connected, Self::Subscribed, Self::InFlight];

    /// In reports.
    pub(in crate::hunt) const fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Connected => "connected",
            Self::Subscribed => "subscribed",
            Self::InFlight => "in flight",
        }
    }
}

/// What a broker must offer for the packet to be taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::hunt) struct Asks {
    pub(in crate::hunt) qos: u8,
    pub(in crate::hunt) retain: bool,
    pub(in crate::hunt) alias: u16,
    pub(in crate::hunt) wildcard: bool,
    pub(in crate::hunt) share: bool,
    pub(in crate::hunt) identifier: bool,
}

/// One packet.
#[derive(Debug, Clone)]
pub(in crate::hunt) struct Entry {
    pub(in crate::hunt) version: Version,
    pub(in crate::hunt) base: &'static str,
    pub(in crate::hunt) packet: PacketType,
    pub(in crate::hunt) mutation: Option<&'static str>,
    pub(in crate::hunt) bytes: Vec<u8>,
    pub(in crate::hunt) expected: Expected,
    /// Where its packet identifier stands.
    pub(in crate::hunt) identifier: Option<usize>,
    /// All the bytes are there that its remaining length promises.
    pub(in crate::hunt) is_whole: bool,
    pub(in crate::hunt) asks: Asks,
}

impl Entry {
    pub(super) fn plain(version: Version, base: &'static str, packet: PacketType, bytes: &[u8], from: Sender) -> Self {
        let (expected, mutation) = match from {
            Sender::Server => (Expected::refuse(Rule::WrongDirection, version, packet), Some("seq.server-only-packet")),
            _ => (legal(packet, bytes), None),
        };
        Self::of(version, base, packet, mutation, bytes.to_vec(), expected)
    }

    pub(super) fn mutated(
        version: Version,
        base: &'static str,
        packet: PacketType,
        mutation: &'static str,
        mutated: Mutated,
    ) -> Self {
        let expected = match mutated.expectation {
            Expectation::MustRefuse(_) if is_open(mutation, packet, version) => Expected::Either,
            Expectation::MustRefuse(rule) => Expected::refuse(rule, version, packet),
            Expectation::MustAccept => legal(packet, &mutated.bytes),
            Expectation::MayEither(_) => Expected::Either,
            Expectation::Waits => Expected::Waits,
        };
        Self::of(version, base, packet, Some(mutation), mutated.bytes, expected)
    }

    fn of(
        version: Version,
        base: &'static str,
        packet: PacketType,
        mutation: Option<&'static str>,
        bytes: Vec<u8>,
        expected: Expected,
    ) -> Self {
        let is_whole = packet_len(&bytes).is_none_or(|len| len as usize <= bytes.len());
        let identifier = identifier_in(&bytes, version).map(|range| range.start);
        let asks = read(&bytes, version, asks_of).unwrap_or_default();
        let is_refusable = is_refusable(base) || read(&bytes, version, depends_on_broker) == Some(true);
        let expected = if expected == Expected::Accept && is_refusable { Expected::Either } else { expected };
        Self { version, base, packet, mutation, bytes, expected, identifier, is_whole, asks }
    }

    /// The mutation's name in reports.
    pub(in crate::hunt) fn name(&self) -> &'static str {
        self.mutation.unwrap_or("none")
    }

    /// Whether it can be sent in this state at all.
    pub(in crate::hunt) fn fits(&self, state: State) -> bool {
        match state {
            State::First | State::Connected => true,
            State::Subscribed => matches!(self.packet, PacketType::Unsubscribe | PacketType::Subscribe),
            State::InFlight => matches!(
                self.packet,
                PacketType::Pubrel | PacketType::Pubrec | PacketType::Pubcomp | PacketType::Puback
            ),
        }
    }

    /// What a broker does with it there.
    pub(in crate::hunt) fn expected_in(&self, state: State) -> Expected {
        let is_connect = self.packet == PacketType::Connect;
        match (state, is_connect, self.expected) {
            (State::First, true, expected) => expected,
            (_, _, Expected::Waits) => Expected::Waits,
            // Whatever else is wrong with it, it is no CONNECT, or the second.
            (State::First, false, _) => Expected::Accept.or_refuse(find(self.version, "MQTT-3.1.0-1")),
            (_, true, _) => Expected::Accept.or_refuse(find(self.version, "MQTT-3.1.0-2")),
            (_, false, expected) => expected,
        }
    }

    /// There it waits for more bytes, so that what came behind it would be part of it.
    pub(in crate::hunt) fn is_silent_in(&self, state: State) -> bool {
        self.expected_in(state) == Expected::Waits
    }

    /// What answers it, on a connection that is kept.
    pub(in crate::hunt) fn answer(&self) -> Option<PacketType> {
        match self.packet {
            PacketType::Publish if self.asks.qos == 1 => Some(PacketType::Puback),
            PacketType::Publish if self.asks.qos == 2 => Some(PacketType::Pubrec),
            PacketType::Subscribe => Some(PacketType::Suback),
            PacketType::Unsubscribe => Some(PacketType::Unsuback),
            PacketType::Pingreq => Some(PacketType::Pingresp),
            _ => None,
        }
    }

    /// Whether a connection can send any number of it, and gets an answer to each.
    pub(super) fn can_be_kept(&self) -> bool {
        let has_place = self.identifier.is_some() || self.packet == PacketType::Pingreq;
        // No sentence of 3.1.1 says that a length may be longer than it need be.
        let is_plain = !self.mutation.is_some_and(|name| name.starts_with("varint.nonminimal"));
        let is_small = self.bytes.len() < LARGE && self.is_whole && self.asks.alias == 0 && is_plain;
        self.expected == Expected::Accept && has_place && is_small && self.answer().is_some()
    }
}

/// Reads one packet, with what it breaks passed over.
fn read<T>(bytes: &[u8], version: Version, look: impl Fn(&Packet<'_>) -> T) -> Option<T> {
    let (context, limits) = (Context::new(version, Sender::Client), Limits::default());
    match decode(bytes, context, &limits) {
        Ok(Decoded::Complete { packet, .. }) => Some(look(&packet)),
        Ok(Decoded::Partial { .. }) => None,
        Err(error) => match decode_waiving(bytes, context, &limits, error.rule) {
            Ok(Decoded::Complete { packet, .. }) => Some(look(&packet)),
            _ => None,
        },
    }
}

/// A message without a topic, which an alias stands for that nobody has set, or a password without a user, whom the broker
/// need not know.
fn depends_on_broker(packet: &Packet<'_>) -> bool {
    match packet {
        Packet::Publish(publish) => publish.topic.is_empty(),
        Packet::Connect(connect) => connect.password.is_some() && connect.user_name.is_none(),
        _ => false,
    }
}

fn asks_of(packet: &Packet<'_>) -> Asks {
    let mut asks = Asks::default();
    match packet {
        Packet::Publish(publish) => {
            asks.qos = publish.qos as u8;
            asks.retain = publish.retain;
            asks.alias = publish.properties.topic_alias().unwrap_or_default();
        }
        Packet::Connect(connect) => {
            let will = connect.will.unwrap_or_default();
            (asks.qos, asks.retain) = (will.qos as u8, will.retain);
        }
        Packet::Subscribe(subscribe) => {
            for (filter, _) in subscribe.filters {
                asks.wildcard |= filter.contains(['+', '#']);
                asks.share |= filter.starts_with("$share/");
            }
            asks.identifier = subscribe.properties.subscription_identifiers().next().is_some();
        }
        _ => {}
    }
    debug_assert!(asks.qos <= QoS::ExactlyOnce as u8);
    asks
}

/// What a broker does with a legal packet of this type.
fn legal(packet: PacketType, bytes: &[u8]) -> Expected {
    match packet {
        // Nobody asked for these, or the connection ends with them.
        PacketType::Puback
        | PacketType::Pubrec
        | PacketType::Pubrel
        | PacketType::Pubcomp
        | PacketType::Disconnect
        | PacketType::Auth => Expected::Either,
        _ if bytes.len() >= LARGE => Expected::Either,
        _ => Expected::Accept,
    }
}

/// Where a broker has a choice that the packet alone does not show: name and level of 3.1 may be served as that, and who
/// unsubscribes from what can't be subscribed to may be told that there is no such subscription. Where no sentence demands
/// anything it has one, too.
pub(in crate::hunt) fn is_open(mutation: &str, packet: PacketType, version: Version) -> bool {
    let is_3_1 = mutation == "connect.name.mqisdp.3";
    let is_of_share = packet == PacketType::Unsubscribe && mutation.starts_with("filter.share");
    is_3_1 || is_of_share || is_unsaid(mutation, packet, version)
}

/// What no sentence is about: a response topic without a character is no topic name in use (3.3.2.3.5 forbids wildcards
/// alone), `$share/group` can be read as a plain filter (4.8.2), and of acknowledgements 3.1.1 says that they repeat an
/// identifier, not that 0 is none (2.3.1).
fn is_unsaid(mutation: &str, packet: PacketType, version: Version) -> bool {
    use PacketType::{Puback, Pubcomp, Pubrec, Pubrel};
    let acknowledges = version != Version::V5 && matches!(packet, Puback | Pubrec | Pubrel | Pubcomp);
    match mutation {
        "topic.empty@response-topic" | "topic.empty@will-response-topic" | "filter.share-without-filter" => true,
        "pid.zero" => acknowledges,
        _ => false,
    }
}

/// What a broker may refuse by its own rules, however legal.
fn is_refusable(base: &str) -> bool {
    base.contains("user") || base.contains("method")
}

//! Packets of clients that are taken although they shouldn't be, or lost or refused although they should be taken.

use std::sync::Arc;

use mqtt_assay_codec::{
    Context, DecodeError, Decoded, Packet, PacketType, Publish, ReasonCode, Rule, Sender, Version, decode,
    decode_waiving,
};

use super::Fault;
use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::packets::framing::{PacketLen, packet_len};
use crate::packets::publish::draft;
use crate::packets::receive::Step;
use crate::state::connection::Phase;

/// The first byte of a PINGREQ; the other one is 0.
const PINGREQ: u8 = (PacketType::Pingreq as u8) << 4;

/// What came in one piece so far.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    packets: usize,
    pings: usize,
}

impl Machine {
    /// How many bytes at the start of `input` get lost because of what came before them in the same segment.
    pub(crate) fn lost_of_segment(&self, segment: &mut Segment, input: &[u8]) -> Option<usize> {
        let first = *input.first()?;
        let is_qos1 = first & 0xF6 == 0x32;
        if is_qos1 && segment.packets >= 2 && self.fault(Fault::DropsThirdOfSegment) {
            return Some(input.len());
        }
        segment.packets += 1;
        segment.pings += usize::from(first == PINGREQ);
        let again = segment.pings > 1 && input.starts_with(&[PINGREQ, 0]);
        (again && self.fault(Fault::AnswersOnePingOfSegment)).then_some(2)
    }

    /// Whether an unfinished packet on this connection costs it. Long ones come in pieces on every transport.
    pub(crate) fn wants_more_at_once(&self, id: ConnectionId, input: &[u8]) -> bool {
        let is_open = self.connections.get(&id).is_some_and(|connection| connection.phase == Phase::Open);
        let is_short = !matches!(packet_len(input), PacketLen::Known(1000..));
        is_open && is_short && self.fault(Fault::WantsPacketsInOnePiece)
    }

    /// Whether what stands behind a packet with this first byte is lost, up to the end of its segment.
    pub(crate) fn loses_behind(&self, id: ConnectionId, first: u8) -> bool {
        // By now a CONNECT has joined its session.
        let _way = self.connections.get(&id).and_then(|connection| self.on_connection(connection));
        match PacketType::from_number(first >> 4) {
            Some(PacketType::Subscribe) => self.fault(Fault::LosesBehindSubscribe),
            Some(PacketType::Connect) => self.fault(Fault::LosesBehindConnect),
            _ => false,
        }
    }

    /// Does what the packet says. A first packet of another name or level is read in whatever version fits.
    pub(crate) fn act_on(&mut self, id: ConnectionId, error: DecodeError, input: &[u8]) -> Step {
        let opening = matches!(error.rule, Rule::ProtocolName | Rule::ProtocolLevel);
        let mut last = error;
        for version in std::iter::once(error.version).chain(opening.then_some(Version::V5)) {
            let context = Context::new(version, Sender::Client);
            match decode_waiving(input, context, &self.decode_limits(version), error.rule) {
                Ok(Decoded::Partial { needed }) => return Step::Wants(needed),
                Ok(Decoded::Complete { packet, len }) => {
                    self.breach_of_codec(id, &error);
                    if let Some(connection) = self.connections.get_mut(&id) {
                        connection.version = version;
                    }
                    return self.take(id, packet, len, input);
                }
                Err(other) => last = other,
            }
        }
        self.refuse_unread(id, last, input)
    }

    /// True for a CONNECT whose first field is no text and whose last one may be a client identifier.
    pub(crate) fn takes_will_first(&self, error: &DecodeError, input: &[u8]) -> bool {
        let letters = input.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        error.rule == Rule::ClientIdUtf8 && letters >= 12 && self.fault(Fault::TakesWillFirst)
    }

    /// Drops the packet and keeps the connection, however little of the packet is here.
    pub(crate) fn tolerate(&mut self, id: ConnectionId, error: &DecodeError, input: &[u8]) -> Step {
        let step = match packet_len(input) {
            PacketLen::Known(len) => Step::Consumed(len),
            PacketLen::Unknown => return Step::Wants(1),
            PacketLen::Never => Step::Consumed(input.len()),
        };
        self.breach_of_codec(id, error);
        self.keep(id);
        step
    }

    /// A connection that is kept after what should have ended it has not yet to come to its CONNECT in time.
    fn keep(&mut self, id: ConnectionId) {
        self.faulty.kept.insert(id);
        self.wind(id);
    }

    /// Refuses a CONNECT of 3.1.1 that can't be read with a CONNACK.
    pub(crate) fn refuse_malformed_connect(&mut self, id: ConnectionId) {
        self.send_connack_refusing(id, ReasonCode::SERVER_UNAVAILABLE_3, None);
        self.end(id, false);
    }

    /// A packet before CONNECT: served or passed over.
    pub(crate) fn take_before_connect(&mut self, id: ConnectionId, input: &[u8]) -> Step {
        let served = self.fault(Fault::ServesBeforeConnect);
        self.keep(id);
        match decode(input, Context::new(Version::V3_1_1, Sender::Client), &self.decode_limits(Version::V3_1_1)) {
            Ok(Decoded::Partial { needed }) => Step::Wants(needed),
            Ok(Decoded::Complete { packet, len }) => {
                match packet {
                    Packet::Pingreq if served => self.send(id, &Packet::Pingresp),
                    Packet::Publish(_) if served => self.publish_rest(&input[..len], Version::V3_1_1),
                    _ => {}
                }
                Step::Consumed(len)
            }
            Err(_) => Step::Consumed(input.len()),
        }
    }

    /// Whether the broker is stricter than the standard about a packet of 5.0 of `len` bytes.
    pub(crate) fn dislikes(&self, packet: &Packet<'_>, len: usize) -> bool {
        let sorted = || packet.properties().iter().map(|property| property.id()).is_sorted();
        let spells_success = match packet {
            Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => {
                ack.reason == ReasonCode::SUCCESS && matches!(len, 5 | 6)
            }
            _ => false,
        };
        self.fault(Fault::RefusesUnsortedProperties) && !sorted()
            || self.fault(Fault::RefusesAckWithCode) && spells_success
            || self.fault(Fault::RefusesDisconnectWithCode) && matches!((packet, len), (Packet::Disconnect(_), 3 | 4))
    }

    /// Closes on a packet that the broker dislikes.
    pub(crate) fn refuse_disliked(&mut self, id: ConnectionId) -> Step {
        let phase = self.connections.get(&id).map(|connection| connection.phase);
        if phase == Some(Phase::Open) {
            self.refuse(id, ReasonCode::MALFORMED_PACKET, "the broker takes this packet for malformed");
        } else {
            self.refuse_connect(id, ReasonCode::MALFORMED_PACKET, "the broker takes this CONNECT for malformed", true);
        }
        Step::Stop
    }

    /// Publishes what stands behind the first packet of `input`.
    pub(crate) fn publish_behind(&mut self, input: &[u8], version: Version) {
        let rest = match packet_len(input) {
            PacketLen::Known(len) => input.get(len..).unwrap_or_default(),
            _ => &[],
        };
        self.publish_rest(rest, version);
    }

    /// Publishes what a client sent that should not be listened to any more.
    pub(crate) fn publish_rest(&mut self, mut rest: &[u8], version: Version) {
        let context = Context::new(version, Sender::Client);
        let limits = self.decode_limits(version);
        while let Ok(Decoded::Complete { packet, len }) = decode(rest, context, &limits) {
            if let Packet::Publish(publish) = packet {
                self.publish_anonymously(&publish);
            }
            rest = &rest[len..];
        }
    }

    /// A message from somebody who isn't connected.
    pub(crate) fn publish_anonymously(&mut self, publish: &Publish<'_>) {
        let draft = draft(publish, publish.topic, "".into(), None);
        if let Some(message) = draft.book(&self.ledger, self.now) {
            self.accept(&Arc::new(message));
        }
    }
}

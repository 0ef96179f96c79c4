//! What happens to a client that breaks a rule: the breach is named, the reason is sent where the version has one, and the
//! connection is closed.

use bytes::Bytes;
use mqtt_assay_codec::{
    Context, DecodeError, Decoded, Disconnect, Packet, PacketType, Properties, PropertiesBuf, Property, ReasonCode,
    Rule, Sender, Version, decode, decode_waiving,
};

use crate::event::{Breach, ConnectionId, Effect};
use crate::faults::Fault;
use crate::machine::Machine;
use crate::packets::receive::{Greeting, PacketLen, Step, greeting, packet_len};
use crate::quirks::Quirk;
use crate::state::connection::Phase;

/// Ids of one rule: in 3.1.1, then in 5.0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids(pub(crate) &'static str, pub(crate) &'static str);

impl Machine {
    /// Names a rule that the client broke.
    pub(crate) fn breach(&mut self, id: ConnectionId, ids: Ids, detail: &str) {
        let Some(connection) = self.connections.get(&id) else { return };
        let rule = if connection.is_v5() { ids.1 } else { ids.0 };
        self.effects.push(Effect::Breach(Breach {
            connection: id,
            client_id: connection.client_id.as_deref().map(str::to_owned),
            rule,
            version: connection.version,
            detail: detail.to_owned(),
            packet: Bytes::new(),
            packet_len: 0,
        }));
    }

    /// Adds the packet at the start of `input` to the breaches that were named since there were `before` effects.
    pub(crate) fn show_packet(&mut self, before: usize, input: &[u8]) {
        let packet_len = match packet_len(input) {
            PacketLen::Known(len) => len,
            PacketLen::Unknown | PacketLen::Never => input.len(),
        };
        for effect in self.effects.iter_mut().skip(before) {
            if let Effect::Breach(breach) = effect {
                let shown = packet_len.min(input.len()).min(Breach::MOST_BYTES);
                breach.packet = Bytes::copy_from_slice(&input[..shown]);
                breach.packet_len = packet_len;
            }
        }
    }

    /// Names the rule and closes, with that reason code in 5.0.
    pub(crate) fn violation(&mut self, id: ConnectionId, ids: Ids, reason: ReasonCode, detail: &str) {
        self.breach(id, ids, detail);
        self.refuse(id, reason, detail);
    }

    /// Closes an accepted connection for an error: DISCONNECT first in 5.0.
    pub(crate) fn refuse(&mut self, id: ConnectionId, reason: ReasonCode, why: &str) {
        let version = self.connections.get(&id).map(|connection| connection.version);
        if version == Some(Version::V5) {
            self.send_disconnect(id, reason, why);
            if self.fault(Fault::SendsAfterDisconnect) {
                self.send(id, &Packet::Pingresp);
            }
            if self.fault(Fault::DisconnectWithoutClose) {
                return;
            }
        }
        if version == Some(Version::V5) && self.fault(Fault::ErrorClosesOthers) {
            let others: Vec<ConnectionId> = self.connections.keys().copied().filter(|other| *other != id).collect();
            for other in others {
                self.end(other, true);
            }
        }
        let with_will = !self.fault(Fault::NoWillOnError);
        self.end(id, with_will);
    }

    /// DISCONNECT of 5.0 with its reason, as far as the client takes it.
    pub(crate) fn send_disconnect(&mut self, id: ConnectionId, reason: ReasonCode, why: &str) {
        if self.fault(Fault::ClosesWithoutDisconnect) {
            return;
        }
        let reason = if self.fault(Fault::DisconnectUnspecified) { ReasonCode::UNSPECIFIED_ERROR } else { reason };
        let reason = if self.fault(Fault::DisconnectInventsCode) { ReasonCode(0xF0) } else { reason };
        if self.fault(Fault::DisconnectWithExpiry) {
            let properties = PropertiesBuf::new().with(Property::SessionExpiryInterval(60));
            self.send(id, &Packet::Disconnect(Disconnect { reason, properties: properties.as_properties() }));
            return;
        }
        let packet = Packet::Disconnect(Disconnect { reason, properties: Properties::EMPTY });
        self.send_explained(id, Some(why), packet);
    }

    /// Deals with bytes that the decoder refused.
    pub(crate) fn refuse_packet(&mut self, id: ConnectionId, error: DecodeError, input: &[u8]) -> Step {
        let mut error = error;
        if self.fault(Fault::ActsOn(error.rule)) {
            match self.act_on(id, &error, input) {
                Ok(step) => return step,
                Err(other) => error = other,
            }
        }
        if self.fault(Fault::Tolerates(error.rule)) || self.fault(Fault::LenientToEverything) {
            return self.tolerate(id, &error, input);
        }
        let phase = self.connections.get(&id).map(|connection| connection.phase);
        // This one is answered: the CONNECT is well formed, and the check of the client identifier refuses it.
        if phase == Some(Phase::Greeting) && error.rule == Rule::EmptyClientId {
            return self.take_nameless(id, &error, input);
        }
        self.breach_of_codec(id, &error);
        if phase == Some(Phase::Greeting) {
            return self.refuse_greeting(id, &error, input);
        }
        // A second CONNECT may have an error whose code only CONNACK knows.
        let sayable = error.reason.allowed_in(Version::V5, PacketType::Disconnect);
        let reason = if sayable { error.reason } else { ReasonCode::PROTOCOL_ERROR };
        self.refuse(id, reason, &error.to_string());
        Step::Stop
    }

    /// Faults only: does what the packet says. A first packet of another name or level is read in whatever version fits.
    fn act_on(&mut self, id: ConnectionId, error: &DecodeError, input: &[u8]) -> Result<Step, DecodeError> {
        let opening = matches!(error.rule, Rule::ProtocolName | Rule::ProtocolLevel);
        let other = opening.then_some(Version::V5);
        let mut outcome = Err(*error);
        for version in std::iter::once(error.version).chain(other) {
            let context = Context::new(version, Sender::Client);
            match decode_waiving(input, context, &self.decode_limits(version), error.rule) {
                Ok(Decoded::Partial { needed }) => return Ok(Step::Wants(needed)),
                Ok(Decoded::Complete { packet, len }) => {
                    self.breach_of_codec(id, error);
                    if let Some(connection) = self.connections.get_mut(&id) {
                        connection.version = version;
                    }
                    return Ok(self.take(id, packet.packet(), len, input));
                }
                Err(other) => outcome = Err(other),
            }
        }
        outcome
    }

    /// Reads a CONNECT of 3.1.1 without client identifier and clean session as if its form were right.
    fn take_nameless(&mut self, id: ConnectionId, error: &DecodeError, input: &[u8]) -> Step {
        let context = Context::new(error.version, Sender::Client);
        match decode_waiving(input, context, &self.decode_limits(error.version), error.rule) {
            Ok(Decoded::Partial { needed }) => Step::Wants(needed),
            Ok(Decoded::Complete { packet, len }) => self.take(id, packet.packet(), len, input),
            Err(other) => self.refuse_packet(id, other, input),
        }
    }

    /// Faults only: drops the packet and keeps the connection, however little of the packet is here.
    fn tolerate(&mut self, id: ConnectionId, error: &DecodeError, input: &[u8]) -> Step {
        let step = match packet_len(input) {
            PacketLen::Known(len) => Step::Consumed(len),
            PacketLen::Unknown => return Step::Wants(1),
            PacketLen::Never => Step::Consumed(input.len()),
        };
        self.breach_of_codec(id, error);
        step
    }

    fn breach_of_codec(&mut self, id: ConnectionId, error: &DecodeError) {
        let version = if error.version == Version::V5 { Version::V5 } else { Version::V3_1_1 };
        let general = if version == Version::V5 { "MQTT-4.13.1-1" } else { "MQTT-4.8.0-1" };
        let rule = error.rule.id_from(version, error.packet_type, Sender::Client).unwrap_or(general);
        self.breach(id, Ids(rule, rule), &error.to_string());
    }

    /// Refuses a CONNECT that can't be read.
    fn refuse_greeting(&mut self, id: ConnectionId, error: &DecodeError, input: &[u8]) -> Step {
        match greeting(input) {
            Greeting::Level { name_is_mqtt: true, level } if level != 4 && level != 5 => self.refuse_level(id, level),
            Greeting::Level { name_is_mqtt: false, level: 3 } if input.windows(6).any(|name| name == b"MQIsdp") => {
                self.refuse_level(id, 3);
            }
            Greeting::Level { name_is_mqtt: true, level: 5 } => {
                self.refuse_connect(id, error.reason, "the CONNECT is malformed", false);
            }
            _ if self.fault(Fault::ConnackForMalformedConnect) => {
                self.send_connack_refusing(id, ReasonCode::SERVER_UNAVAILABLE_3, None);
                self.end(id, false);
            }
            _ => self.end(id, false),
        }
        let rest = match packet_len(input) {
            PacketLen::Known(len) => input.get(len..).unwrap_or_default(),
            _ => &[],
        };
        if self.fault(Fault::ProcessesAfterRefusal) {
            self.publish_rest(rest, error.version);
        }
        Step::Stop
    }

    /// Answers an unknown protocol level: in the form of 3.1.1 below 4, else in that of 5.0.
    fn refuse_level(&mut self, id: ConnectionId, level: u8) {
        let old = level < 4 || self.quirk(Quirk::AnswersUnknownLevelAs311);
        let (version, reason) = if old {
            (Version::V3_1_1, ReasonCode::UNACCEPTABLE_PROTOCOL_LEVEL)
        } else {
            (Version::V5, ReasonCode::UNSUPPORTED_PROTOCOL_VERSION)
        };
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.version = version;
        }
        self.refuse_connect(id, reason, "this protocol level isn't served", false);
    }

    /// The first packet isn't CONNECT.
    pub(crate) fn not_a_connect(&mut self, id: ConnectionId, number: u8, input: &[u8]) -> Step {
        let served = self.fault(Fault::ServesBeforeConnect);
        if !served && !self.fault(Fault::IgnoresBeforeConnect) {
            let detail = format!("the first packet is {}, not CONNECT", name_of(number));
            self.breach(id, Ids("MQTT-3.1.0-1", "MQTT-3.1.0-1"), &detail);
            self.end(id, false);
            return Step::Stop;
        }
        match decode(input, Context::new(Version::V3_1_1, Sender::Client), &self.decode_limits(Version::V3_1_1)) {
            Ok(Decoded::Partial { needed }) => Step::Wants(needed),
            Ok(Decoded::Complete { packet, len }) => {
                match packet.packet() {
                    Packet::Pingreq if served => self.send(id, &Packet::Pingresp),
                    Packet::Publish(_) if served => self.publish_rest(&input[..len], Version::V3_1_1),
                    _ => {}
                }
                Step::Consumed(len)
            }
            Err(_) => Step::Consumed(input.len()),
        }
    }

    /// Faults only: whether the broker is stricter than the standard about a packet of 5.0 of `len` bytes.
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

    /// Faults only: closes on a packet that the broker dislikes.
    pub(crate) fn refuse_disliked(&mut self, id: ConnectionId) -> Step {
        let phase = self.connections.get(&id).map(|connection| connection.phase);
        if phase == Some(Phase::Greeting) {
            self.refuse_connect(id, ReasonCode::MALFORMED_PACKET, "the broker takes this CONNECT for malformed", true);
        } else {
            self.refuse(id, ReasonCode::MALFORMED_PACKET, "the broker takes this packet for malformed");
        }
        Step::Stop
    }

    /// Faults only: publishes what a client sent that should not be listened to any more.
    pub(crate) fn publish_rest(&mut self, mut rest: &[u8], version: Version) {
        let context = Context::new(version, Sender::Client);
        let limits = self.decode_limits(version);
        while let Ok(Decoded::Complete { packet, len }) = decode(rest, context, &limits) {
            if let Packet::Publish(publish) = packet.packet() {
                self.publish_anonymously(&publish);
            }
            rest = &rest[len..];
        }
    }
}

fn name_of(number: u8) -> &'static str {
    PacketType::from_number(number).map_or("a packet of reserved type 0", PacketType::name)
}

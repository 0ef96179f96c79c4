//! Bytes that the decoder refused, and first packets that aren't CONNECT.

use mqtt_assay_codec::{
    Context, DecodeError, Decoded, Packet, PacketType, ReasonCode, Rule, Sender, Version, decode_waiving,
};

use crate::ending::breach::Ids;
use crate::event::ConnectionId;
use crate::faults::Fault;
use crate::machine::Machine;
use crate::packets::framing::{Greeting, greeting};
use crate::packets::receive::Step;
use crate::planted::Planted;
use crate::quirks::Quirk;
use crate::state::connection::Phase;

impl Machine {
    /// Deals with bytes that the decoder refused.
    pub(crate) fn refuse_packet(&mut self, id: ConnectionId, error: DecodeError, input: &[u8]) -> Step {
        if self.dies_of(error.rule) || self.suffers_from(id, &error, input) {
            return Step::Stop;
        }
        if error.rule == Rule::FixedHeaderFlags
            && error.packet_type == Some(PacketType::Connect)
            && self.planted(Planted::ConnectReservedFlags)
        {
            return self.act_on(id, error, input);
        }
        if self.fault(Fault::ActsOn(error.rule)) {
            return self.act_on(id, error, input);
        }
        self.refuse_unread(id, error, input)
    }

    /// The same, where nothing waives the rule.
    pub(crate) fn refuse_unread(&mut self, id: ConnectionId, error: DecodeError, input: &[u8]) -> Step {
        let tolerated = self.fault(Fault::Tolerates(error.rule)) || self.takes_will_first(&error, input);
        if tolerated || self.fault(Fault::LenientToEverything) {
            return self.tolerate(id, &error, input);
        }
        let phase = self.connections.get(&id).map(|connection| connection.phase);
        // This one is answered: the CONNECT is well formed, and the check of the client identifier refuses it.
        if phase == Some(Phase::Greeting) && error.rule == Rule::EmptyClientId {
            return self.take_nameless(id, &error, input);
        }
        match no_breach(&error, input) {
            Some(why) => self.note(id, format!("closed: {why}")),
            None if error.rule == Rule::PacketTooLarge => self.limit_breach_of_codec(id, &error),
            None => self.breach_of_codec(id, &error),
        }
        if phase == Some(Phase::Authenticating) {
            self.refuse_connect(id, error.reason, "the packet is malformed", false);
            return Step::Stop;
        }
        if phase == Some(Phase::Greeting) {
            return self.refuse_greeting(id, &error, input);
        }
        // A second CONNECT may have an error whose code only CONNACK knows.
        let sayable = error.reason.allowed_in(Version::V5, PacketType::Disconnect);
        let reason = if sayable { error.reason } else { ReasonCode::PROTOCOL_ERROR };
        self.refuse(id, reason, &error.to_string());
        Step::Stop
    }

    /// Reads a CONNECT of 3.1.1 without client identifier and clean session as if its form were right.
    fn take_nameless(&mut self, id: ConnectionId, error: &DecodeError, input: &[u8]) -> Step {
        let context = Context::new(error.version, Sender::Client);
        match decode_waiving(input, context, &self.decode_limits(error.version), error.rule) {
            Ok(Decoded::Partial { needed }) => Step::Wants(needed),
            Ok(Decoded::Complete { packet, len }) => self.take(id, packet, len, input),
            Err(other) => self.refuse_packet(id, other, input),
        }
    }

    pub(crate) fn breach_of_codec(&mut self, id: ConnectionId, error: &DecodeError) {
        let version = if error.version == Version::V5 { Version::V5 } else { Version::V3_1_1 };
        let general = if version == Version::V5 { "MQTT-4.13.1-1" } else { "MQTT-4.8.0-1" };
        let rule = error.rule.id_from(version, error.packet_type, Sender::Client).unwrap_or(general);
        self.breach(id, Ids(rule, rule), &error.to_string());
    }

    /// The same for a limit that CONNACK tells.
    fn limit_breach_of_codec(&mut self, id: ConnectionId, error: &DecodeError) {
        let rule = error.rule.id_from(Version::V5, error.packet_type, Sender::Client).unwrap_or("MQTT-4.13.1-1");
        self.limit_breach(id, Ids(rule, rule), &error.to_string());
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
            _ if self.fault(Fault::ConnackForMalformedConnect) => self.refuse_malformed_connect(id),
            _ => self.end(id, false),
        }
        if self.fault(Fault::ProcessesAfterRefusal) {
            self.publish_behind(input, error.version);
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
        if self.fault(Fault::ServesBeforeConnect) || self.fault(Fault::IgnoresBeforeConnect) {
            return self.take_before_connect(id, input);
        }
        if number == PacketType::Pingreq as u8 && self.planted(Planted::PingBeforeConnect) {
            self.send(id, &Packet::Pingresp);
            return Step::Consumed(2);
        }
        if number == PacketType::Puback as u8 && self.planted(Planted::AckAsFirstPacket) {
            self.crash();
            return Step::Stop;
        }
        self.keep_room(input);
        let detail = format!("the first packet is {}, not CONNECT", name_of(number));
        self.breach(id, Ids("MQTT-3.1.0-1", "MQTT-3.1.0-1"), &detail);
        self.end(id, false);
        Step::Stop
    }
}

/// Why bytes that can't be served break no rule of the versions served.
fn no_breach(error: &DecodeError, input: &[u8]) -> Option<&'static str> {
    let is_3_1 = greeting(input) == Greeting::Level { name_is_mqtt: false, level: 3 };
    if is_3_1 && input.windows(6).take(12).any(|name| name == b"MQIsdp") {
        return Some("the client speaks MQTT 3.1, which isn't served");
    }
    let too_large = error.rule == Rule::PacketTooLarge && error.version != Version::V5;
    too_large.then_some("a packet larger than max-packet-size, which 3.1.1 has no way to tell the client")
}

fn name_of(number: u8) -> &'static str {
    PacketType::from_number(number).map_or("a packet of reserved type 0", PacketType::name)
}

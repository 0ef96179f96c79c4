//! AUTH, and the exchange of it that a CONNECT with an authentication method begins (5.0 section 4.12): before its CONNACK,
//! and again whenever the client asks.

use bytes::Bytes;
use mqtt_assay_codec::{
    Auth, Connect, Context, Decoded, Packet, PropertiesBuf, Property, ReasonCode, Sender, Version, decode,
    decode_waiving,
};

use crate::ending::breach::Ids;
use crate::event::ConnectionId;
use crate::faults::Fault;
use crate::machine::Machine;
use crate::settings::challenge::{ANSWERS, CHALLENGES, METHOD, WELCOME};
use crate::state::authentication::{Authentication, HeldConnect};
use crate::state::connection::Phase;

impl Machine {
    /// Begins with the authentication that a CONNECT asks for, whose bytes are kept until it is accepted; false where it
    /// asks for none.
    pub(crate) fn authenticates_first(&mut self, id: ConnectionId, connect: &Connect<'_>, packet: &[u8]) -> bool {
        if connect.properties.authentication_method() != Some(METHOD) {
            return false;
        }
        let Some(account) = self.ledger.open(packet.len()) else {
            self.refuse_connect(id, ReasonCode::QUOTA_EXCEEDED, "the broker has no room for this client", true);
            return true;
        };
        let held = HeldConnect { packet: Bytes::copy_from_slice(packet), _account: account };
        let Some(connection) = self.connections.get_mut(&id) else { return true };
        connection.phase = Phase::Authenticating;
        connection.authentication = Some(Authentication { connect: Some(held), answered: Some(0) });
        self.take_answer(id, connect.properties.authentication_data());
        true
    }

    /// Whether a packet has to wait for the end of an exchange: before CONNACK only AUTH and DISCONNECT may come.
    pub(crate) fn is_too_early(&self, id: ConnectionId, packet: &Packet<'_>) -> bool {
        let phase = self.connections.get(&id).map(|connection| connection.phase);
        phase == Some(Phase::Authenticating) && !matches!(packet, Packet::Auth(_) | Packet::Disconnect(_))
    }

    /// A packet that came before the CONNACK.
    pub(crate) fn too_early(&mut self, id: ConnectionId, packet: &Packet<'_>) {
        let ids = Ids("MQTT-4.8.0-1", "MQTT-3.1.2-30");
        let detail = format!("{} before the CONNACK of a client that authenticates", packet.packet_type().name());
        if self.fault(Fault::ServesWhileAuthenticating) || self.fault(Fault::IgnoresWhileAuthenticating) {
            self.breach(id, ids, &detail);
            self.serve_unauthenticated(id, packet);
        } else {
            self.violation_of_exchange(id, ids, ReasonCode::PROTOCOL_ERROR, &detail);
        }
    }

    /// Deals with an AUTH.
    pub(crate) fn auth(&mut self, id: ConnectionId, auth: &Auth<'_>) {
        let authentication = self.connections.get(&id).and_then(|connection| connection.authentication.as_ref());
        let Some(authentication) = authentication else { return self.unexpected_auth(id) };
        let is_under_way = authentication.answered.is_some();
        if !self.has_its_method(id, auth) || !self.is_in_turn(id, auth, is_under_way) {
            return;
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            let authentication = connection.authentication.get_or_insert_default();
            authentication.answered = authentication.answered.or(Some(0));
        }
        self.take_answer(id, auth.properties.authentication_data());
    }

    /// Whether an AUTH names the method of the CONNECT; if not, that is the end. One without a method comes here with faults
    /// only, and is taken for right.
    fn has_its_method(&mut self, id: ConnectionId, auth: &Auth<'_>) -> bool {
        if auth.properties.authentication_method().is_none_or(|method| method == METHOD) {
            return true;
        }
        let again = auth.reason == ReasonCode::RE_AUTHENTICATE;
        let ids = Ids("MQTT-4.8.0-1", if again { "MQTT-4.12.1-1" } else { "MQTT-4.12.0-5" });
        let detail = "AUTH names another authentication method than CONNECT";
        if self.fault(Fault::AcceptsOtherMethod) {
            self.breach(id, ids, detail);
            return true;
        }
        self.violation_of_exchange(id, ids, ReasonCode::PROTOCOL_ERROR, detail);
        false
    }

    /// Whether an AUTH goes on with the exchange that is under way, or begins one where there is none; if not, that is the
    /// end.
    fn is_in_turn(&mut self, id: ConnectionId, auth: &Auth<'_>, is_under_way: bool) -> bool {
        let begins = auth.reason == ReasonCode::RE_AUTHENTICATE;
        if begins != is_under_way {
            return true;
        }
        let (ids, detail, tolerated) = if begins {
            let detail = "AUTH 0x19 where the exchange that is under way goes on with 0x18";
            (Ids("MQTT-4.8.0-1", "MQTT-4.12.0-3"), detail, self.fault(Fault::AuthCodeIgnored))
        } else {
            let detail = "AUTH goes on with an authentication where none is under way";
            (Ids("MQTT-4.8.0-1", "U5-208"), detail, self.fault(Fault::AcceptsAuthUnasked))
        };
        if tolerated {
            self.breach(id, ids, detail);
            return begins;
        }
        self.violation_of_exchange(id, ids, ReasonCode::PROTOCOL_ERROR, detail);
        false
    }

    /// Holds the next answer of the client against the right one: asks on, or is content.
    fn take_answer(&mut self, id: ConnectionId, answer: Option<&[u8]>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some(authentication) = &mut connection.authentication else { return };
        let answered = authentication.answered.unwrap_or(0);
        if ANSWERS.get(answered).copied() != answer {
            return self.reject(id);
        }
        authentication.answered = Some(answered + 1);
        match CHALLENGES.get(answered) {
            Some(challenge) => self.challenge(id, challenge),
            None => self.content(id),
        }
    }

    fn challenge(&mut self, id: ConnectionId, challenge: &[u8]) {
        let mut properties = PropertiesBuf::new();
        if !self.fault(Fault::AuthWithoutMethod) {
            let method = if self.fault(Fault::AuthNamesOtherMethod) { "surprise" } else { METHOD };
            properties.extend([Property::AuthenticationMethod(method)]);
        }
        properties.extend([Property::AuthenticationData(challenge)]);
        let reason = match () {
            () if self.fault(Fault::AuthInventsCode) => ReasonCode::RE_AUTHENTICATE,
            () if self.fault(Fault::AuthAsksWithSuccess) => ReasonCode::SUCCESS,
            () => ReasonCode::CONTINUE_AUTHENTICATION,
        };
        let packet = Packet::Auth(Auth { reason, properties: properties.as_properties() });
        self.send_explained(id, Some("the answer to this is wanted next"), packet);
    }

    /// The client has given every answer.
    fn content(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some(authentication) = &mut connection.authentication else { return };
        authentication.answered = None;
        if let Some(held) = authentication.connect.take() {
            self.accept_held(id, &held.packet);
        } else {
            let properties = told_to_authenticated();
            let packet = Packet::Auth(Auth { reason: ReasonCode::SUCCESS, properties: properties.as_properties() });
            self.send_explained(id, None, packet);
        }
    }

    /// Accepts the CONNECT that has waited for the end of the exchange. It was read before, by a broker with faults maybe
    /// although a rule forbids it.
    fn accept_held(&mut self, id: ConnectionId, packet: &[u8]) {
        let context = Context::new(Version::V5, Sender::Client);
        let limits = self.decode_limits(Version::V5);
        let read = match decode(packet, context, &limits) {
            Err(error) => decode_waiving(packet, context, &limits, error.rule),
            read => read,
        };
        match read.map(|read| if let Decoded::Complete { packet, .. } = read { Some(packet) } else { None }) {
            Ok(Some(Packet::Connect(connect))) => self.accept_connect(id, &connect),
            _ => self.end(id, false),
        }
    }

    /// The client has given a wrong answer.
    fn reject(&mut self, id: ConnectionId) {
        let why = "the answer is wrong";
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.phase == Phase::Authenticating {
            self.refuse_connect(id, ReasonCode::NOT_AUTHORIZED, why, true);
            return;
        }
        if let Some(authentication) = &mut connection.authentication {
            authentication.answered = None;
        }
        self.note(id, format!("authentication failed: {why}"));
        if !self.fault(Fault::FailedAgainStaysOpen) {
            self.refuse(id, ReasonCode::NOT_AUTHORIZED, why);
        }
    }

    /// Names the rule and closes: with a CONNACK before the client is accepted, afterwards with a DISCONNECT.
    pub(crate) fn violation_of_exchange(&mut self, id: ConnectionId, ids: Ids, reason: ReasonCode, detail: &str) {
        self.breach(id, ids, detail);
        if self.connections.get(&id).is_some_and(|connection| connection.phase == Phase::Authenticating) {
            self.refuse_connect(id, reason, detail, false);
        } else {
            self.refuse(id, reason, detail);
        }
    }

    /// AUTH from a client whose CONNECT named no method.
    fn unexpected_auth(&mut self, id: ConnectionId) {
        let ids = Ids("MQTT-4.8.0-1", "U5-192");
        let detail = "AUTH from a client that named no authentication method in CONNECT";
        if self.fault(Fault::AcceptsAuthWithoutMethod) {
            self.breach(id, ids, detail);
        } else {
            self.violation(id, ids, ReasonCode::PROTOCOL_ERROR, detail);
        }
    }

    /// What the CONNACK says to a client that has authenticated.
    pub(crate) fn announced_to_authenticated(&self, id: ConnectionId) -> PropertiesBuf {
        let has_method = self.connections.get(&id).is_some_and(|connection| connection.authentication.is_some());
        match has_method {
            true if self.fault(Fault::ConnackWithoutMethod) => {
                PropertiesBuf::new().with(Property::AuthenticationData(WELCOME))
            }
            true => told_to_authenticated(),
            false => PropertiesBuf::new(),
        }
    }
}

fn told_to_authenticated() -> PropertiesBuf {
    PropertiesBuf::new().with(Property::AuthenticationMethod(METHOD)).with(Property::AuthenticationData(WELCOME))
}

//! Clients that are let in, refused or told otherwise than the standard has it.

use std::sync::Arc;

use mqtt_assay_codec::{Auth, Connect, Packet, PropertiesBuf, Property, ReasonCode};

use super::Fault;
use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::packets::connect::Refusal;
use crate::state::ClientId;
use crate::state::connection::Phase;

impl Machine {
    /// Refusals of wills that are legal in any version.
    pub(crate) fn check_taste_of_will(&self, connect: &Connect<'_>) -> Result<(), Refusal> {
        let is_plain = |payload: &[u8]| std::str::from_utf8(payload).is_ok_and(|text| !text.contains(char::is_control));
        if connect.will.is_some_and(|will| !is_plain(will.payload)) && self.fault(Fault::RefusesBinaryWill) {
            let why = "a will that is no plain text";
            return Err(Refusal { v311: ReasonCode::SERVER_UNAVAILABLE_3, v5: ReasonCode::MALFORMED_PACKET, why });
        }
        Ok(())
    }

    /// Refusals of what is legal.
    pub(crate) fn check_tastes(&self, connect: &Connect<'_>) -> Result<(), Refusal> {
        let refused =
            |why| Err(Refusal { v311: ReasonCode::SERVER_UNAVAILABLE_3, v5: ReasonCode::MALFORMED_PACKET, why });
        let alone = connect.password.is_some() && connect.user_name.is_none();
        if connect.client_id.is_empty() && !connect.clean_start && self.fault(Fault::RefusesEmptyIdToResume) {
            return refused("an empty client identifier without Clean Start");
        }
        if alone && self.fault(Fault::RefusesPasswordAlone) {
            return refused("a password without a user name");
        }
        let of_will = connect.will.map_or(0, |will| will.properties.user_properties().count());
        let most = connect.properties.user_properties().count().max(of_will);
        if most > 30 && self.fault(Fault::RefusesManyProperties) {
            return refused("too many user properties");
        }
        if self.fault(Fault::RefusesRepeatedUserProperty) {
            let mut names: Vec<&str> = connect.properties.user_properties().map(|(name, _)| name).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            if names.len() < count {
                return refused("a user property came twice");
            }
        }
        Ok(())
    }

    /// Refuses a long client identifier with a CONNACK and no close, an unusual one in 3.1.1 with a close and
    /// no CONNACK. True if it did.
    pub(crate) fn refuse_unusual_client_id(&mut self, id: ConnectionId, client_id: &str) -> bool {
        let is_long = client_id.len() > 1000;
        let is_usual = client_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_long && is_usual {
            return false;
        }
        let is_v5 = self.is_v5(id);
        if !is_long && !is_v5 {
            self.end(id, false);
            return true;
        }
        let reason = if is_v5 { ReasonCode::CLIENT_IDENTIFIER_NOT_VALID } else { ReasonCode::IDENTIFIER_REJECTED };
        self.send_connack_refusing(id, reason, None);
        self.leave_open(id);
        true
    }

    /// Leaves a refused connection open, deaf to whatever comes.
    pub(crate) fn leave_open(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.phase = Phase::Deaf;
            self.wind(id);
        }
    }

    /// A reason code of CONNACK that is in no table.
    pub(crate) fn invented_refusal(&self, id: ConnectionId) -> ReasonCode {
        ReasonCode(if self.is_v5(id) { 0xF0 } else { 0x42 })
    }

    /// Takes a connection from its session and leaves it open.
    pub(crate) fn cut_off(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.client_id = None;
        }
    }

    /// Makes another client's session this one's.
    pub(crate) fn adopt_foreign_session(&mut self, client_id: &ClientId) {
        if self.sessions.contains_key(client_id) {
            return;
        }
        let foreign = self.sessions.values().find(|session| session.connection.is_none());
        let Some(foreign) = foreign.map(|session| Arc::clone(&session.client_id)) else { return };
        if let Some(mut session) = self.sessions.remove(&foreign) {
            self.wind_session(&foreign);
            session.client_id = Arc::clone(client_id);
            self.sessions.insert(Arc::clone(client_id), session);
        }
    }

    /// Gives a connection the topic aliases of its client's connection before.
    pub(crate) fn inherit_aliases(&mut self, id: ConnectionId, client_id: &ClientId) {
        let aliases = self.faulty.left_aliases.remove(client_id).unwrap_or_default();
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.aliases = aliases;
        }
    }

    /// Takes the numbers that topics had on the connection of the client before for known here, as far as this one takes as many.
    pub(crate) fn inherit_sent_aliases(&mut self, id: ConnectionId, client_id: &ClientId) {
        let aliases = self.faulty.left_aliases_sent.remove(client_id).unwrap_or_default();
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.aliases_sent = aliases;
        }
    }

    /// CONNACK with a flag that no table has.
    pub(crate) fn send_connack_with_reserved_flag(&mut self, id: ConnectionId, packet: &Packet<'_>) {
        let Some(connection) = self.connections.get(&id) else { return };
        let Ok(bytes) = packet.to_bytes(connection.version) else { return };
        let mut bytes = bytes.to_vec();
        let flags = bytes.iter().skip(1).position(|byte| byte & 0x80 == 0).map_or(2, |end| end + 2);
        if let Some(flags) = bytes.get_mut(flags) {
            *flags |= 0x02;
        }
        self.send_bytes(id, bytes);
    }

    /// AUTH for a client that named no method.
    pub(crate) fn send_auth(&mut self, id: ConnectionId) {
        let method = PropertiesBuf::new().with(Property::AuthenticationMethod("surprise"));
        let reason = ReasonCode::CONTINUE_AUTHENTICATION;
        self.send(id, &Packet::Auth(Auth { reason, properties: method.as_properties() }));
    }

    /// What a CONNACK tells although the client didn't ask.
    pub(crate) fn announced_unasked(&self, connect: &Connect<'_>) -> impl Iterator<Item = Property<'static>> {
        let asked = connect.properties.request_response_information() == Some(1);
        let method = connect.properties.authentication_method().is_some();
        let told = [
            (!asked && self.fault(Fault::ResponseInformationUnasked), Property::ResponseInformation("responses")),
            (!method && self.fault(Fault::AuthenticationMethodUnasked), Property::AuthenticationMethod("surprise")),
            (self.fault(Fault::ServerReferenceAlways), Property::ServerReference("elsewhere.example")),
            (self.fault(Fault::IgnoresProblemInformation), Property::ReasonString("welcome")),
        ];
        told.into_iter().filter(|(tells, _)| *tells).map(|(_, property)| property)
    }
}

//! CONNECT: who is let in, to which session, with which answer.

use std::sync::Arc;
use std::time::Duration;

use mqtt_assay_codec::{Connack, Connect, Packet, Properties, PropertiesBuf, Property, QoS, ReasonCode, Version};

use crate::delivery::send::Sent;
use crate::ending::breach::Ids;
use crate::event::ConnectionId;
use crate::faults::{Fault, MessageMarks};
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::settings::access::Denial;
use crate::settings::challenge::METHOD;
use crate::state::ClientId;
use crate::state::connection::Phase;
use crate::state::message::Draft;
use crate::state::session::Session;
use crate::state::will::Will;

/// A quirk only: how long a session outlives its connection at most, in seconds.
const SESSION_TIME: u32 = 3600;

/// Why a CONNECT is refused: reason codes of 3.1.1 and 5.0, and a sentence.
pub(crate) struct Refusal {
    pub(crate) v311: ReasonCode,
    pub(crate) v5: ReasonCode,
    pub(crate) why: &'static str,
}

/// What CONNACK tells besides Session Present.
struct Welcome {
    client_id: ClientId,
    assigned: bool,
    session_present: bool,
}

impl Machine {
    /// Deals with a CONNECT.
    pub(crate) fn connect(&mut self, id: ConnectionId, connect: &Connect<'_>, packet: &[u8]) {
        let Some(connection) = self.connections.get(&id) else { return };
        if connection.phase == Phase::Open {
            self.second_connect(id);
            return;
        }
        let version = connection.version;
        self.note_tolerances(id, connect);
        if self.fault(Fault::RefusesUnusualClientIds) && self.refuse_unusual_client_id(id, connect.client_id) {
            return;
        }
        if let Err(refusal) = self.check_connect(version, connect) {
            self.breach_of_refused(id, connect);
            let reason = if self.is_v5(id) { refusal.v5 } else { refusal.v311 };
            self.refuse_connect(id, reason, refusal.why, true);
            self.faulty.publishes_rest = self.fault(Fault::ProcessesAfterRefusal);
            return;
        }
        if !self.authenticates_first(id, connect, packet) {
            self.accept_connect(id, connect);
        }
    }

    fn second_connect(&mut self, id: ConnectionId) {
        let ids = Ids("MQTT-3.1.0-2", "MQTT-3.1.0-2");
        let detail = "a second CONNECT on the same connection";
        let answers = self.fault(Fault::AnswersSecondConnect);
        if !answers && !self.fault(Fault::IgnoresSecondConnect) {
            self.violation(id, ids, ReasonCode::PROTOCOL_ERROR, detail);
            return;
        }
        self.breach(id, ids, detail);
        if answers {
            self.send(id, &connack(false, ReasonCode::SUCCESS));
        }
    }

    fn check_connect(&self, version: Version, connect: &Connect<'_>) -> Result<(), Refusal> {
        self.check_method(connect)?;
        self.check_access(connect)?;
        self.check_client_id(version, connect)?;
        self.check_taste_of_will(connect)?;
        if version == Version::V5 {
            self.check_will(connect)?;
            self.check_tastes(connect)?;
        }
        Ok(())
    }

    fn check_method(&self, connect: &Connect<'_>) -> Result<(), Refusal> {
        let method = connect.properties.authentication_method();
        if method.is_none_or(|method| method == METHOD) || self.fault(Fault::AcceptsUnknownMethod) {
            return Ok(());
        }
        let code = ReasonCode::BAD_AUTHENTICATION_METHOD;
        Err(Refusal {
            v311: ReasonCode::NOT_AUTHORIZED_3,
            v5: code,
            why: "this authentication method is not supported",
        })
    }

    fn check_access(&self, connect: &Connect<'_>) -> Result<(), Refusal> {
        match self.settings.access.check(connect.user_name, connect.password) {
            Ok(()) => Ok(()),
            Err(Denial::Anonymous) => Err(Refusal {
                v311: ReasonCode::NOT_AUTHORIZED_3,
                v5: ReasonCode::NOT_AUTHORIZED,
                why: "a user name is needed",
            }),
            Err(Denial::Credentials) if self.fault(Fault::IgnoresPassword) => Ok(()),
            Err(Denial::Credentials) => Err(Refusal {
                v311: ReasonCode::BAD_USER_NAME_OR_PASSWORD_3,
                v5: ReasonCode::BAD_USER_NAME_OR_PASSWORD,
                why: "user name or password is wrong",
            }),
        }
    }

    fn check_client_id(&self, version: Version, connect: &Connect<'_>) -> Result<(), Refusal> {
        let refused = |why| {
            Err(Refusal { v311: ReasonCode::IDENTIFIER_REJECTED, v5: ReasonCode::CLIENT_IDENTIFIER_NOT_VALID, why })
        };
        if version == Version::V3_1_1 && !connect.client_id.is_empty() && self.fault(Fault::DemandsExtension) {
            return refused("the client identifier is not of our make");
        }
        let length = connect.client_id.len();
        let is_empty_and_stored = length == 0 && version != Version::V5 && !connect.clean_start;
        if is_empty_and_stored && !self.fault(Fault::AcceptsEmptyClientId) {
            return refused("an empty client identifier needs a clean session");
        }
        let most = match version {
            _ if self.fault(Fault::RefusesClientIdOf23) && length <= 1000 => 22,
            Version::V3_1_1 if self.quirk(Quirk::RefusesLongClientIds) => 23,
            _ => usize::from(self.settings.limits.max_client_id_bytes),
        };
        if length > most { refused("the client identifier is too long") } else { Ok(()) }
    }

    fn check_will(&self, connect: &Connect<'_>) -> Result<(), Refusal> {
        let Some(will) = connect.will else { return Ok(()) };
        let refused = |v5, why| Err(Refusal { v311: ReasonCode::SERVER_UNAVAILABLE_3, v5, why });
        if will.qos > self.settings.limits.maximum_qos && !self.fault(Fault::AcceptsWillQos) {
            return refused(ReasonCode::QOS_NOT_SUPPORTED, "the QoS of the will isn't supported");
        }
        if will.retain && !self.settings.limits.retain_available && !self.fault(Fault::AcceptsWillRetain) {
            return refused(ReasonCode::RETAIN_NOT_SUPPORTED, "retained wills aren't supported");
        }
        Ok(())
    }

    /// Names the rule where a refused CONNECT broke one; wrong credentials break none.
    fn breach_of_refused(&mut self, id: ConnectionId, connect: &Connect<'_>) {
        if connect.client_id.is_empty() && !connect.clean_start && !self.is_v5(id) {
            let detail = "an empty client identifier with CleanSession 0";
            self.breach(id, Ids("MQTT-3.1.3-7", "MQTT-3.1.3-6"), detail);
        }
    }

    /// Answers a CONNECT that is refused, and closes. `conforms` says whether the CONNECT itself is well formed.
    pub(crate) fn refuse_connect(&mut self, id: ConnectionId, reason: ReasonCode, why: &str, conforms: bool) {
        let is_v5 = self.is_v5(id);
        let silent =
            is_v5 && self.quirk(Quirk::ClosesBadConnectAtOnce) || !is_v5 && self.fault(Fault::RefusesWithoutConnack);
        if is_v5 && self.fault(Fault::DisconnectBeforeConnack) {
            self.send_disconnect(id, ReasonCode::PROTOCOL_ERROR, why);
        } else if !silent {
            self.send_connack_refusing(id, reason, (is_v5 && conforms).then_some(why));
        }
        if conforms {
            self.note(id, format!("refused with 0x{:02X}: {why}", reason.0));
        }
        if self.fault(Fault::RefusalStaysOpen) && !silent {
            self.leave_open(id);
        } else {
            self.end(id, false);
        }
    }

    pub(crate) fn send_connack_refusing(&mut self, id: ConnectionId, reason: ReasonCode, why: Option<&str>) {
        let reason = if self.fault(Fault::ConnackInventsCode) { self.invented_refusal(id) } else { reason };
        if self.fault(Fault::SessionPresentOnRefusal) {
            self.send_whatever_its_size(id, &connack(true, reason));
            return;
        }
        self.send_explained(id, why, connack(false, reason));
    }

    pub(crate) fn accept_connect(&mut self, id: ConnectionId, connect: &Connect<'_>) {
        let assigned = connect.client_id.is_empty();
        let client_id: ClientId = if assigned { self.assign_client_id() } else { connect.client_id.into() };
        let will = match connect.will {
            None => None,
            Some(will) => match self.book_will(id, &will, Arc::clone(&client_id)) {
                Some(will) => Some(will),
                None => return self.refuse_for_quota(id),
            },
        };
        self.take_over(id, &client_id);
        if !self.connections.contains_key(&id) {
            // A planted bug only: the broker died of it.
            return;
        }
        let Some(session_present) = self.prepare_session(&client_id, connect.clean_start) else {
            return self.refuse_for_quota(id);
        };
        self.note_joined(id, &client_id);
        self.open_connection(id, connect, &client_id, will);
        if self.fault(Fault::PublishBeforeConnack) {
            self.attach(id, &client_id);
        }
        self.welcome(id, connect, &Welcome { client_id: Arc::clone(&client_id), assigned, session_present });
        self.attach(id, &client_id);
        if session_present && self.fault(Fault::RetainedAtResume) {
            self.replay_all(id, &client_id);
        }
        self.wind(id);
    }

    fn refuse_for_quota(&mut self, id: ConnectionId) {
        let reason = if self.is_v5(id) { ReasonCode::QUOTA_EXCEEDED } else { ReasonCode::SERVER_UNAVAILABLE_3 };
        self.refuse_connect(id, reason, "the broker has no room for this session", true);
    }

    fn book_will(&mut self, id: ConnectionId, will: &mqtt_assay_codec::Will<'_>, publisher: ClientId) -> Option<Will> {
        let draft = Draft {
            topic: will.topic,
            payload: will.payload,
            qos: will.qos,
            retain: will.retain,
            properties: will.properties,
            publisher,
            faulty: MessageMarks { dup: false, is_will: true, version: self.version_of(id) },
        };
        let message = draft.book(&self.ledger, self.now)?;
        let delay = will.properties.will_delay_interval().unwrap_or(0);
        Some(Will { message, delay: Duration::from_secs(u64::from(delay)) })
    }

    /// A client identifier that no session has.
    fn assign_client_id(&mut self) -> ClientId {
        if self.fault(Fault::AssignedIdReused) {
            return "assigned".into();
        }
        loop {
            self.assigned += 1;
            let number = self.settings.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(self.assigned);
            let candidate: ClientId = format!("assigned-{number:016x}").into();
            if !self.sessions.contains_key(&candidate) {
                return candidate;
            }
        }
    }

    /// Closes the connection that this client has already (`[MQTT-3.1.4-2]`, in 5.0 `[MQTT-3.1.4-3]`).
    fn take_over(&mut self, id: ConnectionId, client_id: &ClientId) {
        let Some(old) = self.sessions.get(client_id).and_then(|session| session.connection) else { return };
        if old == id || self.dies_of_takeover(client_id) {
            return;
        }
        if self.fault(Fault::TakeoverLeavesOldOpen) {
            self.cut_off(old);
            return;
        }
        if self.is_v5(old) && !self.fault(Fault::TakeoverWithoutDisconnect) {
            self.send_disconnect(old, ReasonCode::SESSION_TAKEN_OVER, "another connection took the session over");
        }
        self.note(old, format!("closed: connection {} has the same client identifier", id.0));
        let _way = self.on_will_of(old);
        let with_will = !self.fault(Fault::NoWillOnTakeover);
        self.end(old, with_will);
    }

    /// Finds or makes the session; says whether there was one, or nothing if there is no room.
    fn prepare_session(&mut self, client_id: &ClientId, clean_start: bool) -> Option<bool> {
        let keep = self.fault(Fault::CleanStartKeepsSession);
        if clean_start && !keep {
            self.end_session(client_id);
        }
        if !clean_start && self.fault(Fault::ResumesForeignSession) {
            self.adopt_foreign_session(client_id);
        }
        let keeps_will = self.fault(Fault::WillNotCancelled);
        let forgets = self.fault(Fault::ForgetsSubscriptions);
        let forgets_received = self.fault(Fault::ForgetsReceived);
        if let Some(session) = self.sessions.get_mut(client_id) {
            session.expires_at = None;
            if !keeps_will {
                session.will = None;
            }
            if forgets {
                session.subscriptions.clear();
            }
            if forgets_received {
                session.received.clear();
            }
            self.wind_session(client_id);
            return Some(!clean_start);
        }
        if self.sessions.len() >= self.settings.limits.max_sessions {
            return None;
        }
        let account = self.ledger.open(client_id.len())?;
        let mut session = Session::new(Arc::clone(client_id), account);
        session.faulty.begun_anew = clean_start;
        self.sessions.insert(Arc::clone(client_id), session);
        Some(false)
    }

    fn open_connection(&mut self, id: ConnectionId, connect: &Connect<'_>, client_id: &ClientId, will: Option<Will>) {
        let server_keep_alive = self.settings.limits.server_keep_alive;
        let expiry = self.granted_expiry(id, connect);
        let ignored = self.fault(Fault::ServerKeepAliveIgnored);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let is_v5 = connection.is_v5();
        let keep_alive = match server_keep_alive {
            Some(seconds) if is_v5 && !ignored => seconds,
            _ => connect.keep_alive,
        };
        let patience = Duration::from_millis(1500) * u32::from(keep_alive);
        connection.phase = Phase::Open;
        connection.client_id = Some(Arc::clone(client_id));
        connection.patience = (keep_alive > 0).then_some(patience);
        connection.will = will;
        connection.session_expiry = expiry;
        connection.asked_no_session = connect.properties.session_expiry_interval().unwrap_or(0) == 0;
        if self.fault(Fault::AliasAcrossConnections) {
            self.inherit_aliases(id, client_id);
        }
        if is_v5 && self.fault(Fault::SentAliasesStay) {
            self.inherit_sent_aliases(id, client_id);
        }
    }

    /// What the client takes, which binds the broker even where it refuses.
    fn note_tolerances(&mut self, id: ConnectionId, connect: &Connect<'_>) {
        let Some(connection) = self.connections.get_mut(&id).filter(|connection| connection.is_v5()) else { return };
        let properties = connect.properties;
        connection.receive_maximum = properties.receive_maximum().unwrap_or(u16::MAX).max(1);
        connection.maximum_packet_size = properties.maximum_packet_size().map_or(usize::MAX, |size| size as usize);
        connection.topic_alias_maximum = properties.topic_alias_maximum().unwrap_or(0);
        connection.problem_information = properties.request_problem_information() != Some(0);
    }

    /// How long the session outlives its connection: what the client asks for, as far as the limit goes.
    fn granted_expiry(&self, id: ConnectionId, connect: &Connect<'_>) -> u32 {
        let asked = match self.is_v5(id) {
            true => connect.properties.session_expiry_interval().unwrap_or(0),
            false if connect.clean_start => 0,
            false => u32::MAX,
        };
        let most = self.settings.limits.session_expiry_maximum;
        let asked = if self.is_v5(id) && self.quirk(Quirk::LongerSessions) { asked.max(SESSION_TIME) } else { asked };
        asked.min(if self.quirk(Quirk::LimitsSessionTime) { most.min(SESSION_TIME) } else { most })
    }

    fn welcome(&mut self, id: ConnectionId, connect: &Connect<'_>, welcome: &Welcome) {
        if self.fault(Fault::NoConnack) && connect.keep_alive == u16::MAX {
            return;
        }
        let session_present = match welcome.session_present {
            _ if self.fault(Fault::SessionPresentAlways) => true,
            present => present && !self.fault(Fault::SessionPresentNever),
        };
        let properties = if self.is_v5(id) { self.announcements(id, connect, welcome) } else { PropertiesBuf::new() };
        let reason = ReasonCode::SUCCESS;
        let packet = Packet::Connack(Connack { session_present, reason, properties: properties.as_properties() });
        if self.fault(Fault::ConnackReservedFlags) {
            self.send_connack_with_reserved_flag(id, &packet);
            return;
        }
        if self.fault(Fault::AuthUnasked) && self.is_v5(id) && connect.properties.authentication_method().is_none() {
            self.send_auth(id);
        }
        if self.try_send(id, &packet) == Sent::TooLarge {
            // The client can't be told that it is connected.
            self.note(id, "closed: the CONNACK is larger than the Maximum Packet Size of the client");
            self.end(id, false);
        }
        if self.fault(Fault::ConnackTwice) {
            self.send(id, &packet);
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.connack_ends = Some(self.outflow.handed_out(id));
        }
    }

    /// What the CONNACK of 5.0 says about this broker and this session.
    fn announcements(&self, id: ConnectionId, connect: &Connect<'_>, welcome: &Welcome) -> PropertiesBuf {
        let limits = &self.settings.limits;
        let mut told = PropertiesBuf::new();
        let mut tell = |condition: bool, property: Property<'_>| {
            if condition {
                told.extend([property]);
            }
        };
        let expiry = self.granted_expiry(id, connect);
        let shortened = expiry != connect.properties.session_expiry_interval().unwrap_or(0);
        tell(shortened && !self.fault(Fault::SessionExpiryUnannounced), Property::SessionExpiryInterval(expiry));
        tell(limits.receive_maximum < u16::MAX, Property::ReceiveMaximum(limits.receive_maximum));
        let lower_qos = limits.maximum_qos < QoS::ExactlyOnce && !self.fault(Fault::MaximumQosUnannounced);
        tell(lower_qos, Property::MaximumQoS(limits.maximum_qos as u8));
        tell(!limits.retain_available, Property::RetainAvailable(0));
        tell(limits.max_packet_size < 268_435_460, Property::MaximumPacketSize(limits.max_packet_size));
        tell(
            welcome.assigned && !self.fault(Fault::AssignedIdMissing),
            Property::AssignedClientIdentifier(&welcome.client_id),
        );
        tell(limits.topic_alias_maximum > 0, Property::TopicAliasMaximum(limits.topic_alias_maximum));
        tell(!limits.wildcards_available, Property::WildcardSubscriptionAvailable(0));
        tell(!limits.subscription_identifiers_available, Property::SubscriptionIdentifierAvailable(0));
        tell(!limits.shared_subscriptions_available, Property::SharedSubscriptionAvailable(0));
        if let Some(seconds) = limits.server_keep_alive {
            tell(true, Property::ServerKeepAlive(seconds));
        }
        told.extend(self.announced_to_authenticated(id).as_properties().iter());
        told.extend(self.announced_unasked(connect));
        told
    }
}

fn connack(session_present: bool, reason: ReasonCode) -> Packet<'static> {
    Packet::Connack(Connack { session_present, reason, properties: Properties::EMPTY })
}

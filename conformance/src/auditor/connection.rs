//! One connection as the auditor follows it: what the client has sent, and what each packet of the broker says to that.

use super::clients::Clients;
use super::deliveries::Deliveries;
use super::points::{Audit, Point};
use super::requests::Requests;
use super::subscriptions::Subscriptions;
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, DecodeError, Packet, PacketType, Publish, QoS, Rule, Version,
};
use std::collections::BTreeMap;

/// What holds of the broker's packets whatever the client has done.
const UNEXCUSED: &[Point] = &[Point::NothingAfterDisconnect];

/// What may be said of a packet of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sayable {
    All,
    /// Only what no packet of the client can excuse.
    Unexcused,
    Nothing,
}

impl Sayable {
    /// Takes out of what was said all else.
    pub(super) fn restrict(self, audit: &mut Audit) {
        match self {
            Self::All => {}
            Self::Unexcused => audit.only(UNEXCUSED),
            Self::Nothing => audit.only(&[]),
        }
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    version: Version,
    /// How many packets the client has sent.
    sent: u64,
    /// The client has broken the standard here.
    is_tainted: bool,
    /// It has sent DISCONNECT.
    has_left: bool,
    names_method: bool,
    wants_no_problems: bool,
    /// Nobody used its client identifier before, and the broker says that it holds no session.
    is_first_client: bool,
    /// The first packet of the broker has come, AUTH apart.
    is_greeted: bool,
    /// CONNACK has come.
    is_answered: bool,
    /// The broker has sent DISCONNECT.
    is_left: bool,
    requests: Requests,
    deliveries: Deliveries,
    subscriptions: Subscriptions,
    /// Topics by alias, as the broker has mapped them here.
    aliases: BTreeMap<u16, String>,
}

impl Connection {
    /// A connection on which nothing was sent yet.
    pub(super) fn new(version: Version) -> Self {
        Self {
            version,
            sent: 0,
            is_tainted: false,
            has_left: false,
            names_method: false,
            wants_no_problems: false,
            is_first_client: false,
            is_greeted: false,
            is_answered: false,
            is_left: false,
            requests: Requests::default(),
            deliveries: Deliveries::default(),
            subscriptions: Subscriptions::default(),
            aliases: BTreeMap::new(),
        }
    }

    /// The client has broken the standard.
    pub(super) fn taint(&mut self) {
        self.is_tainted = true;
    }

    /// True once the client has broken the standard here.
    pub(super) fn is_tainted(&self) -> bool {
        self.is_tainted
    }

    /// The place of the last packet of the client that the broker is known to have read.
    pub(super) fn read_up_to(&self) -> u64 {
        self.deliveries.read_up_to()
    }

    /// Follows one packet of the client.
    pub(super) fn note(&mut self, packet: &Packet<'_>, clients: &mut Clients) {
        let is_connect = matches!(packet, Packet::Connect(_));
        self.sent += 1;
        if is_connect != (self.sent == 1) || self.has_left {
            self.taint();
        }
        let place = self.sent;
        match packet {
            Packet::Connect(connect) => self.note_connect(connect, clients),
            Packet::Publish(Publish { packet_id: Some(id), qos, dup, .. }) => {
                self.requests.publish((id.get(), *qos), *dup, self.is_first_client, place);
            }
            Packet::Subscribe(subscribe) => {
                let (id, count) = (subscribe.packet_id.get(), subscribe.filters.len());
                self.requests.request(id, PacketType::Suback, count, place);
                self.subscriptions.asked(subscribe);
            }
            Packet::Unsubscribe(unsubscribe) => {
                let (id, count) = (unsubscribe.packet_id.get(), unsubscribe.filters.len());
                self.requests.request(id, PacketType::Unsuback, count, place);
            }
            Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubcomp(ack) => {
                self.deliveries.acknowledged(ack.packet_id.get(), packet.packet_type(), ack.reason, place);
            }
            Packet::Pubrel(ack) => self.requests.release(ack.packet_id.get(), self.is_first_client, place),
            Packet::Pingreq => self.requests.ping(place),
            Packet::Disconnect(_) => self.has_left = true,
            _ => {}
        }
    }

    fn note_connect(&mut self, connect: &Connect<'_>, clients: &mut Clients) {
        self.names_method = connect.properties.authentication_method().is_some();
        self.wants_no_problems = connect.properties.request_problem_information() == Some(0);
        self.is_first_client = connect.client_id.is_empty() || clients.is_first(connect.client_id);
    }

    /// A message comes that is too large to be kept, and is let pass after its head.
    pub(super) fn passes(&mut self, head: &Publish<'_>, audit: &mut Audit) -> Sayable {
        if self.is_tainted {
            return Sayable::Nothing;
        }
        self.granted(head, audit);
        // Its payload is unknown, so that it can't be told from another.
        self.deliveries.publish(head, self.version, false, audit);
        Sayable::All
    }

    /// The broker sends a packet; with `error` where it breaks a rule of form and was read without that. What may be said of
    /// it, here and elsewhere.
    pub(super) fn received(
        &mut self,
        packet: &Packet<'_>,
        error: Option<&DecodeError>,
        clients: &mut Clients,
        audit: &mut Audit,
    ) -> Sayable {
        // Whatever follows a farewell is one breach.
        let is_left = self.is_left;
        self.follow_order(packet, audit);
        let has_identifier = error.is_none_or(|error| error.rule != Rule::PacketIdZero);
        if !self.is_tainted && has_identifier {
            self.follow(packet, clients, audit);
        }
        if error.is_some() {
            // One breach is one: what it says beyond its form is followed, and not judged.
            Sayable::Nothing
        } else if self.is_tainted || is_left {
            Sayable::Unexcused
        } else {
            Sayable::All
        }
    }

    /// The place of the packet among those of the broker.
    fn follow_order(&mut self, packet: &Packet<'_>, audit: &mut Audit) {
        let name = packet.packet_type().name();
        if self.is_left {
            audit.broken(Point::NothingAfterDisconnect, format!("{name} after the broker's DISCONNECT"));
        }
        if matches!(packet, Packet::Disconnect(_)) {
            audit.kept(Point::NothingAfterDisconnect);
            self.is_left = self.version == Version::V5;
        }
        if self.is_greeted || self.sent == 0 {
            return;
        }
        match packet {
            Packet::Connack(_) => audit.kept(Point::ConnackFirst),
            Packet::Auth(_) if self.version == Version::V5 => return,
            _ => audit.broken(Point::ConnackFirst, format!("{name} before CONNACK")),
        }
        self.is_greeted = true;
    }

    /// What it answers or begins.
    fn follow(&mut self, packet: &Packet<'_>, clients: &mut Clients, audit: &mut Audit) {
        self.hold_against_wishes(packet, audit);
        let knows_all = self.is_first_client;
        let read = match packet {
            Packet::Connack(connack) => {
                self.connack(connack, clients, audit);
                None
            }
            Packet::Publish(publish) => {
                self.granted(publish, audit);
                self.deliveries.publish(publish, self.version, self.is_first_client, audit);
                None
            }
            Packet::Puback(ack) => self.acknowledgement(ack, PacketType::Puback, audit),
            Packet::Pubrec(ack) => self.acknowledgement(ack, PacketType::Pubrec, audit),
            Packet::Pubrel(ack) => {
                self.deliveries.released(ack.packet_id.get(), self.version, self.is_first_client, audit)
            }
            Packet::Pubcomp(ack) => self.requests.complete(ack.packet_id.get(), knows_all, audit),
            Packet::Suback(suback) => {
                let (id, count) = (suback.packet_id.get(), suback.reasons.len());
                self.subscriptions.granted(suback);
                self.count(id, PacketType::Suback, count, Point::SubackCodes, audit);
                self.requests.answer(id, PacketType::Suback, Point::RequestIdentifier, knows_all, audit)
            }
            Packet::Unsuback(unsuback) => {
                let (id, count) = (unsuback.packet_id.get(), unsuback.reasons.len());
                if self.version == Version::V5 {
                    self.count(id, PacketType::Unsuback, count, Point::UnsubackCodes, audit);
                }
                self.requests.answer(id, PacketType::Unsuback, Point::RequestIdentifier, knows_all, audit)
            }
            Packet::Pingresp => self.requests.pong(audit),
            _ => None,
        };
        if let Some(place) = read {
            self.deliveries.read(place, audit);
        }
    }

    fn connack(&mut self, connack: &Connack<'_>, clients: &mut Clients, audit: &mut Audit) {
        if self.is_answered {
            audit.broken(Point::ConnackOnce, "a second CONNACK");
            return;
        }
        audit.kept(Point::ConnackOnce);
        self.is_answered = true;
        if let Some(assigned) = connack.properties.assigned_client_identifier() {
            self.is_first_client &= clients.is_first(assigned);
        }
        self.is_first_client &= !connack.session_present;
    }

    fn acknowledgement(
        &mut self,
        ack: &Acknowledgement<'_>,
        packet_type: PacketType,
        audit: &mut Audit,
    ) -> Option<u64> {
        let id = ack.packet_id.get();
        let point = Point::AcknowledgementIdentifier;
        let read = self.requests.answer(id, packet_type, point, self.is_first_client, audit);
        if packet_type == PacketType::Pubrec {
            self.requests.refused(id, ack.reason);
        }
        read
    }

    fn count(&self, id: u16, answer: PacketType, codes: usize, point: Point, audit: &mut Audit) {
        match self.requests.filters(id, answer) {
            Some(filters) if filters == codes => audit.kept(point),
            Some(filters) => {
                audit.broken(point, format!("{} with {codes} codes for {filters} topic filters", answer.name()));
            }
            None => {}
        }
    }

    /// The QoS of a message against what was granted, if a subscription of this connection matches: the broker may have
    /// made others by itself, and a resumed session has older ones.
    fn granted(&mut self, publish: &Publish<'_>, audit: &mut Audit) {
        let topic = match publish.properties.topic_alias() {
            Some(alias) if publish.topic.is_empty() => self.aliases.get(&alias).map(String::as_str),
            Some(alias) => {
                self.aliases.insert(alias, publish.topic.to_owned());
                Some(publish.topic)
            }
            None => Some(publish.topic),
        };
        let most = topic.and_then(|topic| self.subscriptions.most(topic)).filter(|_| self.is_first_client);
        match most {
            Some(most) if publish.qos as u8 > most => {
                let why = format!("QoS {}, and the most that was granted is {most}", publish.qos as u8);
                audit.broken(Point::GrantedQos, why);
            }
            Some(most) if most < QoS::ExactlyOnce as u8 => audit.kept(Point::GrantedQos),
            _ => {}
        }
    }

    /// What CONNECT asks the broker to leave out.
    fn hold_against_wishes(&self, packet: &Packet<'_>, audit: &mut Audit) {
        let properties = match packet {
            Packet::Auth(_) if !self.names_method => {
                audit.broken(Point::AuthenticationUnasked, "AUTH, and CONNECT names no method");
                return;
            }
            Packet::Connack(connack) if !self.names_method && self.version == Version::V5 => {
                match connack.properties.authentication_method() {
                    Some(_) => audit.broken(Point::AuthenticationUnasked, "a method, and CONNECT names none"),
                    None => audit.kept(Point::AuthenticationUnasked),
                }
                return;
            }
            Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => &ack.properties,
            Packet::Suback(suback) => &suback.properties,
            Packet::Unsuback(unsuback) => &unsuback.properties,
            Packet::Auth(auth) => &auth.properties,
            _ => return,
        };
        if !self.wants_no_problems {
            return;
        }
        if properties.reason_string().is_some() || properties.user_properties().next().is_some() {
            let name = packet.packet_type().name();
            audit.broken(Point::ProblemInformation, format!("{name} explains itself to who asked for no explanation"));
        } else {
            audit.kept(Point::ProblemInformation);
        }
    }
}

//! Packets that a case is about to send: plain builders, and at most one named mutation on top.
//!
//! A draft speaks the case's own names ("sport/a"); the client puts the run's prefix before topics, filters and
//! client identifiers when it sends, so cases read plainly and never meet each other on a shared broker.

use super::announced::Excluded;
use super::names::{Names, Topic};
use bytes::Bytes;
use mqtt_assay_codec::{
    Acknowledgement, Auth, Connack, Connect, Context, Disconnect, EncodeError, Mutation, Packet, PacketId, PacketType,
    Properties, PropertiesBuf, Property, Publish, QoS, ReasonCode, Sender, Suback, Subscribe, SubscriptionOptions,
    SubscriptionsBuf, TopicFiltersBuf, Unsuback, Unsubscribe, Version, Will,
};

/// What a draft becomes on the wire.
#[derive(Debug, Clone)]
enum Kind {
    Connect(Box<ConnectDraft>),
    Publish(PublishDraft),
    Acknowledgement(PacketType, ReasonCode),
    Subscribe(Vec<(Topic, SubscriptionOptions)>),
    Unsubscribe(Vec<Topic>),
    Plain(PacketType, ReasonCode),
}

#[derive(Debug, Clone)]
struct PublishDraft {
    topic: Topic,
    payload: Vec<u8>,
    qos: QoS,
    retain: bool,
    dup: bool,
}

/// A will of a CONNECT to come.
#[derive(Debug, Clone)]
pub struct WillDraft {
    topic: Topic,
    payload: Vec<u8>,
    qos: QoS,
    retain: bool,
    properties: PropertiesBuf,
}

#[derive(Debug, Clone)]
struct ConnectDraft {
    client_id: Option<String>,
    clean: bool,
    keep_alive: u16,
    will: Option<WillDraft>,
    user_name: Option<String>,
    password: Option<Vec<u8>>,
    anonymous: bool,
}

/// A packet to be sent.
#[derive(Debug, Clone)]
pub struct Draft {
    kind: Kind,
    packet_id: Option<u16>,
    properties: PropertiesBuf,
    mutation: Option<&'static str>,
    /// Of several places the mutation takes the last one, not the first.
    at_the_last: bool,
    /// The flags of the fixed header are wrong besides.
    flags_too: bool,
    excluded: Option<Excluded>,
}

impl Draft {
    fn new(kind: Kind) -> Self {
        let properties = PropertiesBuf::new();
        let (mutation, at_the_last, flags_too, excluded) = (None, false, false, None);
        Self { kind, packet_id: None, properties, mutation, at_the_last, flags_too, excluded }
    }

    /// With this packet identifier; without one the client takes the next that is free.
    #[must_use]
    pub fn id(mut self, id: impl Into<u16>) -> Self {
        self.packet_id = Some(id.into());
        self
    }

    /// PUBLISH only: this QoS.
    #[must_use]
    pub fn qos(mut self, qos: QoS) -> Self {
        if let Kind::Publish(publish) = &mut self.kind {
            publish.qos = qos;
        }
        self
    }

    /// PUBLISH only: RETAIN 1.
    #[must_use]
    pub fn retain(mut self) -> Self {
        if let Kind::Publish(publish) = &mut self.kind {
            publish.retain = true;
        }
        self
    }

    /// PUBLISH only: DUP 1.
    #[must_use]
    pub fn dup(mut self) -> Self {
        if let Kind::Publish(publish) = &mut self.kind {
            publish.dup = true;
        }
        self
    }

    /// SUBSCRIBE only: one more topic filter.
    #[must_use]
    pub fn and(mut self, filter: impl Into<Topic>, options: impl Into<SubscriptionOptions>) -> Self {
        if let Kind::Subscribe(filters) = &mut self.kind {
            filters.push((filter.into(), options.into()));
        }
        self
    }

    /// With this property; 5.0 only, left out in a packet of 3.1.1.
    #[must_use]
    pub fn property(mut self, property: Property<'_>) -> Self {
        // A property that cannot be encoded comes back as an error when the packet is built.
        self.properties = self.properties.with(property);
        self
    }

    /// CONNECT only: exactly this client identifier, without the run's prefix. It may be empty.
    #[must_use]
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        if let Kind::Connect(connect) = &mut self.kind {
            connect.client_id = Some(id.into());
        }
        self
    }

    /// CONNECT only: Clean Session 0 in 3.1.1; in 5.0 Clean Start 0 and a session that outlives the connection.
    #[must_use]
    pub fn persistent(mut self) -> Self {
        if let Kind::Connect(connect) = &mut self.kind {
            connect.clean = false;
        }
        self.property(Property::SessionExpiryInterval(SESSION_EXPIRY))
    }

    /// CONNECT only: Clean Session or Clean Start 0, and nothing else.
    #[must_use]
    pub fn resume(mut self) -> Self {
        if let Kind::Connect(connect) = &mut self.kind {
            connect.clean = false;
        }
        self
    }

    /// CONNECT only: Clean Session or Clean Start 1, and nothing else.
    #[must_use]
    pub fn cleanly(mut self) -> Self {
        if let Kind::Connect(connect) = &mut self.kind {
            connect.clean = true;
        }
        self
    }

    /// CONNECT only: keep alive in seconds; 0 turns it off.
    #[must_use]
    pub fn keep_alive(mut self, seconds: u16) -> Self {
        if let Kind::Connect(connect) = &mut self.kind {
            connect.keep_alive = seconds;
        }
        self
    }

    /// CONNECT only: a will.
    #[must_use]
    pub fn will(mut self, will: WillDraft) -> Self {
        if let Kind::Connect(connect) = &mut self.kind {
            connect.will = Some(will);
        }
        self
    }

    /// CONNECT only: a user name.
    #[must_use]
    pub fn user_name(mut self, name: impl Into<String>) -> Self {
        if let Kind::Connect(connect) = &mut self.kind {
            connect.user_name = Some(name.into());
        }
        self
    }

    /// CONNECT only: without the user name and password that ordinary connections to this broker have.
    #[must_use]
    pub fn anonymous(mut self) -> Self {
        if let Kind::Connect(connect) = &mut self.kind {
            connect.anonymous = true;
        }
        self
    }

    /// CONNECT only: a password.
    #[must_use]
    pub fn password(mut self, password: impl Into<Vec<u8>>) -> Self {
        if let Kind::Connect(connect) = &mut self.kind {
            connect.password = Some(password.into());
        }
        self
    }

    /// Acknowledgements, DISCONNECT and AUTH: this reason code.
    #[must_use]
    pub fn reason(mut self, code: ReasonCode) -> Self {
        if let Kind::Acknowledgement(_, reason) | Kind::Plain(_, reason) = &mut self.kind {
            *reason = code;
        }
        self
    }

    /// With exactly one thing wrong: the packet is built legally, then the mutation of this name is applied.
    #[must_use]
    pub fn with(mut self, mutation: &'static str) -> Self {
        self.mutation = Some(mutation);
        self
    }

    /// The same in the last place that there is: the last topic filter, the last User Property.
    #[must_use]
    pub fn with_at_the_last(mut self, mutation: &'static str) -> Self {
        self.at_the_last = true;
        self.with(mutation)
    }

    /// With wrong flags in its fixed header besides its mutation: for cases that are about two mistakes in one packet.
    #[must_use]
    pub fn and_wrong_flags(mut self) -> Self {
        self.flags_too = true;
        self
    }

    /// The broker's CONNACK excludes this packet, and the case is about just that: it is sent all the same, unless there is
    /// something else about it that is excluded too.
    #[must_use]
    pub fn although_excluded(mut self, excluded: Excluded) -> Self {
        self.excluded = Some(excluded);
        self
    }

    pub(crate) fn excluded(&self) -> Option<Excluded> {
        self.excluded
    }

    pub(crate) fn properties(&self) -> Properties<'_> {
        self.properties.as_properties()
    }

    /// The topic filters of a SUBSCRIBE, with their options.
    pub(crate) fn filters(&self) -> &[(Topic, SubscriptionOptions)] {
        if let Kind::Subscribe(filters) = &self.kind { filters } else { &[] }
    }

    /// True for a PUBLISH of QoS 1 or 2: it counts against the broker's Receive Maximum.
    pub(crate) fn takes_room(&self) -> bool {
        self.published_qos().is_some_and(|qos| qos != QoS::AtMostOnce)
    }

    /// The QoS of a PUBLISH; none of a will.
    pub(crate) fn published_qos(&self) -> Option<QoS> {
        if let Kind::Publish(publish) = &self.kind { Some(publish.qos) } else { None }
    }

    pub(crate) fn mutation(&self) -> Option<&'static str> {
        self.mutation
    }

    pub(crate) fn is_connect(&self) -> bool {
        matches!(self.kind, Kind::Connect(_))
    }

    /// True for a CONNECT that leaves a session on the broker.
    pub(crate) fn leaves_session(&self) -> bool {
        matches!(&self.kind, Kind::Connect(connect) if !connect.clean)
            || self.properties.as_properties().session_expiry_interval().is_some()
    }

    /// CONNECT only: the client identifier that goes out.
    pub(crate) fn client_id_of(&self, names: &Names, role: &str) -> Option<String> {
        match &self.kind {
            Kind::Connect(connect) => Some(connect.client_id.clone().unwrap_or_else(|| names.client_id(role))),
            _ => None,
        }
    }

    /// True for a CONNECT that asks for a session beyond its connection by an expiry interval (5.0).
    pub(crate) fn wants_session(&self) -> bool {
        self.properties.as_properties().session_expiry_interval().is_some_and(|seconds| seconds > 0)
    }

    pub(crate) fn credentials_missing(&self) -> bool {
        matches!(&self.kind, Kind::Connect(connect) if connect.user_name.is_none() && !connect.anonymous)
    }

    /// True where the packet carries an identifier that the client has to choose.
    pub(crate) fn wants_packet_id(&self) -> bool {
        self.packet_id.is_none()
            && match &self.kind {
                Kind::Publish(publish) => publish.qos != QoS::AtMostOnce,
                Kind::Subscribe(_) | Kind::Unsubscribe(_) => true,
                _ => false,
            }
    }

    pub(crate) fn packet_id(&self) -> Option<u16> {
        self.packet_id
    }

    /// What a PUBLISH or a will publishes: topic, payload, QoS, retain.
    pub(crate) fn publication(&self) -> Option<(&Topic, &[u8], QoS, bool)> {
        match &self.kind {
            Kind::Publish(publish) => Some((&publish.topic, &publish.payload, publish.qos, publish.retain)),
            Kind::Connect(connect) => {
                connect.will.as_ref().map(|will| (&will.topic, &will.payload[..], will.qos, will.retain))
            }
            _ => None,
        }
    }

    /// The packet's bytes in this version, before a mutation.
    pub(crate) fn encode(&self, version: Version, names: &Names, role: &str) -> Result<Bytes, EncodeError> {
        let empty = PropertiesBuf::new();
        let properties = if version == Version::V5 { &self.properties } else { &empty }.as_properties();
        let packet_id = self.packet_id.and_then(PacketId::new);
        match &self.kind {
            Kind::Connect(connect) => connect.encode(version, names, role, properties),
            Kind::Publish(publish) => {
                let topic = names.topic(&publish.topic);
                let packet_id = packet_id.filter(|_| publish.qos != QoS::AtMostOnce);
                let PublishDraft { dup, qos, retain, .. } = *publish;
                let payload = &publish.payload;
                Packet::Publish(Publish { dup, qos, retain, topic: &topic, packet_id, properties, payload })
                    .to_bytes(version)
            }
            Kind::Acknowledgement(packet_type, reason) => {
                let packet_id = packet_id.unwrap_or(PacketId::MIN);
                let ack = Acknowledgement { packet_id, reason: *reason, properties };
                acknowledge(*packet_type, ack).to_bytes(version)
            }
            Kind::Subscribe(wanted) => {
                let mut filters = SubscriptionsBuf::new();
                for (filter, options) in wanted {
                    filters.push(&names.filter(filter), *options)?;
                }
                let packet_id = packet_id.unwrap_or(PacketId::MIN);
                Packet::Subscribe(Subscribe { packet_id, properties, filters: filters.as_subscriptions() })
                    .to_bytes(version)
            }
            Kind::Unsubscribe(unwanted) => {
                let mut filters = TopicFiltersBuf::new();
                for filter in unwanted {
                    filters.push(&names.filter(filter))?;
                }
                let packet_id = packet_id.unwrap_or(PacketId::MIN);
                Packet::Unsubscribe(Unsubscribe { packet_id, properties, filters: filters.as_topic_filters() })
                    .to_bytes(version)
            }
            Kind::Plain(packet_type, reason) => plain(*packet_type, *reason, packet_id, properties, version),
        }
    }

    /// Applies the draft's mutation, if it has one, to its legal bytes.
    pub(crate) fn mutate(&self, legal: Bytes, version: Version) -> Option<Bytes> {
        match self.mutation {
            None => Some(legal),
            Some(name) => {
                let (mutation, context) = (Mutation::find(name)?, Context::new(version, Sender::Client));
                let mutated = if self.at_the_last {
                    mutation.apply_to_last(&legal, context)?
                } else {
                    mutation.apply(&legal, context)?
                };
                let mut bytes = mutated.bytes;
                if self.flags_too {
                    let wrong = Mutation::find(WRONG_FLAGS)?.apply(&legal, context)?;
                    *bytes.first_mut()? = *wrong.bytes.first()?;
                }
                Some(bytes.into())
            }
        }
    }
}

/// Flags that no packet has but PUBLISH.
const WRONG_FLAGS: &str = "flags.reserved.5";

/// How long a session made by [`Draft::persistent`] outlives its connection in 5.0, in seconds. Cases remove theirs;
/// this bounds what a run that was killed leaves behind.
const SESSION_EXPIRY: u32 = 600;

impl ConnectDraft {
    fn encode(
        &self,
        version: Version,
        names: &Names,
        role: &str,
        properties: Properties<'_>,
    ) -> Result<Bytes, EncodeError> {
        let empty = PropertiesBuf::new();
        let client_id = self.client_id.clone().unwrap_or_else(|| names.client_id(role));
        let topic = self.will.as_ref().map(|will| names.topic(&will.topic)).unwrap_or_default();
        let will = self.will.as_ref().map(|will| Will {
            qos: will.qos,
            retain: will.retain,
            properties: if version == Version::V5 { &will.properties } else { &empty }.as_properties(),
            topic: &topic,
            payload: &will.payload,
        });
        let connect = Connect {
            clean_start: self.clean,
            keep_alive: self.keep_alive,
            properties,
            client_id: &client_id,
            will,
            user_name: self.user_name.as_deref(),
            password: self.password.as_deref(),
        };
        Packet::Connect(connect).to_bytes(version)
    }
}

fn acknowledge(packet_type: PacketType, ack: Acknowledgement<'_>) -> Packet<'_> {
    match packet_type {
        PacketType::Pubrec => Packet::Pubrec(ack),
        PacketType::Pubrel => Packet::Pubrel(ack),
        PacketType::Pubcomp => Packet::Pubcomp(ack),
        _ => Packet::Puback(ack),
    }
}

/// Packets without a draft of their own, among them those that only a server may send.
fn plain(
    packet_type: PacketType,
    reason: ReasonCode,
    packet_id: Option<PacketId>,
    properties: Properties<'_>,
    version: Version,
) -> Result<Bytes, EncodeError> {
    let packet_id = packet_id.unwrap_or(PacketId::MIN);
    let codes = [0u8];
    let packet = match packet_type {
        PacketType::Connack => Packet::Connack(Connack { session_present: false, reason, properties }),
        PacketType::Suback => Packet::Suback(Suback { packet_id, properties, reasons: (&codes[..]).into() }),
        PacketType::Unsuback => {
            let codes = if version == Version::V5 { &codes[..] } else { &[] };
            Packet::Unsuback(Unsuback { packet_id, properties, reasons: codes.into() })
        }
        PacketType::Pingresp => Packet::Pingresp,
        PacketType::Disconnect => Packet::Disconnect(Disconnect { reason, properties }),
        PacketType::Auth => Packet::Auth(Auth { reason, properties }),
        _ => Packet::Pingreq,
    };
    packet.to_bytes(version)
}

impl WillDraft {
    /// With this QoS.
    #[must_use]
    pub fn qos(mut self, qos: QoS) -> Self {
        self.qos = qos;
        self
    }

    /// With Will Retain 1.
    #[must_use]
    pub fn retain(mut self) -> Self {
        self.retain = true;
        self
    }

    /// With this will property; 5.0 only, left out in 3.1.1.
    #[must_use]
    pub fn property(mut self, property: Property<'_>) -> Self {
        self.properties = self.properties.with(property);
        self
    }
}

/// A will of QoS 0 that is not retained.
pub fn will(topic: impl Into<Topic>, payload: impl AsRef<[u8]>) -> WillDraft {
    let payload = payload.as_ref().to_vec();
    WillDraft { topic: topic.into(), payload, qos: QoS::AtMostOnce, retain: false, properties: PropertiesBuf::new() }
}

/// Keep alive of ordinary connections, in seconds: longer than any run, and not 0, which some brokers refuse.
const ORDINARY_KEEP_ALIVE: u16 = 600;

/// A CONNECT with a clean session, no will and no credentials of its own.
pub fn connect() -> Draft {
    Draft::new(Kind::Connect(Box::new(ConnectDraft {
        client_id: None,
        clean: true,
        keep_alive: ORDINARY_KEEP_ALIVE,
        will: None,
        user_name: None,
        password: None,
        anonymous: false,
    })))
}

/// A PUBLISH of QoS 0, not retained.
pub fn publish(topic: impl Into<Topic>, payload: impl AsRef<[u8]>) -> Draft {
    let payload = payload.as_ref().to_vec();
    Draft::new(Kind::Publish(PublishDraft {
        topic: topic.into(),
        payload,
        qos: QoS::AtMostOnce,
        retain: false,
        dup: false,
    }))
}

/// A SUBSCRIBE with one topic filter; [`Draft::and`] adds more.
pub fn subscribe(filter: impl Into<Topic>, options: impl Into<SubscriptionOptions>) -> Draft {
    Draft::new(Kind::Subscribe(vec![(filter.into(), options.into())]))
}

/// An UNSUBSCRIBE with these topic filters.
pub fn unsubscribe<T: Into<Topic>>(filters: impl IntoIterator<Item = T>) -> Draft {
    Draft::new(Kind::Unsubscribe(filters.into_iter().map(Into::into).collect()))
}

/// A PUBACK.
pub fn puback(id: impl Into<u16>) -> Draft {
    Draft::new(Kind::Acknowledgement(PacketType::Puback, ReasonCode::SUCCESS)).id(id)
}

/// A PUBREC.
pub fn pubrec(id: impl Into<u16>) -> Draft {
    Draft::new(Kind::Acknowledgement(PacketType::Pubrec, ReasonCode::SUCCESS)).id(id)
}

/// A PUBREL.
pub fn pubrel(id: impl Into<u16>) -> Draft {
    Draft::new(Kind::Acknowledgement(PacketType::Pubrel, ReasonCode::SUCCESS)).id(id)
}

/// A PUBCOMP.
pub fn pubcomp(id: impl Into<u16>) -> Draft {
    Draft::new(Kind::Acknowledgement(PacketType::Pubcomp, ReasonCode::SUCCESS)).id(id)
}

/// A PINGREQ.
pub fn pingreq() -> Draft {
    Draft::new(Kind::Plain(PacketType::Pingreq, ReasonCode::SUCCESS))
}

/// A DISCONNECT.
pub fn disconnect() -> Draft {
    Draft::new(Kind::Plain(PacketType::Disconnect, ReasonCode::SUCCESS))
}

/// An AUTH.
pub fn auth(code: ReasonCode) -> Draft {
    Draft::new(Kind::Plain(PacketType::Auth, code))
}

/// A packet that only a server may send, well formed in itself: CONNACK, SUBACK, UNSUBACK or PINGRESP.
pub fn server_packet(packet_type: PacketType) -> Draft {
    Draft::new(Kind::Plain(packet_type, ReasonCode::SUCCESS))
}

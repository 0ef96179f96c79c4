//! The machine driven event by event: scripts of packets, and what comes back as lines of text.

mod authenticating;
mod delivery;
mod faulty;
mod flow;
mod lateness;
mod laws;
mod opening;
mod planted;
mod publishing;
mod rooms;
mod subscribing;
mod ways;
mod wills;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mqtt_assay_codec::{
    Acknowledgement, Connect, Context, Decoded, Disconnect, Limits, Packet, PacketId, Properties, PropertiesBuf,
    Property, Publish, QoS, ReasonCode, Sender, Subscribe, SubscriptionOptions, SubscriptionsBuf, TopicFiltersBuf,
    Unsubscribe, Version, Will, decode,
};

use super::{BrokerLimits, ConnectionId, Effect, Event, Fault, FaultSet, Machine, Quirk, QuirkSet, Settings};

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5;
const BOTH: [Version; 2] = [V3, V5];

/// A machine with the clients that talk to it.
struct Script {
    machine: Machine,
    now: Duration,
    clients: BTreeMap<u64, Client>,
    breaches: Vec<&'static str>,
    notes: Vec<String>,
    /// Nobody takes what is sent.
    withholds: bool,
}

/// What one connection got.
struct Client {
    version: Version,
    input: BytesMut,
    closed: bool,
}

impl Script {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let machine = Machine::new(settings);
        let (clients, breaches, notes) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { machine, now: Duration::ZERO, clients, breaches, notes, withholds: false }
    }

    fn faulty(fault: Fault) -> Self {
        Self::with(Settings { faults: FaultSet::from(fault), ..Settings::default() })
    }

    fn quirky(quirk: Quirk) -> Self {
        Self::with(Settings { quirks: QuirkSet::from_iter([quirk]), ..Settings::default() })
    }

    fn limited(limits: &[(&str, &str)]) -> Self {
        let mut set = BrokerLimits::default();
        for (name, value) in limits {
            set.set(name, value).expect("a limit that exists");
        }
        Self::with(Settings { limits: set, ..Settings::default() })
    }

    fn handle(&mut self, event: Event<'_>) {
        let mut written = self.handle_one(event);
        while let Some((id, bytes)) = written.pop_front() {
            written.extend(self.handle_one(Event::Written(id, bytes)));
        }
    }

    /// Does the effects of one event; hands back what is written or forgotten.
    fn handle_one(&mut self, event: Event<'_>) -> VecDeque<(ConnectionId, usize)> {
        let mut effects = Vec::new();
        self.machine.handle(event, self.now, &mut effects);
        let mut written = VecDeque::new();
        for effect in effects {
            match effect {
                Effect::Send(ConnectionId(id), bytes) => {
                    let client = self.clients.get_mut(&id).expect("a known connection");
                    assert!(!client.closed, "sent after the close");
                    client.input.extend_from_slice(&bytes);
                    if !self.withholds {
                        written.push_back((ConnectionId(id), bytes.len()));
                    }
                }
                Effect::Close(ConnectionId(id), _) => {
                    let client = self.clients.get_mut(&id).expect("a known connection");
                    assert!(!client.closed, "closed twice");
                    client.closed = true;
                }
                Effect::Breach(breach) => self.breaches.push(breach.rule),
                Effect::Note(note) => self.notes.push(note.text),
                Effect::Discard(ConnectionId(id)) => {
                    let client = self.clients.get_mut(&id).expect("a known connection");
                    written.push_back((ConnectionId(id), client.input.split().len()));
                }
            }
        }
        written
    }

    fn open(&mut self, id: u64, version: Version) {
        self.clients.insert(id, Client { version, input: BytesMut::new(), closed: false });
        self.handle(Event::Opened(ConnectionId(id)));
    }

    fn raw(&mut self, id: u64, bytes: &[u8]) {
        self.handle(Event::Received(ConnectionId(id), bytes));
    }

    fn send(&mut self, id: u64, packet: &Packet<'_>) {
        let bytes = packet.to_bytes(self.clients[&id].version).expect("a packet that can be written");
        self.raw(id, &bytes);
    }

    /// Everything that came since the last look, a line for each packet, `closed` at the end.
    fn got(&mut self, id: u64) -> Vec<String> {
        let client = self.clients.get_mut(&id).expect("a known connection");
        let mut lines = Vec::new();
        let input = client.input.split().freeze();
        let mut rest: &[u8] = &input;
        while !rest.is_empty() {
            let context = Context::new(client.version, Sender::Server);
            match decode(rest, context, &Limits::default()) {
                Ok(Decoded::Complete { packet, len }) => {
                    lines.push(line(&packet));
                    rest = &rest[len..];
                }
                Ok(Decoded::Partial { .. }) => panic!("half a packet: {rest:x?}"),
                Err(error) => {
                    lines.push(format!("ILLEGAL {error}"));
                    break;
                }
            }
        }
        if client.closed {
            lines.push("closed".to_owned());
        }
        lines
    }

    /// The first block of properties of what came, as text.
    fn bytes(&mut self, id: u64) -> Bytes {
        self.clients.get_mut(&id).expect("a known connection").input.split().freeze()
    }

    fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.machine.next_deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.handle(Event::Tick);
            let is_over = self.machine.next_deadline().is_none_or(|next| next > self.now);
            assert!(is_over || !self.machine.busy.is_empty(), "a due timer was left standing");
        }
        self.now = end;
    }

    fn wait(&mut self, seconds: u64) {
        self.advance(Duration::from_secs(seconds));
    }

    fn lose(&mut self, id: u64) {
        self.handle(Event::Reset(ConnectionId(id)));
    }

    /// Opens a connection and connects; looks away from the CONNACK.
    fn connect(&mut self, id: u64, version: Version, client_id: &str) {
        self.connect_with(id, version, &connect(client_id));
        assert!(!self.clients[&id].closed, "refused");
        self.bytes(id);
    }

    /// As `connect`, for a session that is kept.
    fn connect_stored(&mut self, id: u64, version: Version, client_id: &str) -> Vec<String> {
        let stored = PropertiesBuf::new().with(Property::SessionExpiryInterval(u32::MAX));
        let properties = if version == V5 { stored.as_properties() } else { Properties::EMPTY };
        self.connect_with(id, version, &Connect { clean_start: false, properties, ..connect(client_id) });
        self.got(id)
    }

    fn connect_with(&mut self, id: u64, version: Version, connect: &Connect<'_>) {
        self.open(id, version);
        self.send(id, &Packet::Connect(*connect));
    }

    fn subscribe(&mut self, id: u64, filter: &str, qos: u8) {
        self.subscribe_with(id, &[(filter, SubscriptionOptions::at(level(qos)))], None);
        let got = self.got(id);
        assert!(got.first().is_some_and(|line| line.starts_with("SUBACK 77")), "{got:?}");
    }

    fn subscribe_with(&mut self, id: u64, filters: &[(&str, SubscriptionOptions)], identifier: Option<u32>) {
        let filters: SubscriptionsBuf = filters.iter().copied().collect();
        let properties: PropertiesBuf = identifier.map(Property::SubscriptionIdentifier).into_iter().collect();
        let (properties, filters) = (properties.as_properties(), filters.as_subscriptions());
        self.send(id, &Packet::Subscribe(Subscribe { packet_id: number(77), properties, filters }));
    }

    fn unsubscribe(&mut self, id: u64, filters: &[&str]) {
        let mut built = TopicFiltersBuf::new();
        for filter in filters {
            built.push(filter).expect("a short filter");
        }
        let (packet_id, properties, filters) = (number(78), Properties::EMPTY, built.as_topic_filters());
        self.send(id, &Packet::Unsubscribe(Unsubscribe { packet_id, properties, filters }));
    }

    /// Publishes, with packet identifier 10 where there is one; completes nothing.
    fn publish(&mut self, id: u64, topic: &str, qos: u8, payload: &str) {
        self.send(id, &Packet::Publish(publish(topic, qos, payload)));
    }

    fn retain(&mut self, id: u64, topic: &str, qos: u8, payload: &str) {
        self.send(id, &Packet::Publish(Publish { retain: true, ..publish(topic, qos, payload) }));
    }

    fn puback(&mut self, id: u64, packet_id: u16) {
        self.send(id, &Packet::Puback(Acknowledgement::success(number(packet_id))));
    }

    fn pubrec(&mut self, id: u64, packet_id: u16) {
        self.send(id, &Packet::Pubrec(Acknowledgement::success(number(packet_id))));
    }

    fn pubrel(&mut self, id: u64, packet_id: u16) {
        self.send(id, &Packet::Pubrel(Acknowledgement::success(number(packet_id))));
    }

    fn pubcomp(&mut self, id: u64, packet_id: u16) {
        self.send(id, &Packet::Pubcomp(Acknowledgement::success(number(packet_id))));
    }

    fn disconnect(&mut self, id: u64) {
        self.send(id, &goodbye(ReasonCode::NORMAL_DISCONNECTION));
    }
}

fn goodbye(reason: ReasonCode) -> Packet<'static> {
    Packet::Disconnect(Disconnect { reason, properties: Properties::EMPTY })
}

fn number(packet_id: u16) -> PacketId {
    PacketId::new(packet_id).expect("not 0")
}

fn level(qos: u8) -> QoS {
    QoS::try_from(qos).expect("0, 1 or 2")
}

fn connect(client_id: &str) -> Connect<'_> {
    Connect {
        clean_start: true,
        keep_alive: 0,
        properties: Properties::EMPTY,
        client_id,
        will: None,
        user_name: None,
        password: None,
    }
}

fn will<'a>(topic: &'a str, payload: &'a str) -> Will<'a> {
    Will { qos: QoS::AtLeastOnce, retain: false, properties: Properties::EMPTY, topic, payload: payload.as_bytes() }
}

fn publish<'a>(topic: &'a str, qos: u8, payload: &'a str) -> Publish<'a> {
    Publish {
        dup: false,
        qos: level(qos),
        retain: false,
        topic,
        packet_id: (qos > 0).then(|| number(10)),
        properties: Properties::EMPTY,
        payload: payload.as_bytes(),
    }
}

/// A packet as one line, with what tests look at.
fn line(packet: &Packet<'_>) -> String {
    let of = |name: &str, ack: &Acknowledgement<'_>| format!("{name} {} {:02x}", ack.packet_id, ack.reason.0);
    match packet {
        Packet::Connack(connack) => format!("CONNACK {} {:02x}", u8::from(connack.session_present), connack.reason.0),
        Packet::Publish(publish) => publish_line(publish),
        Packet::Puback(ack) => of("PUBACK", ack),
        Packet::Pubrec(ack) => of("PUBREC", ack),
        Packet::Pubrel(ack) => of("PUBREL", ack),
        Packet::Pubcomp(ack) => of("PUBCOMP", ack),
        Packet::Suback(suback) => format!("SUBACK {} {:02x?}", suback.packet_id, suback.reasons.as_bytes()),
        Packet::Unsuback(unsuback) => format!("UNSUBACK {} {:02x?}", unsuback.packet_id, unsuback.reasons.as_bytes()),
        Packet::Disconnect(disconnect) => format!("DISCONNECT {:02x}", disconnect.reason.0),
        Packet::Auth(auth) => format!("AUTH {:02x}", auth.reason.0),
        other => other.packet_type().name().to_owned(),
    }
}

fn publish_line(publish: &Publish<'_>) -> String {
    let id = publish.packet_id.map_or(0, PacketId::get);
    let flags = [(publish.dup, " dup"), (publish.retain, " retained")];
    let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
    let properties: Vec<String> = publish.properties.iter().map(|property| format!(" {property:?}")).collect();
    let properties = properties.concat();
    let payload = String::from_utf8_lossy(publish.payload);
    format!("PUBLISH {}/{id}{flags} {}={payload}{properties}", publish.qos as u8, publish.topic)
}

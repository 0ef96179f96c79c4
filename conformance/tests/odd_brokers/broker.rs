//! A broker that does one odd thing: a few lines over the codec, on a socket of its own.

use bytes::{Buf, Bytes, BytesMut};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Context, Disconnect, Limits, OwnedDecoded, OwnedPacket, Packet, PacketId,
    PacketType, Properties, PropertiesBuf, Property, Publish, QoS, ReasonCode, Sender, Suback, Version, topic_matches,
};
use std::collections::BTreeSet;
use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is odd about a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// After a takeover the new connection is not served.
    TakeoverUnserved,
    /// Says in CONNACK that sessions end with their connection.
    NoSessions,
    /// Sends every CONNACK twice.
    ConnackTwice,
    /// Takes its leave with DISCONNECT, and sends a PINGRESP between that and the close.
    PingrespAfterDisconnect,
    /// Takes its leave with DISCONNECT, and sends a byte that begins no packet between that and the close.
    StrayByteAfterDisconnect,
    /// Acknowledges a malformed packet before it closes.
    AcknowledgesFirst,
    /// Lets a malformed CONNECT in without a word, and would close at a CONNECT behind it, as at a second one.
    AdmitsInSilence,
    /// Answers a malformed PUBREC with PUBREL before it closes.
    ReleasesFirst,
    /// Refuses a second CONNECT with a CONNACK before it closes.
    RefusesSecondConnect,
    /// Sends a length without an end before each PINGRESP.
    NonsenseBeforePingresp,
    /// Sends a packet of a type that there isn't before each PINGRESP.
    UnknownTypeBeforePingresp,
    /// Sends a PINGREQ before each PINGRESP, and takes its leave of clients of 3.1.1 with DISCONNECT.
    ActsLikeClient,
    /// Every CONNACK, PUBACK and PINGRESP of it is a byte too long.
    ByteTooMuch,
    /// Copies DUP from the publisher.
    DupOfPublisher,
    /// Closes the connection of a subscriber as soon as it has its SUBACK, but for the topic of controls.
    LosesSubscriber,
    /// At a repeated SUBSCRIBE it repeats a PUBLISH with DUP 1 where it owes the retained message anew.
    RepeatsForRetained,
    /// Puts a property that there isn't before the others of a PUBLISH.
    UnknownPropertyFirst,
    /// Refuses with 0x97 every message of QoS 1 or 2 but those by which the suite tries a path.
    RefusesAllButTrials,
    /// Answers SUBSCRIBE before other connections' messages find the subscription, as the nodes of a cluster do.
    SubackFirst,
    /// Lets a client whose role is `rogue` in and sends it away with 0x98 in the same segment.
    SendsRoguesAway,
    /// Sends a subscriber away with 0x8B in place of a message of somebody else's.
    ShutsDownOnMessage,
    /// Takes no notice of a DISCONNECT, nor of the end of a connection.
    NeverEnds,
    /// Speaks 3.1.1 alone, and closes without a word on a CONNECT of another level.
    OnlyOldClosesOnLevel,
    /// Keeps the connection of a CONNECT for another protocol, and says nothing.
    SilentOnOtherProtocol,
    /// Lets everybody in who gives no name, and nobody who gives one: it knows its users, and none of them is ours.
    KnowsItsUsers,
    /// Has retained messages of others: one of 3 MiB, and more small ones than a case may keep.
    FullOfOthers,
    /// Leaves a CONNECT unanswered while it serves more than a few clients.
    Crowded,
    /// Sends every subscriber thousands of messages of others at QoS 1 and 2 before the SUBACK.
    FloodsWithOthers,
    /// Ends the connection of whoever is about to remove a session or a retained message.
    KeepsWhatItHas,
    /// Nothing but that it remembers sessions, and forgets them and retained messages when it is told to.
    Orderly,
}

/// How many clients a crowded broker serves.
pub(crate) const CROWD: usize = 5;

/// Messages of each QoS in a flood.
pub(crate) const FLOOD: u16 = 10_000;

#[derive(Default)]
pub(crate) struct State {
    subscriptions: Vec<Subscription>,
    pub(crate) retained: Vec<(String, Vec<u8>)>,
    clients: Vec<(String, Writer)>,
    /// How many connections are served.
    served: usize,
    /// Client identifiers of sessions that outlive their connections.
    pub(crate) sessions: BTreeSet<String>,
}

struct Subscription {
    filter: String,
    since: Instant,
    qos: QoS,
    writer: Writer,
}

/// A subscription that stands, and what is retained for it.
struct Granted {
    is_repeated: bool,
    retained: Vec<(String, Vec<u8>)>,
}

/// Who writes to a connection. Others' messages come from their publishers' threads: each writes whole packets.
#[derive(Clone)]
struct Writer(Arc<Mutex<TcpStream>>);

impl Writer {
    fn stream(&self) -> MutexGuard<'_, TcpStream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client that is gone shows at the next read.
    fn write(&self, bytes: &[u8]) {
        let _ = self.stream().write_all(bytes);
    }

    /// Clones of the stream would keep it open.
    fn end(&self) {
        let _ = self.stream().shutdown(Shutdown::Both);
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

struct Connection {
    way: Way,
    stream: TcpStream,
    writer: Writer,
    version: Version,
    state: Arc<Mutex<State>>,
    is_silent: bool,
    is_connected: bool,
}

/// Starts an odd broker and returns its port. Its threads end with the test's process.
pub(crate) fn odd_broker(way: Way) -> u16 {
    started(way).0
}

/// The same, with what it knows.
pub(crate) fn started(way: Way) -> (u16, Arc<Mutex<State>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let mut state = State::default();
    if way == Way::FullOfOthers {
        let small = (0..10_000).map(|number| (format!("others/{number}"), b"small".to_vec()));
        state.retained.extend(small.chain([("others/large".to_owned(), vec![b'x'; 3 << 20])]));
    }
    let state = Arc::new(Mutex::new(state));
    let known = Arc::clone(&state);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (version, state) = (Version::V5, Arc::clone(&state));
            let Ok(writer) = stream.try_clone().map(|stream| Writer(Arc::new(Mutex::new(stream)))) else { continue };
            let connection = Connection { way, stream, writer, version, state, is_silent: false, is_connected: false };
            std::thread::spawn(move || connection.serve());
        }
    });
    (port, known)
}

impl Connection {
    fn serve(mut self) {
        self.serve_to_its_end();
        if self.is_connected {
            self.locked(|state| state.served -= 1);
        }
    }

    fn serve_to_its_end(&mut self) {
        let mut buffer = BytesMut::new();
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = self.stream.read(&mut chunk) {
            buffer.extend_from_slice(&chunk[..count]);
            while !buffer.is_empty() {
                if buffer[0] >> 4 == 1 && buffer.len() > 8 {
                    self.version = if buffer[8] == 5 { Version::V5 } else { Version::V3_1_1 };
                }
                let context = Context::new(self.version, Sender::Client);
                match OwnedPacket::decode(&Bytes::copy_from_slice(&buffer), context, &Limits::default()) {
                    Ok(OwnedDecoded::Complete(packet)) => {
                        buffer.advance(packet.bytes().len());
                        if !self.is_silent && self.answer(&packet.packet()).is_none() {
                            self.writer.end();
                            return;
                        }
                    }
                    Ok(OwnedDecoded::Partial { .. }) => break,
                    Err(error)
                        if self.way == Way::AdmitsInSilence && error.packet_type == Some(PacketType::Connect) =>
                    {
                        buffer.clear();
                        self.locked(|state| state.served += 1);
                        self.is_connected = true;
                    }
                    Err(error)
                        if self.way == Way::SilentOnOtherProtocol
                            && error.rule == mqtt_assay_codec::Rule::ProtocolName =>
                    {
                        buffer.clear();
                    }
                    Err(error) => return self.refuse(error.packet_type, error.reason),
                }
            }
        }
    }

    fn send(&mut self, packet: Packet<'_>) {
        let mut bytes = packet.to_bytes(self.version).expect("a packet of this version").to_vec();
        let is_long = matches!(packet, Packet::Connack(_) | Packet::Puback(_) | Packet::Pingresp);
        if self.way == Way::ByteTooMuch && is_long {
            if self.version == Version::V5 && bytes[0] == 0x40 && bytes[1] == 2 {
                // In full, so that what follows is no reason code.
                bytes.extend([0, 0]);
                bytes[1] += 2;
            }
            bytes.push(0);
            bytes[1] += 1;
        }
        self.writer.write(&bytes);
    }

    fn refuse(&mut self, packet_type: Option<PacketType>, reason: ReasonCode) {
        if self.way == Way::ReleasesFirst && packet_type == Some(PacketType::Pubrec) {
            self.send(Packet::Pubrel(acknowledging(PacketId::MIN)));
        }
        if self.way == Way::AcknowledgesFirst {
            let packet_id = 1.try_into().expect("not zero");
            self.send(Packet::Suback(Suback {
                packet_id,
                properties: Properties::EMPTY,
                reasons: (&[0u8][..]).into(),
            }));
        }
        if self.version == Version::V5 {
            self.send(Packet::Disconnect(Disconnect { reason, properties: Properties::EMPTY }));
        }
        match self.way {
            Way::PingrespAfterDisconnect => self.send(Packet::Pingresp),
            Way::StrayByteAfterDisconnect => self.writer.write(&[0]),
            Way::ActsLikeClient if self.version == Version::V3_1_1 => self.writer.write(&[0xE0, 0]),
            _ => {}
        }
        self.writer.end();
    }

    /// `None` ends the connection.
    fn answer(&mut self, packet: &Packet<'_>) -> Option<()> {
        match packet {
            Packet::Connect(_) if self.is_connected => {
                if self.way == Way::RefusesSecondConnect {
                    let (reason, properties) = (ReasonCode::IDENTIFIER_REJECTED, Properties::EMPTY);
                    self.send(Packet::Connack(Connack { session_present: false, reason, properties }));
                }
                None
            }
            Packet::Connect(_) if self.way == Way::OnlyOldClosesOnLevel && self.version == Version::V5 => None,
            Packet::Connect(connect) if self.way == Way::KnowsItsUsers && connect.user_name.is_some() => {
                let code = if self.version == Version::V5 { 0x87 } else { 5 };
                let (reason, properties) = (ReasonCode(code), Properties::EMPTY);
                self.send(Packet::Connack(Connack { session_present: false, reason, properties }));
                None
            }
            Packet::Connect(connect) => {
                let resumes = self.note_session(connect)?;
                self.accept(connect.client_id, resumes && self.way == Way::Orderly);
                Some(())
            }
            Packet::Publish(publish) => {
                if self.way == Way::KeepsWhatItHas && publish.retain && publish.payload.is_empty() {
                    return None;
                }
                self.take(publish);
                Some(())
            }
            Packet::Subscribe(subscribe) => {
                let codes: Vec<u8> = subscribe.filters.iter().map(|(_, options)| options.qos as u8).collect();
                let (packet_id, properties) = (subscribe.packet_id, Properties::EMPTY);
                // Before SUBACK: what is published behind it must find the subscriptions.
                let granted: Vec<Granted> =
                    subscribe.filters.iter().map(|(filter, options)| self.grant(filter, options.qos)).collect();
                if self.way == Way::FloodsWithOthers {
                    self.flood();
                }
                self.send(Packet::Suback(Suback { packet_id, properties, reasons: codes[..].into() }));
                let is_control = subscribe.filters.iter().any(|(filter, _)| filter.ends_with("control"));
                let is_lost = self.way == Way::LosesSubscriber && !is_control;
                for granted in &granted {
                    self.send_retained(granted);
                }
                (!is_lost).then_some(())
            }
            Packet::Pubrel(ack) => {
                self.send(Packet::Pubcomp(acknowledging(ack.packet_id)));
                Some(())
            }
            Packet::Pubrec(ack) => {
                self.send(Packet::Pubrel(acknowledging(ack.packet_id)));
                Some(())
            }
            Packet::Pingreq => {
                match self.way {
                    Way::NonsenseBeforePingresp => self.writer.write(&[0xD0, 0x80, 0x80, 0x80, 0x80]),
                    Way::UnknownTypeBeforePingresp => self.writer.write(&[0, 0]),
                    Way::ActsLikeClient => self.writer.write(&[0xC0, 0]),
                    _ => {}
                }
                self.send(Packet::Pingresp);
                Some(())
            }
            Packet::Disconnect(_) if self.way != Way::NeverEnds => None,
            _ => Some(()),
        }
    }

    fn locked<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers a subscription.
    fn grant(&mut self, filter: &str, qos: QoS) -> Granted {
        let (writer, filter) = (self.writer.clone(), filter.to_owned());
        self.locked(|state| {
            let is_known = |known: &Subscription| known.filter == filter && known.writer.is(&writer);
            let is_repeated = state.subscriptions.iter().any(is_known);
            let retained = state.retained.iter().filter(|(topic, _)| topic_matches(&filter, topic)).cloned().collect();
            state.subscriptions.push(Subscription { filter, since: Instant::now(), qos, writer });
            Granted { is_repeated, retained }
        })
    }

    /// Messages of others at QoS 1, and as many at QoS 2.
    fn flood(&mut self) {
        let mut bytes = BytesMut::new();
        for number in 1..=2 * FLOOD {
            let qos = if number > FLOOD { QoS::ExactlyOnce } else { QoS::AtLeastOnce };
            let packet_id = PacketId::new(number).expect("not zero");
            let message =
                Publish { topic: "others/x", payload: b"x", qos, packet_id: Some(packet_id), ..Publish::default() };
            bytes.extend(Packet::Publish(message).to_bytes(self.version).expect("legal"));
        }
        self.writer.write(&bytes);
    }

    /// Sends what is retained for a subscription, RETAIN 1 at QoS 1.
    fn send_retained(&mut self, granted: &Granted) {
        for (topic, payload) in &granted.retained {
            let (dup, packet_id) = (granted.is_repeated && self.way == Way::RepeatsForRetained, Some(PacketId::MIN));
            let (qos, properties) = (QoS::AtLeastOnce, Properties::EMPTY);
            self.send(Packet::Publish(Publish { dup, qos, retain: true, topic, packet_id, properties, payload }));
        }
    }

    /// Remembers or forgets a session, and says whether it is resumed; nothing where it would have to be forgotten and is
    /// not.
    fn note_session(&mut self, connect: &Connect<'_>) -> Option<bool> {
        let outlives = match self.version {
            Version::V5 => connect.properties.session_expiry_interval().is_some_and(|seconds| seconds > 0),
            _ => !connect.clean_start,
        };
        let keeps = self.way == Way::KeepsWhatItHas;
        self.locked(|state| {
            let is_there = state.sessions.contains(connect.client_id);
            if outlives {
                state.sessions.insert(connect.client_id.to_owned());
            } else if is_there && !keeps {
                state.sessions.remove(connect.client_id);
            }
            (outlives || !is_there || !keeps).then_some(is_there && !connect.clean_start)
        })
    }

    fn accept(&mut self, client_id: &str, session_present: bool) {
        let writer = self.writer.clone();
        let version = self.version;
        if self.way == Way::Crowded && self.locked(|state| state.served >= CROWD) {
            return;
        }
        self.locked(|state| state.served += 1);
        let taken_over = self.locked(|state| {
            let old = state.clients.iter().position(|(known, _)| known == client_id).map(|at| state.clients.remove(at));
            state.clients.push((client_id.to_owned(), writer));
            old
        });
        let is_taken_over = taken_over.is_some();
        if let Some((_, old)) = taken_over {
            let reason = ReasonCode::SESSION_TAKEN_OVER;
            let goodbye = Packet::Disconnect(Disconnect { reason, properties: Properties::EMPTY }).to_bytes(version);
            if let Ok(bytes) = goodbye.as_ref()
                && version == Version::V5
            {
                old.write(bytes);
            }
            old.end();
        }
        let mut properties = PropertiesBuf::new();
        if self.way == Way::NoSessions && version == Version::V5 {
            properties = properties.with(Property::SessionExpiryInterval(0));
        }
        if self.way == Way::SendsRoguesAway && client_id.contains("rogue") && version == Version::V5 {
            return self.send_away();
        }
        let accepted = Connack { session_present, reason: ReasonCode::SUCCESS, properties: properties.as_properties() };
        self.send(Packet::Connack(accepted));
        if self.way == Way::ConnackTwice {
            self.send(Packet::Connack(accepted));
        }
        self.is_silent = is_taken_over && self.way == Way::TakeoverUnserved;
        self.is_connected = true;
    }

    /// CONNACK and a DISCONNECT in one write: nothing that the client sends can come between.
    fn send_away(&mut self) {
        let (session_present, properties) = (false, Properties::EMPTY);
        let accepted = Packet::Connack(Connack { session_present, reason: ReasonCode::SUCCESS, properties });
        let goodbye = Packet::Disconnect(Disconnect { reason: ReasonCode::ADMINISTRATIVE_ACTION, properties });
        let packets = [accepted, goodbye].map(|packet| packet.to_bytes(self.version).expect("a packet of 5.0"));
        self.writer.write(&packets.concat());
        self.writer.end();
    }

    /// Takes a message for its topic, or away from it: before it is acknowledged, so that who has seen that finds it so.
    fn keep(&self, publish: &Publish<'_>) {
        let is_orderly = self.way == Way::Orderly;
        self.locked(|state| {
            if publish.retain {
                state.retained.retain(|(topic, _)| !is_orderly || topic != publish.topic);
            }
            if publish.retain && !(is_orderly && publish.payload.is_empty()) {
                state.retained.push((publish.topic.to_owned(), publish.payload.to_vec()));
            }
        });
    }

    fn take(&mut self, publish: &Publish<'_>) {
        if let Some(packet_id) = publish.packet_id {
            let is_trial = publish.payload.starts_with(b"fence-");
            let refuses = self.way == Way::RefusesAllButTrials && !is_trial;
            let is_refused = refuses && self.version == Version::V5;
            let reason = if is_refused { ReasonCode::QUOTA_EXCEEDED } else { ReasonCode::SUCCESS };
            let answer = Acknowledgement { reason, ..acknowledging(packet_id) };
            if !is_refused {
                self.keep(publish);
            }
            self.send(if publish.qos == QoS::ExactlyOnce { Packet::Pubrec(answer) } else { Packet::Puback(answer) });
            if is_refused {
                return;
            }
        } else {
            self.keep(publish);
        }
        let (way, version, own) = (self.way, self.version, self.writer.clone());
        self.locked(|state| {
            for Subscription { filter, since, qos, writer } in &state.subscriptions {
                let is_unknown = way == Way::SubackFirst && !writer.is(&own) && since.elapsed() < SPREADS_IN;
                if topic_matches(filter, publish.topic) && !is_unknown {
                    if way == Way::ShutsDownOnMessage && !writer.is(&own) {
                        let reason = ReasonCode::SERVER_SHUTTING_DOWN;
                        let goodbye = Packet::Disconnect(Disconnect { reason, properties: Properties::EMPTY });
                        writer.write(&goodbye.to_bytes(version).expect("a packet of 5.0"));
                        writer.end();
                        continue;
                    }
                    let qos = publish.qos.min(*qos);
                    let packet_id = (qos != QoS::AtMostOnce).then_some(PacketId::MIN);
                    let dup = way == Way::DupOfPublisher && publish.dup && qos != QoS::AtMostOnce;
                    let live = Publish { dup, qos, retain: false, packet_id, ..*publish };
                    let bytes = Packet::Publish(live).to_bytes(version).expect("a packet of this version");
                    writer.write(&oddly(way, &live, &bytes));
                }
            }
        });
    }
}

/// How long it takes until other connections' messages find a subscription.
const SPREADS_IN: Duration = Duration::from_millis(300);

/// The bytes of a PUBLISH as a broker of this way sends them.
fn oddly(way: Way, publish: &Publish<'_>, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if way == Way::UnknownPropertyFirst && !publish.properties.is_empty() {
        let length = 4 + publish.topic.len() + if publish.packet_id.is_some() { 2 } else { 0 };
        for (at, grows) in [(1, 2), (length, 2)] {
            bytes[at] += grows;
            assert!(bytes[at] < 128, "lengths of one byte");
        }
        bytes.splice(length + 1..=length, [0x04, 0x00]);
    }
    bytes
}

fn acknowledging(packet_id: PacketId) -> Acknowledgement<'static> {
    Acknowledgement { packet_id, reason: ReasonCode::SUCCESS, properties: Properties::EMPTY }
}

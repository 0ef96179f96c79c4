//! The vocabulary against brokers that do one odd thing: ways in which a suite comes to a false verdict. Each broker is a
//! few lines over the codec, on a socket of its own; what the suite must make of it stands in the test.

use bytes::{Buf, Bytes, BytesMut};
use mqtt_assay::broker::{AddressTarget, Setting, Target};
use mqtt_assay::cases;
use mqtt_assay::run::{CaseResult, Disturbance, Order, RunOptions, RunResult, clock, run};
use mqtt_assay::scenario::{Instance, Kind, LeftBehind, RunNames, Verdict};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Context, Disconnect, Limits, OwnedDecoded, OwnedPacket, Packet, PacketId,
    PacketType, Properties, PropertiesBuf, Property, Publish, QoS, ReasonCode, Sender, Suback, Version, topic_matches,
};
use std::collections::BTreeSet;
use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is odd about a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
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
const CROWD: usize = 6;

/// Messages of each QoS in a flood.
const FLOOD: u16 = 10_000;

#[derive(Default)]
struct State {
    subscriptions: Vec<Subscription>,
    retained: Vec<(String, Vec<u8>)>,
    clients: Vec<(String, Writer)>,
    /// How many connections are served.
    served: usize,
    /// Client identifiers of sessions that outlive their connections.
    sessions: BTreeSet<String>,
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
fn odd_broker(way: Way) -> u16 {
    started(way).0
}

/// The same, with what it knows.
fn started(way: Way) -> (u16, Arc<Mutex<State>>) {
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

    fn take(&mut self, publish: &Publish<'_>) {
        if let Some(packet_id) = publish.packet_id {
            let is_trial = publish.payload.starts_with(b"fence-");
            let refuses = self.way == Way::RefusesAllButTrials && !is_trial;
            let is_refused = refuses && self.version == Version::V5;
            let reason = if is_refused { ReasonCode::QUOTA_EXCEEDED } else { ReasonCode::SUCCESS };
            let answer = Acknowledgement { reason, ..acknowledging(packet_id) };
            self.send(if publish.qos == QoS::ExactlyOnce { Packet::Pubrec(answer) } else { Packet::Puback(answer) });
            if is_refused {
                return;
            }
        }
        let (way, version, own) = (self.way, self.version, self.writer.clone());
        self.locked(|state| {
            if publish.retain {
                state.retained.retain(|(topic, _)| way != Way::Orderly || topic != publish.topic);
            }
            if publish.retain && !(way == Way::Orderly && publish.payload.is_empty()) {
                state.retained.push((publish.topic.to_owned(), publish.payload.to_vec()));
            }
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

fn judge(way: Way, case: &str) -> CaseResult {
    let result = judged(way, odd_broker(way), &[case], std::future::pending());
    result.results.into_iter().next().expect("one result")
}

/// A run of these cases against a broker that is there.
fn judged(way: Way, port: u16, ids: &[&str], stop: impl Future<Output = ()>) -> RunResult {
    let selected: Vec<Instance> = cases::all().filter(|instance| ids.contains(&&*instance.id())).collect();
    assert_eq!(selected.len(), ids.len(), "{ids:?} are cases");
    let names = RunNames { topic_prefix: "odd".to_owned(), client_id_prefix: "od".to_owned(), run: "d".to_owned() };
    // Thousands of messages take as long as the machine takes: no limit of time is to decide about them.
    let patience = if matches!(way, Way::FullOfOthers | Way::FloodsWithOthers) { 4 } else { 1 };
    let options = RunOptions {
        seed: 1,
        jobs: ids.len(),
        patience,
        order: Order::default(),
        fail_fast: false,
        intrusive: true,
        names,
    };
    let address = format!("mqtt://127.0.0.1:{port}");
    let target = Target::Address(AddressTarget::parse(&address, Setting::default()).expect("an address"));
    let result = clock::real(async { run(&target, &selected, &options, stop, |_| {}).await });
    result.expect("a runtime").unwrap_or_else(|nothing| panic!("nothing was judged: {}", nothing.0))
}

/// What the invariants make of the packets of a case, beside what the case makes of them.
#[track_caller]
fn assert_found(way: Way, case: &str, kept: Verdict, invariants: &[(&str, Verdict)]) {
    let all: Vec<&str> = [case].into_iter().chain(invariants.iter().map(|(id, _)| *id)).collect();
    let results = judged(way, odd_broker(way), &all, std::future::pending()).results;
    for (id, verdict) in [(case, kept)].iter().chain(invariants) {
        let result = results.iter().find(|result| result.instance.id() == *id).expect("a result of each");
        assert_eq!(result.verdict, *verdict, "{way:?}, {id}: {:?}\n{}", result.reason, result.transcript);
    }
}

#[track_caller]
fn assert_verdict(way: Way, case: &str, verdict: Verdict) {
    let result = judge(way, case);
    assert_eq!(result.verdict, verdict, "{way:?}: {:?}\n{}", result.reason, result.transcript);
}

#[test]
fn a_step_that_fails_after_a_pass_leaves_no_pass() {
    assert_verdict(Way::TakeoverUnserved, "5/connect/takeover", Verdict::Inconclusive);
}

#[test]
fn a_message_that_the_broker_refused_is_not_owed_to_anybody() {
    assert_verdict(Way::RefusesAllButTrials, "5/publish/delivered-unchanged", Verdict::Inconclusive);
}

#[test]
fn a_broker_that_says_it_has_no_sessions_is_not_judged_by_them() {
    assert_verdict(Way::NoSessions, "5/session/queued-while-away", Verdict::NotOffered);
}

#[test]
fn a_connack_for_the_first_connect_is_no_answer_to_what_came_later() {
    assert_verdict(Way::ConnackTwice, "5/malformed/reserved-flags.subscribe", Verdict::Pass);
}

#[test]
fn a_pingresp_before_the_probe_does_not_show_that_the_broker_went_on() {
    assert_verdict(Way::PingrespAfterDisconnect, "5/malformed/reserved-flags.subscribe", Verdict::Pass);
}

#[test]
fn a_stray_byte_after_a_farewell_does_not_hide_the_close() {
    assert_verdict(Way::StrayByteAfterDisconnect, "5/malformed/reserved-flags.subscribe", Verdict::Pass);
}

#[test]
fn an_acknowledgement_before_the_close_is_no_refusal() {
    assert_verdict(Way::AcknowledgesFirst, "5/malformed/reserved-flags.subscribe", Verdict::Fail);
}

#[test]
fn a_malformed_connect_that_is_let_in_without_a_word_is_not_refused() {
    assert_verdict(Way::AdmitsInSilence, "3.1.1/malformed-connect/malformed.extra.trailing", Verdict::Fail);
    assert_verdict(Way::AdmitsInSilence, "5/malformed-connect/malformed.extra.trailing", Verdict::Weak);
}

#[test]
fn a_pubrel_before_the_close_is_no_refusal() {
    assert_verdict(Way::ReleasesFirst, "5/malformed/reserved-flags.pubrec", Verdict::Fail);
}

#[test]
fn a_second_connect_may_be_told_why_it_ends_the_connection() {
    assert_verdict(Way::RefusesSecondConnect, "3.1.1/connect/second-connect", Verdict::Pass);
}

#[test]
fn bytes_that_are_no_packet_do_not_show_that_a_connection_is_not_served() {
    assert_verdict(Way::NonsenseBeforePingresp, "5/keep-alive/ping-is-answered", Verdict::Inconclusive);
}

#[test]
fn a_message_is_not_owed_to_a_client_that_had_gone_before_it_was_sent() {
    assert_verdict(Way::LosesSubscriber, "3.1.1/topics/byte-order-mark", Verdict::Inconclusive);
}

#[test]
fn a_message_that_comes_with_dup_after_its_acknowledgement_was_read_is_new_and_found() {
    for (version, once) in [("3.1.1", "3.1.1/invariants/qos1-once"), ("5", "5/invariants/qos1-once")] {
        let case = format!("{version}/retain/sent-again");
        assert_found(Way::RepeatsForRetained, &case, Verdict::Pass, &[(once, Verdict::Fail)]);
    }
}

#[test]
fn properties_behind_an_unknown_one_are_not_judged() {
    assert_verdict(Way::UnknownPropertyFirst, "5/publish/property-is-kept.content-type", Verdict::Inconclusive);
}

#[test]
fn messages_of_others_are_passed_over_however_large_and_many() {
    for version in ["3.1.1", "5"] {
        assert_verdict(Way::FullOfOthers, &format!("{version}/topics/wildcard-and-dollar.hash"), Verdict::Pass);
    }
}

/// A case that finds no place beside others says nothing of the broker; alone it does.
#[test]
fn what_timed_out_beside_others_is_judged_alone() {
    let chosen =
        ["5/publish/delivered-unchanged", "5/malformed/qos-3", "5/keep-alive/ping-is-answered", "5/connect/takeover"];
    let is_meant = |instance: &Instance| chosen.contains(&instance.id().as_str());
    let selected: Vec<Instance> = cases::all().filter(is_meant).collect();
    let names = RunNames { topic_prefix: "odd".to_owned(), client_id_prefix: "od".to_owned(), run: "c".to_owned() };
    let options =
        RunOptions { seed: 1, jobs: 8, patience: 1, order: Order::default(), fail_fast: false, intrusive: true, names };
    let address = format!("mqtt://127.0.0.1:{}", odd_broker(Way::Crowded));
    let target = Target::Address(AddressTarget::parse(&address, Setting::default()).expect("an address"));
    let result = clock::real(async { run(&target, &selected, &options, std::future::pending(), |_| {}).await });
    let result = result.expect("a runtime").unwrap_or_else(|nothing| panic!("nothing was judged: {}", nothing.0));
    for result in &result.results {
        assert_eq!(
            result.verdict,
            Verdict::Pass,
            "{}: {:?}\n{}",
            result.instance.id(),
            result.reason,
            result.transcript
        );
    }
    assert!(result.results.iter().any(|result| result.alone == Some(Disturbance::TimedOut)), "one had no place");
}

#[test]
fn a_flood_of_others_is_answered_and_costs_the_record_no_more_than_its_numbers() {
    for version in ["3.1.1", "5"] {
        let result = judge(Way::FloodsWithOthers, &format!("{version}/publish/delivered-unchanged"));
        assert_eq!(result.verdict, Verdict::Pass, "{:?}\n{}", result.reason, result.transcript);
        let text = result.transcript.to_string();
        assert!(text.len() < 32 << 10 && result.transcript.lines.len() < 200, "{} bytes:\n{text}", text.len());
        let counted = text.lines().filter_map(|line| line.split_once("not written down: ")).map(|(_, counts)| counts);
        let numbers: Vec<u64> = counted.flat_map(|counts| counts.split(' ').flat_map(str::parse)).collect();
        // Packets, their bytes, our answers. How many PUBREL had come by the end of the case is a matter of speed.
        let all = 2 * u64::from(FLOOD);
        let range = all - 100..2 * all;
        assert!(
            numbers.len() >= 3 && range.contains(&numbers[0]) && range.contains(&numbers[2]),
            "{numbers:?}\n{text}"
        );
    }
}

#[track_caller]
fn assert_reason(way: Way, case: &str, verdict: Verdict, named: &str) {
    let result = judge(way, case);
    let reason = result.reason.unwrap_or_default();
    assert_eq!(result.verdict, verdict, "{way:?}: {reason}\n{}", result.transcript);
    assert!(reason.contains(named), "{way:?}: {reason}");
}

#[test]
fn what_the_broker_refused_is_owed_to_nobody() {
    let way = Way::RefusesAllButTrials;
    for case in ["order/as-published.qos1", "order/as-published.qos2", "qos/clients-at-once"] {
        assert_reason(way, &format!("5/{case}"), Verdict::Inconclusive, "0x97");
    }
    assert_reason(way, "5/segments/bytewise.publish", Verdict::Inconclusive, "owes it to nobody");
    assert_reason(way, "5/publish/any-length.127", Verdict::NotExercised, "0x97");
    assert_verdict(way, "5/qos/each-is-answered", Verdict::Pass);
}

#[test]
fn a_path_is_tried_by_who_publishes_over_it() {
    let cases = [
        "topics/slashes.trailing",
        "subscribe/lower-qos-wins.1-to-2",
        "topics/parent-level",
        "publish/delivered-unchanged",
        "publish/empty-payload",
        "qos/clients-at-once",
    ];
    for case in cases {
        assert_verdict(Way::SubackFirst, &format!("5/{case}"), Verdict::Pass);
    }
    assert_verdict(Way::SubackFirst, "3.1.1/session/lasts-while-connected", Verdict::Pass);
}

#[test]
fn an_end_for_the_brokers_own_reasons_is_no_answer_to_what_came_later() {
    assert_reason(Way::SendsRoguesAway, "5/malformed/reserved-flags.subscribe", Verdict::Inconclusive, "0x98");
}

#[test]
fn a_broker_that_shuts_down_owes_no_messages() {
    assert_reason(Way::ShutsDownOnMessage, "5/publish/delivered-unchanged", Verdict::Inconclusive, "0x8b");
}

#[test]
fn what_a_takeover_would_explain_is_no_breach() {
    let unseen = "may not have dealt with its end";
    assert_reason(Way::NeverEnds, "5/session/stored-session-is-present", Verdict::Inconclusive, unseen);
}

#[test]
fn a_bare_close_is_no_answer_to_an_unknown_level_from_a_broker_of_one_version() {
    assert_verdict(Way::OnlyOldClosesOnLevel, "3.1.1/connect/unknown-level", Verdict::Fail);
}

#[test]
fn a_broker_of_both_versions_may_answer_an_unknown_level_by_a_bare_close() {
    assert_verdict(Way::ConnackTwice, "3.1.1/connect/unknown-level", Verdict::Pass);
}

#[test]
fn silence_about_another_protocol_breaks_nothing_in_3_1_1() {
    assert_verdict(Way::SilentOnOtherProtocol, "3.1.1/connect/other-protocol", Verdict::Pass);
}

#[test]
fn silence_about_another_protocol_is_a_breach_in_5() {
    assert_verdict(Way::SilentOnOtherProtocol, "5/connect/other-protocol", Verdict::Fail);
}

#[test]
fn a_broker_that_does_not_know_the_name_shows_nothing_of_its_bytes() {
    assert_verdict(Way::KnowsItsUsers, "5/strings/connect-text.utf8.surrogate@user-name", Verdict::NotOffered);
    assert_verdict(Way::KnowsItsUsers, "3.1.1/strings/unusual-characters.utf8.control@user-name", Verdict::NotOffered);
}

#[test]
fn a_foreign_name_does_not_stand_in_the_way_of_other_fields() {
    assert_verdict(Way::KnowsItsUsers, "5/strings/connect-text.utf8.surrogate@will-topic", Verdict::Pass);
    assert_verdict(Way::KnowsItsUsers, "3.1.1/strings/connect-text.utf8.nul@client-identifier", Verdict::Pass);
}

#[test]
fn a_packet_with_no_place_for_a_password_is_not_offered_to_who_wants_one() {
    let case = "5/malformed-connect/with-user-name.connect.password-flag-without-password";
    assert_verdict(Way::KnowsItsUsers, case, Verdict::NotOffered);
}

#[test]
fn a_silent_connection_that_stays_open_is_observed() {
    assert_verdict(Way::ConnackTwice, "5/connect/silent-connection", Verdict::Observed);
}

/// Cases that make a session or a retained message, and then wait for seconds.
const LONG: [&str; 2] = ["5/retain/expires", "5/session/expires"];

#[test]
fn what_cannot_be_removed_is_named() {
    let cases = ["3.1.1/session/queued-while-away", "5/session/queued-while-away", "5/retain/replaced"];
    let (port, state) = started(Way::KeepsWhatItHas);
    let left = judged(Way::KeepsWhatItHas, port, &cases, std::future::pending()).left_behind;
    let state = state.lock().expect("no thread of the broker has panicked");
    let of = |wanted: Kind| left.iter().filter(move |left| left.kind == wanted);
    let name = |left: &LeftBehind| left.name.clone();
    assert_eq!(of(Kind::Session).map(name).collect::<BTreeSet<_>>(), state.sessions, "{left:?}");
    let topics: BTreeSet<String> = state.retained.iter().map(|(topic, _)| topic.clone()).collect();
    assert_eq!(of(Kind::Retained).map(name).collect::<BTreeSet<_>>(), topics, "{left:?}");
    assert!(left.iter().all(|left| cases.contains(&&*left.case)), "{left:?}");
    assert_eq!((state.sessions.len(), topics.len()), (2, 1));
}

#[test]
fn the_report_names_what_cannot_be_removed() {
    let target = format!("mqtt://127.0.0.1:{}", odd_broker(Way::KeepsWhatItHas));
    let arguments = ["run", &target, "-f", "5/retain/replaced", "--json", "-"];
    let output = Command::new(env!("CARGO_BIN_EXE_mqtt-assay")).args(arguments).output().expect("the program is there");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let left = &report["left_behind"][0];
    assert_eq!((&left["kind"], &left["case"]), (&"retained".into(), &"5/retain/replaced".into()), "{report}");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains(&format!("the retained message on {} (5/retain/replaced)", left["name"])), "{text}");
}

#[test]
fn a_run_that_is_ended_early_removes_what_it_made() {
    let (port, state) = started(Way::Orderly);
    let has_both = || {
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        !state.sessions.is_empty() && !state.retained.is_empty()
    };
    // Other tasks have their turn in between: this one waits for what they do.
    let stop = async {
        while !has_both() {
            tokio::task::yield_now().await;
        }
    };
    let result = judged(Way::Orderly, port, &LONG, stop);
    assert!(result.is_partial && result.results.iter().all(|result| !LONG.contains(&&*result.instance.id())));
    assert_eq!(result.left_behind, []);
    let state = state.lock().expect("no thread of the broker has panicked");
    assert!(state.sessions.is_empty() && state.retained.is_empty(), "{:?} {:?}", state.sessions, state.retained);
}

#[test]
fn a_byte_too_much_is_found_and_spoils_nothing() {
    let long = ("3.1.1/invariants/packet-end", Verdict::Weak);
    let acknowledgement = ("3.1.1/invariants/acknowledgement-length", Verdict::Weak);
    assert_found(Way::ByteTooMuch, "3.1.1/qos/puback-identifier", Verdict::Pass, &[long, acknowledgement]);
    let long = ("5/invariants/packet-end", Verdict::Weak);
    assert_found(Way::ByteTooMuch, "5/qos/puback-identifier", Verdict::Pass, &[long]);
    assert_found(Way::ByteTooMuch, "5/keep-alive/ping-is-answered", Verdict::Pass, &[long]);
}

#[test]
fn packets_that_only_clients_send_are_found_and_spoil_nothing() {
    for version in ["3.1.1", "5"] {
        let direction = format!("{version}/invariants/direction");
        for way in [Way::ActsLikeClient, Way::UnknownTypeBeforePingresp] {
            let ping = format!("{version}/keep-alive/ping-is-answered");
            assert_found(way, &ping, Verdict::Pass, &[(&direction, Verdict::Weak)]);
        }
    }
    let direction = ("3.1.1/invariants/direction", Verdict::Weak);
    assert_found(Way::ActsLikeClient, "3.1.1/malformed/reserved-flags.subscribe", Verdict::Pass, &[direction]);
}

#[test]
fn a_breach_of_order_is_found_wherever_it_is_seen() {
    let twice = [("3.1.1/invariants/connack-once", Verdict::Weak), ("3.1.1/invariants/connack-first", Verdict::Pass)];
    assert_found(Way::ConnackTwice, "3.1.1/keep-alive/ping-is-answered", Verdict::Pass, &twice);
    let twice = ("5/invariants/connack-once", Verdict::Fail);
    assert_found(Way::ConnackTwice, "5/keep-alive/ping-is-answered", Verdict::Pass, &[twice]);
    let dup = ("3.1.1/invariants/dup-of-first", Verdict::Fail);
    assert_found(Way::DupOfPublisher, "3.1.1/qos/qos1-identifier-is-free", Verdict::Pass, &[dup]);
}

#[test]
fn an_invariant_passes_only_where_its_thing_was_there_to_be_broken() {
    let there = [
        ("5/invariants/connack-code", Verdict::Pass),
        ("5/invariants/second-reason-string-in-connack", Verdict::NotExercised),
        ("5/invariants/content-type-utf8", Verdict::NotExercised),
        ("5/invariants/no-session-present-in-refusal", Verdict::NotExercised),
        ("5/invariants/nothing-after-disconnect", Verdict::NotExercised),
    ];
    assert_found(Way::RefusesAllButTrials, "5/keep-alive/ping-is-answered", Verdict::Pass, &there);
}

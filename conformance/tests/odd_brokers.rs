//! The vocabulary against brokers that do one odd thing: ways in which a suite comes to a false verdict. Each broker is a
//! few lines over the codec, on a socket of its own; what the suite must make of it stands in the test.

use bytes::{Buf, Bytes, BytesMut};
use mqtt_assay::broker::{AddressTarget, Setting, Target};
use mqtt_assay::cases;
use mqtt_assay::run::{CaseResult, Order, RunOptions, clock, run};
use mqtt_assay::scenario::{Instance, RunNames, Verdict};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Context, Disconnect, Limits, OwnedDecoded, OwnedPacket, Packet, PacketId, PacketType,
    Properties, PropertiesBuf, Property, Publish, QoS, ReasonCode, Sender, Suback, Version, topic_matches,
};
use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is odd about a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// After a takeover the new connection is not served.
    TakeoverUnserved,
    /// Refuses every message of QoS 1 with 0x97.
    OverQuota,
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
    /// Lets a malformed CONNECT in without a word, and closes at the CONNECT behind it, as at a second one.
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
    /// Closes the connection of a subscriber at QoS 1 as soon as it has its SUBACK.
    LosesSubscriber,
    /// At a repeated SUBSCRIBE it repeats a PUBLISH with DUP 1 where it owes the retained message anew.
    RepeatsForRetained,
    /// Puts a property that there isn't before the others of a PUBLISH.
    UnknownPropertyFirst,
    /// Has retained messages of others: one of 3 MiB, and more small ones than a case may keep.
    FullOfOthers,
}

#[derive(Default)]
struct State {
    subscriptions: Vec<Subscription>,
    retained: Vec<(String, Vec<u8>)>,
    clients: Vec<(String, Writer)>,
}

struct Subscription {
    filter: String,
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
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let mut state = State::default();
    if way == Way::FullOfOthers {
        let small = (0..10_000).map(|number| (format!("others/{number}"), b"small".to_vec()));
        state.retained.extend(small.chain([("others/large".to_owned(), vec![b'x'; 3 << 20])]));
    }
    let state = Arc::new(Mutex::new(state));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (version, state) = (Version::V5, Arc::clone(&state));
            let Ok(writer) = stream.try_clone().map(|stream| Writer(Arc::new(Mutex::new(stream)))) else { continue };
            let connection = Connection { way, stream, writer, version, state, is_silent: false, is_connected: false };
            std::thread::spawn(move || connection.serve());
        }
    });
    port
}

impl Connection {
    fn serve(mut self) {
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
                        self.is_connected = true;
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
            Packet::Connect(connect) => {
                self.accept(connect.client_id);
                Some(())
            }
            Packet::Publish(publish) => {
                self.take(publish);
                Some(())
            }
            Packet::Subscribe(subscribe) => {
                let codes: Vec<u8> = subscribe.filters.iter().map(|(_, options)| options.qos as u8).collect();
                let (packet_id, properties) = (subscribe.packet_id, Properties::EMPTY);
                // Before SUBACK: what is published behind it must find the subscriptions.
                let granted: Vec<Granted> =
                    subscribe.filters.iter().map(|(filter, options)| self.grant(filter, options.qos)).collect();
                self.send(Packet::Suback(Suback { packet_id, properties, reasons: codes[..].into() }));
                let is_lost = self.way == Way::LosesSubscriber && codes[0] > 0;
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
            Packet::Disconnect(_) => None,
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
            state.subscriptions.push(Subscription { filter, qos, writer });
            Granted { is_repeated, retained }
        })
    }

    /// Sends what is retained for a subscription, RETAIN 1 at QoS 1.
    fn send_retained(&mut self, granted: &Granted) {
        for (topic, payload) in &granted.retained {
            let (dup, packet_id) = (granted.is_repeated && self.way == Way::RepeatsForRetained, Some(PacketId::MIN));
            let (qos, properties) = (QoS::AtLeastOnce, Properties::EMPTY);
            self.send(Packet::Publish(Publish { dup, qos, retain: true, topic, packet_id, properties, payload }));
        }
    }

    fn accept(&mut self, client_id: &str) {
        let writer = self.writer.clone();
        let version = self.version;
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
        let accepted =
            Connack { session_present: false, reason: ReasonCode::SUCCESS, properties: properties.as_properties() };
        self.send(Packet::Connack(accepted));
        if self.way == Way::ConnackTwice {
            self.send(Packet::Connack(accepted));
        }
        self.is_silent = is_taken_over && self.way == Way::TakeoverUnserved;
        self.is_connected = true;
    }

    fn take(&mut self, publish: &Publish<'_>) {
        if let Some(packet_id) = publish.packet_id {
            let is_refused = self.way == Way::OverQuota && self.version == Version::V5;
            let reason = if is_refused { ReasonCode::QUOTA_EXCEEDED } else { ReasonCode::SUCCESS };
            let answer = Acknowledgement { reason, ..acknowledging(packet_id) };
            self.send(if publish.qos == QoS::ExactlyOnce { Packet::Pubrec(answer) } else { Packet::Puback(answer) });
            if is_refused {
                return;
            }
        }
        let (way, version) = (self.way, self.version);
        self.locked(|state| {
            if publish.retain {
                state.retained.push((publish.topic.to_owned(), publish.payload.to_vec()));
            }
            for Subscription { filter, qos, writer } in &state.subscriptions {
                if topic_matches(filter, publish.topic) {
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
    judge_all(way, &[case]).into_iter().next().expect("one result")
}

fn judge_all(way: Way, cases: &[&str]) -> Vec<CaseResult> {
    let selected: Vec<Instance> = cases::all().filter(|instance| cases.contains(&instance.id().as_str())).collect();
    assert_eq!(selected.len(), cases.len(), "each of {cases:?} is one case");
    let names = RunNames { topic_prefix: "odd".to_owned(), client_id_prefix: "od".to_owned(), run: "d".to_owned() };
    // Thousands of messages take as long as the machine takes: no limit of time is to decide about them.
    let patience = if way == Way::FullOfOthers { 4 } else { 1 };
    let options =
        RunOptions { seed: 1, jobs: 1, patience, order: Order::default(), fail_fast: false, intrusive: true, names };
    let address = format!("mqtt://127.0.0.1:{}", odd_broker(way));
    let target = Target::Address(AddressTarget::parse(&address, Setting::default()).expect("an address"));
    let result = clock::real(async { run(&target, &selected, &options, std::future::pending(), |_| {}).await });
    let result = result.expect("a runtime").unwrap_or_else(|nothing| panic!("nothing was judged: {}", nothing.0));
    result.results
}

/// What the invariants make of the packets of a case, beside what the case makes of them.
#[track_caller]
fn assert_found(way: Way, case: &str, kept: Verdict, invariants: &[(&str, Verdict)]) {
    let all: Vec<&str> = [case].into_iter().chain(invariants.iter().map(|(id, _)| *id)).collect();
    let results = judge_all(way, &all);
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
    assert_verdict(Way::OverQuota, "5/publish/delivered-unchanged", Verdict::Inconclusive);
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
fn a_close_that_only_a_second_connect_provoked_is_no_refusal_of_the_first() {
    assert_verdict(Way::AdmitsInSilence, "3.1.1/malformed-connect/malformed.extra.trailing", Verdict::Inconclusive);
    assert_verdict(Way::AdmitsInSilence, "5/malformed-connect/malformed.extra.trailing", Verdict::Inconclusive);
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
    assert_verdict(Way::LosesSubscriber, "3.1.1/publish/delivered-unchanged", Verdict::Inconclusive);
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
    assert_found(Way::OverQuota, "5/keep-alive/ping-is-answered", Verdict::Pass, &there);
}

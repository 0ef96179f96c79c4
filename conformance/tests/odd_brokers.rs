//! The vocabulary against brokers that do one odd thing: ways in which a suite comes to a false verdict. Each broker is a
//! few lines over the codec, on a socket of its own; what the suite must make of it stands in the test.

use bytes::{Buf, Bytes, BytesMut};
use mqtt_assay::case::Instance;
use mqtt_assay::names::RunNames;
use mqtt_assay::result::CaseResult;
use mqtt_assay::run::{Order, RunOptions, run};
use mqtt_assay::target::{AddressTarget, Setting, Target};
use mqtt_assay::verdict::Verdict;
use mqtt_assay::{cases, clock};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Context, Disconnect, Limits, OwnedDecoded, OwnedPacket, Packet, Properties,
    PropertiesBuf, Property, Publish, QoS, ReasonCode, Sender, Suback, Version, topic_matches,
};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

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
}

#[derive(Default)]
struct State {
    subscriptions: Vec<(String, TcpStream)>,
    clients: Vec<(String, TcpStream)>,
}

struct Connection {
    way: Way,
    stream: TcpStream,
    version: Version,
    state: Arc<Mutex<State>>,
    is_silent: bool,
}

/// Starts an odd broker and returns its port. Its threads end with the test's process.
fn odd_broker(way: Way) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let state = Arc::new(Mutex::new(State::default()));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection =
                Connection { way, stream, version: Version::V5, state: Arc::clone(&state), is_silent: false };
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
                            return;
                        }
                    }
                    Ok(OwnedDecoded::Partial { .. }) => break,
                    Err(error) => return self.refuse(error.reason),
                }
            }
        }
    }

    fn send(&mut self, packet: Packet<'_>) {
        let bytes = packet.to_bytes(self.version).expect("a packet of this version");
        // A client that is gone shows at the next read.
        let _ = self.stream.write_all(&bytes);
    }

    fn refuse(&mut self, reason: ReasonCode) {
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
            Way::StrayByteAfterDisconnect => drop(self.stream.write_all(&[0])),
            _ => {}
        }
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// `None` ends the connection.
    fn answer(&mut self, packet: &Packet<'_>) -> Option<()> {
        match packet {
            Packet::Connect(connect) => self.accept(connect.client_id),
            Packet::Publish(publish) => {
                self.take(publish);
                Some(())
            }
            Packet::Subscribe(subscribe) => {
                let mut codes = Vec::new();
                for (filter, options) in &subscribe.filters {
                    codes.push(options.qos as u8);
                    let stream = self.stream.try_clone().ok()?;
                    self.locked(|state| state.subscriptions.push((filter.to_owned(), stream)));
                }
                let (packet_id, properties) = (subscribe.packet_id, Properties::EMPTY);
                self.send(Packet::Suback(Suback { packet_id, properties, reasons: codes[..].into() }));
                Some(())
            }
            Packet::Pingreq => {
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

    fn accept(&mut self, client_id: &str) -> Option<()> {
        let stream = self.stream.try_clone().ok()?;
        let version = self.version;
        let taken_over = self.locked(|state| {
            let old = state.clients.iter().position(|(known, _)| known == client_id).map(|at| state.clients.remove(at));
            state.clients.push((client_id.to_owned(), stream));
            old
        });
        let is_taken_over = taken_over.is_some();
        if let Some((_, mut old)) = taken_over {
            let reason = ReasonCode::SESSION_TAKEN_OVER;
            let goodbye = Packet::Disconnect(Disconnect { reason, properties: Properties::EMPTY }).to_bytes(version);
            if let Ok(bytes) = goodbye.as_ref()
                && version == Version::V5
            {
                let _ = old.write_all(bytes);
            }
            let _ = old.shutdown(Shutdown::Both);
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
        Some(())
    }

    fn take(&mut self, publish: &Publish<'_>) {
        if let Some(packet_id) = publish.packet_id {
            let is_refused = self.way == Way::OverQuota && self.version == Version::V5;
            let reason = if is_refused { ReasonCode::QUOTA_EXCEEDED } else { ReasonCode::SUCCESS };
            self.send(Packet::Puback(Acknowledgement { packet_id, reason, properties: Properties::EMPTY }));
            if is_refused {
                return;
            }
        }
        let live = Publish { dup: false, qos: QoS::AtMostOnce, retain: false, packet_id: None, ..*publish };
        let bytes = Packet::Publish(live).to_bytes(self.version).expect("a packet of this version");
        self.locked(|state| {
            for (filter, stream) in &mut state.subscriptions {
                if topic_matches(filter, publish.topic) {
                    let _ = stream.write_all(&bytes);
                }
            }
        });
    }
}

fn judge(way: Way, case: &str) -> CaseResult {
    let selected: Vec<Instance> = cases::all().filter(|instance| instance.id() == case).collect();
    assert_eq!(selected.len(), 1, "{case} is one case");
    let names = RunNames { topic_prefix: "odd".to_owned(), client_id_prefix: "od".to_owned(), run: "d".to_owned() };
    let options =
        RunOptions { seed: 1, jobs: 1, patience: 1, order: Order::default(), fail_fast: false, intrusive: true, names };
    let address = format!("mqtt://127.0.0.1:{}", odd_broker(way));
    let target = Target::Address(AddressTarget::parse(&address, Setting::default()).expect("an address"));
    let result = clock::real(async { run(&target, &selected, &options, std::future::pending(), |_| {}).await });
    let result = result.expect("a runtime").unwrap_or_else(|nothing| panic!("nothing was judged: {}", nothing.0));
    result.results.into_iter().next().expect("one result")
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

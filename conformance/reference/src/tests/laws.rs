//! What holds for any events: no panic, legal answers, one close, no timer left standing, bounded memory, determinism.

use proptest::prelude::*;

use super::*;

/// One event of a random script, on connection 1 to 3.
#[derive(Clone, Debug)]
enum Happening {
    Opens(u8),
    Sends(u8, Vec<u8>),
    Finishes(u8),
    Breaks(u8),
    Waits(u16),
}

const TOPICS: &[&str] = &["a", "a/b", "b", "$SYS/x", "+", "a/#", "#", "$share/g/a", "/", ""];

fn encoded(version: Version, packet: &Packet<'_>) -> Vec<u8> {
    packet.to_bytes(version).map(|bytes| bytes.to_vec()).unwrap_or_default()
}

/// A packet of a client from a few numbers: mostly legal.
fn packet_bytes(version: Version, kind: u8, numbers: [u8; 4], text: &str) -> Vec<u8> {
    let [one, two, three, four] = numbers;
    let topic = TOPICS[usize::from(one) % TOPICS.len()];
    let packet_id = number(u16::from(two % 4) + 1);
    let properties = random_properties(version, kind, three);
    let properties = properties.as_properties();
    let reason =
        if four.is_multiple_of(4) && version == V5 { ReasonCode::UNSPECIFIED_ERROR } else { ReasonCode::SUCCESS };
    let ack = Acknowledgement { packet_id, reason, properties: Properties::EMPTY };
    let qos = level(three % 3);
    let packet = match kind {
        0 | 1 => Packet::Connect(Connect {
            clean_start: two.is_multiple_of(2),
            keep_alive: u16::from(three) % 30,
            properties,
            client_id: ["", "x", "y"][usize::from(four) % 3],
            will: (three.is_multiple_of(2)).then(|| Will { qos, retain: two.is_multiple_of(3), ..will("a/w", text) }),
            user_name: None,
            password: None,
        }),
        2..=5 => Packet::Publish(Publish {
            dup: qos > QoS::AtMostOnce && four.is_multiple_of(2),
            qos,
            retain: four.is_multiple_of(3),
            topic,
            packet_id: (qos > QoS::AtMostOnce).then_some(packet_id),
            properties,
            payload: text.as_bytes(),
        }),
        6 => Packet::Puback(ack),
        7 => Packet::Pubrec(ack),
        8 => Packet::Pubrel(Acknowledgement::success(packet_id)),
        9 => Packet::Pubcomp(Acknowledgement::success(packet_id)),
        10 | 11 => {
            let filters: SubscriptionsBuf = [(topic, SubscriptionOptions::at(qos))].into_iter().collect();
            let filters = filters.as_subscriptions();
            return encoded(version, &Packet::Subscribe(Subscribe { packet_id, properties, filters }));
        }
        12 => {
            let filters: TopicFiltersBuf = [topic].into_iter().collect();
            let filters = filters.as_topic_filters();
            return encoded(
                version,
                &Packet::Unsubscribe(Unsubscribe { packet_id, properties: Properties::EMPTY, filters }),
            );
        }
        13 => Packet::Pingreq,
        _ => goodbye(reason_of_goodbye(version, four)),
    };
    encoded(version, &packet)
}

fn reason_of_goodbye(version: Version, four: u8) -> ReasonCode {
    let with_will = version == V5 && four.is_multiple_of(2);
    if with_will { ReasonCode::DISCONNECT_WITH_WILL_MESSAGE } else { ReasonCode::SUCCESS }
}

fn random_properties(version: Version, kind: u8, three: u8) -> PropertiesBuf {
    let mut properties = PropertiesBuf::new();
    if version != V5 {
        return properties;
    }
    match kind {
        0 | 1 => {
            properties.extend([
                Property::SessionExpiryInterval(u32::from(three) * 3),
                Property::ReceiveMaximum(u16::from(three % 3) + 1),
                Property::MaximumPacketSize(u32::from(three) + 4),
            ]);
        }
        2..=5 if three.is_multiple_of(5) => properties.extend([Property::TopicAlias(u16::from(three % 12))]),
        2..=5 => {
            properties.extend([Property::MessageExpiryInterval(u32::from(three)), Property::UserProperty("a", "b")]);
        }
        10 | 11 if three.is_multiple_of(2) => {
            properties.extend([Property::SubscriptionIdentifier(u32::from(three) + 1)]);
        }
        _ => {}
    }
    properties
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let client = 1..=3_u8;
    let version = prop::sample::select(vec![V3, V5]);
    let packet = (version, 0..16_u8, any::<[u8; 4]>(), "[a-c]{0,40}")
        .prop_map(|(version, kind, numbers, text)| packet_bytes(version, kind, numbers, &text));
    let broken = (packet.clone(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut bytes, index, byte)| {
        if !bytes.is_empty() {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        bytes
    });
    let happening = prop_oneof![
        2 => client.clone().prop_map(Happening::Opens),
        20 => (client.clone(), packet).prop_map(|(id, bytes)| Happening::Sends(id, bytes)),
        2 => (client.clone(), broken).prop_map(|(id, bytes)| Happening::Sends(id, bytes)),
        1 => (client.clone(), prop::collection::vec(any::<u8>(), 0..20)).prop_map(|(id, bytes)| Happening::Sends(id, bytes)),
        1 => client.clone().prop_map(Happening::Finishes),
        1 => client.prop_map(Happening::Breaks),
        2 => (0..200_u16).prop_map(Happening::Waits),
    ];
    prop::collection::vec(happening, 0..60)
}

/// A driver that gives each client number a fresh connection whenever the old one is closed.
struct Driver {
    machine: Machine,
    now: Duration,
    effects: Vec<Effect>,
    open: BTreeMap<u8, ConnectionId>,
    opened: u64,
    versions: BTreeMap<ConnectionId, Version>,
}

impl Driver {
    fn new(settings: Settings) -> Self {
        let machine = Machine::new(settings);
        let (open, versions) = (BTreeMap::new(), BTreeMap::new());
        Self { machine, now: Duration::ZERO, effects: Vec::new(), open, opened: 0, versions }
    }

    fn run(&mut self, happenings: &[Happening]) {
        for happening in happenings {
            match happening {
                Happening::Opens(client) => self.open(*client),
                Happening::Sends(client, bytes) => self.send(*client, bytes),
                Happening::Finishes(client) => self.on(*client, Event::HalfClosed),
                Happening::Breaks(client) => self.on(*client, Event::Reset),
                Happening::Waits(tenths) => self.wait(Duration::from_millis(u64::from(*tenths) * 100)),
            }
        }
    }

    fn handle(&mut self, event: Event<'_>) {
        let mut written = self.handle_one(event);
        while let Some((id, bytes)) = written.pop_front() {
            written.extend(self.handle_one(Event::Written(id, bytes)));
        }
    }

    /// Does the effects of one event; hands back what is to be written.
    fn handle_one(&mut self, event: Event<'_>) -> VecDeque<(ConnectionId, usize)> {
        let before = self.effects.len();
        self.machine.handle(event, self.now, &mut self.effects);
        let mut written = VecDeque::new();
        for effect in &self.effects[before..] {
            match effect {
                Effect::Close(closed, _) => self.open.retain(|_, id| id != closed),
                Effect::Send(id, bytes) => written.push_back((*id, bytes.len())),
                _ => {}
            }
        }
        written
    }

    fn open(&mut self, client: u8) {
        if !self.open.contains_key(&client) {
            self.opened += 1;
            let id = ConnectionId(self.opened);
            self.open.insert(client, id);
            self.handle(Event::Opened(id));
        }
    }

    fn send(&mut self, client: u8, bytes: &[u8]) {
        self.open(client);
        let Some(id) = self.open.get(&client).copied() else { return };
        if bytes.len() > 8 && bytes[0] == 0x10 {
            self.versions.entry(id).or_insert(if bytes[8] >= 5 { V5 } else { V3 });
        }
        self.handle(Event::Received(id, bytes));
    }

    fn on(&mut self, client: u8, event: fn(ConnectionId) -> Event<'static>) {
        if let Some(id) = self.open.get(&client).copied() {
            self.handle(event(id));
        }
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.machine.next_deadline().filter(|deadline| *deadline <= end) {
            assert!(deadline >= self.now, "a deadline in the past: {deadline:?} at {:?}", self.now);
            self.now = deadline;
            self.handle(Event::Tick);
            assert!(self.machine.next_deadline().is_none_or(|next| next > self.now), "a due timer was left standing");
        }
        self.now = end;
    }

    /// Every packet is one that a server may send; nothing comes after a close, and no close twice.
    fn check(&self) {
        let mut closed = Vec::new();
        for effect in &self.effects {
            match effect {
                Effect::Send(id, bytes) => {
                    assert!(!closed.contains(id), "a packet after the close");
                    let legal = BOTH.iter().filter(|version| is_legal(**version, bytes)).count();
                    assert!(legal > 0, "not a legal packet: {bytes:x?}");
                    if let Some(version) = self.versions.get(id) {
                        assert!(
                            is_legal(*version, bytes) || bytes[..] == *b"\x20\x02\x00\x01",
                            "{version}: {bytes:x?}"
                        );
                    }
                }
                Effect::Close(id, _) => {
                    assert!(!closed.contains(id), "closed twice");
                    closed.push(*id);
                }
                Effect::Note(_) | Effect::Discard(_) => {}
                Effect::Breach(breach) => assert!(breach.rule.starts_with("MQTT-") || breach.rule.starts_with('U')),
            }
        }
    }
}

fn is_legal(version: Version, bytes: &[u8]) -> bool {
    let decoded = decode(bytes, Context::new(version, Sender::Server), &Limits::default());
    matches!(decoded, Ok(Decoded::Complete { len, .. }) if len == bytes.len())
}

fn tight() -> Settings {
    let mut limits = BrokerLimits::default();
    for (name, value) in [
        ("max-queued-messages", "3"),
        ("max-in-flight", "2"),
        ("max-retained-messages", "2"),
        ("max-sessions", "2"),
        ("max-subscriptions", "2"),
        ("max-stored-bytes", "2048"),
        ("receive-maximum", "2"),
        ("topic-alias-maximum", "2"),
        ("max-packet-size", "64"),
    ] {
        limits.set(name, value).expect("a limit that exists");
    }
    Settings { limits, ..Settings::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events_are_answered_legally(happenings in happenings()) {
        for settings in [Settings::default(), tight()] {
            let mut driver = Driver::new(settings);
            driver.run(&happenings);
            driver.check();
        }
    }

    #[test]
    fn the_same_events_have_the_same_effects(happenings in happenings()) {
        let mut one = Driver::new(Settings::default());
        let mut other = Driver::new(Settings::default());
        one.run(&happenings);
        other.run(&happenings);
        prop_assert_eq!(one.effects, other.effects);
    }

    #[test]
    fn faults_and_quirks_never_panic_and_leave_no_timer(happenings in happenings(), index in any::<prop::sample::Index>()) {
        let fault = Fault::ALL[index.index(Fault::ALL.len())];
        let quirk = Quirk::ALL[index.index(Quirk::ALL.len())];
        for settings in [
            Settings { faults: FaultSet::from(fault), ..Settings::default() },
            Settings { quirks: QuirkSet::from_iter([quirk]), ..Settings::default() },
        ] {
            Driver::new(settings).run(&happenings);
        }
    }

    #[test]
    fn quirks_are_legal(happenings in happenings(), index in any::<prop::sample::Index>()) {
        let quirk = Quirk::ALL[index.index(Quirk::ALL.len())];
        let mut driver = Driver::new(Settings { quirks: QuirkSet::from_iter([quirk]), ..Settings::default() });
        driver.run(&happenings);
        driver.check();
    }

    #[test]
    fn waived_rules_never_panic(happenings in happenings(), index in any::<prop::sample::Index>()) {
        let rules = mqtt_assay_codec::Rule::ALL;
        let rule = rules[index.index(rules.len())];
        for fault in [Fault::ActsOn(rule), Fault::Tolerates(rule)] {
            Driver::new(Settings { faults: FaultSet::from(fault), ..Settings::default() }).run(&happenings);
        }
    }

    #[test]
    fn everything_stored_is_given_back(happenings in happenings()) {
        let mut driver = Driver::new(Settings::default());
        driver.run(&happenings);
        for client in 1..=3 {
            driver.on(client, Event::Reset);
        }
        driver.wait(Duration::from_hours(1));
        let retained = driver.machine.retained.len();
        driver.machine.retained.clear();
        if driver.machine.session_count() == 0 {
            prop_assert_eq!(driver.machine.stored_bytes(), 0, "{} were retained", retained);
        }
    }
}

#[test]
fn a_flood_stays_within_the_limits() {
    let mut driver = Driver::new(tight());
    let most = 2048;
    for round in 0..2000_u32 {
        let client = u8::try_from(round % 3 + 1).expect("small");
        let name = format!("client{}", round % 50);
        let stored = PropertiesBuf::new().with(Property::SessionExpiryInterval(u32::MAX));
        let properties = stored.as_properties();
        let packet = Packet::Connect(Connect { clean_start: false, properties, ..connect(&name) });
        driver.send(client, &encoded(V5, &packet));
        for index in 0..10 {
            let topic = format!("t/{round}/{index}");
            let filters: SubscriptionsBuf =
                [(topic.as_str(), SubscriptionOptions::at(QoS::AtLeastOnce))].into_iter().collect();
            let filters = filters.as_subscriptions();
            let subscribe = Subscribe { packet_id: number(1), properties: Properties::EMPTY, filters };
            driver.send(client, &encoded(V5, &Packet::Subscribe(subscribe)));
            let message = Publish { retain: true, packet_id: Some(number(index + 1)), ..publish(&topic, 1, "payload") };
            driver.send(client, &encoded(V5, &Packet::Publish(message)));
        }
        if round.is_multiple_of(7) {
            driver.on(client, Event::Reset);
        }
        assert!(driver.machine.stored_bytes() <= most);
        assert!(driver.machine.retained.len() <= 2 && driver.machine.session_count() <= 2);
        assert!(driver.machine.turns.len() <= 4);
        for session in driver.machine.sessions.values() {
            assert!(session.queue.len() <= 3 && session.in_flight.len() <= 2 && session.subscriptions.len() <= 2);
        }
    }
}

#[test]
fn an_endless_packet_is_not_gathered() {
    let mut driver = Driver::new(tight());
    driver.send(1, b"\x10\xff\xff\xff\x7f\x00\x04MQTT\x05");
    for _ in 0..1000 {
        driver.send(1, &[0; 100]);
    }
    let gathered: usize = driver.machine.connections.values().map(|connection| connection.input.len()).sum();
    assert!(gathered <= 100, "{gathered}");
}

//! Short traces made at random: a small broker that does all in plain lists is never blamed, and is where it changes one
//! message on its way.

use super::tests::{Trace, message, packet_id};
use crate::auditor::{Audit, Conn};
use mqtt_assay_codec::{
    Connack, Connect, PropertiesBuf, Property, Publish, QoS, SubscriptionOptions, Version, topic_matches,
};
use proptest::prelude::*;

const FILTERS: [&str; 4] = ["run/case/a", "run/case/+", "run/case/#", "run/case/b"];
const TOPICS: [&str; 3] = ["run/case/a", "run/case/b", "run/case/c/d"];
const QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

/// Something that one of the clients does.
#[derive(Debug, Clone, Copy)]
enum Step {
    Subscribe { client: usize, filter: usize, qos: usize, keeps_retain: bool },
    Unsubscribe { client: usize, filter: usize },
    Publish { client: usize, topic: usize, qos: usize, retain: bool },
    Leave { client: usize },
    Return { client: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let client = || 0..3_usize;
    prop_oneof![
        3 => (client(), 0..FILTERS.len(), 0..3_usize, any::<bool>())
            .prop_map(|(client, filter, qos, keeps_retain)| Step::Subscribe { client, filter, qos, keeps_retain }),
        1 => (client(), 0..FILTERS.len()).prop_map(|(client, filter)| Step::Unsubscribe { client, filter }),
        6 => (client(), 0..TOPICS.len(), 0..3_usize, any::<bool>())
            .prop_map(|(client, topic, qos, retain)| Step::Publish { client, topic, qos, retain }),
        1 => client().prop_map(|client| Step::Leave { client }),
        2 => client().prop_map(|client| Step::Return { client }),
    ]
}

/// What a message of the small broker is.
#[derive(Debug, Clone, Copy)]
struct Message {
    topic: &'static str,
    published: QoS,
    qos: QoS,
    retain: bool,
    payload: &'static [u8],
}

/// One client and its session.
struct Client {
    conn: Option<Conn>,
    subscriptions: Vec<(&'static str, SubscriptionOptions)>,
    waiting: Vec<Message>,
    has_been: bool,
}

/// A broker with three clients, and the judge who watches it.
struct Small {
    trace: Trace,
    version: Version,
    clients: Vec<Client>,
    retained: Vec<Message>,
    ids: u16,
    /// How many deliveries until one is changed, and how.
    change: Option<(usize, Change)>,
    has_changed: bool,
    audits: Vec<Audit>,
}

#[derive(Debug, Clone, Copy)]
enum Change {
    Payload,
    Topic,
    /// Above what was published.
    Qos,
}

const NAMES: [&str; 3] = ["one", "two", "three"];

impl Small {
    fn new(version: Version, change: Option<(usize, Change)>) -> Self {
        let clients = (0..3)
            .map(|_| Client { conn: None, subscriptions: Vec::new(), waiting: Vec::new(), has_been: false })
            .collect();
        let trace = Trace::default();
        let (retained, audits) = (Vec::new(), Vec::new());
        Self { trace, version, clients, retained, ids: 0, change, has_changed: false, audits }
    }

    fn next_id(&mut self) -> u16 {
        self.ids += 1;
        self.ids
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Subscribe { client, filter, qos, keeps_retain } => {
                let is_v5 = self.version == Version::V5;
                let retain_as_published = keeps_retain && is_v5;
                let options = SubscriptionOptions { retain_as_published, ..SubscriptionOptions::at(QOS[qos]) };
                self.subscribe(client, FILTERS[filter], options);
            }
            Step::Unsubscribe { client, filter } => {
                let Some(conn) = self.clients[client].conn else { return };
                self.clients[client].subscriptions.retain(|&(known, _)| known != FILTERS[filter]);
                self.trace.unsubscribe(conn, FILTERS[filter]);
            }
            Step::Publish { client, topic, qos, retain } => self.publish(client, TOPICS[topic], QOS[qos], retain),
            Step::Leave { client } => {
                if let Some(conn) = self.clients[client].conn.take() {
                    self.trace.leave(conn);
                }
            }
            Step::Return { client } => self.come(client),
        }
    }

    fn come(&mut self, client: usize) {
        if self.clients[client].conn.is_some() {
            return;
        }
        let properties = PropertiesBuf::new().with(Property::SessionExpiryInterval(1000));
        let none = PropertiesBuf::new();
        let properties = if self.version == Version::V5 { &properties } else { &none };
        let connect =
            Connect { client_id: NAMES[client], properties: properties.as_properties(), ..Connect::default() };
        let session_present = std::mem::replace(&mut self.clients[client].has_been, true);
        let connack = Connack { session_present, ..Connack::default() };
        let conn = self.trace.connect_with(self.version, connect, connack);
        self.clients[client].conn = Some(conn);
        for message in std::mem::take(&mut self.clients[client].waiting) {
            self.send(conn, message);
        }
    }

    fn subscribe(&mut self, client: usize, filter: &'static str, options: SubscriptionOptions) {
        let Some(conn) = self.clients[client].conn else { return };
        let subscriptions = &mut self.clients[client].subscriptions;
        subscriptions.retain(|&(known, _)| known != filter);
        subscriptions.push((filter, options));
        self.trace.subscribe(conn, filter, options);
        for message in self.retained.clone() {
            if topic_matches(filter, message.topic) {
                let qos = message.qos.min(options.qos);
                self.send(conn, Message { qos, retain: true, ..message });
            }
        }
    }

    fn publish(&mut self, client: usize, topic: &'static str, qos: QoS, retain: bool) {
        let Some(conn) = self.clients[client].conn else { return };
        let id = self.next_id();
        let payload: &'static [u8] = Vec::leak(format!("message {id}").into_bytes());
        let sent = Publish { topic, retain, ..message(qos, u16::from(qos != QoS::AtMostOnce) * id, payload) };
        self.trace.publish(conn, sent);
        let message = Message { topic, published: qos, qos, retain, payload };
        if retain {
            self.retained.retain(|known| known.topic != topic);
            self.retained.push(message);
        }
        for index in 0..self.clients.len() {
            let granted = self.clients[index].subscriptions.iter().filter(|(filter, _)| topic_matches(filter, topic));
            let Some(options) = granted.map(|&(_, options)| options).max_by_key(|options| options.qos) else {
                continue;
            };
            let qos = qos.min(options.qos);
            let message = Message { qos, retain: retain && options.retain_as_published, ..message };
            match self.clients[index].conn {
                Some(conn) => self.send(conn, message),
                None if qos == QoS::AtMostOnce => {}
                None => self.clients[index].waiting.push(message),
            }
        }
    }

    fn send(&mut self, conn: Conn, message: Message) {
        let id = self.next_id();
        let Message { topic, published, mut qos, retain, payload } = message;
        let (mut topic, mut payload) = (topic, payload);
        match &mut self.change {
            Some((0, change)) if !self.has_changed => {
                self.has_changed = true;
                match change {
                    Change::Payload => payload = b"another",
                    Change::Topic => topic = "run/case/elsewhere",
                    Change::Qos if published == QoS::ExactlyOnce => self.has_changed = false,
                    Change::Qos => qos = QoS::ExactlyOnce,
                }
            }
            Some((left, _)) => *left = left.saturating_sub(1),
            None => {}
        }
        let came = self.trace.take(
            conn,
            Publish {
                qos,
                retain,
                topic,
                packet_id: (qos != QoS::AtMostOnce).then(|| packet_id(id)),
                payload,
                ..Publish::default()
            },
        );
        self.audits.push(came);
    }

    /// Everybody comes back, and much time passes.
    fn end(&mut self) -> bool {
        (0..3).for_each(|client| self.come(client));
        self.trace.wait(100);
        let found = self.trace.findings();
        found.is_empty() && !self.audits.iter().any(Audit::finds)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_sound_broker_is_never_blamed(
        is_v5 in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut small = Small::new(if is_v5 { Version::V5 } else { Version::V3_1_1 }, None);
        (0..3).for_each(|client| small.come(client));
        for step in steps {
            small.take(step);
        }
        let is_silent = small.end();
        prop_assert!(is_silent, "{:?}", small.audits.iter().filter(|audit| audit.finds()).collect::<Vec<_>>());
    }

    #[test]
    fn a_changed_delivery_is_found(
        is_v5 in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..60),
        place in 0..12_usize,
        change in proptest::sample::select(vec![Change::Payload, Change::Topic, Change::Qos]),
    ) {
        let mut small = Small::new(if is_v5 { Version::V5 } else { Version::V3_1_1 }, Some((place, change)));
        (0..3).for_each(|client| small.come(client));
        for step in steps {
            small.take(step);
        }
        let is_silent = small.end();
        prop_assert_eq!(is_silent, !small.has_changed);
    }
}

#[test]
fn the_small_broker_delivers() {
    let mut small = Small::new(Version::V5, None);
    (0..3).for_each(|client| small.come(client));
    small.take(Step::Subscribe { client: 0, filter: 2, qos: 2, keeps_retain: false });
    small.take(Step::Publish { client: 1, topic: 2, qos: 1, retain: true });
    small.take(Step::Subscribe { client: 2, filter: 1, qos: 2, keeps_retain: false });
    small.take(Step::Leave { client: 0 });
    small.take(Step::Publish { client: 1, topic: 0, qos: 2, retain: true });
    small.take(Step::Publish { client: 1, topic: 0, qos: 0, retain: false });
    small.take(Step::Return { client: 0 });
    assert_eq!(small.audits.len(), 4);
    assert!(small.end());
}

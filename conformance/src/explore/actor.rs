//! One who takes part: its connection, its session as far as we know it, and what it has not acknowledged.

use super::finding::Missing;
use crate::scenario::Client;
use crate::scenario::draft::Draft;
use mqtt_assay_codec::{
    Packet, PacketType, Publish, QoS, ReasonCode, SubscriptionOptions, Version, split_shared, topic_matches,
};
use std::collections::{BTreeSet, VecDeque};

/// One who takes part.
pub(super) struct Actor {
    pub(super) version: Version,
    pub(super) client: Option<Client>,
    /// Connections that it has taken over: what came there, came.
    pub(super) former: Vec<Client>,
    /// It leaves what comes unacknowledged.
    pub(super) holds: bool,
    /// What it has left so, in order of arrival.
    pub(super) held: VecDeque<Held>,
    /// Its session outlives the connection.
    pub(super) keeps: bool,
    pub(super) session: Session,
    /// What it has asked on this connection and is not answered yet.
    pub(super) requests: Vec<Request>,
    pub(super) pings: usize,
    /// Messages of QoS 2 that came on this connection, and their PUBREL has not.
    pub(super) unreleased: BTreeSet<u16>,
    /// Topics with an alias on this connection; the place is the alias, less one.
    pub(super) aliases: Vec<String>,
    /// Payloads that have come to it.
    pub(super) heard: BTreeSet<Vec<u8>>,
}

/// What is left unacknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    Message(QoS, u16),
    Release(u16),
}

/// A SUBSCRIBE or UNSUBSCRIBE.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) id: u16,
    /// Empty for an UNSUBSCRIBE.
    pub(super) filters: Vec<(String, SubscriptionOptions)>,
    /// An UNSUBSCRIBE of what is not subscribed.
    pub(super) is_idle: bool,
}

/// What is known of a session.
#[derive(Debug)]
pub(super) struct Session {
    /// Goes up with everything that changes which messages are owed: nothing is concluded across it.
    pub(super) epoch: u32,
    /// The smallest Maximum Packet Size of its connections.
    pub(super) packet_size: usize,
    pub(super) subscriptions: Vec<(String, SubscriptionOptions)>,
    /// Exchanges that are under way, in the order in which they were begun.
    pub(super) outgoing: Vec<Outgoing>,
}

impl Default for Session {
    fn default() -> Self {
        Self { epoch: 0, packet_size: usize::MAX, subscriptions: Vec::new(), outgoing: Vec::new() }
    }
}

/// An exchange of QoS 1 or 2.
pub(super) struct Outgoing {
    pub(super) id: u16,
    pub(super) qos: QoS,
    /// Its place among the messages.
    pub(super) message: usize,
    /// To be sent again, without an alias, which belongs to the connection.
    pub(super) draft: Draft,
    /// PUBREC has come.
    pub(super) is_released: bool,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {:?}", self.id, self.qos)
    }
}

/// What a packet has brought about.
pub(super) enum News {
    /// The broker has taken a message over, or has refused it.
    Settled(usize, bool),
    /// A PUBREC that wants its PUBREL.
    Release(u16),
}

impl Actor {
    pub(super) fn new(version: Version) -> Self {
        Self {
            version,
            client: None,
            former: Vec::new(),
            holds: false,
            held: VecDeque::new(),
            keeps: false,
            session: Session::default(),
            requests: Vec::new(),
            pings: 0,
            unreleased: BTreeSet::new(),
            aliases: Vec::new(),
            heard: BTreeSet::new(),
        }
    }

    /// The connection is gone, and with it what belonged to it.
    pub(super) fn loses_connection(&mut self) {
        self.client = None;
        self.held.clear();
        self.requests.clear();
        self.unreleased.clear();
        self.aliases.clear();
        (self.holds, self.pings) = (false, 0);
        if !self.keeps {
            self.loses_session();
        }
    }

    /// The session is gone, or may be.
    pub(super) fn loses_session(&mut self) {
        let epoch = self.session.epoch + 1;
        self.session = Session { epoch, ..Session::default() };
    }

    /// What the broker may owe it changes.
    pub(super) fn changes(&mut self) {
        self.session.epoch += 1;
    }

    /// Whether a message of `publisher` is owed to it at QoS 1 or 2, by a subscription that is acknowledged and its own.
    pub(super) fn is_owed(&self, topic: &str, is_own: bool) -> bool {
        let is_there = self.client.is_some() || self.keeps;
        let matches = |(filter, options): &(String, SubscriptionOptions)| {
            let wants = options.qos != QoS::AtMostOnce && !(is_own && options.no_local);
            wants && split_shared(filter).is_none() && topic_matches(filter, topic)
        };
        is_there && self.session.subscriptions.iter().any(matches)
    }

    /// Follows one packet that has come.
    pub(super) fn takes(&mut self, packet: &Packet<'_>) -> Option<News> {
        if let Packet::Pubrel(ack) = packet {
            self.unreleased.remove(&ack.packet_id.get());
        }
        match packet {
            Packet::Publish(publish) => self.takes_message(publish),
            Packet::Pubrel(ack) if self.holds => self.held.push_back(Held::Release(ack.packet_id.get())),
            Packet::Puback(ack) => return self.settles(ack.packet_id.get(), QoS::AtLeastOnce, ack.reason),
            Packet::Pubrec(ack) if ack.reason.is_error() => {
                return self.settles(ack.packet_id.get(), QoS::ExactlyOnce, ack.reason);
            }
            Packet::Pubrec(ack) => return self.releases(ack.packet_id.get()),
            Packet::Pubcomp(ack) => return self.settles(ack.packet_id.get(), QoS::ExactlyOnce, ReasonCode::SUCCESS),
            Packet::Suback(ack) => self.is_granted(ack.packet_id.get(), &ack.reasons.iter().collect::<Vec<_>>()),
            Packet::Unsuback(ack) => {
                let id = ack.packet_id.get();
                self.requests.retain(|request| request.id != id || !request.filters.is_empty());
            }
            Packet::Pingresp => self.pings = self.pings.saturating_sub(1),
            _ => {}
        }
        None
    }

    fn takes_message(&mut self, publish: &Publish<'_>) {
        self.heard.insert(publish.payload.to_vec());
        if let (QoS::ExactlyOnce, Some(id)) = (publish.qos, publish.packet_id) {
            self.unreleased.insert(id.get());
        }
        if let (true, Some(id)) = (self.holds, publish.packet_id) {
            self.held.push_back(Held::Message(publish.qos, id.get()));
        }
    }

    fn settles(&mut self, id: u16, qos: QoS, reason: ReasonCode) -> Option<News> {
        let place = self.session.outgoing.iter().position(|known| known.id == id && known.qos == qos)?;
        let settled = self.session.outgoing.remove(place);
        Some(News::Settled(settled.message, !reason.is_error()))
    }

    fn releases(&mut self, id: u16) -> Option<News> {
        let is_it = |known: &&mut Outgoing| known.id == id && known.qos == QoS::ExactlyOnce && !known.is_released;
        let known = self.session.outgoing.iter_mut().find(is_it)?;
        known.is_released = true;
        Some(News::Release(id))
    }

    fn is_granted(&mut self, id: u16, codes: &[ReasonCode]) {
        let is_it = |request: &Request| request.id == id && !request.filters.is_empty();
        let Some(place) = self.requests.iter().position(is_it) else { return };
        let request = self.requests.remove(place);
        for ((filter, options), code) in request.filters.into_iter().zip(codes) {
            let qos = match code.0 {
                0 => QoS::AtMostOnce,
                1 => QoS::AtLeastOnce,
                2 => QoS::ExactlyOnce,
                _ => continue,
            };
            self.session.subscriptions.retain(|(known, _)| *known != filter);
            self.session.subscriptions.push((filter, SubscriptionOptions { qos, ..options }));
        }
    }

    /// Takes out what is to be acknowledged now.
    pub(super) fn take_held(&mut self, wanted: impl Fn(Held) -> bool, most: usize) -> Vec<Held> {
        let (mut taken, mut left) = (Vec::new(), VecDeque::new());
        for held in self.held.drain(..) {
            if taken.len() < most && wanted(held) { taken.push(held) } else { left.push_back(held) }
        }
        self.held = left;
        taken
    }

    /// What the first thing that it waits for would be answered with.
    pub(super) fn waits_for(&self) -> Option<Missing> {
        let exchange = self.session.outgoing.first().map(|first| match (first.qos, first.is_released) {
            (QoS::ExactlyOnce, true) => PacketType::Pubcomp,
            (QoS::ExactlyOnce, false) => PacketType::Pubrec,
            _ => PacketType::Puback,
        });
        let request = self.requests.first().map(|request| match request {
            Request { is_idle: true, .. } => Missing::IdleUnsuback,
            Request { filters, .. } if filters.is_empty() => Missing::Answer(PacketType::Unsuback),
            Request { .. } => Missing::Answer(PacketType::Suback),
        });
        let ping = (self.pings > 0).then_some(Missing::Answer(PacketType::Pingresp));
        exchange.map(Missing::Answer).or(request).or(ping)
    }
}

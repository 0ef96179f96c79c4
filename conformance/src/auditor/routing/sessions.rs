//! Sessions by client identifier, and the connections on which they are used.

use super::explain::Shown;
use super::publications::Publication;
use super::subscriptions::Subscription;
use crate::auditor::{Conn, Facts, Moment};
use mqtt_assay_codec::{QoS, Version};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// What is kept for one client identifier, over all its connections.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) subscriptions: Vec<Subscription>,
    /// What was subscribed before this on another connection was thrown away, as far as the last CONNACK tells.
    pub(super) floor: u64,
    /// The connection that was accepted last.
    pub(super) last: Option<Conn>,
    /// The connection that asked for it last.
    pub(super) latest: Option<Conn>,
    /// The smallest Maximum Packet Size of any of its connections.
    pub(super) smallest_limit: Option<u32>,
    /// Both versions have used it: nothing spans them, and nothing of it is certain.
    pub(super) is_mixed: bool,
    /// It was there before anybody here had used it.
    pub(super) is_foreign: bool,
    version: Option<Version>,
    /// Messages of its client by packet identifier, until they are done.
    pub(super) outgoing: BTreeMap<u16, usize>,
    /// Packet identifiers that its client has given to a message while another had it: to which of them an acknowledgement
    /// belongs nobody knows from there on.
    pub(super) reused: BTreeSet<u16>,
    /// Messages to its client that are not acknowledged.
    pub(super) incoming: BTreeMap<u16, Incoming>,
    /// Messages that were read on a connection when the next one had taken the session up.
    pub(super) late: BTreeMap<u16, Incoming>,
    /// The copies that came, by publication.
    pub(super) copies: BTreeMap<usize, Copies>,
}

/// A message to a client, under way.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    pub(super) topic: Rc<str>,
    pub(super) print: u64,
    pub(super) qos: QoS,
    /// When it was sent first.
    pub(super) first: u64,
    /// The connection on which it was sent last.
    pub(super) conn: Conn,
}

/// How often a message came, sendings of the same copy apart.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Copies {
    pub(super) live: u32,
    /// Those of them of which there is one for each subscription.
    pub(super) once: u32,
    pub(super) retained: u32,
    /// When the first came.
    pub(super) first: Moment,
}

impl Session {
    /// Whether this message is certainly small enough for all of its connections. Twice what it needs leaves room for what a
    /// broker may add.
    pub(super) fn takes(&self, publication: &Publication) -> bool {
        let identifiers = self.subscriptions.iter().filter(|one| one.identifier.is_some()).count();
        let needed = 2 * publication.most_as_packet(identifiers);
        self.smallest_limit.is_none_or(|limit| needed <= limit as usize)
    }

    /// A connection of this version uses it.
    pub(super) fn used_by(&mut self, version: Version) {
        self.is_mixed |= self.version.is_some_and(|before| before != version);
        self.version = Some(version);
    }

    /// Whether this subscription has taken the place of one without its No Local, that is known to stay all the same.
    pub(super) fn was_local(&self, subscription: &Subscription) -> bool {
        let mut all = self.subscriptions.iter();
        all.any(|old| {
            let stays = old.is_replaced && old.shown == Some(Shown::Stays);
            stays && old.filter == subscription.filter && !old.options.no_local
        })
    }

    /// How many copies these subscriptions ask for: a second SUBSCRIBE to a share asks for no more than the first.
    pub(super) fn count(&self, by: &[usize]) -> usize {
        let is_first = |place: usize| {
            let one = &self.subscriptions[by[place]];
            let is_same = |&other: &usize| self.subscriptions[other].filter == one.filter;
            !(one.is_shared() && by[..place].iter().any(is_same))
        };
        (0..by.len()).filter(|&place| is_first(place)).count()
    }

    /// The subscriptions that deliveries on this connection may come by.
    pub(super) fn visible(&self, conn: Conn, floor: u64) -> impl Iterator<Item = (usize, &Subscription)> {
        let is_mixed = self.is_mixed;
        let all = self.subscriptions.iter().enumerate();
        all.filter(move |(_, subscription)| is_mixed || subscription.conn == conn || subscription.asked.seq >= floor)
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) version: Version,
    /// What stands before the topics of its case.
    pub(super) own_topics: Rc<str>,
    pub(super) is_simulated: bool,
    pub(super) session: Option<usize>,
    pub(super) connect: Moment,
    pub(super) is_clean: bool,
    /// CONNACK has let it in.
    pub(super) accepted: Option<Moment>,
    /// As of its session, when it was accepted.
    pub(super) floor: u64,
    /// The client has broken the standard here.
    pub(super) is_tainted: bool,
    /// What the client has written can't be read.
    pub(super) is_broken: bool,
    /// It is a connection whose packets from the broker are all seen.
    pub(super) is_seen: bool,
    /// The session ends with it, as far as both sides have said.
    pub(super) ends_session: bool,
    /// The client has sent the DISCONNECT that ends the session, as the last that can have ended the connection.
    pub(super) leaves_for_good: bool,
    /// CONNECT has asked for a session that ends with it: DISCONNECT may not ask for more.
    pub(super) has_no_expiry: bool,
    /// The client has refused a message.
    pub(super) has_refused: bool,
    /// The client has sent DISCONNECT.
    pub(super) has_left: bool,
    /// It leaves with the DISCONNECT that deletes its will, written at this moment.
    pub(super) farewell: Option<Moment>,
    /// Seconds.
    pub(super) keep_alive: u16,
    /// When the client wrote last.
    pub(super) wrote: Duration,
    pub(super) will: Option<usize>,
    /// The broker has said why it ends the connection, or has reset it: a DISCONNECT of the client may not have been read.
    pub(super) is_dismissed: bool,
    /// The broker has the session that was there before.
    pub(super) is_resumed: bool,
    pub(super) broker_end: Option<u64>,
    pub(super) client_end: Option<u64>,
    /// Read last from the broker, what only shows that it lives apart; or acknowledged by the client.
    pub(super) progress: Moment,
    pub(super) theirs: BTreeMap<u16, Rc<str>>,
    pub(super) ours: BTreeMap<u16, Rc<str>>,
    /// The highest alias that the broker takes.
    pub(super) alias_maximum: u16,
    pub(super) subscribes: BTreeMap<u16, Asked>,
    pub(super) unsubscribes: BTreeMap<u16, Vec<Vec<usize>>>,
    pub(super) order: ReadOrder,
    /// Of what was sent again here, the first sending of the last, each row for itself where only rows have an order.
    pub(super) resent: BTreeMap<Option<super::publications::Row>, u64>,
    /// Of each row of messages, how far it was looked at.
    pub(super) rows: BTreeMap<super::publications::Row, RowProgress>,
}

/// A SUBSCRIBE without its SUBACK.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) new: Vec<usize>,
    pub(super) replaced: Vec<usize>,
}

/// How far the messages of a publisher, topic and QoS have come.
#[derive(Debug, Default, Clone)]
pub(super) struct RowProgress {
    /// The last, in the order written, of those that came.
    pub(super) latest: Option<usize>,
    /// The subscriptions by which it came.
    pub(super) by: Vec<usize>,
    /// How many of the row were asked for.
    pub(super) examined: usize,
}

impl Link {
    pub(super) fn new(facts: &Facts) -> Self {
        Self {
            version: facts.version,
            own_topics: facts.own_topics.as_str().into(),
            is_simulated: facts.is_simulated,
            session: None,
            connect: Moment::default(),
            is_clean: false,
            accepted: None,
            floor: 0,
            is_tainted: false,
            is_broken: false,
            is_seen: true,
            ends_session: false,
            leaves_for_good: false,
            has_no_expiry: false,
            has_refused: false,
            has_left: false,
            farewell: None,
            keep_alive: 0,
            wrote: Duration::ZERO,
            will: None,
            is_dismissed: false,
            is_resumed: false,
            broker_end: None,
            client_end: None,
            progress: Moment::default(),
            theirs: BTreeMap::new(),
            ours: BTreeMap::new(),
            alias_maximum: 0,
            subscribes: BTreeMap::new(),
            unsubscribes: BTreeMap::new(),
            order: ReadOrder::default(),
            resent: BTreeMap::new(),
            rows: BTreeMap::new(),
        }
    }

    /// Nobody has ended it, or said so.
    pub(super) fn is_open(&self) -> bool {
        self.broker_end.is_none() && self.client_end.is_none() && !self.has_left
    }

    /// The first end of it.
    pub(super) fn end(&self) -> Option<u64> {
        self.broker_end.into_iter().chain(self.client_end).min()
    }
}

/// Which messages of a client are known to have been read: an answer shows that all before its question were.
#[derive(Debug, Default)]
pub(super) struct ReadOrder {
    place: u64,
    /// Messages not known to have been read.
    unread: VecDeque<(u64, usize)>,
    questions: BTreeMap<(Question, u16), u64>,
    /// Where they stand among all packets of the client, and of the run.
    pings: VecDeque<(u64, u64)>,
    /// Where the last PINGREQ that was answered stands in the run.
    pub(super) answered_ping: u64,
}

/// A packet that is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
    Publish,
    Release,
    Subscribe,
    Unsubscribe,
}

impl ReadOrder {
    /// The client writes a packet.
    pub(super) fn next(&mut self) {
        self.place += 1;
    }

    pub(super) fn published(&mut self, publication: usize) {
        self.unread.push_back((self.place, publication));
    }

    /// Some message is not known to have been read.
    pub(super) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    pub(super) fn asks(&mut self, question: Question, id: u16) {
        self.questions.insert((question, id), self.place);
    }

    pub(super) fn pings(&mut self, seq: u64) {
        self.pings.push_back((self.place, seq));
    }

    /// An answer comes: the messages that are known to have been read now.
    pub(super) fn answered(&mut self, question: Question, id: u16) -> Vec<usize> {
        self.questions.remove(&(question, id)).map_or_else(Vec::new, |place| self.read_up_to(place))
    }

    pub(super) fn ponged(&mut self) -> Vec<usize> {
        let Some((place, seq)) = self.pings.pop_front() else { return Vec::new() };
        self.answered_ping = seq;
        self.read_up_to(place)
    }

    fn read_up_to(&mut self, place: u64) -> Vec<usize> {
        let known = self.unread.iter().take_while(|&&(at, _)| at <= place).count();
        self.unread.drain(..known).map(|(_, publication)| publication).collect()
    }
}

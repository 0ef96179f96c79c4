//! Everything that clients of a run have published, and wills that may be: what a delivery may be the copy of.

use super::content::Content;
use crate::auditor::{Conn, Moment};
use mqtt_assay_codec::{QoS, Version};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// One message of a client.
#[derive(Debug)]
pub(super) struct Publication {
    pub(super) topic: Rc<str>,
    /// Tells its payload from others.
    pub(super) print: u64,
    pub(super) length: usize,
    pub(super) qos: QoS,
    pub(super) retain: bool,
    pub(super) content: Content,
    /// Seconds.
    pub(super) expiry: Option<u32>,
    /// The connection on which it was published, or whose will it is.
    pub(super) conn: Conn,
    /// The session of its publisher.
    pub(super) session: usize,
    pub(super) version: Version,
    /// It is a will; written with its CONNECT.
    pub(super) is_will: bool,
    /// The broker may have passed it over, or done something else with it.
    pub(super) is_uncertain: bool,
    /// It was published under an alias.
    pub(super) is_aliased: bool,
    /// It was sent again by its publisher: its place among others is not certain.
    pub(super) is_repeated: bool,
    pub(super) written: Moment,
    /// The broker is known to have read it by then.
    pub(super) read: Option<Moment>,
    /// PUBACK, or PUBREC below 0x80, came: it is the broker's.
    pub(super) owned: Option<Moment>,
    /// PUBACK or PUBREC came.
    pub(super) is_answered: bool,
    /// Its PUBREL was written.
    pub(super) released: Option<Moment>,
    /// Its PUBCOMP came.
    pub(super) completed: Option<Moment>,
    /// The first copy that can only be one of it was read: whoever gets it as a live message is fixed.
    pub(super) seen: Option<Moment>,
    /// A copy of it came that can only be what is retained.
    pub(super) stored: Option<Moment>,
    /// It is a will, and its client's DISCONNECT, of this moment, has deleted it.
    pub(super) deleted: Option<Moment>,
    /// The connection of the first copy by each shared subscription.
    pub(super) shares: BTreeMap<Rc<str>, Conn>,
}

/// What a publication needs to be told from others.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) topic: Rc<str>,
    pub(super) print: u64,
    pub(super) length: usize,
    pub(super) qos: QoS,
    pub(super) retain: bool,
    pub(super) content: Content,
    pub(super) expiry: Option<u32>,
}

/// Who publishes, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Publisher {
    pub(super) conn: Conn,
    pub(super) session: usize,
    pub(super) version: Version,
    pub(super) is_will: bool,
    pub(super) is_uncertain: bool,
}

impl Publication {
    fn new(draft: Draft, publisher: Publisher, written: Moment) -> Self {
        let Draft { topic, print, length, qos, retain, content, expiry } = draft;
        let Publisher { conn, session, version, is_will, is_uncertain } = publisher;
        Self {
            topic,
            print,
            length,
            qos,
            retain,
            content,
            expiry,
            conn,
            session,
            version,
            is_will,
            is_uncertain,
            is_aliased: false,
            is_repeated: false,
            written,
            read: None,
            owned: None,
            is_answered: false,
            released: None,
            completed: None,
            seen: None,
            stored: None,
            deleted: None,
            shares: BTreeMap::new(),
        }
    }

    /// The broker had it by then.
    pub(super) fn reached(&self) -> Option<Moment> {
        self.owned.into_iter().chain(self.read).chain(self.seen).min_by_key(|moment| moment.seq)
    }

    /// Since when the broker has to hand it on: one of QoS 2 may wait for its PUBREL (4.3.3).
    pub(super) fn due_since(&self) -> Option<Moment> {
        match self.qos {
            QoS::ExactlyOnce => self.owned.and(self.completed),
            _ => self.owned,
        }
    }

    /// It was retained by then, if it is one to be retained: one of QoS 2 may be handed on when its PUBREL comes (4.3.3).
    pub(super) fn retained(&self) -> Option<Moment> {
        let has_come = self.seen.into_iter().chain(self.stored);
        match self.qos {
            QoS::ExactlyOnce if !self.is_will => has_come.chain(self.completed).min_by_key(|moment| moment.seq),
            _ => has_come.chain(self.reached()).min_by_key(|moment| moment.seq),
        }
    }

    /// Whether it certainly comes before another of the same publisher, topic and QoS.
    pub(super) fn precedes(&self, other: &Self) -> bool {
        let same = self.conn == other.conn && self.qos == other.qos && self.topic == other.topic;
        let is_plain = |one: &Self| !(one.is_will || one.is_uncertain || one.is_repeated);
        // A broker may hand messages of QoS 2 on as their PUBRELs come.
        let released = match (self.qos, &self.released, &other.released) {
            (QoS::ExactlyOnce, None, Some(_)) => false,
            (QoS::ExactlyOnce, Some(one), Some(another)) => one.seq < another.seq,
            _ => true,
        };
        same && is_plain(self) && is_plain(other) && self.written.seq < other.written.seq && released
    }

    /// How long a PUBLISH of it may be that passes on just what was published, with so many subscription identifiers.
    pub(super) fn most_as_packet(&self, identifiers: usize) -> usize {
        const HEAD: usize = 5 + 2 + 2;
        const LENGTH_EXPIRY_ALIAS: usize = 4 + 5 + 3;
        const IDENTIFIER: usize = 5;
        let properties = LENGTH_EXPIRY_ALIAS + IDENTIFIER * identifiers + self.content.most_as_properties();
        HEAD + self.topic.len() + properties + self.length
    }

    /// Whether its expiry, counted from `since`, is over at `now`, by this margin at least.
    pub(super) fn has_expired(&self, since: Duration, now: Duration, margin: Duration) -> bool {
        let expiry = self.expiry.map(|seconds| Duration::from_secs(seconds.into()));
        expiry.is_some_and(|expiry| now.saturating_sub(since) > expiry + margin)
    }
}

/// All of them, found by what they say.
#[derive(Debug, Default)]
pub(super) struct Publications {
    all: Vec<Publication>,
    topics: BTreeMap<Rc<str>, OnTopic>,
    prints: BTreeMap<u64, Vec<usize>>,
    /// In the order written, of those whose order counts.
    rows: BTreeMap<Row, Vec<usize>>,
}

/// Publications whose order is kept.
pub(super) type Row = (Conn, Rc<str>, u8);

#[derive(Debug, Default)]
struct OnTopic {
    all: Vec<usize>,
    prints: BTreeMap<u64, Vec<usize>>,
}

impl Publications {
    /// Adds one; its number.
    pub(super) fn add(&mut self, draft: Draft, publisher: Publisher, written: Moment) -> usize {
        let number = self.all.len();
        let publication = Publication::new(draft, publisher, written);
        let on_topic = self.topics.entry(Rc::clone(&publication.topic)).or_default();
        on_topic.all.push(number);
        on_topic.prints.entry(publication.print).or_default().push(number);
        self.prints.entry(publication.print).or_default().push(number);
        if !publication.is_will {
            self.rows.entry(row(&publication)).or_default().push(number);
        }
        self.all.push(publication);
        number
    }

    pub(super) fn get(&self, number: usize) -> &Publication {
        &self.all[number]
    }

    pub(super) fn get_mut(&mut self, number: usize) -> &mut Publication {
        &mut self.all[number]
    }

    /// The name as it is kept, so that each is kept once.
    pub(super) fn name(&self, topic: &str) -> Rc<str> {
        self.topics.get_key_value(topic).map_or_else(|| Rc::from(topic), |(known, _)| Rc::clone(known))
    }

    /// Those that say this on this topic; without `print` all that are so long.
    pub(super) fn candidates(&self, topic: &str, print: Option<u64>, length: usize) -> Vec<usize> {
        let Some(on_topic) = self.topics.get(topic) else { return Vec::new() };
        let numbers = match print {
            Some(print) => on_topic.prints.get(&print).map_or(&[][..], Vec::as_slice),
            None => &on_topic.all,
        };
        numbers.iter().copied().filter(|&number| self.all[number].length == length).collect()
    }

    /// All on this topic.
    pub(super) fn on(&self, topic: &str) -> impl DoubleEndedIterator<Item = &Publication> {
        let numbers = self.topics.get(topic).map_or(&[][..], |on_topic| &on_topic.all);
        numbers.iter().map(|&number| &self.all[number])
    }

    /// The last one on this topic.
    pub(super) fn last_on(&self, topic: &str) -> Option<&Publication> {
        self.on(topic).next_back()
    }

    /// Those below this prefix that say this, whatever their topics, the last first.
    pub(super) fn saying(&self, print: u64, length: usize, prefix: &str) -> impl Iterator<Item = &Publication> {
        let saying = self.prints.get(&print).into_iter().flatten().rev().map(|&number| &self.all[number]);
        saying.filter(move |known| known.length == length && known.topic.starts_with(prefix))
    }

    /// Those of the same publisher, topic and QoS, in the order written.
    pub(super) fn row_of(&self, number: usize) -> &[usize] {
        self.rows.get(&row(&self.all[number])).map_or(&[], Vec::as_slice)
    }

    /// Those from this number on, with their numbers.
    pub(super) fn from(&self, first: usize) -> impl DoubleEndedIterator<Item = (usize, &Publication)> {
        self.all.iter().enumerate().skip(first)
    }
}

/// What a publication is in order with.
pub(super) fn row(publication: &Publication) -> Row {
    (publication.conn, Rc::clone(&publication.topic), publication.qos as u8)
}

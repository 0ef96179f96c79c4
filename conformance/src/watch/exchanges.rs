//! The messages of QoS 1 and 2 that a client publishes, over all connections of its session.
//!
//! An acknowledgement counts from the moment it was written: what was read before that was sent by a client that could not
//! have it.

use super::duty::Duty;
use mqtt_assay_codec::{QoS, Version};
use std::collections::BTreeMap;

/// How many messages are remembered; of a client with more open ones identifiers aren't judged.
const MOST: usize = 1_000;

/// How many of them are remembered when they are over.
const MOST_CLOSED: usize = 256;

/// What clients broke: the duty, and what they did.
pub(super) type Broken = Vec<(Duty, String)>;

/// The messages of a session, by identifier.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    by_id: BTreeMap<u16, Exchange>,
    /// How many have been sent for the first time.
    sent: u64,
    /// There were too many to be remembered.
    is_blind: bool,
}

/// One message, or the last one with its identifier.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    what: Content,
    /// Its place among all that were sent for the first time.
    place: u64,
    stage: Stage,
    /// The connection on which it, or its PUBREL, was sent last.
    on: u64,
    /// Two messages have its identifier, so that no more is certain of them.
    is_muddled: bool,
}

/// What tells a message from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) qos: QoS,
    pub(super) payload: u64,
    /// Nothing where an alias stands for it.
    pub(super) topic: Option<u64>,
    /// It may be dropped when its time is over.
    pub(super) expires: bool,
}

/// How far an exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing that was written to the client acknowledges it.
    Sent,
    /// PUBREC was written to the client.
    Received,
    /// The client has sent PUBREL, and no PUBCOMP was written.
    Released,
    /// What ends it was written to the client, which may not have read it.
    Over,
}

/// A PUBLISH as it comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coming {
    pub(super) conn: u64,
    pub(super) version: Version,
    pub(super) id: u16,
    pub(super) dup: bool,
    pub(super) what: Content,
    pub(super) session: Session,
}

/// What is certain of the session on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Session {
    /// Begun by this client on this connection, as it knows.
    New,
    /// Taken up, and all of it was seen here.
    Resumed,
    /// Neither.
    Unknown,
}

/// What a PUBLISH is for its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A message that wasn't sent before, as far as is known.
    New,
    /// One of an earlier connection, with its place among those that were sent for the first time.
    Again(u64),
    /// One that was sent on this connection, or of which nothing is certain.
    Other,
}

impl Content {
    fn is(&self, other: &Self) -> bool {
        let same_topic = self.topic.is_none() || other.topic.is_none() || self.topic == other.topic;
        self.qos == other.qos && self.payload == other.payload && same_topic
    }
}

impl Exchange {
    fn is_open(&self) -> bool {
        self.stage != Stage::Over
    }

    fn is_owed(&self, conn: u64) -> bool {
        let may_expire = self.what.expires && self.what.qos == QoS::AtLeastOnce;
        self.is_open() && self.on != conn && !self.is_muddled && !may_expire
    }
}

impl Exchanges {
    /// The client sends a PUBLISH.
    pub(super) fn publish(&mut self, coming: &Coming, broken: &mut Broken) -> Kind {
        if self.is_blind {
            return Kind::Other;
        }
        let kind = match self.by_id.get_mut(&coming.id) {
            Some(known) if known.is_muddled && known.is_open() => Kind::Other,
            Some(known) if known.is_open() && known.on == coming.conn => known.published_here(coming, broken),
            Some(known) if known.is_open() && coming.session == Session::Resumed => {
                known.published_before(coming, broken)
            }
            Some(known) => {
                known.first_or_again(coming, broken);
                Kind::New
            }
            None => {
                if coming.dup && coming.session == Session::New {
                    broken.push(unheard_of(coming));
                }
                Kind::New
            }
        };
        if kind == Kind::New {
            self.begin(coming);
        }
        kind
    }

    fn begin(&mut self, coming: &Coming) {
        self.sent += 1;
        let place = self.sent;
        let Coming { what, conn: on, .. } = *coming;
        self.by_id.insert(coming.id, Exchange { what, place, stage: Stage::Sent, on, is_muddled: false });
        if self.by_id.len() > MOST + MOST_CLOSED {
            self.tidy();
        }
    }

    /// Forgets the oldest of those that are over; where too many are open, all.
    fn tidy(&mut self) {
        let mut closed: Vec<(u64, u16)> =
            self.by_id.iter().filter(|(_, it)| !it.is_open()).map(|(id, it)| (it.place, *id)).collect();
        closed.sort_unstable();
        let surplus = closed.len().saturating_sub(MOST_CLOSED);
        for (_, id) in &closed[..surplus] {
            self.by_id.remove(id);
        }
        if self.by_id.len() - closed.len().min(MOST_CLOSED) > MOST {
            self.by_id.clear();
            self.is_blind = true;
        }
    }

    /// True where an open message has the identifier, on this connection or, in a session that was taken up, before.
    pub(super) fn uses(&self, id: u16, conn: u64, session: Session) -> bool {
        let open = self.by_id.get(&id).filter(|it| it.is_open() && !it.is_muddled);
        open.is_some_and(|it| it.on == conn || session == Session::Resumed)
    }

    /// How many messages are open that were sent on this connection; nothing where that is not known.
    pub(super) fn open_on(&self, conn: u64) -> usize {
        self.by_id.values().filter(|it| it.on == conn && it.is_open()).count()
    }

    /// PUBACK was written to the client.
    pub(super) fn acknowledged(&mut self, id: u16) {
        if let Some(known) = self.by_id.get_mut(&id).filter(|it| it.what.qos == QoS::AtLeastOnce || it.is_muddled) {
            known.stage = Stage::Over;
        }
    }

    /// PUBREC was written to the client; true if it is the first to a message of this connection that wasn't refused.
    pub(super) fn received(&mut self, id: u16, is_refused: bool) -> bool {
        let Some(known) = self.by_id.get_mut(&id).filter(|it| it.what.qos == QoS::ExactlyOnce || it.is_muddled) else {
            return false;
        };
        let is_first = known.stage == Stage::Sent;
        if is_refused {
            known.stage = Stage::Over;
        } else if is_first {
            known.stage = Stage::Received;
        }
        is_first && !is_refused && !known.is_muddled
    }

    /// PUBCOMP was written to the client.
    pub(super) fn completed(&mut self, id: u16) {
        if let Some(known) = self.by_id.get_mut(&id).filter(|it| it.what.qos == QoS::ExactlyOnce || it.is_muddled) {
            known.stage = Stage::Over;
        }
    }

    /// The client sends PUBREL; false where no message had the identifier.
    pub(super) fn released(&mut self, id: u16, conn: u64) -> bool {
        let Some(known) = self.by_id.get_mut(&id) else { return self.is_blind };
        if known.is_open() {
            known.stage = Stage::Released;
            known.on = conn;
        }
        true
    }

    /// What a client owes again that takes the session up on this connection, the oldest first.
    pub(super) fn owed(&self, conn: u64) -> Vec<u16> {
        let mut owed: Vec<(u64, u16)> =
            self.by_id.iter().filter(|(_, it)| it.is_owed(conn)).map(|(id, it)| (it.place, *id)).collect();
        owed.sort_unstable();
        owed.into_iter().map(|(_, id)| id).collect()
    }

    /// What is owed of that message, in words.
    pub(super) fn debt(&self, id: u16) -> &'static str {
        match self.by_id.get(&id).map(|it| it.stage) {
            Some(Stage::Released) => "the PUBREL",
            Some(Stage::Received) => "the PUBLISH or the PUBREL",
            _ => "the PUBLISH",
        }
    }

    /// True where one of the messages had this identifier.
    pub(super) fn knows(&self, id: u16) -> bool {
        self.is_blind || self.by_id.contains_key(&id)
    }
}

impl Exchange {
    /// It is open since this connection.
    fn published_here(&mut self, coming: &Coming, broken: &mut Broken) -> Kind {
        let id = coming.id;
        let is_same = self.what.is(&coming.what);
        if coming.dup && is_same && self.stage == Stage::Released {
            broken.push((Duty::NoPublishAfterPubrel, after_pubrel(id)));
        } else if coming.dup && is_same {
            if coming.version == Version::V5 {
                broken.push((Duty::ResendOnlyThen, sent_here(id)));
            }
        } else {
            broken.push((Duty::FreeIdentifier, in_use(id, "that is not acknowledged")));
            self.is_muddled = true;
        }
        Kind::Other
    }

    /// It is open since an earlier connection of the session.
    fn published_before(&mut self, coming: &Coming, broken: &mut Broken) -> Kind {
        let id = coming.id;
        if !self.what.is(&coming.what) {
            broken.push((Duty::FreeIdentifier, in_use(id, "of before the reconnect that is not acknowledged")));
            (self.is_muddled, self.on) = (true, coming.conn);
            return Kind::Other;
        }
        if self.stage == Stage::Released {
            broken.push((Duty::NoPublishAfterPubrel, after_pubrel(id)));
        } else if !coming.dup {
            let what = format!("the PUBLISH with identifier {id} came again after the reconnect with DUP 0");
            broken.push((Duty::DupOnResend, what));
        }
        self.on = coming.conn;
        Kind::Again(self.place)
    }

    /// Its identifier is free, or may be.
    fn first_or_again(&self, coming: &Coming, broken: &mut Broken) {
        if !coming.dup {
            return;
        }
        let (is_same, is_here) = (self.what.is(&coming.what), self.on == coming.conn);
        if is_same && is_here && coming.version == Version::V5 && !self.is_open() {
            broken.push((Duty::ResendOnlyThen, sent_here(coming.id)));
        } else if !is_same && (is_here || coming.session == Session::Resumed) {
            broken.push(unheard_of(coming));
        }
    }
}

fn in_use(id: u16, by: &str) -> String {
    format!("a new packet has identifier {id}, which belongs to a PUBLISH {by}")
}

fn sent_here(id: u16) -> String {
    format!("the PUBLISH with identifier {id} came again on the connection on which it was sent")
}

fn after_pubrel(id: u16) -> String {
    format!("the PUBLISH with identifier {id} came again, whose PUBREL the client had sent")
}

fn unheard_of(coming: &Coming) -> (Duty, String) {
    let what = format!("DUP 1 on a PUBLISH with identifier {} that was not sent before in this session", coming.id);
    (Duty::NoDupAtFirst(coming.what.qos), what)
}

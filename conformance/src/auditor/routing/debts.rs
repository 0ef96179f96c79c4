//! What was owed and did not come: judged only where a later message of the same publisher, topic and QoS came in its
//! stead, or where nothing at all came for long.

use super::judged::Judged;
use super::publications::{Publication, row};
use super::sessions::{Link, Session};
use super::traffic::Traffic;
use crate::auditor::{Conn, Finding, Moment, Point};
use mqtt_assay_codec::QoS;
use std::collections::BTreeMap;
use std::time::Duration;

/// How many messages may wait for a client until one more need not be kept for it. Queues may be bounded; the shortest that
/// is known of holds ten.
const WAITING: usize = 8;

/// How long a connection makes no progress until what is owed on it is missing.
const SILENCE: Duration = Duration::from_secs(10);

/// What is owed on each connection, by the broker's own acknowledgement.
#[derive(Debug, Default)]
pub(super) struct Debts {
    owed: BTreeMap<Conn, Vec<usize>>,
    pub(super) found: Vec<Finding>,
    pub(super) denied: Vec<Denied>,
}

/// A message that the broker has taken as one for nobody, though a client had subscribed to it.
#[derive(Debug)]
pub(super) struct Denied {
    /// The connection on which it is owed.
    pub(super) conn: Conn,
    pub(super) number: usize,
    /// When the broker said so.
    pub(super) answered: Moment,
}

impl Traffic {
    /// The broker owns this message: to whom it owes it.
    pub(super) fn owe(&mut self, number: usize) {
        let publication = self.publications.get(number);
        if publication.qos == QoS::AtMostOnce || !self.is_ours(&publication.topic) {
            return;
        }
        let Some(own_topics) = self.links.get(&publication.conn).map(|link| &link.own_topics) else { return };
        let Some(conns) = self.cases.get(own_topics) else { return };
        let open = conns.iter().copied().filter(|conn| self.links.get(conn).is_some_and(|link| link.is_open()));
        let owing: Vec<Conn> = open.filter(|&conn| self.is_owed(conn, number)).collect();
        for conn in owing {
            self.debts.owed.entry(conn).or_default().push(number);
        }
    }

    /// A connection comes to its end, or the run: what was owed on it for so long that it is missing.
    pub(super) fn settle_debts(&mut self, conn: Conn, moment: Moment) {
        let Some(link) = self.links.get(&conn) else { return };
        let is_silent = moment.at >= link.progress.at + SILENCE;
        if !(link.is_open() && link.is_seen) {
            self.debts.owed.remove(&conn);
        }
        if !is_silent {
            return;
        }
        let mut open = Vec::new();
        for number in self.debts.owed.remove(&conn).unwrap_or_default() {
            let publication = self.publications.get(number);
            let Some(owned) = publication.due_since() else { continue };
            if moment.at < owned.at + SILENCE {
                open.push(number);
            } else if self.is_missing(conn, number) {
                let why = missing(publication, moment.at.saturating_sub(owned.at));
                self.debts.found.push(Finding { conn, owed: owned, point: Point::Owed, why });
            }
        }
        if !open.is_empty() {
            self.debts.owed.insert(conn, open);
        }
    }

    /// The broker answers a PINGREQ. What it has denied before that was written, and has not sent since, is lost: it says
    /// itself that it looked for nobody else.
    pub(super) fn settle_denied(&mut self, conn: Conn) {
        let Some(asked) = self.links.get(&conn).filter(|link| link.is_open()).map(|link| link.order.answered_ping)
        else {
            return;
        };
        let is_over = |denied: &mut Denied| denied.conn == conn && denied.answered.seq < asked;
        let over: Vec<Denied> = self.debts.denied.extract_if(.., is_over).collect();
        for Denied { number, answered, .. } in over {
            if self.is_missing(conn, number) {
                let why = "a message was taken with 0x10, and has not come to a client that has subscribed to it";
                self.debts.found.push(Finding { conn, owed: answered, point: Point::Owed, why: why.to_owned() });
                self.debts.owed.entry(conn).or_default().retain(|&other| other != number);
            }
        }
    }

    fn is_missing(&self, conn: Conn, number: usize) -> bool {
        !self.has_come(conn, number)
            && self.is_owed(conn, number)
            && self.backlog(conn, number) <= WAITING
            && !self.is_held_up(conn)
            && !self.may_have_expired(conn, number)
    }

    /// It was not alive for long enough that its absence says anything: who may have had to wait until his client went on need
    /// not send what had expired by then.
    fn may_have_expired(&self, conn: Conn, number: usize) -> bool {
        let publication = self.publications.get(number);
        let went_on = self.links.get(&conn).map_or(Duration::ZERO, |link| link.progress.at);
        publication.has_expired(publication.written.at, went_on + SILENCE, Duration::ZERO)
    }

    /// The client has not acknowledged all that came: a broker need send it no more until it does.
    fn is_held_up(&self, conn: Conn) -> bool {
        let session = self.links.get(&conn).and_then(|link| link.session);
        session.is_none_or(|session| !self.sessions[session].incoming.is_empty())
    }

    /// A message has come: those of the same publisher, topic and QoS that were published before it have too.
    pub(super) fn ask_for_earlier(
        &mut self,
        (conn, session_number): (Conn, usize),
        number: usize,
        by: &[usize],
        moment: Moment,
        judged: &mut Judged,
    ) {
        let later = self.publications.get(number);
        let row_key = row(later);
        let Some(link) = self.links.get(&conn) else { return };
        let examined = link.rows.get(&row_key).map_or(0, |progress| progress.examined);
        let in_order = self.publications.row_of(number);
        let place = in_order.binary_search(&number).unwrap_or(0);
        let session = &self.sessions[session_number];
        let mut missing = None;
        for &earlier in in_order.get(examined..place).unwrap_or_default() {
            let publication = self.publications.get(earlier);
            let is_alive = !publication.has_expired(publication.written.at, moment.at, Duration::ZERO);
            let came = session.copies.get(&earlier).copied().unwrap_or_default();
            if publication.precedes(later)
                && came.live == 0
                && is_alive
                && by.iter().all(|&one| session.subscriptions[one].carries(publication.written.seq))
                && self.is_owed(conn, earlier)
                && self.backlog(conn, earlier) <= WAITING
            {
                missing.get_or_insert(earlier);
            }
        }
        if let Some(missing) = missing {
            let publication = self.publications.get(missing);
            let (line, length) = (publication.written.line, publication.length);
            if publication.retain && session.visible(conn, link.floor).any(|(_, one)| one.options.retain_as_published) {
                // As it was published it has RETAIN 1 live too.
            } else if session.copies.contains_key(&missing) {
                let why = format!("one published before it ({length} bytes, line {line}) came with RETAIN 1 only");
                judged.broken(Point::LiveRetain, why);
            } else {
                let why = format!("one published before it ({length} bytes, line {line}) has not come");
                judged.broken(Point::Owed, why);
            }
        } else if place > examined {
            judged.kept(Point::Owed);
        }
        if let Some(link) = self.links.get_mut(&conn) {
            let progress = link.rows.entry(row_key).or_default();
            progress.examined = progress.examined.max(place + 1);
        }
    }

    /// A copy of it came, or of one that says the same.
    fn has_come(&self, conn: Conn, number: usize) -> bool {
        let Some(session) = self.links.get(&conn).and_then(|link| link.session) else { return true };
        let publication = self.publications.get(number);
        let twins = self.publications.candidates(&publication.topic, Some(publication.print), publication.length);
        twins.len() > 1 || self.sessions[session].copies.contains_key(&number)
    }

    /// Whether a message is certainly owed on a connection: by a subscription made on it, that stood when the message was
    /// written and still does.
    fn is_owed(&self, conn: Conn, number: usize) -> bool {
        let publication = self.publications.get(number);
        let Some(link) = self.links.get(&conn) else { return false };
        let Some(session_number) = link.session else { return false };
        let session = &self.sessions[session_number];
        let is_plain = !publication.is_uncertain && !publication.is_repeated && publication.due_since().is_some();
        // Whether a refusal gives its place under the receive maximum back is a rule of its own.
        let is_free = session.takes(publication) && !link.has_refused;
        let is_whole = !link.is_tainted && link.is_seen && is_free && !session.is_mixed;
        let is_alone =
            || self.publications.candidates(&publication.topic, Some(publication.print), publication.length).len() == 1;
        publication.qos != QoS::AtMostOnce
            && is_plain
            && is_whole
            && session.latest == Some(conn)
            && is_bound(session, session_number, (conn, link), publication)
            && is_alone()
    }

    /// How many messages have waited for the client beside this one. Whoever has too many may drop the oldest.
    fn backlog(&self, conn: Conn, number: usize) -> usize {
        let Some(session) = self.links.get(&conn).and_then(|link| link.session) else { return usize::MAX };
        let (session, written) = (&self.sessions[session], self.publications.get(number).written.seq);
        let waits = self.publications.from(0).filter(|(other, publication)| {
            let came = session.copies.get(other).map(|copies| copies.first.seq);
            publication.qos != QoS::AtMostOnce
                && came.is_none_or(|came| came > written)
                && session
                    .subscriptions
                    .iter()
                    .any(|one| one.may_bring(publication.written.seq) && one.matches(&publication.topic))
        });
        // One too many is as good as all.
        waits.take(WAITING + 1).count() + session.incoming.len()
    }
}

/// Whether a subscription binds the broker to send it there.
fn is_bound(session: &Session, session_number: usize, (conn, link): (Conn, &Link), publication: &Publication) -> bool {
    session.visible(conn, link.floor).any(|(_, one)| {
        let is_own = one.options.no_local && publication.session == session_number;
        (one.conn == conn || link.is_resumed)
            && one.stood(publication.written.seq)
            && one.ending.is_none()
            && one.certain_qos().is_some_and(|qos| qos > 0)
            && !one.is_shared()
            && !is_own
            && one.matches(&publication.topic)
    })
}

fn missing(publication: &Publication, since: Duration) -> String {
    let Publication { topic, length, qos, .. } = publication;
    let (qos, seconds) = (*qos as u8, since.as_secs());
    format!("a message of QoS {qos}, {length} bytes on {topic}, was owned and has not come for {seconds} s")
}

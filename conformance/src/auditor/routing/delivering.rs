//! A message that the broker delivers: explained by what was published and subscribed, and counted.

use super::blame::is_of_lookup;
use super::delivered::Delivered;
use super::explain::{Explanation, Path, Scene, Shown, comes_once};
use super::judged::Judged;
use super::publications::row;
use super::sessions::{Incoming, Link, Session};
use super::traffic::Traffic;
use crate::auditor::{Audit, Conn, Moment, Point};
use mqtt_assay_codec::{Acknowledgement, Publish, QoS, Version};
use std::rc::Rc;

impl Traffic {
    /// The broker delivers a message; `passed` is the length of a payload that is passed over.
    pub(super) fn delivers(
        &mut self,
        conn: Conn,
        moment: Moment,
        publish: &Publish<'_>,
        passed: Option<usize>,
        audit: &mut Audit,
    ) {
        let Some(topic) = self.resolve(conn, publish) else { return };
        if !self.is_ours(&topic) {
            return;
        }
        let Some((session_number, session)) = self.session_of(conn) else { return };
        let mut delivered = Delivered::new(topic, publish, passed);
        let (last, connect) = (session.last, self.links.get(&conn).map(|link| link.connect.seq));
        let successor = last.filter(|&last| last != conn).and_then(|last| self.links.get(&last));
        if let Some(successor) = successor.filter(|successor| Some(successor.connect.seq) > connect) {
            // What was under way when another connection took the session over may have come there before.
            delivered.is_again = true;
            let is_resumed = successor.is_resumed;
            if let (true, Some((_, session))) = (is_resumed, self.session_of(conn)) {
                comes_late(session, conn, moment, &delivered);
            }
        } else if let Some((_, session)) = self.session_of(conn) {
            take_up(session, conn, moment, &mut delivered);
        }
        let explained = {
            let (Some(link), session) = (self.links.get(&conn), &self.sessions[session_number]) else { return };
            let scene = Scene {
                publications: &self.publications,
                links: &self.links,
                session,
                session_number,
                conn,
                link,
                delivered: &delivered,
                habits: &self.habits,
                now: moment,
            };
            scene.explain()
        };
        let judged = match explained {
            Ok(explanation) => self.note(conn, session_number, moment, &delivered, explanation),
            Err(judged) => judged,
        };
        self.habits.note(&judged);
        judged.tell(&delivered.to_string(), audit);
    }

    /// The topic of a delivery, by name or alias.
    fn resolve(&mut self, conn: Conn, publish: &Publish<'_>) -> Option<Rc<str>> {
        let link = self.links.get_mut(&conn)?;
        let alias = publish.properties.topic_alias();
        if publish.topic.is_empty() {
            return link.theirs.get(&alias?).cloned();
        }
        let topic = self.publications.name(publish.topic);
        if let Some(alias) = alias {
            link.theirs.insert(alias, Rc::clone(&topic));
        }
        Some(topic)
    }

    /// The client acknowledges a message; `ends`: of which QoS one is done with that. To one of another QoS it says nothing.
    pub(super) fn acknowledges(&mut self, conn: Conn, moment: Moment, ack: &Acknowledgement<'_>, ends: Option<QoS>) {
        if let Some(link) = self.links.get_mut(&conn) {
            link.progress = moment;
            link.has_refused |= ack.reason.is_error();
        }
        let Some((_, session)) = self.session_of(conn) else { return };
        let id = ack.packet_id.get();
        for held in [&mut session.incoming, &mut session.late] {
            if held.get(&id).is_some_and(|message| Some(message.qos) == ends) {
                held.remove(&id);
            }
        }
    }

    /// Remembers a delivery by its explanation; what it says, and what that says of others.
    fn note(
        &mut self,
        conn: Conn,
        session_number: usize,
        moment: Moment,
        delivered: &Delivered,
        explanation: Explanation,
    ) -> Judged {
        let Explanation { publication: number, path, by, mut judged, is_alone, is_open, shown } = explanation;
        for (old, shown) in shown {
            // Whoever has kept it once may bring both.
            let known = &mut self.sessions[session_number].subscriptions[old].shown;
            *known = Some(if *known == Some(Shown::Stays) { Shown::Stays } else { shown });
        }
        let is_plain = is_alone && !delivered.is_again && !self.publications.get(number).is_uncertain;
        if is_plain && path == Path::Live {
            // What came otherwise than the share's subscription asks, or may have been looked up, may have come by another.
            if judged.breaches() == 0 && !is_open {
                self.judge_share(conn, session_number, number, &by, &mut judged);
            }
            if !delivered.retain {
                self.judge_order(conn, session_number, number, &by, delivered, &mut judged);
            }
        }
        // In 5.0 only messages of one subscription have an order among them.
        let is_ordered = by.len() == 1 || self.links.get(&conn).is_some_and(|link| link.version != Version::V5);
        if is_alone
            && is_ordered
            && let Some(first) = delivered.sent_before
        {
            self.judge_resent(conn, number, first, &mut judged);
        }
        if delivered.dup && is_alone && path == Path::Live && self.comes_first(conn, session_number, number) {
            judged.broken(Point::DupOfFirst, "DUP 1 of a message that no earlier connection can have been sent");
        }
        // DUP 1 on what never came before is the broker's mistake, and the message came all the same.
        if !delivered.is_again || !self.sessions[session_number].copies.contains_key(&number) {
            self.count(session_number, moment, delivered, (number, path), (&by, is_open), &mut judged);
        }
        if is_alone && judged.breaches() == 0 {
            let publication = self.publications.get_mut(number);
            publication.seen.get_or_insert(moment);
            if path == Path::Retained {
                publication.stored.get_or_insert(moment);
            }
        }
        if is_plain && path == Path::Live && !delivered.retain && judged.breaches() == 0 {
            self.ask_for_earlier((conn, session_number), number, &by, moment, &mut judged);
        }
        judged
    }

    /// Whether this message certainly comes to a resumed session for the first time: all other connections of that had ended
    /// when it was published, and the last by a DISCONNECT. A loss may be dealt with later than the connection ends, and what is
    /// written there meanwhile was sent. Of sessions that are not resumed the identifiers tell.
    fn comes_first(&self, conn: Conn, session_number: usize, number: usize) -> bool {
        let (Some(link), session) = (self.links.get(&conn), &self.sessions[session_number]) else { return false };
        let publication = self.publications.get(number);
        let is_certain =
            !publication.is_uncertain && !publication.is_repeated && !session.is_mixed && !session.is_foreign;
        if !is_certain || link.is_tainted || !link.is_resumed || session.last != Some(conn) {
            return false;
        }
        // One that another has taken over may be served for a while: that is a mistake of its own.
        let others = || {
            let of_session = self.links.iter().filter(|(_, link)| link.session == Some(session_number));
            of_session.filter(|(other, _)| **other != conn).map(|(_, link)| link)
        };
        let has_left = |link: &Link| link.has_left && !link.is_dismissed;
        others().all(|other| other.broker_end.is_some_and(|end| end < publication.written.seq))
            && others().max_by_key(|other| other.connect.seq).is_some_and(|last| has_left(last))
            && !session.copies.contains_key(&number)
    }

    /// Counts a copy: of some messages there is one for each subscription.
    fn count(
        &mut self,
        session_number: usize,
        moment: Moment,
        delivered: &Delivered,
        (number, path): (usize, Path),
        (by, is_open): (&[usize], bool),
        judged: &mut Judged,
    ) {
        let publication = self.publications.get(number);
        let session = &mut self.sessions[session_number];
        if path == Path::Retained {
            // By which of several is not known: one of them will not bring another.
            if let ([only], false) = (by, is_open) {
                let brought = &mut session.subscriptions[*only].brought;
                brought.entry(Rc::clone(&delivered.topic)).or_insert((number, 0)).1 += 1;
            }
        }
        let copies = session.copies.entry(number).or_default();
        if copies.live + copies.retained == 0 {
            copies.first = moment;
        }
        // It was looked up, as far as can be seen, though nobody may do so.
        let is_looked_up = delivered.retain && judged.broken_points().any(is_of_lookup);
        if path == Path::Retained || is_looked_up {
            copies.retained += 1;
            return;
        }
        copies.live += 1;
        // A will that comes with RETAIN 1 can be what is retained as well: by each SUBSCRIBE that is looked up late.
        if publication.is_will && is_open || !comes_once(publication, delivered.qos) {
            return;
        }
        copies.once += 1;
        if publication.is_uncertain || session.is_mixed {
            return;
        }
        let came = copies.once as usize;
        let most = session.count(by);
        let replaced = || session.subscriptions.iter().filter(|one| one.is_replaced && one.matches(&delivered.topic));
        let stays = replaced().any(|one| one.shown == Some(Shown::Stays));
        let may_stay = replaced().any(|one| one.shown != Some(Shown::Gone));
        let point = match publication.is_will {
            _ if stays => Point::Replaced,
            true => Point::WillOnce,
            false if may_stay => Point::Replaced,
            false => Point::CopiesOfQos2,
        };
        let withheld = session.subscriptions.iter().filter(|one| {
            one.matches(&delivered.topic)
                && one.may_bring(publication.written.seq)
                && one.withholds(publication, session_number)
        });
        if came > most && came <= most + withheld.clone().count() {
            // Each copy could be one that is due; together they show that one came in spite of No Local.
            let is_told = judged.broken_points().any(|point| matches!(point, Point::NoLocal | Point::Replaced));
            let is_old = withheld.into_iter().all(|one| session.was_local(one));
            let point = if is_old { Point::Replaced } else { Point::NoLocal };
            if !is_told {
                judged.broken(point, format!("{came} copies, and {most} subscriptions without No Local"));
            }
        } else if came > most {
            judged.broken(point, format!("{came} copies, and {most} subscriptions"));
            if point == Point::Replaced {
                let all = session.subscriptions.iter_mut();
                let replaced = all.filter(|one| one.is_replaced && one.matches(&delivered.topic));
                replaced.for_each(|one| one.shown = Some(Shown::Stays));
            }
        } else {
            judged.kept(point);
        }
    }

    /// What is sent again comes in the order in which it was sent: all of it in 3.1.1, and in 5.0 what has an order.
    fn judge_resent(&mut self, conn: Conn, number: usize, first: u64, judged: &mut Judged) {
        let row = row(self.publications.get(number));
        let Some(link) = self.links.get_mut(&conn) else { return };
        let key = (link.version == Version::V5).then_some(row);
        match link.resent.get(&key) {
            Some(&last) if first < last => {
                judged.broken(Point::Order, "it was sent again behind one that had been sent later");
                return;
            }
            Some(_) => judged.kept(Point::Order),
            None => {}
        }
        link.resent.insert(key, first);
    }
}

/// Notes what is read on a connection when another has taken its session up.
fn comes_late(session: &mut Session, conn: Conn, moment: Moment, delivered: &Delivered) {
    if let (Some(id), Some(print)) = (delivered.id, delivered.print) {
        let topic = Rc::clone(&delivered.topic);
        session.late.insert(id, Incoming { topic, print, qos: delivered.qos, first: moment.seq, conn });
    }
}

/// Notes what is under way to a client, and whether it was before.
fn take_up(session: &mut Session, conn: Conn, moment: Moment, delivered: &mut Delivered) {
    let (Some(id), Some(print)) = (delivered.id, delivered.print) else { return };
    let topic = Rc::clone(&delivered.topic);
    let is_same = |known: &Incoming| known.topic == topic && known.print == print;
    // Whoever sends it under the same identifier as there sends it again, whatever its DUP says.
    delivered.is_again |= session.late.remove(&id).is_some_and(|known| is_same(&known));
    match session.incoming.get_mut(&id).filter(|known| is_same(known)) {
        Some(known) => {
            delivered.is_again = true;
            delivered.sent_before = (known.conn != conn).then_some(known.first);
            known.conn = conn;
        }
        None => {
            session.incoming.insert(id, Incoming { topic, print, qos: delivered.qos, first: moment.seq, conn });
        }
    }
}

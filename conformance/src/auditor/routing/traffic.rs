//! One broker's traffic: follows what its clients ask and publish, and has each delivery explained.

use super::blame::is_of_lookup;
use super::content::Content;
use super::debts::Debts;
use super::delivered::Delivered;
use super::explain::{Explanation, Path, Scene, Shown, comes_once};
use super::judged::Judged;
use super::publications::{Draft, Publication, Publications, Publisher, row};
use super::sessions::{Asked, Incoming, Link, Question, Session};
use super::subscriptions::Subscription;
use crate::auditor::{Audit, Conn, Facts, Finding, Moment, Point, print};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Packet, PacketId, Publish, QoS, ReasonCode, Suback, Subscribe, Unsuback,
    Unsubscribe, Version,
};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

/// All that goes on at one broker.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub(super) publications: Publications,
    pub(super) sessions: Vec<Session>,
    names: BTreeMap<Rc<str>, usize>,
    pub(super) links: BTreeMap<Conn, Link>,
    /// What stands before the topics of each case.
    prefixes: BTreeSet<Rc<str>>,
    /// The connections of each case.
    pub(super) cases: BTreeMap<Rc<str>, Vec<Conn>>,
    pub(super) debts: Debts,
}

impl Traffic {
    pub(super) fn opened(&mut self, conn: Conn, facts: &Facts) {
        let link = Link::new(facts);
        self.prefixes.insert(Rc::clone(&link.own_topics));
        self.cases.entry(Rc::clone(&link.own_topics)).or_default().push(conn);
        self.links.insert(conn, link);
    }

    /// The suite itself has stood still up to now: what came meanwhile is not read yet.
    pub(super) fn stood_still(&mut self, now: Duration) {
        for link in self.links.values_mut().filter(|link| !link.is_simulated) {
            link.progress.at = now;
        }
    }

    pub(super) fn client_broke(&mut self, conn: Conn) {
        if let Some(link) = self.links.get_mut(&conn) {
            link.is_tainted = true;
            link.is_broken = true;
        }
    }

    pub(super) fn lost_sight(&mut self, conn: Conn, moment: Moment) {
        self.settle_debts(conn, moment);
        if let Some(link) = self.links.get_mut(&conn) {
            link.is_seen = false;
        }
    }

    pub(super) fn broker_ended(&mut self, conn: Conn, moment: Moment) {
        self.settle_debts(conn, moment);
        if let Some(link) = self.links.get_mut(&conn) {
            link.broker_end.get_or_insert(moment.seq);
        }
        self.delete_will(conn);
    }

    /// The broker has ended a connection whose client had left: what it has of a will is deleted.
    fn delete_will(&mut self, conn: Conn) {
        let Some(link) = self.links.get(&conn) else { return };
        let (Some(will), Some(farewell), Some(session)) = (link.will, link.farewell, link.session) else { return };
        let is_last = self.sessions[session].latest == Some(conn) && !self.sessions[session].is_mixed;
        if link.accepted.is_none() || link.is_dismissed || !is_last {
            return;
        }
        let publication = self.publications.get_mut(will);
        publication.deleted = Some(farewell);
        if let Some(seen) = publication.seen.filter(|seen| seen.seq > farewell.seq) {
            let why = format!("the will of a client that had left with DISCONNECT came to others (line {})", seen.line);
            self.debts.found.push(Finding { conn, owed: farewell, point: Point::WillDeleted, why });
        }
    }

    pub(super) fn client_ended(&mut self, conn: Conn, moment: Moment) {
        self.settle_debts(conn, moment);
        if let Some(link) = self.links.get_mut(&conn) {
            link.client_end.get_or_insert(moment.seq);
        }
    }

    pub(super) fn due(&mut self, now: Duration, findings: &mut Vec<Finding>) {
        let open: Vec<Conn> = self.links.iter().filter(|(_, link)| link.is_open()).map(|(&conn, _)| conn).collect();
        for conn in open {
            self.settle_debts(conn, Moment { at: now, ..Moment::default() });
        }
        findings.append(&mut self.debts.found);
    }

    /// Follows one packet of a client.
    pub(super) fn client_sent(&mut self, conn: Conn, moment: Moment, packet: &Packet<'_>, is_illegal: bool) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        link.is_tainted |= is_illegal;
        link.order.next();
        let wrote = std::mem::replace(&mut link.wrote, moment.at);
        match packet {
            Packet::Connect(connect) => self.connects(conn, moment, connect),
            Packet::Publish(publish) => self.publishes(conn, moment, publish),
            Packet::Subscribe(subscribe) => self.subscribes(conn, moment, subscribe),
            Packet::Unsubscribe(unsubscribe) => self.unsubscribes(conn, moment, unsubscribe),
            Packet::Puback(ack) | Packet::Pubcomp(ack) => self.acknowledges(conn, moment, ack, true),
            Packet::Pubrec(ack) => self.acknowledges(conn, moment, ack, ack.reason.is_error()),
            Packet::Pubrel(ack) => self.releases(conn, moment, ack.packet_id),
            Packet::Pingreq => link.order.pings(),
            Packet::Disconnect(disconnect) => {
                let changed = disconnect.properties.session_expiry_interval();
                let expiry = changed.unwrap_or_default();
                link.ends_session &= expiry == 0;
                // It is against the standard, and the broker need not take it for a leave.
                let is_refused = expiry > 0 && link.has_no_expiry;
                self.settle_debts(conn, moment);
                if let Some(link) = self.links.get_mut(&conn) {
                    link.has_left = true;
                    let keep_alive = Duration::from_secs(link.keep_alive.into());
                    let is_alive = keep_alive.is_zero() || moment.at < wrote + keep_alive;
                    // A message that was not read before it may be what ends the connection.
                    let is_last = link.broker_end.is_none() && !link.order.has_unread();
                    let is_taken = is_last && is_alive && !link.is_tainted && !is_refused;
                    link.leaves_for_good = is_taken && changed == Some(0);
                    if is_taken && disconnect.reason == ReasonCode::SUCCESS {
                        link.farewell = Some(moment);
                    }
                }
            }
            _ => {}
        }
    }

    fn session_of(&mut self, conn: Conn) -> Option<(usize, &mut Session)> {
        let number = self.links.get(&conn)?.session?;
        Some((number, &mut self.sessions[number]))
    }

    fn connects(&mut self, conn: Conn, moment: Moment, connect: &Connect<'_>) {
        let number = match self.names.get(connect.client_id) {
            Some(&number) if !connect.client_id.is_empty() => number,
            _ => self.new_session(connect.client_id),
        };
        let Some(link) = self.links.get_mut(&conn).filter(|link| link.session.is_none()) else { return };
        let properties = &connect.properties;
        link.session = Some(number);
        link.connect = moment;
        link.is_clean = connect.clean_start;
        link.keep_alive = connect.keep_alive;
        link.has_no_expiry = properties.session_expiry_interval().unwrap_or_default() == 0;
        link.ends_session = match link.version {
            Version::V5 => properties.session_expiry_interval().unwrap_or_default() == 0,
            _ => connect.clean_start,
        };
        let (version, is_uncertain) = (link.version, link.is_tainted);
        self.sessions[number].used_by(version);
        self.sessions[number].latest = Some(conn);
        self.sessions[number].has_limit |= properties.maximum_packet_size().is_some();
        if let Some(will) = &connect.will {
            let draft = Draft {
                topic: self.publications.name(will.topic),
                print: print(will.payload),
                length: will.payload.len(),
                qos: will.qos,
                retain: will.retain,
                content: Content::of(will.properties),
                expiry: will.properties.message_expiry_interval(),
            };
            let publisher = Publisher { conn, session: number, version, is_will: true, is_uncertain };
            let will = self.publications.add(draft, publisher, moment);
            if let Some(link) = self.links.get_mut(&conn) {
                link.will = Some(will);
            }
        }
    }

    fn new_session(&mut self, client_id: &str) -> usize {
        self.sessions.push(Session::default());
        let number = self.sessions.len() - 1;
        if !client_id.is_empty() {
            self.names.insert(client_id.into(), number);
        }
        number
    }

    fn publishes(&mut self, conn: Conn, moment: Moment, publish: &Publish<'_>) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        let alias = publish.properties.topic_alias();
        let topic = match alias {
            Some(alias) if publish.topic.is_empty() => link.ours.get(&alias).cloned(),
            _ => Some(self.publications.name(publish.topic)),
        };
        // Without a topic nobody can get it.
        let Some((topic, session)) = topic.zip(link.session) else { return };
        if let Some(alias) = alias {
            link.ours.insert(alias, Rc::clone(&topic));
        }
        let publisher =
            Publisher { conn, session, version: link.version, is_will: false, is_uncertain: link.is_tainted };
        let draft = Draft {
            topic,
            print: print(publish.payload),
            length: publish.payload.len(),
            qos: publish.qos,
            retain: publish.retain,
            content: Content::of(publish.properties),
            expiry: publish.properties.message_expiry_interval(),
        };
        let id = publish.packet_id.map(PacketId::get);
        let is_in_use = id.is_some_and(|id| self.sessions[session].outgoing.contains_key(&id));
        if self.is_sent_again(session, id, &draft) {
            if let (Some(id), Some(link)) = (id, self.links.get_mut(&conn)) {
                link.order.asks(Question::Publish, id);
            }
            return;
        }
        let number = self.publications.add(draft, publisher, moment);
        let publication = self.publications.get_mut(number);
        publication.is_aliased = alias.is_some();
        publication.is_uncertain |= is_in_use;
        if let Some(link) = self.links.get_mut(&conn) {
            link.order.published(number);
            if let Some(id) = id {
                link.order.asks(Question::Publish, id);
                self.sessions[session].outgoing.insert(id, number);
            }
        }
    }

    /// The client sends a message once more that is under way.
    fn is_sent_again(&mut self, session: usize, id: Option<u16>, draft: &Draft) -> bool {
        let known = id.and_then(|id| self.sessions[session].outgoing.get(&id).copied());
        let Some(known) = known.map(|number| self.publications.get_mut(number)) else { return false };
        let is_same = known.topic == draft.topic && known.print == draft.print && known.qos == draft.qos;
        known.is_repeated |= is_same;
        if !is_same {
            // Its identifier was not free: either may be taken for the other.
            known.is_uncertain = true;
        }
        is_same
    }

    fn releases(&mut self, conn: Conn, moment: Moment, id: PacketId) {
        if let Some(link) = self.links.get_mut(&conn) {
            link.order.asks(Question::Release, id.get());
        }
        let Some((_, session)) = self.session_of(conn) else { return };
        if let Some(&number) = session.outgoing.get(&id.get()) {
            self.publications.get_mut(number).released.get_or_insert(moment);
        }
    }

    fn subscribes(&mut self, conn: Conn, moment: Moment, subscribe: &Subscribe<'_>) {
        let Some(link) = self.links.get(&conn) else { return };
        let (Some(number), version, floor) = (link.session, link.version, link.floor) else { return };
        let is_certain = !link.is_tainted;
        let session = &mut self.sessions[number];
        let mut asked = Asked::default();
        for (filter, options) in subscribe.filters {
            let mut had_stood = false;
            for (number, old) in session.subscriptions.iter_mut().enumerate() {
                let is_same = &*old.filter == filter && old.gone.is_none();
                if !is_same || !(old.conn == conn || old.asked.seq >= floor) {
                    continue;
                }
                had_stood |= is_certain && old.stands.is_some() && old.ending.is_none();
                old.may_end(moment.seq);
                old.is_replaced = true;
                asked.replaced.push(number);
            }
            asked.new.push(session.subscriptions.len());
            session.subscriptions.push(Subscription {
                filter: filter.into(),
                version,
                options,
                identifier: subscribe.properties.subscription_identifiers().next(),
                conn,
                asked: moment,
                granted: [0, 1, 2].map(|qos| qos <= options.qos as u8),
                is_answered: false,
                stands: None,
                ending: None,
                gone: None,
                is_replaced: false,
                shown: None,
                had_stood,
                brought: BTreeMap::new(),
            });
        }
        if let Some(link) = self.links.get_mut(&conn) {
            link.order.asks(Question::Subscribe, subscribe.packet_id.get());
            link.subscribes.insert(subscribe.packet_id.get(), asked);
        }
    }

    fn unsubscribes(&mut self, conn: Conn, moment: Moment, unsubscribe: &Unsubscribe<'_>) {
        let Some((_, session)) = self.session_of(conn) else { return };
        let mut meant = Vec::new();
        for filter in unsubscribe.filters {
            let all = session.subscriptions.iter_mut().enumerate();
            let same = all.filter(|(_, one)| &*one.filter == filter && one.gone.is_none());
            meant.push(
                same.map(|(number, one)| {
                    one.may_end(moment.seq);
                    number
                })
                .collect(),
            );
        }
        if let Some(link) = self.links.get_mut(&conn) {
            link.order.asks(Question::Unsubscribe, unsubscribe.packet_id.get());
            link.unsubscribes.insert(unsubscribe.packet_id.get(), meant);
        }
    }

    /// The client acknowledges a message; `is_done`: with its last acknowledgement.
    fn acknowledges(&mut self, conn: Conn, moment: Moment, ack: &Acknowledgement<'_>, is_done: bool) {
        if let Some(link) = self.links.get_mut(&conn) {
            link.progress = moment;
            link.has_refused |= ack.reason.is_error();
        }
        if let Some((_, session)) = self.session_of(conn)
            && is_done
        {
            session.incoming.remove(&ack.packet_id.get());
        }
    }

    /// Follows one packet of the broker.
    pub(super) fn broker_sent(&mut self, conn: Conn, moment: Moment, packet: &Packet<'_>, audit: &mut Audit) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        if !matches!(packet, Packet::Pingresp) {
            link.progress = moment;
        }
        let read = match packet {
            Packet::Connack(connack) => {
                self.is_let_in(conn, moment, connack);
                return;
            }
            Packet::Publish(publish) => {
                self.delivers(conn, moment, publish, None, audit);
                return;
            }
            Packet::Puback(ack) | Packet::Pubrec(ack) => link.order.answered(Question::Publish, ack.packet_id.get()),
            Packet::Pubcomp(ack) => link.order.answered(Question::Release, ack.packet_id.get()),
            Packet::Suback(suback) => link.order.answered(Question::Subscribe, suback.packet_id.get()),
            Packet::Unsuback(unsuback) => link.order.answered(Question::Unsubscribe, unsuback.packet_id.get()),
            Packet::Pingresp => link.order.ponged(),
            Packet::Disconnect(_) => {
                link.is_dismissed = true;
                return;
            }
            _ => return,
        };
        if !link.is_tainted {
            for number in read {
                self.publications.get_mut(number).read.get_or_insert(moment);
            }
        }
        match packet {
            Packet::Puback(ack) => self.takes(conn, moment, ack, true, audit),
            Packet::Pubrec(ack) => self.takes(conn, moment, ack, ack.reason.is_error(), audit),
            Packet::Pubcomp(ack) => {
                if let Some((_, session)) = self.session_of(conn) {
                    session.outgoing.remove(&ack.packet_id.get());
                }
            }
            Packet::Suback(suback) => self.grants(conn, moment, suback),
            Packet::Unsuback(unsuback) => self.removes(conn, moment, unsuback),
            _ => {}
        }
    }

    fn is_let_in(&mut self, conn: Conn, moment: Moment, connack: &Connack<'_>) {
        if connack.reason.is_error() || connack.reason != ReasonCode::SUCCESS {
            return;
        }
        let Some(link) = self.links.get_mut(&conn).filter(|link| link.accepted.is_none()) else { return };
        link.accepted = Some(moment);
        link.is_resumed = connack.session_present;
        if let Some(expiry) = connack.properties.session_expiry_interval() {
            link.ends_session = expiry == 0;
        }
        let Some(number) = link.session else { return };
        let (connect, is_clean) = (link.connect.seq, link.is_clean && !link.is_tainted);
        if let Some(assigned) = connack.properties.assigned_client_identifier() {
            self.names.insert(assigned.into(), number);
        }
        let last = self.sessions[number].last.and_then(|last| self.links.get(&last));
        // It ended with the connection before, which the broker has let go.
        let has_ended = last.is_some_and(|last| {
            let ends = last.ends_session || last.leaves_for_good && !last.is_dismissed;
            ends && !last.is_tainted && last.broker_end.is_some_and(|end| end < connect)
        });
        // There is none, whatever became of it: what was subscribed and sent before is gone, if the broker says what is so.
        let may_have_ended = !connack.session_present;
        // It was left behind by somebody else, and what was subscribed there nobody here knows.
        let is_foreign = connack.session_present && last.is_none();
        let session = &mut self.sessions[number];
        session.is_foreign |= is_foreign;
        session.is_mixed |= is_foreign;
        if is_clean || has_ended {
            session.floor = session.floor.max(connect);
            session.copies.clear();
        }
        if is_clean || has_ended || may_have_ended {
            session.incoming.clear();
            session.outgoing.clear();
        }
        if may_have_ended {
            session.subscriptions.iter_mut().for_each(|subscription| subscription.may_end(connect));
        }
        session.last = Some(conn);
        let floor = session.floor;
        if let Some(link) = self.links.get_mut(&conn) {
            link.floor = floor;
        }
    }

    /// PUBACK or PUBREC comes; `is_done`: nothing follows it.
    fn takes(&mut self, conn: Conn, moment: Moment, ack: &Acknowledgement<'_>, is_done: bool, audit: &mut Audit) {
        let is_certain = self.links.get(&conn).is_some_and(|link| !link.is_tainted);
        let Some((_, session)) = self.session_of(conn) else { return };
        let id = ack.packet_id.get();
        let Some(&number) = session.outgoing.get(&id) else { return };
        if is_done {
            session.outgoing.remove(&id);
        }
        let publication = self.publications.get_mut(number);
        let is_first = !std::mem::replace(&mut publication.is_answered, true);
        if is_first && is_certain && !ack.reason.is_error() {
            publication.owned = Some(moment);
            self.owe(number);
            if ack.reason == ReasonCode::NO_MATCHING_SUBSCRIBERS {
                self.judge_no_subscribers(number, audit);
            }
        }
    }

    /// Nobody has subscribed, as its acknowledgement says.
    fn judge_no_subscribers(&self, number: usize, audit: &mut Audit) {
        let publication = self.publications.get(number);
        let own_topics = self.links.get(&publication.conn).map(|link| &link.own_topics);
        let conns = own_topics.and_then(|own_topics| self.cases.get(own_topics)).map_or(&[][..], Vec::as_slice);
        if publication.is_uncertain || publication.is_repeated || !self.is_ours(&publication.topic) {
            return;
        }
        match conns.iter().find(|&&conn| self.has_subscribed(conn, publication)) {
            Some(_) => audit.broken(
                Point::NoSubscribers,
                format!("0x10 for a message on {}, to which a client has subscribed", publication.topic),
            ),
            None => audit.kept(Point::NoSubscribers),
        }
    }

    /// Whether this connection has certainly subscribed to a message when it was written, and still has.
    fn has_subscribed(&self, conn: Conn, publication: &Publication) -> bool {
        let Some(link) = self.links.get(&conn).filter(|link| link.is_open() && !link.is_tainted) else { return false };
        let Some(number) = link.session else { return false };
        let session = &self.sessions[number];
        // Whose client identifier is asked for anew may be taken over by now.
        !session.is_mixed
            && session.latest == Some(conn)
            && session.subscriptions.iter().any(|one| {
                let is_own = one.options.no_local && publication.session == number;
                one.conn == conn
                    && one.stood(publication.written.seq)
                    && one.ending.is_none()
                    && !one.is_shared()
                    && !is_own
                    && one.matches(&publication.topic)
            })
    }

    fn grants(&mut self, conn: Conn, moment: Moment, suback: &Suback<'_>) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        let Some(asked) = link.subscribes.remove(&suback.packet_id.get()) else { return };
        let is_certain = !link.is_tainted;
        let codes: Vec<u8> = suback.reasons.iter().map(|code| code.0).collect();
        let has_failed = codes.iter().any(|&code| code > 2) || codes.len() != asked.new.len();
        let Some((_, session)) = self.session_of(conn) else { return };
        if !codes.iter().any(|&code| code <= 2) && codes.len() == asked.new.len() {
            for number in asked.new {
                // Whoever refuses brings nothing by it.
                session.subscriptions[number].is_gone(0);
            }
            return;
        }
        for number in asked.new {
            session.subscriptions[number].answered(&codes, has_failed || !is_certain, moment);
        }
        if !has_failed && is_certain {
            for number in asked.replaced {
                session.subscriptions[number].is_removed(moment.seq);
            }
        }
    }

    fn removes(&mut self, conn: Conn, moment: Moment, unsuback: &Unsuback<'_>) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        let Some(meant) = link.unsubscribes.remove(&unsuback.packet_id.get()) else { return };
        let has_failed = unsuback.reasons.iter().any(ReasonCode::is_error);
        if link.is_tainted || has_failed {
            return;
        }
        let Some((_, session)) = self.session_of(conn) else { return };
        for number in meant.into_iter().flatten() {
            let subscription = &mut session.subscriptions[number];
            // It was asked for again in between.
            if !subscription.is_replaced {
                subscription.is_removed(moment.seq);
            }
        }
    }

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
        if successor.is_some_and(|successor| Some(successor.connect.seq) > connect) {
            // What was under way when another connection took the session over may have come there before.
            delivered.is_again = true;
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
                now: moment,
            };
            scene.explain()
        };
        let judged = match explained {
            Ok(explanation) => self.note(conn, session_number, moment, &delivered, explanation),
            Err(judged) => judged,
        };
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

    /// Whether a topic is below those of the run.
    pub(super) fn is_ours(&self, topic: &str) -> bool {
        let before = self.prefixes.range::<str, _>((std::ops::Bound::Unbounded, std::ops::Bound::Included(topic)));
        before.into_iter().next_back().is_some_and(|prefix| !prefix.is_empty() && topic.starts_with(&**prefix))
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
        let Explanation { publication: number, path, by, mut judged, is_alone, shown } = explanation;
        for (old, shown) in shown {
            // Whoever has kept it once may bring both.
            let known = &mut self.sessions[session_number].subscriptions[old].shown;
            *known = Some(if *known == Some(Shown::Stays) { Shown::Stays } else { shown });
        }
        let is_plain = is_alone && !delivered.is_again && !self.publications.get(number).is_uncertain;
        if is_plain && path == Path::Live {
            self.judge_share(conn, session_number, number, &by, &mut judged);
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
        // DUP 1 on what never came before is the broker's mistake, and the message came all the same.
        if !delivered.is_again || !self.sessions[session_number].copies.contains_key(&number) {
            self.count(session_number, moment, delivered, (number, path), &by, &mut judged);
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

    /// Counts a copy: of some messages there is one for each subscription.
    fn count(
        &mut self,
        session_number: usize,
        moment: Moment,
        delivered: &Delivered,
        (number, path): (usize, Path),
        by: &[usize],
        judged: &mut Judged,
    ) {
        let publication = self.publications.get(number);
        let session = &mut self.sessions[session_number];
        if path == Path::Retained {
            // By which of several is not known: one of them will not bring another.
            if let [only] = by {
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
        if publication.is_uncertain || !comes_once(publication, delivered.qos) || session.is_mixed {
            return;
        }
        let (came, most) = (copies.live as usize, by.len());
        let replaced = || session.subscriptions.iter().filter(|one| one.is_replaced && one.matches(&delivered.topic));
        let stays = replaced().any(|one| one.shown == Some(Shown::Stays));
        let may_stay = replaced().any(|one| one.shown != Some(Shown::Gone));
        let point = match publication.is_will {
            _ if stays => Point::Replaced,
            true => Point::WillOnce,
            false if may_stay => Point::Replaced,
            false => Point::CopiesOfQos2,
        };
        if came > most {
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

    /// One member of a group gets a message.
    fn judge_share(&mut self, conn: Conn, session_number: usize, number: usize, by: &[usize], judged: &mut Judged) {
        let [only] = by else { return };
        let subscription = &self.sessions[session_number].subscriptions[*only];
        if !subscription.is_shared() || subscription.version != Version::V5 || subscription.gone.is_some() {
            return;
        }
        let filter = Rc::clone(&subscription.filter);
        let other = *self.publications.get_mut(number).shares.entry(filter).or_insert(conn);
        let is_other_there = self.links.get(&other).is_some_and(|link| link.is_open() && !link.is_tainted);
        if other == conn {
            judged.kept(Point::SharedOnce);
        } else if is_other_there && !self.has_refused(other) {
            judged.broken(Point::SharedOnce, "another member of the group has it too");
        }
    }

    fn has_refused(&self, conn: Conn) -> bool {
        self.links.get(&conn).is_none_or(|link| link.has_refused)
    }

    /// First copies of one publisher's messages of a topic and QoS come in the order in which they were published.
    fn judge_order(
        &mut self,
        conn: Conn,
        session_number: usize,
        number: usize,
        by: &[usize],
        delivered: &Delivered,
        judged: &mut Judged,
    ) {
        let session = &self.sessions[session_number];
        let publication = self.publications.get(number);
        let is_shared = by.iter().any(|&one| session.subscriptions[one].is_shared());
        let is_lossy = delivered.qos == QoS::AtMostOnce && by.len() > 1;
        if publication.is_will || is_shared || is_lossy || session.is_mixed || session.copies.contains_key(&number) {
            return;
        }
        let Some(link) = self.links.get_mut(&conn) else { return };
        let progress = link.rows.entry(row(publication)).or_default();
        let latest = progress.latest.map(|latest| self.publications.get(latest));
        let is_same = progress.by == by;
        match latest {
            Some(latest) if publication.precedes(latest) => {
                // Where several may have brought the later one, each of them had this one to bring before it.
                let stood = |&one: &usize| session.subscriptions[one].stood(publication.written.seq);
                if is_same && (by.len() == 1 || by.iter().all(stood)) {
                    judged.broken(Point::Order, "it came behind one that was published later");
                }
                return;
            }
            Some(latest) if is_same && latest.precedes(publication) => judged.kept(Point::Order),
            _ => {}
        }
        progress.latest = Some(number);
        progress.by = by.to_vec();
    }
}

/// Notes what is under way to a client, and whether it was before.
fn take_up(session: &mut Session, conn: Conn, moment: Moment, delivered: &mut Delivered) {
    let (Some(id), Some(print)) = (delivered.id, delivered.print) else { return };
    let topic = Rc::clone(&delivered.topic);
    let known = session.incoming.get_mut(&id).filter(|known| known.topic == topic && known.print == print);
    match known {
        Some(known) => {
            delivered.is_again = true;
            delivered.sent_before = (known.conn != conn).then_some(known.first);
            known.conn = conn;
        }
        None => {
            session.incoming.insert(id, Incoming { topic, print, first: moment.seq, conn });
        }
    }
}

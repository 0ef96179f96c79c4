//! What clients publish, and what the broker's answers say of it: that it is the broker's, and whether anybody has subscribed.

use super::content::Content;
use super::debts::Denied;
use super::publications::{Draft, Publication, Publisher};
use super::sessions::Question;
use super::traffic::Traffic;
use crate::auditor::{Audit, Conn, Moment, Point, print};
use mqtt_assay_codec::{Acknowledgement, PacketId, Publish, ReasonCode};
use std::rc::Rc;

impl Traffic {
    pub(super) fn publishes(&mut self, conn: Conn, moment: Moment, publish: &Publish<'_>) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        let alias = publish.properties.topic_alias();
        // The broker ends the connection of who goes beyond what it takes, and whatever came by it ends with it.
        link.is_tainted |= alias.is_some_and(|alias| alias > link.alias_maximum);
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
        if let Some(id) = id.filter(|_| is_in_use) {
            self.sessions[session].reused.insert(id);
        }
        let is_unclear = id.is_some_and(|id| self.sessions[session].reused.contains(&id));
        let number = self.publications.add(draft, publisher, moment);
        let publication = self.publications.get_mut(number);
        publication.is_aliased = alias.is_some();
        publication.is_uncertain |= is_unclear;
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

    pub(super) fn releases(&mut self, conn: Conn, moment: Moment, id: PacketId) {
        if let Some(link) = self.links.get_mut(&conn) {
            link.order.asks(Question::Release, id.get());
        }
        let Some((_, session)) = self.session_of(conn) else { return };
        if let Some(&number) = session.outgoing.get(&id.get()) {
            self.publications.get_mut(number).released.get_or_insert(moment);
        }
    }

    /// PUBACK or PUBREC comes; `is_done`: nothing follows it.
    pub(super) fn takes(
        &mut self,
        conn: Conn,
        moment: Moment,
        ack: &Acknowledgement<'_>,
        is_done: bool,
        audit: &mut Audit,
    ) {
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
            if is_done {
                self.owe(number);
            }
            if ack.reason == ReasonCode::NO_MATCHING_SUBSCRIBERS {
                self.judge_no_subscribers(number, moment, audit);
            }
        }
    }

    /// Nobody has subscribed, as its acknowledgement says.
    fn judge_no_subscribers(&mut self, number: usize, moment: Moment, audit: &mut Audit) {
        let publication = self.publications.get(number);
        let own_topics = self.links.get(&publication.conn).map(|link| &link.own_topics);
        let conns = own_topics.and_then(|own_topics| self.cases.get(own_topics)).map_or(&[][..], Vec::as_slice);
        if publication.is_uncertain || publication.is_repeated || !self.is_ours(&publication.topic) {
            return;
        }
        let Some(&conn) = conns.iter().find(|&&conn| self.has_subscribed(conn, publication)) else {
            return audit.kept(Point::NoSubscribers);
        };
        let why = format!("0x10 for a message on {}, to which a client has subscribed", publication.topic);
        audit.broken(Point::NoSubscribers, why);
        self.debts.denied.push(Denied { conn, number, answered: moment });
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
}

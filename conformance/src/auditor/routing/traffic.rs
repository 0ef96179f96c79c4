//! One broker's traffic: what is known of its clients, and who follows which packet.

use super::blame::Habits;
use super::debts::Debts;
use super::publications::Publications;
use super::sessions::{Link, Question, Session};
use crate::auditor::{Audit, Conn, Facts, Finding, Moment};
use mqtt_assay_codec::{Packet, QoS};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

/// All that goes on at one broker.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub(super) publications: Publications,
    pub(super) sessions: Vec<Session>,
    /// Sessions by client identifier.
    pub(super) names: BTreeMap<Rc<str>, usize>,
    pub(super) links: BTreeMap<Conn, Box<Link>>,
    /// What stands before the topics of each case.
    prefixes: BTreeSet<Rc<str>>,
    /// The connections of each case.
    pub(super) cases: BTreeMap<Rc<str>, Vec<Conn>>,
    pub(super) debts: Debts,
    pub(super) habits: Habits,
}

impl Traffic {
    pub(super) fn opened(&mut self, conn: Conn, facts: &Facts) {
        let link = Link::new(facts);
        self.prefixes.insert(Rc::clone(&link.own_topics));
        self.cases.entry(Rc::clone(&link.own_topics)).or_default().push(conn);
        self.links.insert(conn, Box::new(link));
    }

    /// The suite itself has stood still up to now: what came meanwhile is not read yet.
    pub(super) fn stood_still(&mut self, now: Duration) {
        for link in self.links.values_mut().filter(|link| !link.is_simulated) {
            link.progress.at = now;
        }
    }

    pub(super) fn client_broke(&mut self, conn: Conn) {
        self.taints(conn);
        if let Some(link) = self.links.get_mut(&conn) {
            link.is_broken = true;
        }
    }

    /// The client breaks the standard: what becomes of the messages that it has under way is not certain.
    fn taints(&mut self, conn: Conn) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        if std::mem::replace(&mut link.is_tainted, true) {
            return;
        }
        let Some(session) = link.session else { return };
        let under_way: Vec<usize> = self.sessions[session].outgoing.values().copied().collect();
        for number in under_way {
            self.publications.get_mut(number).is_uncertain = true;
        }
    }

    pub(super) fn lost_sight(&mut self, conn: Conn, moment: Moment) {
        self.settle_debts(conn, moment);
        if let Some(link) = self.links.get_mut(&conn) {
            link.is_seen = false;
        }
    }

    pub(super) fn broker_reset(&mut self, conn: Conn) {
        if let Some(link) = self.links.get_mut(&conn) {
            link.is_dismissed |= link.has_left;
        }
    }

    pub(super) fn broker_ended(&mut self, conn: Conn, moment: Moment) {
        self.settle_debts(conn, moment);
        if let Some(link) = self.links.get_mut(&conn) {
            link.broker_end.get_or_insert(moment.seq);
        }
        self.delete_will(conn);
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
        if is_illegal {
            self.taints(conn);
        }
        let Some(link) = self.links.get_mut(&conn) else { return };
        link.order.next();
        let wrote = std::mem::replace(&mut link.wrote, moment.at);
        match packet {
            Packet::Connect(connect) => self.connects(conn, moment, connect),
            Packet::Publish(publish) => self.publishes(conn, moment, publish),
            Packet::Subscribe(subscribe) => self.subscribes(conn, moment, subscribe),
            Packet::Unsubscribe(unsubscribe) => self.unsubscribes(conn, moment, unsubscribe),
            Packet::Puback(ack) => self.acknowledges(conn, moment, ack, Some(QoS::AtLeastOnce)),
            Packet::Pubcomp(ack) => self.acknowledges(conn, moment, ack, Some(QoS::ExactlyOnce)),
            Packet::Pubrec(ack) => {
                self.acknowledges(conn, moment, ack, ack.reason.is_error().then_some(QoS::ExactlyOnce));
            }
            Packet::Pubrel(ack) => self.releases(conn, moment, ack.packet_id),
            Packet::Pingreq => link.order.pings(moment.seq),
            Packet::Disconnect(disconnect) => self.leaves(conn, moment, wrote, disconnect),
            _ => {}
        }
    }

    pub(super) fn session_of(&mut self, conn: Conn) -> Option<(usize, &mut Session)> {
        let number = self.links.get(&conn)?.session?;
        Some((number, &mut self.sessions[number]))
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
                let done = self.session_of(conn).and_then(|(_, session)| session.outgoing.remove(&ack.packet_id.get()));
                if let Some(number) = done {
                    self.publications.get_mut(number).completed.get_or_insert(moment);
                    self.owe(number);
                }
            }
            Packet::Suback(suback) => self.grants(conn, moment, suback),
            Packet::Unsuback(unsuback) => self.removes(conn, moment, unsuback),
            Packet::Pingresp => self.settle_denied(conn),
            _ => {}
        }
    }

    /// Whether a topic is below those of the run.
    pub(super) fn is_ours(&self, topic: &str) -> bool {
        let before = self.prefixes.range::<str, _>((std::ops::Bound::Unbounded, std::ops::Bound::Included(topic)));
        before.into_iter().next_back().is_some_and(|prefix| !prefix.is_empty() && topic.starts_with(&**prefix))
    }
}

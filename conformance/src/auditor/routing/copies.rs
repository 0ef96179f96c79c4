//! The copies of a message beside those of others: their order, and one for a group that shares.

use super::delivered::Delivered;
use super::judged::Judged;
use super::publications::row;
use super::traffic::Traffic;
use crate::auditor::{Conn, Point};
use mqtt_assay_codec::{QoS, Version};
use std::rc::Rc;

impl Traffic {
    /// One member of a group gets a message.
    pub(super) fn judge_share(
        &mut self,
        conn: Conn,
        session_number: usize,
        number: usize,
        by: &[usize],
        judged: &mut Judged,
    ) {
        let session = &self.sessions[session_number];
        let (Some(&only), 1) = (by.first(), session.count(by)) else { return };
        let subscription = &session.subscriptions[only];
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
    pub(super) fn judge_order(
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

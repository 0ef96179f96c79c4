//! What clients subscribe and unsubscribe: from when to when each subscription may be there, and certainly is.

use super::sessions::{Asked, Question};
use super::subscriptions::Subscription;
use super::traffic::Traffic;
use crate::auditor::{Conn, Moment};
use mqtt_assay_codec::{ReasonCode, Suback, Subscribe, Unsuback, Unsubscribe, Version};
use std::collections::BTreeMap;

impl Traffic {
    pub(super) fn subscribes(&mut self, conn: Conn, moment: Moment, subscribe: &Subscribe<'_>) {
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
                // Nothing says that the options of a share's second SUBSCRIBE take the place of the first's (4.8.2).
                if old.is_shared() && version == Version::V5 {
                    continue;
                }
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

    pub(super) fn unsubscribes(&mut self, conn: Conn, moment: Moment, unsubscribe: &Unsubscribe<'_>) {
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

    pub(super) fn grants(&mut self, conn: Conn, moment: Moment, suback: &Suback<'_>) {
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

    pub(super) fn removes(&mut self, conn: Conn, moment: Moment, unsuback: &Unsuback<'_>) {
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
}

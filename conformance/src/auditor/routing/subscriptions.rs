//! The subscriptions of a session, from when to when each of them may be there, and from when to when it certainly is.

use super::explain::Shown;
use super::publications::Publication;
use super::topics::{matches, shared_part};
use crate::auditor::{Conn, Moment};
use mqtt_assay_codec::{QoS, RetainHandling, SubscriptionOptions, Version};
use std::collections::BTreeMap;
use std::rc::Rc;

/// One topic filter of one SUBSCRIBE.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    /// As written.
    pub(super) filter: Rc<str>,
    pub(super) version: Version,
    pub(super) options: SubscriptionOptions,
    pub(super) identifier: Option<u32>,
    pub(super) conn: Conn,
    pub(super) asked: Moment,
    /// The QoS that may have been granted, by its number. An order of codes is not relied on.
    pub(super) granted: [bool; 3],
    /// SUBACK came.
    pub(super) is_answered: bool,
    /// It is certain from then on.
    pub(super) stands: Option<Moment>,
    /// It may be gone from then on.
    pub(super) ending: Option<u64>,
    /// Nothing that is published later comes by it.
    pub(super) gone: Option<u64>,
    /// Another one for the same filter took its place, or may have.
    pub(super) is_replaced: bool,
    /// What deliveries have shown of it since then.
    pub(super) shown: Option<Shown>,
    /// The same filter was certainly subscribed before.
    pub(super) had_stood: bool,
    /// By topic the retained message that came by it, and how often.
    pub(super) brought: BTreeMap<Rc<str>, (usize, u32)>,
}

impl Subscription {
    pub(super) fn matches(&self, topic: &str) -> bool {
        match (shared_part(&self.filter), self.version) {
            (None, _) => matches(&self.filter, topic),
            (Some(shared), Version::V5) => matches(shared, topic),
            // A name like any other in 3.1.1, and yet there are brokers that share by it.
            (Some(shared), _) => matches(shared, topic) || matches(&self.filter, topic),
        }
    }

    /// It may be a shared one.
    pub(super) fn is_shared(&self) -> bool {
        shared_part(&self.filter).is_some()
    }

    /// Whether a message published at `written` may come by it.
    pub(super) fn may_bring(&self, written: u64) -> bool {
        self.gone.is_none_or(|gone| written < gone)
    }

    /// Whether it keeps a message of this session from the client that published it. Whose connection publishes a will, its
    /// client's or nobody's, no sentence says.
    pub(super) fn withholds(&self, publication: &Publication, session: usize) -> bool {
        self.options.no_local && publication.session == session && !publication.is_will
    }

    /// Whether it was certainly there when this was written.
    pub(super) fn stood(&self, written: u64) -> bool {
        self.stands.is_some_and(|stands| stands.seq < written)
    }

    /// Whether a message published at `written` certainly comes by it, and before what is published later. Each of several
    /// subscriptions may bring its own copy, some sooner than others.
    pub(super) fn carries(&self, written: u64) -> bool {
        self.stood(written) && !self.is_shared() && self.certain_qos().is_some_and(|qos| qos > 0)
    }

    /// Every QoS at which a message of this one may come by it.
    pub(super) fn qos_for(&self, published: QoS) -> impl Iterator<Item = u8> + '_ {
        (0..3_u8).filter(|&qos| self.granted[usize::from(qos)]).map(move |granted| granted.min(published as u8))
    }

    /// The one QoS that was granted, where that is certain.
    pub(super) fn certain_qos(&self) -> Option<u8> {
        let mut granted = (0..3_u8).filter(|&qos| self.granted[usize::from(qos)]);
        let one = granted.next()?;
        (self.is_answered && granted.next().is_none()).then_some(one)
    }

    /// Whether its SUBSCRIBE asks for retained messages.
    pub(super) fn asks_for_retained(&self) -> Result<(), Unasked> {
        match self.options.retain_handling {
            _ if self.is_shared() && self.version == Version::V5 => Err(Unasked::Shared),
            RetainHandling::DoNotSend => Err(Unasked::Never),
            RetainHandling::SendIfNew if self.had_stood => Err(Unasked::NotNew),
            _ => Ok(()),
        }
    }

    /// The codes of its SUBACK came; `has_failed`: one of them refuses.
    pub(super) fn answered(&mut self, codes: &[u8], has_failed: bool, moment: Moment) {
        self.is_answered = true;
        self.granted = [0, 1, 2].map(|qos| codes.contains(&qos));
        if !has_failed {
            self.stands.get_or_insert(moment);
        }
    }

    /// It may be removed from here on.
    pub(super) fn may_end(&mut self, seq: u64) {
        self.ending.get_or_insert(seq);
    }

    /// What removes it is answered. Where its own SUBSCRIBE is not yet, that one may be the later of the two.
    pub(super) fn is_removed(&mut self, seq: u64) {
        if self.is_answered {
            self.is_gone(seq);
        }
    }

    /// It is not there.
    pub(super) fn is_gone(&mut self, seq: u64) {
        self.may_end(seq);
        self.gone.get_or_insert(seq);
    }
}

/// Why a SUBSCRIBE brings no retained messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unasked {
    Shared,
    Never,
    NotNew,
}

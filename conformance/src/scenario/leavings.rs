//! What cases make on the broker and must remove: sessions and retained messages; and what of it may be left behind.

use super::context::CaseContext;
use crate::link::Link;
use mqtt_assay_codec::Version;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::{Rc, Weak};

/// What a case has made on the broker and has not removed yet.
#[derive(Default)]
pub(super) struct Left {
    /// By client identifier: the connections that may have made the session.
    sessions: BTreeMap<String, Vec<Rc<Link>>>,
    retained: BTreeSet<String>,
}

impl Left {
    /// A CONNECT that asks for a session that outlives this connection is on its way.
    pub(super) fn session(&mut self, client_id: String, link: &Rc<Link>) {
        self.sessions.entry(client_id).or_default().push(Rc::clone(link));
    }

    /// A retained message is on its way.
    pub(super) fn retained(&mut self, topic: &str) {
        self.retained.insert(topic.to_owned());
    }

    /// Client identifiers whose sessions the broker may have: none where it has ended every connection without accepting
    /// it.
    pub(super) fn sessions(&self) -> Vec<String> {
        let may_be = |link: &Rc<Link>| link.accepted_line().is_some() || !link.was_ended_by_broker();
        let known = self.sessions.iter().filter(|(_, links)| links.iter().any(may_be));
        known.map(|(client_id, _)| client_id.clone()).collect()
    }

    /// Topics of retained messages.
    pub(super) fn topics(&self) -> Vec<String> {
        self.retained.iter().cloned().collect()
    }

    /// The version that the session was made in, the last one where there were two.
    pub(super) fn version_of_session(&self, client_id: &str) -> Option<Version> {
        self.sessions.get(client_id)?.last().map(|link| link.version)
    }

    pub(super) fn removed_session(&mut self, client_id: &str) {
        self.sessions.remove(client_id);
    }

    pub(super) fn removed_retained(&mut self, topic: &str) {
        self.retained.remove(topic);
    }
}

/// What kind of thing is left on a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A session.
    Session,
    /// A retained message.
    Retained,
}

/// Something that a case made on the broker and that could not be removed, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeftBehind {
    /// What it is.
    pub kind: Kind,
    /// The client identifier of the session, or the topic of the message.
    pub name: String,
    /// Id of the case that made it.
    pub case: String,
}

/// The cases of a run that have begun and are not cleaned up after, and what those before them have left behind.
#[derive(Default)]
pub(crate) struct Leavings {
    under_way: RefCell<Vec<Rc<CaseContext>>>,
    left_behind: RefCell<Vec<LeftBehind>>,
}

impl std::fmt::Debug for Leavings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} cases under way", self.under_way.borrow().len())
    }
}

impl Leavings {
    /// A case begins.
    pub(super) fn begin(&self, context: &Rc<CaseContext>) {
        self.under_way.borrow_mut().push(Rc::clone(context));
    }

    /// A case has been cleaned up after, as far as that was possible. A case knows its run, and doesn't keep it.
    pub(super) fn end(this: &Weak<Self>, context: &CaseContext) {
        let Some(this) = this.upgrade() else { return };
        this.left_behind.borrow_mut().extend(of_case(context));
        this.under_way.borrow_mut().retain(|other| !std::ptr::eq(Rc::as_ptr(other), context));
    }

    /// The cases that have begun and are not cleaned up after.
    pub(crate) fn under_way(&self) -> Vec<Rc<CaseContext>> {
        self.under_way.borrow().clone()
    }

    /// All that may be left, in order.
    pub(crate) fn left_behind(&self) -> Vec<LeftBehind> {
        let mut all = self.left_behind.borrow().clone();
        all.extend(self.under_way.borrow().iter().flat_map(|context| of_case(context)));
        all.sort();
        all.dedup();
        all
    }
}

fn of_case(context: &CaseContext) -> Vec<LeftBehind> {
    let case = || context.brief().id.clone();
    let left = context.left.borrow();
    let sessions = left.sessions().into_iter().map(|name| LeftBehind { kind: Kind::Session, name, case: case() });
    let retained = left.topics().into_iter().map(|name| LeftBehind { kind: Kind::Retained, name, case: case() });
    sessions.chain(retained).collect()
}

//! A broker that does not survive what a client sends: it crashes and is started again, or lives and answers nobody.

use mqtt_assay_codec::{Rule, Subscribe};

use crate::event::{Closing, ConnectionId, Effect};
use crate::faults::Fault;
use crate::machine::Machine;

/// How many levels of a topic filter are too many for a broker that falls silent.
const DEEP: usize = 1000;

impl Machine {
    /// Whether bytes that break this rule are the end of the broker.
    pub(crate) fn dies_of(&mut self, rule: Rule) -> bool {
        let dies = rule == Rule::TopicNameWildcard && self.fault(Fault::DiesOfWildcardTopic);
        if dies {
            self.crash();
        }
        dies
    }

    /// All connections end at once, and nothing is remembered: what comes next is a broker that was just started.
    pub(crate) fn crash(&mut self) {
        let open: Vec<ConnectionId> = self.connections.keys().copied().collect();
        let (now, settings) = (self.now, self.settings.clone());
        *self = Self { now, ..Self::new(settings) };
        self.effects.extend(open.into_iter().map(|id| Effect::Close(id, Closing::Reset)));
    }

    /// Whether this SUBSCRIBE is the last thing that the broker takes in.
    pub(crate) fn falls_silent_at(&mut self, subscribe: &Subscribe<'_>) -> bool {
        let is_deep = |filter: &str| filter.matches('/').count() > DEEP;
        let falls =
            subscribe.filters.iter().any(|(filter, _)| is_deep(filter)) && self.fault(Fault::FallsSilentAtDeepFilter);
        self.faulty.is_silent |= falls;
        falls
    }
}

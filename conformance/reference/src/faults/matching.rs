//! Which topics a filter matches, by mistake.

use mqtt_assay_codec::{split_shared, topic_matches};

use super::Fault;
use crate::delivery::matching::Matching;
use crate::machine::Machine;
use crate::state::ClientId;
use crate::state::message::Message;
use crate::state::subscriptions::Subscription;

impl Machine {
    /// As [`Machine::subscriptions_for`], each subscription held against the topic, since a fault may match what is not to
    /// be found among those that do.
    pub(crate) fn subscriptions_by_fault(&self, topic: &str) -> Matching<'_> {
        let sessions = self.sessions.values().map(|session| {
            let mut held = session.subscriptions.in_order();
            let meant = held.iter().filter(|subscription| topic_matches(topic_filter(subscription), topic)).count();
            held.retain(|subscription| {
                let _way = self.on_held(session, subscription, meant > 1);
                self.matches(topic_filter(subscription), topic)
            });
            (session, held)
        });
        sessions.filter(|(_, held)| !held.is_empty()).collect()
    }

    /// Whether a retained message belongs to a subscription, which is `held` under its full filter.
    pub(crate) fn matches_retained(&self, client_id: &ClientId, held: &str, filter: &str, message: &Message) -> bool {
        let _way = self.on_retained(client_id, held, message);
        self.matches(filter, &message.topic)
    }

    /// As [`Machine::matches`], each fault with its own mistake.
    pub(crate) fn matches_by_fault(&self, filter: &str, topic: &str) -> bool {
        if topic.starts_with('$') {
            return self.matches_dollar(filter, topic);
        }
        let matches = topic_matches(filter, topic);
        if !matches
            && topic_matches(&filter.to_lowercase(), &topic.to_lowercase())
            && self.fault(Fault::CaseInsensitive)
        {
            return true;
        }
        if filter.strip_suffix("/#").is_some_and(|parent| topic_matches(parent, topic))
            && self.fault(Fault::HashExcludesParent)
        {
            return false;
        }
        if matches && plus_takes_nothing(filter, topic) && self.fault(Fault::PlusNeedsText) {
            return false;
        }
        if let Some(parent) = filter.strip_suffix('+')
            && !matches
            && topic_matches(&format!("{parent}#"), topic)
            && self.fault(Fault::PlusMatchesSeveral)
        {
            return topic.split('/').count() >= filter.split('/').count();
        }
        let is_long = topic.len() > 1000 || topic.split('/').count() > 10;
        if matches && is_long && self.fault(Fault::LosesLongTopics) {
            return false;
        }
        matches || topic.starts_with(filter) && self.fault(Fault::DeliversByPrefix)
    }

    /// What clients publish to topics that start with `$` comes to nobody but by one of two faults.
    fn matches_dollar(&self, filter: &str, topic: &str) -> bool {
        if filter.starts_with(['#', '+']) {
            let would_match = topic_matches(&format!("x/{filter}"), &format!("x/{topic}"));
            return would_match && self.fault(Fault::WildcardMatchesDollar);
        }
        topic_matches(filter, topic) && self.fault(Fault::ExchangesDollarTopics)
    }
}

/// What a subscription says of topics, without what belongs to a share.
fn topic_filter(subscription: &Subscription) -> &str {
    match split_shared(&subscription.filter) {
        Some((_, topic_filter)) if subscription.shared => topic_filter,
        _ => &subscription.filter,
    }
}

/// Whether a `+` stands where the topic has an empty level.
fn plus_takes_nothing(filter: &str, topic: &str) -> bool {
    filter.split('/').zip(topic.split('/')).any(|(wanted, level)| wanted == "+" && level.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::FaultSet;
    use crate::settings::Settings;

    #[test]
    fn each_fault_errs_in_its_own_way() {
        for (fault, filter, topic, wrong) in [
            (Fault::WildcardMatchesDollar, "#", "$SYS/a", true),
            (Fault::WildcardMatchesDollar, "+/a", "$SYS/a", true),
            (Fault::CaseInsensitive, "a/B", "A/b", true),
            (Fault::HashExcludesParent, "a/#", "a", false),
            (Fault::PlusNeedsText, "a/+", "a/", false),
            (Fault::PlusMatchesSeveral, "a/+", "a/b/c", true),
            (Fault::DeliversByPrefix, "a/b", "a/b/c", true),
            (Fault::LosesLongTopics, "a/#", "a/2/3/4/5/6/7/8/9/10/11", false),
        ] {
            let machine = Machine::new(Settings { faults: FaultSet::from(fault), ..Settings::default() });
            assert_eq!(machine.matches(filter, topic), wrong, "{} {filter} {topic}", fault.name());
            assert_eq!(topic_matches(filter, topic), !wrong, "{filter} {topic}");
            assert!(machine.matches("x/+/#", "x/y/z"), "{}", fault.name());
        }
    }
}

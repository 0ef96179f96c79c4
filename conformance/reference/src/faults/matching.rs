//! Which topics a filter matches, by mistake.

use mqtt_assay_codec::{split_shared, topic_matches};

use super::Fault;
use crate::delivery::matching::Matching;
use crate::machine::Machine;
use crate::state::ClientId;
use crate::state::message::Message;

impl Machine {
    /// As [`Machine::subscriptions_for`], each subscription held against the topic, since a fault may match what is not to
    /// be found among those that do.
    pub(crate) fn subscriptions_by_fault(&self, topic: &str) -> Matching<'_> {
        let sessions = self.sessions.values().map(|session| {
            let mut held = session.subscriptions.in_order();
            held.retain(|subscription| {
                let _way = self.on_subscriptions(session, &[*subscription], false);
                match split_shared(&subscription.filter) {
                    Some((_, topic_filter)) if subscription.shared => self.matches(topic_filter, topic),
                    _ => !subscription.shared && self.matches(&subscription.filter, topic),
                }
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
        if topic.starts_with('$') && filter.starts_with(['#', '+']) && self.fault(Fault::WildcardMatchesDollar) {
            return filter.starts_with(['#', '+']) && topic_matches(&format!("x/{filter}"), &format!("x/{topic}"));
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

//! What a broker has not: by its own word in CONNACK, or as the control has seen. Cases that need it are *not offered* in the
//! one case; in the other one case fails by it, and the rest that need it are *not exercised*.

use crate::scenario::pattern::properties;
use crate::scenario::{Instance, Stop};
use mqtt_assay_codec::{Packet, Property};

/// What a broker has not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    lacking: Vec<Lack>,
}

/// One feature that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lack {
    feature: &'static str,
    why: String,
    /// The name of the case that judges it; nothing where the broker has said so itself.
    judged_by: Option<&'static str>,
}

impl Offer {
    /// What a CONNACK states.
    pub(super) fn of_connack(packet: &Packet<'_>) -> Self {
        let lacking = properties(packet).into_iter().filter_map(|property| {
            let (feature, why) = (lacking(&property)?, format!("CONNACK: {property:?}"));
            Some(Lack { feature, why, judged_by: None })
        });
        let mut lacking: Vec<Lack> = lacking.collect();
        if packet.properties().topic_alias_maximum().unwrap_or(0) == 0 {
            let why = "CONNACK: no Topic Alias Maximum above 0".to_owned();
            lacking.push(Lack { feature: "topic-alias", why, judged_by: None });
        }
        Self { lacking }
    }

    /// Adds what was seen to be missing, though the broker doesn't say so.
    pub(super) fn misses(&mut self, feature: &'static str, why: &str, judged_by: &'static str) {
        if self.lack(feature).is_none() {
            self.lacking.push(Lack { feature, why: why.to_owned(), judged_by: Some(judged_by) });
        }
    }

    /// Adds what the same broker states in 5.0, where it can. 3.1.1 has no means to.
    pub(super) fn adopt(&mut self, stated_in_5: &Self) {
        for Lack { feature, why, judged_by } in &stated_in_5.lacking {
            let is_of_both = matches!(*feature, "qos2" | "retain" | "wildcard");
            if is_of_both && judged_by.is_none() {
                self.lacking.retain(|known| known.feature != *feature);
                let why = format!("stated in MQTT 5, {why}");
                self.lacking.push(Lack { feature, why, judged_by: None });
            }
        }
    }

    /// Whether the broker says by itself that a feature is not there.
    pub(super) fn states_lack(&self, feature: &str) -> bool {
        self.lack(feature).is_some_and(|lack| lack.judged_by.is_none())
    }

    /// What a case comes to without a feature that it needs.
    pub(super) fn stops(&self, instance: &Instance) -> Option<Stop> {
        let lack = instance.case.needs.iter().find_map(|need| self.lack(need))?;
        let name = format!("{}/{}", instance.chapter, instance.case.name());
        match lack.judged_by {
            None => Some(Stop::NotOffered(lack.why.clone())),
            Some(home) if name == home => None,
            Some(home) => Some(Stop::NotExercised(format!("{}; {}/{home} judges that", lack.why, instance.version))),
        }
    }

    fn lack(&self, feature: &str) -> Option<&Lack> {
        self.lacking.iter().find(|lack| lack.feature == feature)
    }
}

fn lacking(property: &Property<'_>) -> Option<&'static str> {
    match property {
        Property::MaximumQoS(_) => Some("qos2"),
        Property::RetainAvailable(0) => Some("retain"),
        Property::WildcardSubscriptionAvailable(0) => Some("wildcard"),
        Property::SubscriptionIdentifierAvailable(0) => Some("subscription-identifiers"),
        Property::SharedSubscriptionAvailable(0) => Some("shared-subscriptions"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::Version;

    fn stated(feature: &'static str) -> Offer {
        Offer { lacking: vec![Lack { feature, why: "CONNACK".to_owned(), judged_by: None }] }
    }

    fn case(id: &str) -> Instance {
        crate::cases::all().find(|instance| instance.id() == id).expect(id)
    }

    #[test]
    fn what_is_stated_is_not_offered_and_what_is_missing_fails_in_one_case() {
        let mut seen = Offer::default();
        seen.misses("qos2", "no PUBREC", "qos/qos2-handshake");
        let other = case("3.1.1/qos/qos2-resent-is-delivered-once");
        assert_eq!(seen.stops(&case("3.1.1/qos/qos2-handshake")), None);
        let why = "no PUBREC; 3.1.1/qos/qos2-handshake judges that".to_owned();
        assert_eq!(seen.stops(&other), Some(Stop::NotExercised(why)));
        assert!(!seen.states_lack("qos2"));
        seen.adopt(&stated("qos2"));
        assert_eq!(seen.stops(&other), Some(Stop::NotOffered("stated in MQTT 5, CONNACK".to_owned())));
        assert_eq!(seen.stops(&case("3.1.1/publish/delivered-unchanged")), None);
    }

    #[test]
    fn what_only_5_0_has_is_not_taken_over() {
        let mut old = Offer::default();
        old.adopt(&stated("shared-subscriptions"));
        assert_eq!(old, Offer::default());
    }

    #[test]
    fn the_cases_that_judge_what_is_missing_are_there() {
        for (feature, home) in super::super::control::JUDGED_BY {
            for version in [Version::V3_1_1, Version::V5] {
                assert!(case(&format!("{version}/{home}")).case.needs.contains(&feature), "{home}");
            }
        }
    }
}

//! Which rule each look at a message decides, by the way on which it came.

use super::due::{Due, IDENTIFIER};
use super::row::{Connection, Limits, Load, Options, Path, Row, Size, Subscription, Topic};
use crate::scenario::pattern::Pattern;
use crate::scenario::{StepRules, rule};
use mqtt_assay_codec::{QoS, Version};

/// One thing that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aspect {
    /// It comes.
    Comes,
    /// It does not come.
    StaysAway,
    /// It comes on the topic that it was published on.
    Topic,
    /// Its payload is whole.
    Payload,
    /// Several come in the order in which they were published.
    Order,
    /// Its QoS is neither above that of the publication nor above that of the subscription.
    QosAtMost,
    /// Its QoS is one of the two.
    Qos,
    /// Of overlapping subscriptions the highest QoS counts.
    HighestQos,
    Retain,
    Dup,
    /// It was sent before under the same packet identifier.
    PacketId,
    Format,
    Expiry,
    /// A will has an expiry interval at all.
    WillExpiry,
    ContentType,
    Response,
    Correlation,
    UserProperties,
    UserOrder,
    Identifier,
    NoOtherIdentifier,
    /// What is due by the subscription that was replaced does not count any more.
    Replaced,
}

impl Row {
    /// What is looked at in this version, in that order.
    pub(super) fn aspects(&self, version: Version) -> Vec<Aspect> {
        let due = self.due(version);
        if !due.comes {
            return vec![Aspect::StaysAway];
        }
        let certain: &[Aspect] = if self.may_be_lost() { &[] } else { &[Aspect::Comes] };
        let mut aspects = certain.to_vec();
        aspects.extend((self.topic != Topic::Usual).then_some(Aspect::Topic));
        aspects.extend((self.size == Size::TwentyKib).then_some(Aspect::Payload));
        aspects.extend(self.is_replaced_in_earnest().then_some(Aspect::Replaced));
        let exact = if self.subscription == Subscription::Overlapping { Aspect::HighestQos } else { Aspect::Qos };
        aspects.extend([Aspect::QosAtMost, exact, Aspect::Retain, Aspect::Dup]);
        aspects.extend((self.path == Path::Again).then_some(Aspect::PacketId));
        aspects.extend(self.of_properties(due));
        aspects.extend(self.is_ordered().then_some(Aspect::Order));
        aspects
    }

    fn of_properties(&self, due: Due) -> Vec<Aspect> {
        let has = |content| due.properties == content || due.properties == Load::All;
        let is_will = self.is_will();
        let table: [(bool, &[Aspect]); 7] = [
            // 0 says as much as no indicator at all.
            (has(Load::Format) && self.size != Size::Binary, &[Aspect::Format]),
            (has(Load::Expiry) && is_will, &[Aspect::WillExpiry]),
            (has(Load::Expiry), &[Aspect::Expiry]),
            (has(Load::OfType), &[Aspect::ContentType]),
            (has(Load::Request), &[Aspect::Response, Aspect::Correlation]),
            (has(Load::User), &[Aspect::UserProperties, Aspect::UserOrder]),
            (due.identifier, &[Aspect::Identifier, Aspect::NoOtherIdentifier]),
        ];
        table.into_iter().filter(|(is_there, _)| *is_there).flat_map(|(_, aspects)| aspects).copied().collect()
    }

    /// Whether what is due would be another thing by the subscription that was replaced.
    fn differs_by_replacement(&self) -> bool {
        match self.subscription {
            Subscription::Upwards | Subscription::Downwards => {
                self.asked_before().is_some_and(|before| self.due_qos(before) != self.due_qos(self.asked()))
            }
            Subscription::Replaced => self.sets_retain() || self.is_numbered(),
            _ => false,
        }
    }

    /// Whether a difference is laid to the subscription that was there before: on the way of live messages, where another
    /// subscription of the same kind shows first that it is the replacement alone.
    pub(super) fn is_replaced_in_earnest(&self) -> bool {
        self.path == Path::Live && self.differs_by_replacement()
    }

    /// Whether a difference might have two causes, of which the path is one: it leaves the case inconclusive.
    pub(super) fn is_open(&self, aspect: Aspect) -> bool {
        match aspect {
            // A copy for each subscription at its own QoS: the path may be what is wrong with the highest.
            Aspect::HighestQos => self.is_will() || self.is_retained(),
            // The copy for the lower subscription before may have waited, and may not.
            Aspect::Comes => self.is_retained() && self.subscription == Subscription::Upwards,
            // The copy for the subscription before, once more.
            Aspect::Dup if self.is_retained() && self.asked_before().is_some() => true,
            _ => self.is_open_by_replacement(aspect),
        }
    }

    fn is_open_by_replacement(&self, aspect: Aspect) -> bool {
        let is_concerned = match self.subscription {
            Subscription::Replaced => {
                matches!(aspect, Aspect::Retain | Aspect::Identifier | Aspect::NoOtherIdentifier)
            }
            _ => matches!(aspect, Aspect::QosAtMost | Aspect::Qos),
        };
        is_concerned && self.path != Path::Live && self.differs_by_replacement()
    }

    /// What the new subscription brings, and the old one would not.
    pub(super) fn replacement(&self, pattern: Pattern, qos: QoS, due: Due) -> Pattern {
        match self.subscription {
            Subscription::Replaced if due.identifier => pattern.identifiers(&[IDENTIFIER]),
            Subscription::Replaced => pattern.retain(due.retain),
            _ => pattern.qos(qos),
        }
    }

    /// The rule that a look decides; in a version without one it is a part of the set-up.
    pub(super) fn rule(&self, aspect: Aspect) -> StepRules {
        match aspect {
            Aspect::Comes => self.delivery(),
            Aspect::StaysAway => self.absence(),
            Aspect::Topic => rule!(v311 "MQTT-4.7.3-4", v5 "MQTT-4.7.3-4"),
            Aspect::Payload => rule!(v311 "MQTT-4.5.0-1", v5 "MQTT-4.5.0-1"),
            Aspect::Order => rule!(v311 "MQTT-4.6.0-6", v5 "MQTT-4.6.0-6"),
            Aspect::QosAtMost | Aspect::Qos if self.is_shared() && self.published() >= self.asked() => {
                rule!(v5 "MQTT-4.8.2-3")
            }
            Aspect::Qos if self.is_will() => rule!(v311 "MQTT-3.1.2-9", v5 "MQTT-3.8.4-8"),
            Aspect::QosAtMost | Aspect::Qos => rule!(v311 "MQTT-3.8.4-6", v5 "MQTT-3.8.4-8"),
            Aspect::HighestQos => rule!(v311 "MQTT-3.3.5-1", v5 "MQTT-3.3.4-2"),
            Aspect::Retain if self.is_retained() => rule!(v311 "MQTT-3.3.1-8", v5 "U5-120"),
            Aspect::Retain if self.options == Options::AsPublished => {
                rule!(v311 "MQTT-3.3.1-9", v5 "MQTT-3.3.1-13")
            }
            Aspect::Retain => rule!(v311 "MQTT-3.3.1-9", v5 "MQTT-3.3.1-12"),
            Aspect::Dup if self.path == Path::Again => rule!(v311 "MQTT-3.3.1-1", v5 "MQTT-3.3.1-1"),
            Aspect::Dup => rule!(v311 "MQTT-3.3.1-3", v5 "MQTT-3.3.1-3"),
            Aspect::PacketId => rule!(v311 "MQTT-2.3.1-4", v5 "MQTT-4.4.0-1"),
            Aspect::Replaced if self.is_numbered() && self.subscription == Subscription::Replaced => rule!(v5 "U5-170"),
            Aspect::Replaced => rule!(v311 "MQTT-3.8.4-3", v5 "MQTT-3.8.4-3"),
            of_properties => self.property_rule(of_properties),
        }
    }

    fn property_rule(&self, aspect: Aspect) -> StepRules {
        match aspect {
            Aspect::Format => rule!(v5 "MQTT-3.3.2-4"),
            Aspect::Expiry => rule!(v5 "MQTT-3.3.2-6"),
            Aspect::WillExpiry => rule!(v5 "U5-072"),
            Aspect::ContentType => rule!(v5 "MQTT-3.3.2-20"),
            Aspect::Response => rule!(v5 "MQTT-3.3.2-15"),
            Aspect::Correlation => rule!(v5 "MQTT-3.3.2-16"),
            Aspect::UserProperties => rule!(v5 "MQTT-3.3.2-17"),
            Aspect::UserOrder if self.is_will() => rule!(v5 "MQTT-3.1.3-10"),
            Aspect::UserOrder => rule!(v5 "MQTT-3.3.2-18"),
            Aspect::Identifier => rule!(v5 "MQTT-3.3.4-3"),
            _ => rule!(v5 "U5-138"),
        }
    }

    fn delivery(&self) -> StepRules {
        match self.path {
            Path::Live | Path::Queued | Path::Shared => rule!(v311 "MQTT-4.5.0-1", v5 "MQTT-4.5.0-1"),
            Path::Again => rule!(v311 "MQTT-4.4.0-1", v5 "MQTT-4.4.0-1"),
            Path::Will => rule!(v311 "MQTT-3.1.2-8", v5 "MQTT-3.1.2-8"),
            Path::Retained | Path::RetainedWill if self.options == Options::Handling1 => {
                rule!(v311 "MQTT-3.3.1-6", v5 "MQTT-3.3.1-10")
            }
            Path::Retained | Path::RetainedWill if self.is_replaced() => {
                rule!(v311 "MQTT-3.8.4-3", v5 "MQTT-3.8.4-4")
            }
            Path::Retained | Path::RetainedWill => rule!(v311 "MQTT-3.3.1-6", v5 "MQTT-3.3.1-9"),
        }
    }

    fn absence(&self) -> StepRules {
        match self.options {
            _ if self.is_unmatched() => rule!(v311 "MQTT-3.3.2-3", v5 "MQTT-3.3.2-3"),
            _ if self.limits == Limits::PacketSize && self.is_large() => rule!(v5 "MQTT-3.1.2-24"),
            Options::NoLocal => rule!(v5 "MQTT-3.8.3-3"),
            Options::Handling1 => rule!(v5 "MQTT-3.3.1-10"),
            _ => rule!(v5 "MQTT-3.3.1-11"),
        }
    }

    /// What the scene needs of a broker.
    pub(super) fn needs(&self) -> Vec<&'static str> {
        let qos = [self.published(), self.asked(), self.asked_before().unwrap_or_default()];
        let table = [
            ("qos2", qos.contains(&QoS::ExactlyOnce)),
            ("retain", self.is_retained() || self.sets_retain()),
            ("will", self.is_will() || self.bears_a_will()),
            ("wildcard", self.has_wildcard()),
            ("shared-subscriptions", self.is_shared()),
            ("subscription-identifiers", self.is_numbered()),
        ];
        table.into_iter().filter(|(_, is_needed)| *is_needed).map(|(need, _)| need).collect()
    }

    /// Whether the receiver's will tells that the broker knows of its loss.
    pub(super) fn bears_a_will(&self) -> bool {
        self.connection == Connection::Lost && self.path == Path::Queued
    }

    /// Whether subscription identifiers are sent.
    pub(super) fn is_numbered(&self) -> bool {
        self.options == Options::Identifier
    }

    /// The QoS of the subscription that is replaced.
    pub(super) fn asked_before(&self) -> Option<QoS> {
        match self.subscription {
            Subscription::Upwards => Some(QoS::AtMostOnce),
            Subscription::Downwards => Some(QoS::ExactlyOnce),
            Subscription::Replaced | Subscription::Anew => Some(self.asked()),
            _ => None,
        }
    }
}

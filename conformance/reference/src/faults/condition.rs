//! Conditions of a fault: the ways on which it strikes, by name.

use mqtt_assay_codec::QoS;

use super::way::{Path, Shape, Way};

macro_rules! conditions {
    ($($variant:ident $name:literal $says:literal;)*) => {
        /// A way on which a fault strikes; elsewhere the broker keeps the rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Condition {
            $(#[doc = $says] $variant,)*
            /// From the event of its kind on that follows so many: deliveries to one client on one path, packets of one type
            /// on one connection, connections of one session.
            After(u32),
            /// Where the payload, or the packet if it is no message, has more bytes than these.
            Above(u32),
            /// Where the packet identifier is higher.
            IdentifierAbove(u16),
        }

        impl Condition {
            /// One of each kind, those with a number with the one that the proof uses.
            pub const ALL: &'static [Self] = &[
                $(Self::$variant,)*
                Self::After(10), Self::Above(200), Self::IdentifierAbove(32_767),
            ];

            /// Stable name, as it stands behind the `@`.
            pub fn name(self) -> String {
                match self {
                    $(Self::$variant => $name.to_owned(),)*
                    Self::After(events) => format!("after:{events}"),
                    Self::Above(bytes) => format!("above:{bytes}"),
                    Self::IdentifierAbove(identifier) => format!("identifier-above:{identifier}"),
                }
            }

            /// When it holds, in a few words.
            pub fn says(self) -> String {
                match self {
                    $(Self::$variant => $says.trim_end_matches('.').to_owned(),)*
                    Self::After(events) => format!(
                        "Only after {events} events of its kind: deliveries to one client on one path, packets of one type on one connection, connections of one session"
                    ),
                    Self::Above(bytes) => format!("Only where the payload, or the packet if it is no message, has more than {bytes} bytes"),
                    Self::IdentifierAbove(identifier) => format!("Only where the packet identifier is above {identifier}"),
                }
            }
        }
    };
}

conditions! {
    Live "live" "Only for a message that goes to a connected client as it comes.";
    Retained "retained" "Only for a retained message that was published by a client.";
    Queued "queued" "Only for a message that waits for a client that isn't connected.";
    SentAgain "sent-again" "Only for what is sent again.";
    Will "will" "Only for a will, where it isn't the retained one.";
    RetainedWill "retained-will" "Only for a will that is retained.";
    Shared "shared" "Only for a shared subscription.";
    Fresh "fresh" "Only on a connection that resumes no session.";
    Resumed "resumed" "Only on a connection that resumes a session.";
    SecondTime "second-time" "Only from the second resumption of a session on.";
    ThirdTime "third-time" "Only from the third resumption of a session on.";
    TakenOver "taken-over" "Only on a connection that takes a session over.";
    TakenOverClean "taken-over-clean" "Only on a connection that ends another one of its client with a clean start.";
    Exact "exact" "Only for a topic filter without wildcards.";
    Plus "plus" "Only for a topic filter with + and without #.";
    Hash "hash" "Only for a topic filter with # and without +.";
    PlusAndHash "plus-and-hash" "Only for a topic filter with + and #.";
    Wildcard "wildcard" "Only for a topic filter with a wildcard.";
    OneOfSeveral "one-of-several" "Only for topic filters that came with others in one packet.";
    Replaced "replaced" "Only for a subscription that takes the place of another one.";
    Overlapping "overlapping" "Only where several subscriptions of one client match.";
    Qos0 "qos0" "Only at QoS 0.";
    Qos1 "qos1" "Only at QoS 1.";
    Qos2 "qos2" "Only at QoS 2.";
    Lowered "lowered" "Only where a message is delivered at a lower QoS than it was published at.";
    OtherVersion "other-version" "Only where publisher and subscriber speak different versions of MQTT.";
}

impl Condition {
    /// The condition of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.split_once(':') {
            Some(("after", events)) => events.parse().ok().map(Self::After),
            Some(("above", bytes)) => bytes.parse().ok().map(Self::Above),
            Some(("identifier-above", identifier)) => identifier.parse().ok().map(Self::IdentifierAbove),
            Some(_) => None,
            None => Self::ALL.iter().copied().find(|condition| condition.name() == name),
        }
    }

    /// Whether a way is one of those that are meant.
    pub(crate) fn holds(self, way: &Way) -> bool {
        match self {
            Self::Live => way.path == Some(Path::Live) && !way.is_will && !way.sent_again,
            Self::Retained => way.path == Some(Path::Retained) && !way.is_will,
            Self::Queued => way.path == Some(Path::Queued),
            Self::SentAgain => way.sent_again,
            Self::Will => way.is_will && way.path != Some(Path::Retained),
            Self::RetainedWill => way.is_will && way.path.map_or(way.retains, |path| path == Path::Retained),
            Self::Shared => way.shared,
            Self::Fresh => way.resumed == Some(0),
            Self::Resumed => way.resumed.is_some_and(|times| times >= 1),
            Self::SecondTime => way.resumed.is_some_and(|times| times >= 2),
            Self::ThirdTime => way.resumed.is_some_and(|times| times >= 3),
            Self::TakenOver => way.taken_over == Some(false),
            Self::TakenOverClean => way.taken_over == Some(true),
            Self::Exact => way.shape == Some(Shape::Exact),
            Self::Plus => way.shape == Some(Shape::Plus),
            Self::Hash => way.shape == Some(Shape::Hash),
            Self::PlusAndHash => way.shape == Some(Shape::PlusAndHash),
            Self::Wildcard => way.shape.is_some_and(|shape| shape != Shape::Exact),
            Self::OneOfSeveral => way.one_of_several,
            Self::Replaced => way.replaced,
            Self::Overlapping => way.overlapping,
            Self::Qos0 => way.qos == Some(QoS::AtMostOnce),
            Self::Qos1 => way.qos == Some(QoS::AtLeastOnce),
            Self::Qos2 => way.qos == Some(QoS::ExactlyOnce),
            Self::Lowered => way.lowered,
            Self::OtherVersion => way.other_version,
            Self::After(events) => way.count > events,
            Self::Above(bytes) => way.length > bytes as usize,
            Self::IdentifierAbove(identifier) => way.packet_id > identifier,
        }
    }
}

/// Some of [`Condition::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions(u64);

impl Conditions {
    /// Those that hold on a way.
    pub(crate) fn of(way: &Way) -> Self {
        let holding = Condition::ALL.iter().enumerate().filter(|(_, condition)| condition.holds(way));
        Self(holding.fold(0, |bits, (index, _)| bits | 1 << index))
    }

    /// Adds those of another set.
    pub(crate) fn add(&mut self, more: Self) {
        self.0 |= more.0;
    }

    /// Whether it is among them.
    pub fn contains(self, condition: Condition) -> bool {
        Condition::ALL.iter().position(|known| *known == condition).is_some_and(|index| self.0 & 1 << index != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        for condition in Condition::ALL {
            assert_eq!(Condition::from_name(&condition.name()), Some(*condition), "{}", condition.name());
            assert!(condition.says().starts_with("Only "), "{}", condition.name());
        }
        assert_eq!(Condition::from_name("after:3"), Some(Condition::After(3)));
        for wrong in ["after", "after:", "after:x", "identifier-above:65536", "sometimes", "live:1", ""] {
            assert_eq!(Condition::from_name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_way_without_marks_fulfils_nothing() {
        assert_eq!(Conditions::of(&Way::default()), Conditions::default());
        assert!(Condition::ALL.len() <= 64, "they fit into the bits");
    }
}

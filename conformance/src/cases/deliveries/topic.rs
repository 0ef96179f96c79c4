//! The topics of a scene and the filter by which its messages come, or, where the row says so, do not come.

use super::row::{Row, Size, Subscription, Topic};

/// The topic of a subscription beside that of the scene.
pub(super) const BESIDE: &str = "yard/kept";

impl Row {
    /// The topic of the first message, or, where the filter doesn't match that, one that it matches.
    pub(super) fn first_topic(&self) -> String {
        self.topic(1)
    }

    /// The topic of the n-th message that the filter matches.
    pub(super) fn topic(&self, number: usize) -> String {
        let number = if self.is_retained() { number } else { 1 };
        match self.topic {
            // U+FEFF is a character like any other, and an empty level a level like any other.
            Topic::Odd => format!("hall/\u{feff}lamp{number}//state"),
            Topic::Control => format!("hall/\u{1}lamp{number}\u{ffff}/state"),
            Topic::Kilobyte => format!("hall/{}{number}/state", "lamp-with-a-long-name-".repeat(50)),
            Topic::Edges => "hall//lamp".to_owned(),
            _ if self.size == Size::LongTopic => {
                format!("hall/{}{number}/state", "lamp-with-a-long-name-".repeat(9))
            }
            _ => format!("hall/lamp{number}/state"),
        }
    }

    /// A topic with nothing about it that comes by the same filter, or by another one of the client where there is none.
    pub(super) fn plain_topic(&self) -> String {
        match self.topic {
            Topic::Edges => "hall/room/lamp/on".to_owned(),
            Topic::Kilobyte => BESIDE.to_owned(),
            _ => self.first_topic(),
        }
    }

    /// Topics that the filter doesn't match, and would if letter case, the end of the name or the number of levels were
    /// nothing.
    pub(super) fn strays(&self) -> Vec<String> {
        match self.topic {
            Topic::BelowPlus => vec!["hall/lamp1/state/more".to_owned()],
            _ => vec!["Hall/lamp1/state".to_owned(), "hall/lamp1/state/more".to_owned()],
        }
    }

    /// The filter by which the messages come, with the name of its share.
    pub(super) fn filter(&self) -> String {
        let filter = match (self.topic, self.subscription) {
            // The parent level of #, and an empty level for +.
            (Topic::Edges, _) => "hall/+/lamp/#".to_owned(),
            (Topic::BelowPlus, _) => "hall/lamp1/+".to_owned(),
            (Topic::Odd, Subscription::Plus) => "hall/+//state".to_owned(),
            (_, Subscription::Plus) => "hall/+/state".to_owned(),
            (_, Subscription::Hash) => "hall/#".to_owned(),
            // Where two overlap, both match the topic too that a broker may make of it: its QoS is right either way.
            (_, Subscription::PlusHash) | (Topic::Odd | Topic::Control, Subscription::Overlapping) => {
                "hall/+/#".to_owned()
            }
            _ => self.first_topic(),
        };
        if self.is_shared() { format!("$share/group/{filter}") } else { filter }
    }

    /// The filter of the lower subscription where two overlap.
    pub(super) fn overlapping_filter(&self) -> &'static str {
        if self.topic == Topic::Edges { "hall/+/+/#" } else { "hall/#" }
    }

    /// Whether there is a wildcard in a filter of the scene.
    pub(super) fn has_wildcard(&self) -> bool {
        let with_wildcard = [Subscription::Plus, Subscription::Hash, Subscription::PlusHash, Subscription::Overlapping];
        with_wildcard.contains(&self.subscription) || matches!(self.topic, Topic::Edges | Topic::BelowPlus)
    }

    /// Whether a broker may refuse the topic ([MQTT-1.5.4-3] and section 4.7.3 leave that to it).
    pub(super) fn may_be_refused(&self) -> bool {
        matches!(self.topic, Topic::Control | Topic::Kilobyte)
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::{ROWS, Row, Topic};
    use mqtt_assay_codec::{split_shared, topic_matches};

    #[test]
    fn filters_match_what_comes_and_nothing_else() {
        for row in ROWS.iter() {
            let filter = row.filter();
            let filter = split_shared(&filter).map_or(filter.as_str(), |(_, filter)| filter);
            for message in row.all_messages().iter().take(if row.is_retained() && !row.has_wildcard() { 1 } else { 12 })
            {
                assert_eq!(topic_matches(filter, &message.topic), !row.is_unmatched(), "{filter} {}", row.id());
            }
            let plain = row.plain_topic();
            assert!(topic_matches(filter, &plain) || row.topic == Topic::Kilobyte, "{filter} {plain}");
        }
    }

    #[test]
    fn names_are_as_long_as_they_are_called() {
        let is_long = |row: &&Row| row.topic == Topic::Kilobyte;
        assert!(ROWS.iter().filter(is_long).all(|row| row.first_topic().len() > 1024));
        assert!(ROWS.iter().any(|row| is_long(&row)));
    }
}

//! The chapters of both standards: where a rule stands, and what the chapter is called.

use mqtt_assay_codec::Version;
use mqtt_assay_standard::{self as standard, RuleId};

/// A chapter of one version, ordered as in its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Chapter {
    /// As numbers; empty for what the suite asks by itself.
    numbers: Vec<u32>,
    /// `3.3`; in filters and in addresses.
    pub(super) number: String,
    pub(super) title: &'static str,
}

impl Chapter {
    /// That of a section; an empty one is of rules that this program doesn't know.
    pub(super) fn of(version: &str, section: &str) -> Self {
        let all: Vec<u32> = section.split('.').map_while(|number| number.parse().ok()).collect();
        let is_parted = matches!(all.first(), Some(3 | 4));
        let numbers: Vec<u32> = all.into_iter().take(if is_parted { 2 } else { 1 }).collect();
        let number = numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
        let title = if section.is_empty() { "Rules that this program does not know" } else { title(version, &numbers) };
        let number = if number.is_empty() { "suite".to_owned() } else { number };
        // What is no chapter of the text stands behind it.
        let numbers = if numbers.is_empty() { vec![u32::MAX] } else { numbers };
        Self { numbers, number, title }
    }

    /// Number and title.
    pub(super) fn heading(&self) -> String {
        match self.number.as_str() {
            "suite" => self.title.to_owned(),
            number => format!("{number} {}", self.title),
        }
    }
}

const fn title(version: &str, numbers: &[u32]) -> &'static str {
    let is_v5 = version.len() == 1;
    match numbers {
        [1] => "Data",
        [2] => "Packet format",
        [3, packet] => packet_name(*packet),
        [4, 1] => "Session state",
        [4, 2] => "Network connections",
        [4, 3] => "Quality of Service",
        [4, 4] => "Sending again",
        [4, 5] => "Receipt of messages",
        [4, 6] => "Order of messages",
        [4, 7] => "Topics",
        [4, 8] if is_v5 => "Subscriptions",
        [4, 8 | 13] => "Errors",
        [4, 9] => "Flow control",
        [4, 10] => "Request and response",
        [4, 11] => "Redirection",
        [4, 12] => "Authentication",
        [5] => "Security",
        [6] => "WebSocket",
        [7] => "Conformance",
        [] => "Asked by the suite",
        _ => "",
    }
}

const fn packet_name(number: u32) -> &'static str {
    match number {
        1 => "CONNECT",
        2 => "CONNACK",
        3 => "PUBLISH",
        4 => "PUBACK",
        5 => "PUBREC",
        6 => "PUBREL",
        7 => "PUBCOMP",
        8 => "SUBSCRIBE",
        9 => "SUBACK",
        10 => "UNSUBSCRIBE",
        11 => "UNSUBACK",
        12 => "PINGREQ",
        13 => "PINGRESP",
        14 => "DISCONNECT",
        15 => "AUTH",
        _ => "",
    }
}

/// The rule of a report, as the catalog has it; a report of another release may name rules that this one doesn't know.
pub(super) fn rule(version: &str, id: &str) -> Option<RuleId> {
    let version: Version = version.parse().ok()?;
    standard::find(version, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_stands_in_a_chapter_with_a_title() {
        for version in [Version::V3_1_1, Version::V5] {
            for id in standard::rules(version) {
                let chapter = Chapter::of(version.name(), id.rule().section);
                assert!(!chapter.title.is_empty() && chapter.number != "suite", "{id}: {chapter:?}");
            }
        }
        assert_eq!(Chapter::of("5", "-").heading(), "Asked by the suite");
        assert_eq!(Chapter::of("5", "3.10.4").heading(), "3.10 UNSUBSCRIBE");
        assert_eq!(Chapter::of("3.1.1", "4.8").heading(), "4.8 Errors");
    }

    #[test]
    fn chapters_are_in_the_order_of_the_text() {
        let of = |section| Chapter::of("5", section);
        let mut chapters = [of("-"), of("3.10.1"), of("4.2"), of("3.2.2"), of("1.5.4")];
        chapters.sort();
        let numbers: Vec<&str> = chapters.iter().map(|chapter| chapter.number.as_str()).collect();
        assert_eq!(numbers, ["1", "3.2", "3.10", "4.2", "suite"]);
    }
}

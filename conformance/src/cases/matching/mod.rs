//! Matching: topic filters held against topics, every one of a group against every other, live and retained.
//!
//! `table` says what matches what. Each filter is subscribed to alone; what must come is waited for by name, and what must
//! not is looked for behind all that, so that a failure names filter and topic.

mod table;

use super::prelude::*;
use super::topics::watcher_beyond;
use crate::scenario::{Client, Evidence, StepRules};
use table::{BEYOND_THE_PREFIX, GROUPS, Group};

/// What every row proves in each version: what comes by wildcards, and what does not come.
macro_rules! matching {
    ($function:ident[$member:literal]: $title:literal, v311 [$($v311:literal),*], v5 [$($v5:literal),*], $fault:ident
        $(, $key:ident: $value:expr)*) => {
        case!($function[$member]: $title,
            v311: proves [$($v311),*, "MQTT-3.3.2-3"],
            v5: proves [$($v5),*, "MQTT-3.3.2-3"],
            caught: [Fault::$fault]
            $(, $key: $value)*)
    };
}

pub(super) const CASES: &[Case] = &[
    matching!(live["parents"]: "A filter that ends in # matches its parent and all below, also behind a +",
        v311 ["U3-18", "U3-19"], v5 ["U5-202", "U5-203"], HashExcludesParent, needs: &["wildcard"]),
    matching!(live["levels"]: "A + stands for one level, wherever it is in a filter",
        v311 ["U3-19"], v5 ["U5-203"], PlusMatchesSeveral, needs: &["wildcard"]),
    matching!(live["empty-levels"]: "An empty level is a level like any other, first, last and in between",
        v311 ["U3-19", "MQTT-4.7.3-4"], v5 ["U5-203", "MQTT-4.7.3-4"], PlusNeedsText, needs: &["wildcard"]),
    matching!(live["signs"]: "Characters that are wildcards elsewhere are none in a topic filter",
        v311 ["MQTT-4.7.3-4"], v5 ["MQTT-4.7.3-4"], DeliversByPrefix),
    matching!(live["letters"]: "Topics differ by letter case and by spaces",
        v311 ["MQTT-4.7.3-4", "U3-18", "U3-19"], v5 ["MQTT-4.7.3-4", "U5-202", "U5-203"], CaseInsensitive,
        needs: &["wildcard"]),
    matching!(live["dollar"]: "A level that begins with $ and is not the first is a level like any other",
        v311 ["MQTT-4.7.3-4", "U3-18", "U3-19"], v5 ["MQTT-4.7.3-4", "U5-202", "U5-203"], DeliversByPrefix,
        needs: &["wildcard"]),
    matching!(live["long-names"]: "Long topics that differ in their last characters are different topics",
        v311 ["MQTT-4.7.3-4", "U3-19"], v5 ["MQTT-4.7.3-4", "U5-203"], DeliversByPrefix, needs: &["wildcard"]),
    matching!(live["unicode"]: "Topics that look alike and have other characters are different topics",
        v311 ["MQTT-4.7.3-4"], v5 ["MQTT-4.7.3-4"], StripsByteOrderMark),
    matching!(live["first-level"]: "A + stands for an empty first level too",
        v311 ["U3-18", "U3-19", "MQTT-4.7.3-4"], v5 ["U5-202", "U5-203", "MQTT-4.7.3-4"], PlusNeedsText,
        needs: &["wildcard"], intrusive: true),
    matching!(retained["parents"]: "A filter that ends in # brings what is retained on its parent and below, also behind a +",
        v311 ["U3-18", "U3-19"], v5 ["U5-202", "U5-203"], HashExcludesParent, needs: &["retain", "wildcard"]),
    matching!(retained["levels"]: "A + brings what is retained one level down, wherever it is in a filter",
        v311 ["U3-19"], v5 ["U5-203"], PlusMatchesSeveral, needs: &["retain", "wildcard"]),
    matching!(retained["empty-levels"]: "What is retained on topics with empty levels comes by filters that match them",
        v311 ["U3-19", "MQTT-4.7.3-4"], v5 ["U5-203", "MQTT-4.7.3-4"], PlusNeedsText, needs: &["retain", "wildcard"]),
    matching!(retained["signs"]: "Characters that are wildcards elsewhere bring no retained messages of other topics",
        v311 ["MQTT-4.7.3-4"], v5 ["MQTT-4.7.3-4"], DeliversByPrefix, needs: &["retain"]),
];

/// What is not matched does not come.
const ONLY_WHAT_MATCHES: StepRules = rule!(v311 "MQTT-3.3.2-3", v5 "MQTT-3.3.2-3");

/// The rule by which a filter matches a topic.
fn rule_of(filter: &str) -> StepRules {
    if filter.ends_with('#') {
        rule!(v311 "U3-18", v5 "U5-202")
    } else if filter.contains('+') {
        rule!(v311 "U3-19", v5 "U5-203")
    } else {
        rule!(v311 "MQTT-4.7.3-4", v5 "MQTT-4.7.3-4")
    }
}

/// The group that the case is about.
fn group(broker: &Subject) -> Result<&'static Group, Stop> {
    let missing = || Stop::Inconclusive { why: "defect of the case: no such group".to_owned(), line: None };
    GROUPS.iter().find(|group| group.name == broker.member()).ok_or_else(missing)
}

/// A filter or topic of a group as the case sends it.
fn named(broker: &Subject, group: &Group, text: &str) -> Topic {
    if group.name == BEYOND_THE_PREFIX { exact(text.replace("own", broker.unique())) } else { text.into() }
}

/// A pair in words, for its evidence and for its failure.
fn pair(filter: &str, topic: &str) -> String {
    format!("filter {filter:?} and topic {topic:?}")
}

/// Who is subscribed, to a topic for fences first, and who publishes.
async fn watcher_and_publisher(broker: &Subject) -> Result<(Client, Client), Stop> {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("fence/post", AtLeastOnce).await?;
    Ok((watcher, broker.connect("publisher").await?))
}

/// Set-up: a message behind all that came before, as far as there is an order.
async fn fence(publisher: &mut Client, watcher: &mut Client, text: &str) -> Result<(), Stop> {
    let payload = format!("behind {text}");
    let draft = publish("fence/post", &payload).qos(AtLeastOnce);
    publisher.publish_to(watcher, draft, a_message("fence/post", &payload)).await.map(drop)
}

async fn live(broker: &Subject) -> Outcome {
    let group = group(broker)?;
    if group.name == BEYOND_THE_PREFIX {
        let topic = named(broker, group, group.topics[0]);
        watcher_beyond(broker, topic.clone(), topic).await?.disconnect().await?;
    }
    let (mut watcher, mut publisher) = watcher_and_publisher(broker).await?;
    let mut last = None;
    for &(filter, matching) in group.filters {
        watcher.subscribe(named(broker, group, filter), AtLeastOnce).await?;
        let message = |topic: &str| publish(named(broker, group, topic), pair(filter, topic)).qos(AtLeastOnce);
        publisher.publish_together(group.topics.iter().map(|topic| message(topic))).await?;

        for topic in matching {
            let come = a_message(named(broker, group, topic), pair(filter, topic));
            let step = watcher.expect(come).about(pair(filter, topic)).decides(rule_of(filter));
            last = Some(step.await?);
        }
        fence(&mut publisher, &mut watcher, filter).await?;
        for topic in group.topics.iter().filter(|topic| !matching.contains(topic)) {
            let payload = pair(filter, topic);
            // A later SUBSCRIBE may bring it where a broker keeps what is not to be retained: another rule's matter.
            let step = watcher.expect_no_message(payload.as_bytes()).about(pair(filter, topic)).for_now();
            last = Some(step.decides(ONLY_WHAT_MATCHES).await?);
        }
        watcher.unsubscribe(named(broker, group, filter)).await?;
        if let Some(topic) = matching.first() {
            is_gone(&mut publisher, &mut watcher, named(broker, group, topic), filter).await?;
        }
    }
    ended(last)
}

/// Set-up: the subscription is gone, or what the next filter brings may have come by it.
async fn is_gone(publisher: &mut Client, watcher: &mut Client, topic: Topic, filter: &str) -> Result<(), Stop> {
    let payload = format!("after {filter:?} was unsubscribed");
    publisher.publish(topic, &payload, AtLeastOnce).await?;
    fence(publisher, watcher, &payload).await?;
    if watcher.waits_for(&with_payload(&payload)) {
        let why = format!("a message came {payload}, and what comes next can't be told from it");
        return Err(Stop::Inconclusive { why, line: None });
    }
    Ok(())
}

async fn retained(broker: &Subject) -> Outcome {
    let group = group(broker)?;
    let (mut watcher, mut publisher) = watcher_and_publisher(broker).await?;
    let kept = |topic: &str| format!("kept on {topic}");
    let message = |topic: &str| publish(named(broker, group, topic), kept(topic)).qos(AtLeastOnce).retain();
    publisher.publish_together(group.topics.iter().map(|topic| message(topic))).await?;
    are_kept(broker, group, kept).await?;
    let mut last = None;
    for &(filter, matching) in group.filters {
        watcher.subscribe(named(broker, group, filter), AtLeastOnce).await?;

        for topic in matching {
            let come = a_message(named(broker, group, topic), kept(topic));
            let step = watcher.expect(come).about(pair(filter, topic)).decides(rule_of(filter));
            last = Some(step.await?);
        }
        fence(&mut publisher, &mut watcher, filter).await?;
        for topic in group.topics.iter().filter(|topic| !matching.contains(topic)) {
            let payload = kept(topic);
            // Another filter may bring it.
            let step = watcher.expect_no_message(payload.as_bytes()).about(pair(filter, topic)).for_now();
            last = Some(step.decides(ONLY_WHAT_MATCHES).await?);
        }
        watcher.unsubscribe(named(broker, group, filter)).await?;
    }
    ended(last)
}

/// Set-up: who subscribes to a topic by its name gets what is retained there.
async fn are_kept(broker: &Subject, group: &Group, kept: impl Fn(&str) -> String) -> Result<(), Stop> {
    let mut early = broker.connect("early").await?;
    for topic in group.topics {
        let pattern = a_message(named(broker, group, topic), kept(topic));
        early.subscribe_until(named(broker, group, topic), AtLeastOnce, pattern).await?;
    }
    Ok(())
}

fn ended(last: Option<Evidence>) -> Outcome {
    last.ok_or_else(|| Stop::Inconclusive { why: "defect of the case: an empty group".to_owned(), line: None })
}

#[cfg(test)]
mod tests {
    use super::GROUPS;
    use mqtt_assay_codec::topic_matches;

    #[test]
    fn the_codec_matches_what_the_table_says() {
        for group in GROUPS {
            for (filter, matching) in group.filters {
                for topic in group.topics {
                    // As on the wire: below the prefix of the case.
                    let (below, named) = (format!("prefix/{filter}"), format!("prefix/{topic}"));
                    assert_eq!(topic_matches(&below, &named), matching.contains(topic), "{filter:?} {topic:?}");
                }
            }
        }
    }

    #[test]
    fn what_a_filter_is_said_to_match_is_in_its_group() {
        for group in GROUPS {
            let named = group.filters.iter().flat_map(|(_, matching)| *matching);
            assert!(named.clone().all(|topic| group.topics.contains(topic)), "{}", group.name);
            assert!(named.count() > 0, "{}", group.name);
        }
    }

    #[test]
    fn there_are_enough_pairs() {
        let pairs: usize = GROUPS.iter().map(|group| group.filters.len() * group.topics.len()).sum();
        assert!(pairs >= 300, "{pairs}");
    }

    #[test]
    fn long_names_are_as_long_as_they_are_called() {
        let group = GROUPS.iter().find(|group| group.name == "long-names").expect("the group");
        let lengths: Vec<usize> = group.topics.iter().map(|topic| topic.len()).collect();
        assert_eq!(lengths, [22, 23, 23, 25, 201, 201]);
    }
}

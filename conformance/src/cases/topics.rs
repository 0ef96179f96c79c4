//! Topic names and topic filters: what matches what.

use super::prelude::*;
use crate::scenario::Client;

pub(super) const CASES: &[Case] = &[
    case!(wildcard_and_dollar["plus"]: "A filter that begins with + does not match a topic that begins with $",
        v311: proves ["MQTT-4.7.2-1"],
        v5: proves ["MQTT-4.7.2-1"],
        caught: [Fault::WildcardMatchesDollar],
        needs: &["wildcard"], intrusive: true),
    case!(wildcard_and_dollar["hash"]: "A filter that begins with # does not match a topic that begins with $",
        v311: proves ["MQTT-4.7.2-1"],
        v5: proves ["MQTT-4.7.2-1"],
        caught: [Fault::WildcardMatchesDollar],
        needs: &["wildcard"], intrusive: true),
    case!(wildcards_served: "Filters with wildcards are granted and deliver, unless CONNACK said that there are none",
        v5: proves ["U5-103"],
        caught: [Fault::RefusesWildcards],
        needs: &["wildcard"]),
    case!(parent_level: "`sport/#` also matches `sport`",
        v311: proves ["U3-18"],
        v5: proves ["U5-202"],
        caught: [Fault::HashExcludesParent],
        needs: &["wildcard"]),
    case!(plus_takes_empty_level: "`sport/+` matches `sport/`",
        v311: proves ["U3-19"],
        v5: proves ["U5-203"],
        caught: [Fault::PlusNeedsText],
        needs: &["wildcard"]),
    case!(plus_is_one_level: "`sport/+` matches neither `sport` nor `sport/tennis/final`",
        v311: proves ["U3-19"],
        v5: proves ["U5-203"],
        caught: [Fault::PlusMatchesSeveral],
        needs: &["wildcard"]),
    case!(letter_case: "`News` and `news` are different topics",
        v311: proves ["U3-20"],
        v5: proves ["U5-204"],
        caught: [Fault::CaseInsensitive]),
    case!(slashes["leading"]: "A leading slash belongs to the topic",
        v311: proves ["U3-20"],
        v5: proves ["U5-204"],
        caught: [Fault::TopicNormalized],
        intrusive: true),
    case!(slashes["trailing"]: "A trailing slash belongs to the topic",
        v311: proves ["U3-20"],
        v5: proves ["U5-204"],
        caught: [Fault::TopicNormalized]),
    case!(no_normalization: "Topics are neither rewritten nor taken for equal, however alike they look",
        v311: proves ["MQTT-4.7.3-4"],
        v5: proves ["MQTT-4.7.3-4"],
        caught: [Fault::TopicNormalized]),
    case!(byte_order_mark: "U+FEFF is a character of a topic like any other",
        v311: proves ["MQTT-1.5.3-3"],
        v5: proves ["MQTT-1.5.4-3"],
        caught: [Fault::StripsByteOrderMark]),
    case!(same_beginning: "A message whose topic only begins like the filter does not come",
        v311: proves ["MQTT-3.3.2-3"],
        v5: proves ["MQTT-3.3.2-3"],
        caught: [Fault::DeliversByPrefix]),
    case!(empty_level: "`sport/+/final` matches `sport//final`",
        v311: proves ["U3-19"],
        v5: proves ["U5-203"],
        caught: [Fault::PlusNeedsText, Fault::TopicNormalized],
        needs: &["wildcard"]),
    case!(many_levels["named"]: "A message on a topic of twelve levels and more reaches who subscribed to it",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::LosesLongTopics]),
    case!(many_levels["wildcards"]: "A message on a topic of twelve levels and more reaches who subscribed with wildcards",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::LosesLongTopics],
        needs: &["wildcard"]),
    case!(longest: "A message on a topic of 65,535 bytes reaches its subscriber where a broker takes such topics",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::LosesLongTopics],
        intrusive: true),
    case!(deepest: "A message on a topic of 65,401 levels reaches its subscriber where a broker takes such topics",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::LosesLongTopics],
        intrusive: true),
    case!(dollar_between_clients: "Clients can't exchange messages on a topic that begins with $",
        v311: proves ["U3-24"],
        v5: proves ["U5-215"],
        caught: [Fault::ExchangesDollarTopics],
        intrusive: true),
    case!(server_topics: "A SUBSCRIBE to `$SYS/#` is answered, whatever the broker has to tell there",
        v311: proves ["MQTT-3.8.4-1"],
        v5: proves ["MQTT-3.8.4-1"],
        caught: [Fault::NoSuback],
        needs: &["wildcard"], intrusive: true),
];

async fn wildcard_and_dollar(broker: &Subject) -> Outcome {
    // A user may have no other topics than those below the prefix: what is no `$` topic is tried there first.
    let own = broker.full_topic("news");
    let rest = own.split_once('/').map_or(own.as_str(), |(_, rest)| rest);
    let filter = exact(if broker.member() == "hash" { "#".to_owned() } else { format!("+/{rest}") });
    let beyond = exact(format!("assay/{rest}"));
    let mut watcher = watcher_beyond(broker, filter, beyond.clone()).await?;
    let mut publisher = broker.connect("publisher").await?;
    let hidden = broker.unique().as_bytes();

    let id = publisher.send(publish(exact(format!("$assay/{rest}")), hidden).qos(AtLeastOnce))?;
    let answer = publisher.receive_or_end(a_puback(id)).await?;
    if answer.is_none_or(|answer| codes(&answer.packet()).iter().any(|code| code.is_error())) {
        return Err(Stop::NotOffered("the broker takes no message on such a topic from this user".to_owned()));
    }

    watcher.expect_no_message(hidden).before_message(&mut publisher, beyond).await
}

/// Set-up: a client with a subscription that reaches beyond the topics of the suite, on which a message is seen to come. A
/// user may be kept from there: what is refused or brings nothing is not offered.
pub(super) async fn watcher_beyond(broker: &Subject, filter: Topic, topic: Topic) -> Result<Client, Stop> {
    let kept_away = || Stop::NotOffered("this user may not use topics beyond the prefix".to_owned());
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("control", "control", AtLeastOnce).await?;
    let id = watcher.send(subscribe(filter, AtLeastOnce))?;
    let granted = watcher.receive(a_suback(id)).await?;
    if codes(&granted.packet()).iter().any(|code| code.is_error()) {
        return Err(kept_away());
    }
    let probe = format!("{} is heard", broker.unique());
    let id = watcher.send(publish(&topic, &probe).qos(AtLeastOnce))?;
    let taken = watcher.receive_or_end(a_puback(id)).await?;
    if taken.is_none_or(|taken| codes(&taken.packet()).iter().any(|code| code.is_error())) {
        return Err(kept_away());
    }
    match watcher.receive(a_message(&topic, &probe)).await {
        Err(Stop::Inconclusive { line: None, .. }) => Err(kept_away()),
        heard => heard.map(|_| watcher),
    }
}

async fn wildcards_served(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("control", "control", AtLeastOnce).await?;

    // Several, for a broker may turn down one filter or the other with 0xA2 (5.0 section 3.2.2.3.11).
    watcher.send(subscribe("sport/#", AtLeastOnce).and("sport/+", AtLeastOnce).and("+/tennis", AtLeastOnce))?;
    let _ = watcher.expect(any(PacketType::Suback)).await?;

    broker.connect("publisher").await?.publish("sport/tennis", b"3-0", AtLeastOnce).await?;
    watcher.expect(a_message("sport/tennis", b"3-0")).await
}

async fn parent_level(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("sport/#", "sport/tennis", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("sport", b"3-0", AtLeastOnce).await?;

    watcher.expect(a_message("sport", b"3-0")).await
}

async fn plus_takes_empty_level(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("sport/+", "sport/tennis", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("sport/", b"3-0", AtLeastOnce).await?;

    watcher.expect(a_message("sport/", b"3-0")).await
}

async fn plus_is_one_level(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("sport/+", "sport/tennis", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("sport", b"too few levels", AtLeastOnce).await?;
    publisher.publish("sport/tennis/final", b"too many levels", AtLeastOnce).await?;

    let _ = watcher.expect_no_message(b"too few levels").before_message(&mut publisher, "sport/tennis").await?;
    watcher.expect_no_message(b"too many levels").before_message(&mut publisher, "sport/tennis").await
}

async fn letter_case(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("News", b"with a capital", AtLeastOnce).await?;

    watcher.expect_no_message(b"with a capital").before_message(&mut publisher, "news").await
}

async fn slashes(broker: &Subject) -> Outcome {
    let (plain, slashed) = match broker.member() {
        "leading" => (exact(broker.unique()), exact(format!("/{}", broker.unique()))),
        _ => ("sport".into(), "sport/".into()),
    };
    let mut watcher = watcher_beyond(broker, plain.clone(), plain.clone()).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish(&slashed, b"for who asked otherwise", AtLeastOnce).await?;
    let _ = watcher.expect_no_message(b"for who asked otherwise").before_message(&mut publisher, &plain).await?;

    let mut other = broker.connect("other").await?;
    other.subscribe(&slashed, AtLeastOnce).await?;
    publisher.publish(&slashed, b"for who asked so", AtLeastOnce).await?;
    other.expect(a_message(&slashed, b"for who asked so")).await
}

async fn no_normalization(broker: &Subject) -> Outcome {
    // The same letter as one code point and as two.
    let (composed, decomposed) = ("caf\u{e9}//a b", "cafe\u{301}//a b");
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("control", "control", AtLeastOnce).await?;
    watcher.subscribe(composed, AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish(decomposed, b"another topic", AtLeastOnce).await?;
    publisher.publish(composed, b"this topic", AtLeastOnce).await?;

    let _ = watcher.expect(a_message(composed, b"this topic")).await?;
    watcher.expect_no_message(b"another topic").before_message(&mut publisher, composed).await
}

async fn byte_order_mark(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("control", "control", AtLeastOnce).await?;
    watcher.subscribe("\u{feff}news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("\u{feff}news", b"marked", AtLeastOnce).await?;

    watcher.expect(a_message("\u{feff}news", b"marked")).await
}

async fn same_beginning(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("sport", "sport", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("sports", b"another level", AtLeastOnce).await?;
    publisher.publish("sport/tennis", b"a level more", AtLeastOnce).await?;

    let _ = watcher.expect_no_message(b"another level").before_message(&mut publisher, "sport").await?;
    watcher.expect_no_message(b"a level more").before_message(&mut publisher, "sport").await
}

async fn empty_level(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("sport/+/final", "sport/tennis/final", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("sport//final", b"3-0", AtLeastOnce).await?;

    watcher.expect(a_message("sport//final", b"3-0")).await
}

async fn many_levels(broker: &Subject) -> Outcome {
    let topic = "a/b/c/d/e/f/g/h/i/j/k/l";
    let filter = if broker.member() == "wildcards" { "a/b/+/d/e/f/g/h/+/j/#" } else { topic };
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("control", "control", AtLeastOnce).await?;
    let id = watcher.send(subscribe(filter, AtLeastOnce))?;
    let answer = watcher.receive(a_suback(id).number_of_codes(1)).await?;
    if codes(&answer.packet()).iter().any(|code| code.is_error()) {
        // Nothing forbids a broker such a limit (section 4.7.3).
        return Err(Stop::NotExercised("the broker takes no topic filter of so many levels".to_owned()));
    }
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish(topic, b"deep down", AtLeastOnce).await?;

    watcher.expect(a_message(topic, b"deep down")).await
}

async fn longest(broker: &Subject) -> Outcome {
    let topic = "x".repeat(65_535_usize.saturating_sub(broker.full_topic("").len())).into();
    at_length(broker, topic, "the broker takes no topic of 65,535 bytes").await
}

async fn deepest(broker: &Subject) -> Outcome {
    let own = broker.full_topic("").matches('/').count();
    let topic = "/".repeat(65_400_usize.saturating_sub(own)).into();
    at_length(broker, topic, "the broker takes no topic of 65,401 levels").await
}

/// Decides: a message on this topic is delivered, where the broker takes such topics.
async fn at_length(broker: &Subject, topic: Topic, refused: &str) -> Outcome {
    // A refusal says that the broker takes no such topic. Silence says nothing.
    let untaken = |stop: Stop| match stop {
        Stop::Inconclusive { line: Some(_), .. } => Stop::NotExercised(refused.to_owned()),
        other => other,
    };
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("control", "control", AtLeastOnce).await?;
    watcher.subscribe(&topic, AtLeastOnce).await.map_err(untaken)?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish(&topic, b"at length", AtLeastOnce).await.map_err(untaken)?;

    watcher.expect(with_payload(b"at length")).await
}

async fn dollar_between_clients(broker: &Subject) -> Outcome {
    let topic = exact(format!("${}", broker.unique()));
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("control", "control", AtLeastOnce).await?;
    watcher.send(subscribe(&topic, AtLeastOnce))?;
    if watcher.receive_or_end(any(PacketType::Suback)).await?.is_none() {
        return Err(Stop::NotExercised("the broker closes on a subscription to such a topic".to_owned()));
    }
    let mut whisperer = broker.connect("whisperer").await?;

    let id = whisperer.send(publish(&topic, b"between us").qos(AtLeastOnce))?;
    whisperer.receive_or_end(a_puback(id)).await?;

    let mut publisher = broker.connect("publisher").await?;
    watcher.expect_no_message(b"between us").before_message(&mut publisher, "control").await
}

async fn server_topics(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("control/#", "control/plain", AtLeastOnce).await?;

    watcher.send(subscribe(exact("$SYS/#"), AtMostOnce).id(0x1234_u16))?;

    watcher.expect(any(PacketType::Suback)).await
}

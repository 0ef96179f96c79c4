//! SUBSCRIBE and UNSUBSCRIBE that break their own form, and topic filters that are none.

use super::{EITHER, FORBIDDEN, MALFORMED, rogue_with_control};
use crate::cases::prelude::*;
use crate::scenario::Client;

pub(in crate::cases) const CASES: &[Case] = &[
    case!(subscribe_flags["0000"]: "A SUBSCRIBE with the fixed header flags 0000 is refused",
        v311: proves ["MQTT-3.8.1-1" = "MQTT-2.2.2-2"],
        v5: proves ["MQTT-3.8.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(subscribe_flags["0011"]: "A SUBSCRIBE with the fixed header flags 0011 is refused",
        v311: proves ["MQTT-3.8.1-1" = "MQTT-2.2.2-2"],
        v5: proves ["MQTT-3.8.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(subscribe_flags["0110"]: "A SUBSCRIBE with the fixed header flags 0110 is refused",
        v311: proves ["MQTT-3.8.1-1" = "MQTT-2.2.2-2"],
        v5: proves ["MQTT-3.8.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(subscribe_flags["1010"]: "A SUBSCRIBE with the fixed header flags 1010 is refused",
        v311: proves ["MQTT-3.8.1-1" = "MQTT-2.2.2-2"],
        v5: proves ["MQTT-3.8.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(unsubscribe_flags["0000"]: "An UNSUBSCRIBE with the fixed header flags 0000 is refused",
        v311: proves ["MQTT-3.10.1-1" = "MQTT-2.2.2-2"],
        v5: proves ["MQTT-3.10.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(unsubscribe_flags["0011"]: "An UNSUBSCRIBE with the fixed header flags 0011 is refused",
        v311: proves ["MQTT-3.10.1-1" = "MQTT-2.2.2-2"],
        v5: proves ["MQTT-3.10.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(unsubscribe_flags["0110"]: "An UNSUBSCRIBE with the fixed header flags 0110 is refused",
        v311: proves ["MQTT-3.10.1-1" = "MQTT-2.2.2-2"],
        v5: proves ["MQTT-3.10.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(unsubscribe_flags["1010"]: "An UNSUBSCRIBE with the fixed header flags 1010 is refused",
        v311: proves ["MQTT-3.10.1-1" = "MQTT-2.2.2-2"],
        v5: proves ["MQTT-3.10.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(without_options: "A SUBSCRIBE that ends before the options of its last topic filter is refused",
        v311: breaks ["U3-04"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["U5-163"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::Truncated)]),
    case!(no_topic_filter["subscribe"]: "A SUBSCRIBE without topic filters is refused",
        v311: breaks ["MQTT-3.8.3-3"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.8.3-2", "U5-164"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NoTopicFilter), ActsOn(Rule::NoTopicFilter)]),
    case!(no_topic_filter["unsubscribe"]: "An UNSUBSCRIBE without topic filters is refused",
        v311: breaks ["MQTT-3.10.3-2"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.10.3-2", "U5-176"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NoTopicFilter), ActsOn(Rule::NoTopicFilter)]),
    case!(requested_qos_3: "A SUBSCRIBE that asks for QoS 3 is refused",
        v311: proves ["MQTT-3.8.3-4"],
        v5: breaks ["U5-165"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::RequestedQos3), ActsOn(Rule::RequestedQos3)]),
    case!(reserved_option_bits["subscribe.reserved-bits.2"]: "A SUBSCRIBE with bit 2 set behind a topic filter is refused",
        v311: proves ["MQTT-3.8.3-4"],
        caught: [Tolerates(Rule::SubscriptionReservedBits), ActsOn(Rule::SubscriptionReservedBits)]),
    case!(reserved_option_bits["subscribe.reserved-bits.3"]: "A SUBSCRIBE with bit 3 set behind a topic filter is refused",
        v311: proves ["MQTT-3.8.3-4"],
        caught: [Tolerates(Rule::SubscriptionReservedBits), ActsOn(Rule::SubscriptionReservedBits)]),
    case!(reserved_option_bits["subscribe.reserved-bits.4"]: "A SUBSCRIBE with bit 4 set behind a topic filter is refused",
        v311: proves ["MQTT-3.8.3-4"],
        caught: [Tolerates(Rule::SubscriptionReservedBits), ActsOn(Rule::SubscriptionReservedBits)]),
    case!(reserved_option_bits["subscribe.reserved-bits.5"]: "A SUBSCRIBE with bit 5 set behind a topic filter is refused",
        v311: proves ["MQTT-3.8.3-4"],
        caught: [Tolerates(Rule::SubscriptionReservedBits), ActsOn(Rule::SubscriptionReservedBits)]),
    case!(reserved_option_bits["subscribe.reserved-bits.6"]: "A SUBSCRIBE with bit 6 set behind a topic filter is refused",
        v311: proves ["MQTT-3.8.3-4"],
        v5: proves ["MQTT-3.8.3-5" = "U5-167"],
        caught: [Tolerates(Rule::SubscriptionReservedBits), ActsOn(Rule::SubscriptionReservedBits)]),
    case!(reserved_option_bits["subscribe.reserved-bits.7"]: "A SUBSCRIBE with bit 7 set behind a topic filter is refused",
        v311: proves ["MQTT-3.8.3-4"],
        v5: proves ["MQTT-3.8.3-5" = "U5-167"],
        caught: [Tolerates(Rule::SubscriptionReservedBits), ActsOn(Rule::SubscriptionReservedBits)]),
    case!(retain_handling_3: "A SUBSCRIBE with Retain Handling 3 is refused",
        v5: breaks ["U5-166"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::RetainHandling3), ActsOn(Rule::RetainHandling3)]),
    case!(no_local_on_share: "A SUBSCRIBE with No Local on a shared subscription is refused",
        v5: breaks ["MQTT-3.8.3-4", "U5-168"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NoLocalShared), ActsOn(Rule::NoLocalShared)],
        needs: &["shared-subscriptions"]),
    case!(misplaced_wildcard["filter.hash-not-last"]: "A topic filter with # before the last level is refused",
        v311: breaks ["MQTT-4.7.1-2"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.1-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::MultiLevelWildcard), ActsOn(Rule::MultiLevelWildcard)],
        needs: &["wildcard"]),
    case!(misplaced_wildcard["filter.hash-after-text"]: "A topic filter with # behind text in a level is refused",
        v311: breaks ["MQTT-4.7.1-2"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.1-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::MultiLevelWildcard), ActsOn(Rule::MultiLevelWildcard)],
        needs: &["wildcard"]),
    case!(misplaced_wildcard["filter.hash-before-text"]: "A topic filter with # before text in a level is refused",
        v311: breaks ["MQTT-4.7.1-2"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.1-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::MultiLevelWildcard), ActsOn(Rule::MultiLevelWildcard)],
        needs: &["wildcard"]),
    case!(misplaced_wildcard["filter.hash-twice"]: "A topic filter with ## as a level is refused",
        v311: breaks ["MQTT-4.7.1-2"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.1-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::MultiLevelWildcard), ActsOn(Rule::MultiLevelWildcard)],
        needs: &["wildcard"]),
    case!(misplaced_wildcard["filter.plus-after-text"]: "A topic filter with + behind text in a level is refused",
        v311: breaks ["MQTT-4.7.1-3"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.1-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::SingleLevelWildcard), ActsOn(Rule::SingleLevelWildcard)],
        needs: &["wildcard"]),
    case!(misplaced_wildcard["filter.plus-before-text"]: "A topic filter with + before text in a level is refused",
        v311: breaks ["MQTT-4.7.1-3"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.1-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::SingleLevelWildcard), ActsOn(Rule::SingleLevelWildcard)],
        needs: &["wildcard"]),
    case!(misplaced_wildcard["filter.plus-amid-text"]: "A topic filter with + amid the text of a level is refused",
        v311: breaks ["MQTT-4.7.1-3"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.1-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::SingleLevelWildcard), ActsOn(Rule::SingleLevelWildcard)],
        needs: &["wildcard"]),
    case!(bad_share["filter.share-empty-name"]: "A shared subscription with an empty share name is refused",
        v5: breaks ["MQTT-4.8.2-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ShareNameEmpty), ActsOn(Rule::ShareNameEmpty)],
        needs: &["shared-subscriptions"]),
    case!(bad_share["filter.share-empty-filter"]: "A shared subscription with no topic filter behind the share name is refused",
        v5: breaks ["MQTT-4.8.2-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ShareName), ActsOn(Rule::ShareName)],
        needs: &["shared-subscriptions"]),
    case!(bad_share["filter.share-hash-in-name"]: "A shared subscription with # in its share name is refused",
        v5: breaks ["MQTT-4.8.2-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ShareName), ActsOn(Rule::ShareName)],
        needs: &["shared-subscriptions"]),
    case!(bad_share["filter.share-plus-in-name"]: "A shared subscription with + as its share name is refused",
        v5: breaks ["MQTT-4.8.2-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ShareName), ActsOn(Rule::ShareName)],
        needs: &["shared-subscriptions"]),
    case!(empty_filter["subscribe"]: "A SUBSCRIBE with an empty topic filter is refused",
        v311: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterEmpty), ActsOn(Rule::TopicFilterEmpty)]),
    case!(empty_filter["unsubscribe"]: "An UNSUBSCRIBE with an empty topic filter is refused",
        v311: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterEmpty), ActsOn(Rule::TopicFilterEmpty)]),
    case!(empty_filter["subscribe-first"]: "A SUBSCRIBE with an empty topic filter before another is refused",
        v311: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterEmpty), ActsOn(Rule::TopicFilterEmpty)]),
    case!(empty_filter["subscribe-second"]: "A SUBSCRIBE with an empty topic filter behind another is refused",
        v311: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterEmpty), ActsOn(Rule::TopicFilterEmpty)]),
    case!(empty_filter["unsubscribe-first"]: "An UNSUBSCRIBE with an empty topic filter before another is refused",
        v311: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterEmpty), ActsOn(Rule::TopicFilterEmpty)]),
    case!(empty_filter["unsubscribe-second"]: "An UNSUBSCRIBE with an empty topic filter behind another is refused",
        v311: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterEmpty), ActsOn(Rule::TopicFilterEmpty)]),
];

fn flags(broker: &Subject) -> &'static str {
    match broker.member() {
        "0000" => "flags.reserved.0",
        "0011" => "flags.reserved.3",
        "0110" => "flags.reserved.6",
        _ => "flags.reserved.10",
    }
}

async fn subscribe_flags(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.subscribe("news", AtMostOnce).await?;

    rogue.send(subscribe("news", AtMostOnce).with(flags(broker)))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn unsubscribe_flags(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    let id = rogue.send(unsubscribe(["news"]))?;
    rogue.receive(an_unsuback(id)).await?;

    rogue.send(unsubscribe(["news"]).with(flags(broker)))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn without_options(broker: &Subject) -> Outcome {
    let (mut rogue, legal) = rogue_with_control(broker).await?;

    rogue.send(legal.with("cut.before-field@subscription-options"))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn no_topic_filter(broker: &Subject) -> Outcome {
    let (mut rogue, legal) = rogue_with_control(broker).await?;
    let mutation = if broker.member() == "subscribe" { "subscribe.no-filters" } else { "unsubscribe.no-filters" };

    rogue.send(legal.with(mutation))?;

    rogue.expect_refusal(FORBIDDEN).await
}

async fn subscriber(broker: &Subject) -> Result<Client, Stop> {
    let mut rogue = broker.connect("rogue").await?;
    rogue.subscribe("news", AtMostOnce).await?;
    Ok(rogue)
}

async fn requested_qos_3(broker: &Subject) -> Outcome {
    let mut rogue = subscriber(broker).await?;

    rogue.send(subscribe("news", AtMostOnce).with("subscribe.qos3"))?;

    rogue.expect_refusal(FORBIDDEN).await
}

async fn reserved_option_bits(broker: &Subject) -> Outcome {
    let mut rogue = subscriber(broker).await?;

    rogue.send(subscribe("news", AtMostOnce).with(broker.member()))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn retain_handling_3(broker: &Subject) -> Outcome {
    let mut rogue = subscriber(broker).await?;

    rogue.send(subscribe("news", AtMostOnce).with("subscribe.retain-handling3"))?;

    rogue.expect_refusal(FORBIDDEN).await
}

async fn no_local_on_share(broker: &Subject) -> Outcome {
    let mut rogue = subscriber(broker).await?;
    rogue.subscribe("$share/group/news", AtMostOnce).await?;

    rogue.send(subscribe("$share/group/news", AtMostOnce).with("subscribe.no-local-shared"))?;

    rogue.expect_refusal(FORBIDDEN).await
}

async fn misplaced_wildcard(broker: &Subject) -> Outcome {
    let mut rogue = subscriber(broker).await?;
    rogue.subscribe("sport/+/#", AtMostOnce).await?;

    rogue.send(subscribe("sport", AtMostOnce).with(broker.member()))?;

    rogue.expect_refusal(EITHER).suback_is_weak().await
}

async fn bad_share(broker: &Subject) -> Outcome {
    let mut rogue = subscriber(broker).await?;
    rogue.subscribe("$share/group/news", AtMostOnce).await?;

    rogue.send(subscribe("news", AtMostOnce).with(broker.member()))?;

    rogue.expect_refusal(EITHER).suback_is_weak().await
}

async fn empty_filter(broker: &Subject) -> Outcome {
    let (packet, place) = broker.member().split_once('-').unwrap_or((broker.member(), "only"));
    let legal = match (packet, place) {
        ("subscribe", "only") => subscribe("news", AtMostOnce),
        ("subscribe", _) => subscribe("news", AtMostOnce).and("sport", AtMostOnce),
        (_, "only") => unsubscribe(["news"]),
        _ => unsubscribe(["news", "sport"]),
    };
    let mut control = broker.connect("control").await?;
    control.send(legal.clone())?;
    control.serves().await?;
    let mut rogue = broker.connect("rogue").await?;

    rogue.send(legal.with(if place == "second" { "filter.empty-last" } else { "filter.empty" }))?;

    rogue.expect_refusal(EITHER).await
}

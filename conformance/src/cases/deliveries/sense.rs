//! Which values of the parameters go together: combinations that make no scene, each with the reason.

use super::row::{PARAMETERS, Row};

/// Values of some parameters that make no scene together, and why not.
pub(super) struct Exclusion {
    /// Parameters, each with the values that are meant.
    pub(super) together: &'static [(&'static str, &'static [&'static str])],
    /// Why there is no such scene.
    pub(super) why: &'static str,
}

const fn excluded(together: &'static [(&'static str, &'static [&'static str])], why: &'static str) -> Exclusion {
    Exclusion { together, why }
}

/// Pairs of QoS of which one is 0.
const WITH_QOS_0: &[&str] = &["qos0-0", "qos0-1", "qos0-2", "qos1-0", "qos2-0"];
const PUBLISHED_AT_0: &[&str] = &["qos0-0", "qos0-1", "qos0-2"];
const ASKED_AT_0: &[&str] = &["qos0-0", "qos1-0", "qos2-0"];
const ASKED_AT_2: &[&str] = &["qos0-2", "qos1-2", "qos2-2"];
const SEVERAL_MESSAGES: &[&str] = &["three", "twelve"];
const RETAINED: &[&str] = &["retained", "retained-will"];
const WITHOUT_PAYLOAD: &[&str] = &["empty", "clearing"];
const UNUSUAL: &[&str] =
    &["odd-levels", "control-characters", "kilobyte-topic", "edge-levels", "unmatched", "below-plus"];
const UNMATCHED: &[&str] = &["unmatched", "below-plus"];
const OF_ONE_TOPIC: &[&str] =
    &["exact", "share", "one-of-several", "overlapping", "upwards", "downwards", "replaced", "anew"];

/// A scene is about one reason for which a message stays away.
const ONE_REASON: &str = "it stays away for another reason too";

/// All of them.
pub(super) const EXCLUSIONS: &[Exclusion] = &[
    excluded(
        &[("path", &["queued", "sent-again"]), ("connection", &["fresh"])],
        "nothing waits, and nothing was sent before, for who connects for the first time",
    ),
    excluded(
        &[("path", &["queued"]), ("connection", &["taken-over"])],
        "nothing waits for a client that is connected until it is taken over",
    ),
    excluded(
        &[("path", &["queued", "sent-again", "will", "retained-will"]), ("qos", WITH_QOS_0)],
        "what has QoS 0 on its way need not wait, is not sent again, and a will that is lost can't be repeated",
    ),
    excluded(
        &[("path", &["retained"]), ("qos", PUBLISHED_AT_0)],
        "a retained message of QoS 0 may be dropped at any time",
    ),
    excluded(
        &[("path", &["live", "shared"]), ("subscription", &["share"])],
        "the path `shared` is the live one through a share",
    ),
    excluded(
        &[("path", RETAINED), ("subscription", &["share"])],
        "a share brings no retained messages: shared/brings-no-retained",
    ),
    excluded(
        &[("path", &["shared"]), ("subscription", &["overlapping"])],
        "a share and an ordinary subscription get a copy each: their number is counted elsewhere",
    ),
    excluded(&[("path", &["shared"]), ("options", &["no-local"])], "No Local with a share is a protocol error"),
    excluded(&[("subscription", &["share"]), ("options", &["no-local"])], "No Local with a share is a protocol error"),
    excluded(
        &[("path", &["shared"]), ("subscription", &["upwards", "downwards", "replaced"])],
        "what a repeated SUBSCRIBE does to a share is not said: MQTT-3.8.4-3 is about other subscriptions",
    ),
    excluded(
        &[("path", &["retained"]), ("qos", ASKED_AT_0), ("subscription", &["replaced", "anew"])],
        "a late copy for the subscription before can't be told from the one that is meant",
    ),
    excluded(
        &[("path", RETAINED), ("subscription", &["upwards"]), ("connection", &["fresh"])],
        "a late copy for the subscription before can't be told from the one that is meant",
    ),
    excluded(
        &[("path", RETAINED), ("options", &["no-local"]), ("publisher", &["to-itself"])],
        "what No Local does to a retained message is not said: observed elsewhere",
    ),
    excluded(
        &[("path", &["sent-again"]), ("options", &["no-local"]), ("publisher", &["to-itself"])],
        "what never came is not sent again",
    ),
    excluded(
        &[("path", &["queued", "will", "retained-will"]), ("publisher", &["to-itself"])],
        "who is away does not publish, and whose will is published is away",
    ),
    excluded(&[("subscription", &["upwards"]), ("qos", ASKED_AT_0)], "nothing is below QoS 0"),
    excluded(&[("subscription", &["downwards"]), ("qos", ASKED_AT_2)], "nothing is above QoS 2"),
    excluded(
        &[("path", &["live", "queued", "sent-again", "will", "shared"]), ("options", &["handling-1", "handling-2"])],
        "Retain Handling speaks of retained messages",
    ),
    excluded(
        &[("path", &["retained", "will", "retained-will"]), ("retain", &["with-retain"])],
        "a retained message has RETAIN by itself, and a retained will is a path of its own",
    ),
    excluded(
        &[("path", RETAINED), ("size", WITHOUT_PAYLOAD)],
        "an empty message is not retained: retain/empty-is-not-retained",
    ),
    excluded(&[("size", &["empty"]), ("retain", &["with-retain"])], "it would clear what is retained: retain/empty-*"),
    excluded(&[("size", &["clearing"]), ("retain", &["with-retain"])], "it has RETAIN 1 by itself"),
    excluded(&[("size", WITHOUT_PAYLOAD), ("count", SEVERAL_MESSAGES)], "empty messages can't be told apart"),
    excluded(&[("path", &["will", "retained-will"]), ("count", SEVERAL_MESSAGES)], "a connection has one will"),
    excluded(
        &[("path", &["retained"]), ("subscription", OF_ONE_TOPIC), ("count", SEVERAL_MESSAGES)],
        "a topic has one retained message",
    ),
    excluded(
        &[("path", &["retained"]), ("qos", ASKED_AT_0), ("count", SEVERAL_MESSAGES)],
        "of several at QoS 0 each may be lost, at every SUBSCRIBE another one",
    ),
    excluded(
        &[("path", &["retained"]), ("qos", ASKED_AT_0), ("options", &["handling-1"])],
        "what QoS 0 loses is not sent again to who is subscribed",
    ),
    excluded(&[("path", &["queued"]), ("count", &["twelve"])], "queues may be bounded: their length is observed"),
    excluded(
        &[("limits", &["receive-maximum", "packet-size"]), ("connection", &["fresh"])],
        "a limit from the first CONNECT on has cases of its own; here it is new on a session that had none",
    ),
    excluded(
        &[("path", &["live", "will", "shared", "sent-again"]), ("wait", &["after-2-s"])],
        "it is sent at once, and only what is stored meanwhile grows older",
    ),
    excluded(
        &[
            ("wait", &["after-2-s"]),
            ("properties", &["no-properties", "format", "content-type", "request", "user-properties"]),
        ],
        "time shows in an expiry interval alone",
    ),
    excluded(&[("versions", &["other-version"]), ("publisher", &["to-itself"])], "one client has one version"),
    excluded(
        &[("sent", &["with-dup"]), ("path", &["retained", "will", "retained-will", "sent-again"])],
        "a will has no DUP, and what is kept or was sent before has its own",
    ),
    excluded(
        &[
            ("path", &["sent-again"]),
            ("qos", &["qos2-2"]),
            ("count", SEVERAL_MESSAGES),
            ("limits", &["receive-maximum"]),
        ],
        "whether a place is free again is PUBREL's matter: flow-limits/quota-*",
    ),
    excluded(&[("sent", &["with-dup"]), ("qos", PUBLISHED_AT_0)], "DUP at QoS 0 is malformed: publish/dup-at-qos0"),
    excluded(&[("size", &["long-topic"]), ("topic", UNUSUAL)], "it has one topic"),
    excluded(
        &[("path", &["will", "retained-will"]), ("size", &["20-kib"]), ("versions", &["other-version"])],
        "a CONNECT that is too large for a broker looks like one of a version that it doesn't speak",
    ),
    excluded(&[("topic", &["kilobyte-topic"]), ("limits", &["packet-size"])], "its topic alone is too large"),
    excluded(
        &[("topic", &["edge-levels"]), ("subscription", &["exact", "plus", "hash"])],
        "edges are the parent of # and an empty level for +: they take both wildcards",
    ),
    excluded(
        &[("topic", &["edge-levels"]), ("path", RETAINED), ("count", SEVERAL_MESSAGES)],
        "a topic has one retained message",
    ),
    excluded(
        &[("topic", &["below-plus"]), ("subscription", &["exact", "hash", "plus-hash", "overlapping"])],
        "its filter ends in +, and # matches what is below",
    ),
    excluded(
        &[("topic", &["unmatched"]), ("subscription", &["hash", "plus-hash", "overlapping"])],
        "# matches a topic that goes on behind the filter",
    ),
    excluded(&[("topic", UNMATCHED), ("path", &["sent-again"])], "what never came is not sent again"),
    excluded(&[("topic", UNMATCHED), ("count", SEVERAL_MESSAGES)], "they are as many as there are wrong topics"),
    excluded(&[("topic", UNMATCHED), ("size", WITHOUT_PAYLOAD)], "empty messages can't be told apart"),
    excluded(&[("topic", UNMATCHED), ("size", &["2-kib", "20-kib"]), ("limits", &["packet-size"])], ONE_REASON),
    excluded(&[("topic", UNMATCHED), ("options", &["no-local"]), ("publisher", &["to-itself"])], ONE_REASON),
    excluded(&[("topic", UNMATCHED), ("path", RETAINED), ("options", &["handling-1", "handling-2"])], ONE_REASON),
    excluded(&[("topic", UNMATCHED), ("sent", &["with-dup"])], "what does not come has no DUP"),
    excluded(&[("topic", UNMATCHED), ("wait", &["after-2-s"])], "what does not come does not grow older"),
    excluded(
        &[("subscription", &["overlapping"]), ("options", &["identifier"])],
        "identifiers/* count them over all copies",
    ),
];

impl Exclusion {
    /// Whether all that it names is among these words; a parameter that is not chosen yet is not.
    fn holds(&self, word_of: impl Fn(&str) -> Option<&'static str>) -> bool {
        self.together.iter().all(|(name, values)| word_of(name).is_some_and(|word| values.contains(&word)))
    }
}

/// Why these values make no scene, some of which may still be open.
pub(super) fn senseless(words: &[Option<&'static str>]) -> Option<&'static str> {
    let word_of = |name: &str| {
        let place = PARAMETERS.iter().position(|(known, _)| *known == name)?;
        words.get(place).copied().flatten()
    };
    EXCLUSIONS.iter().find(|exclusion| exclusion.holds(word_of)).map(|exclusion| exclusion.why)
}

/// Values that only 5.0 has: scenes of theirs are none of 3.1.1.
const ONLY_V5: &[(&str, &[&str])] =
    &[("path", &["shared"]), ("subscription", &["share", "replaced"]), ("limits", &["receive-maximum", "packet-size"])];

/// What a row is in 3.1.1, where options are nothing and properties can only come from the other version; `None` where it is
/// nothing.
pub(super) fn in_v3_1_1(row: &Row) -> Option<Row> {
    let mut words = row.words();
    for (place, (name, values)) in PARAMETERS.iter().enumerate() {
        let is_of_v5 = ONLY_V5.iter().any(|(known, only)| known == name && only.contains(&words[place]));
        if is_of_v5 {
            return None;
        }
        let falls_away = *name == "options" || *name == "properties" && !words.contains(&"other-version");
        if falls_away {
            words[place] = values[0];
        }
    }
    let reduced = Row::of(words.iter().copied())?;
    let open: Vec<Option<&'static str>> = words.into_iter().map(Some).collect();
    senseless(&open).is_none().then_some(reduced)
}

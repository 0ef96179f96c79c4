//! A row of the chapter: what a scene is made from. The first value of each parameter is its default: it is left out of
//! the id, and stands for a parameter that a row does not have, so that a new parameter changes no id.

use mqtt_assay_codec::{QoS, SubscriptionOptions};
use std::sync::LazyLock;

macro_rules! parameters {
    ($($(#[$doc:meta])* $field:ident: $name:ident { $($variant:ident $word:literal,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub(super) enum $name { $($variant,)* }

            impl $name {
                const ALL: &'static [Self] = &[$(Self::$variant,)*];
                const WORDS: &'static [&'static str] = &[$($word,)*];

                fn of(word: &str) -> Option<Self> {
                    let place = Self::WORDS.iter().position(|known| *known == word)?;
                    Self::ALL.get(place).copied()
                }

                fn word(self) -> &'static str {
                    match self { $(Self::$variant => $word,)* }
                }
            }
        )*

        /// The parameters of one scene.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) struct Row { $($(#[$doc])* pub(super) $field: $name,)* }

        /// Every parameter, with its values; the default first.
        pub(super) const PARAMETERS: &[(&str, &[&str])] = &[$((stringify!($field), $name::WORDS),)*];

        impl Row {
            /// A row by the words of its values, in the order of the parameters; those that are missing are defaults.
            pub(super) fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<Self> {
                let mut words = words.into_iter();
                $(let $field = $name::of(words.next().unwrap_or($name::WORDS[0]))?;)*
                if words.next().is_none() { Some(Self { $($field,)* }) } else { None }
            }

            /// The words of all its values.
            pub(super) fn words(&self) -> Vec<&'static str> {
                vec![$(self.$field.word(),)*]
            }
        }
    };
}

parameters! {
    /// How the message comes to its receiver.
    path: Path {
        Live "live", Retained "retained", Queued "queued", Again "sent-again", Will "will", RetainedWill "retained-will",
        Shared "shared",
    }
    /// The subscription by which it comes.
    subscription: Subscription {
        Exact "exact", Plus "plus", Hash "hash", PlusHash "plus-hash", Share "share", Several "one-of-several",
        Overlapping "overlapping", Upwards "upwards", Downwards "downwards", Replaced "replaced", Anew "anew",
    }
    /// The QoS that it is published with, and the one that is asked for.
    qos: Pair {
        P1S1 "qos1-1", P0S0 "qos0-0", P0S1 "qos0-1", P0S2 "qos0-2", P1S0 "qos1-0", P1S2 "qos1-2", P2S0 "qos2-0",
        P2S1 "qos2-1", P2S2 "qos2-2",
    }
    /// The options of the subscription.
    options: Options {
        None "no-options", NoLocal "no-local", AsPublished "as-published", Handling1 "handling-1", Handling2 "handling-2",
        Identifier "identifier",
    }
    /// The properties of the message.
    properties: Load {
        None "no-properties", Format "format", Expiry "expiry", OfType "content-type", Request "request",
        User "user-properties", All "all-properties",
    }
    /// Payload and topic; what is empty and has RETAIN 1 clears what was kept, and is delivered like any other message.
    size: Size {
        Small "small", Empty "empty", Binary "binary", TwoKib "2-kib", LongTopic "long-topic", TwentyKib "20-kib",
        Clearing "clearing",
    }
    /// How many messages.
    count: Count { One "one", Three "three", Twelve "twelve", }
    /// The receiver's connection on which they come.
    connection: Connection {
        Fresh "fresh", Resumed "resumed", Second "second-time", Third "third-time", TakenOver "taken-over", Lost "lost",
    }
    /// The version of the publisher: that of the receiver, or the other one.
    versions: Versions { Own "one-version", Other "other-version", }
    /// Whether the publisher sets RETAIN on what is no retained message for its receiver.
    retain: Flag { Plain "plain", Set "with-retain", }
    /// What the receiver's last CONNECT limits (5.0).
    limits: Limits { None "no-limits", ReceiveMaximum "receive-maximum", PacketSize "packet-size", }
    /// Who publishes.
    publisher: Publisher { Another "another", Itself "to-itself", }
    /// The time between publication and delivery.
    wait: Wait { None "at-once", TwoSeconds "after-2-s", }
    /// Whether the publisher sets DUP, which says nothing of what others have received.
    sent: Sent { Once "sent-once", WithDup "with-dup", }
    /// What the topic is like, and whether the filter matches it: see `topic`.
    topic: Topic {
        Usual "usual-topic", Odd "odd-levels", Control "control-characters", Kilobyte "kilobyte-topic",
        Edges "edge-levels", Unmatched "unmatched", BelowPlus "below-plus",
    }
}

impl Row {
    /// The name of its case: the path's own name, and then what differs from the default.
    pub(super) fn member(&self) -> String {
        let defaults = PARAMETERS.iter().map(|(_, words)| words[0]);
        let differing = self.words().into_iter().zip(defaults).skip(1).filter(|(word, default)| word != default);
        differing.map(|(word, _)| word).collect::<Vec<_>>().join(".")
    }

    /// Its id within the suite, without a version: for people.
    pub(super) fn id(&self) -> String {
        let member = self.member();
        if member.is_empty() { self.path.word().to_owned() } else { format!("{}.{member}", self.path.word()) }
    }

    /// The QoS that the message is published with.
    pub(super) fn published(&self) -> QoS {
        match self.qos {
            Pair::P0S0 | Pair::P0S1 | Pair::P0S2 => QoS::AtMostOnce,
            Pair::P1S0 | Pair::P1S1 | Pair::P1S2 => QoS::AtLeastOnce,
            Pair::P2S0 | Pair::P2S1 | Pair::P2S2 => QoS::ExactlyOnce,
        }
    }

    /// The QoS that the subscription asks for.
    pub(super) fn asked(&self) -> QoS {
        match self.qos {
            Pair::P0S0 | Pair::P1S0 | Pair::P2S0 => QoS::AtMostOnce,
            Pair::P0S1 | Pair::P1S1 | Pair::P2S1 => QoS::AtLeastOnce,
            Pair::P0S2 | Pair::P1S2 | Pair::P2S2 => QoS::ExactlyOnce,
        }
    }

    /// Whether the message has QoS 0 somewhere on its way, and may be lost there.
    pub(super) fn may_be_lost(&self) -> bool {
        self.published().min(self.asked()) == QoS::AtMostOnce
    }

    /// How many messages there are.
    pub(super) fn messages(&self) -> usize {
        match self.count {
            Count::One => 1,
            Count::Three => 3,
            Count::Twelve => 12,
        }
    }

    /// Whether the message is stored and comes because of a SUBSCRIBE.
    pub(super) fn is_retained(&self) -> bool {
        matches!(self.path, Path::Retained | Path::RetainedWill)
    }

    /// Whether the message is published with RETAIN 1 and is no retained one for its receiver.
    pub(super) fn sets_retain(&self) -> bool {
        self.retain == Flag::Set || self.size == Size::Clearing
    }

    /// Whether the message is larger than the Maximum Packet Size that a row may set.
    pub(super) fn is_large(&self) -> bool {
        matches!(self.size, Size::TwoKib | Size::TwentyKib)
    }

    /// Whether the topic is none that the filter matches.
    pub(super) fn is_unmatched(&self) -> bool {
        matches!(self.topic, Topic::Unmatched | Topic::BelowPlus)
    }

    /// Whether it is a will that is published.
    pub(super) fn is_will(&self) -> bool {
        matches!(self.path, Path::Will | Path::RetainedWill)
    }

    /// Whether it goes through a share.
    pub(super) fn is_shared(&self) -> bool {
        self.path == Path::Shared || self.subscription == Subscription::Share
    }

    /// Whether the subscription takes the place of one that was there.
    pub(super) fn is_replaced(&self) -> bool {
        matches!(self.subscription, Subscription::Upwards | Subscription::Downwards | Subscription::Replaced)
    }

    /// The options that the subscription asks for, in 5.0 with all of them.
    pub(super) fn options(&self, is_v5: bool) -> SubscriptionOptions {
        let mut options = SubscriptionOptions::at(self.asked());
        if is_v5 {
            options.no_local = self.options == Options::NoLocal;
            options.retain_as_published = self.options == Options::AsPublished;
            options.retain_handling = match self.options {
                Options::Handling1 => mqtt_assay_codec::RetainHandling::SendIfNew,
                Options::Handling2 => mqtt_assay_codec::RetainHandling::DoNotSend,
                _ => options.retain_handling,
            };
        }
        options
    }
}

/// All rows, in the order in which they were made.
pub(super) static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| rows_in(include_str!("rows.tsv")));

/// The rows of a table: a line of words each, behind a heading.
pub(super) fn rows_in(table: &str) -> Vec<Row> {
    table.lines().skip(1).filter_map(|line| Row::of(line.split('\t'))).collect()
}

//! Variants: set-ups of a broker that cases need beyond the plain one.

/// A named set-up of a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variant {
    /// The name used by profiles, `--variant` and reports.
    pub name: &'static str,
    /// What is special about it.
    pub says: &'static str,
    /// Limits of the embedded broker, by the names that `serve --limit` takes.
    pub limits: &'static [(&'static str, &'static str)],
    /// What a broker lacks that is so by itself, as its CONNACK announces it (`qos2`); empty where nothing does.
    pub lacks: &'static str,
    /// The flags with which an address offers it; empty where only the broker's own CONNACK can.
    pub flags: &'static str,
}

impl Variant {
    /// Nothing special: anonymous clients, no limits.
    pub const PLAIN: Self =
        Self { name: "plain", says: "anonymous clients, every feature, no limits", limits: &[], lacks: "", flags: "" };

    /// User name and password are checked, and one topic is denied.
    pub const WITH_ACCESS: Self = Self {
        name: "with-access",
        says: "user name and password are checked, and a topic is denied to the ordinary user",
        limits: &[],
        lacks: "",
        flags: "--user, --password, --bad-password and --denied-topic",
    };

    /// Maximum QoS 1 (5.0).
    pub const MAX_QOS_1: Self = Self {
        name: "max-qos-1",
        says: "the broker supports QoS 0 and 1 only, and says so in CONNACK (5.0)",
        limits: &[("max-qos", "1")],
        lacks: "qos2",
        flags: "",
    };

    /// Retain Available 0 (5.0).
    pub const NO_RETAIN: Self = Self {
        name: "no-retain",
        says: "the broker has no retained messages, and says so in CONNACK (5.0)",
        limits: &[("retain", "no")],
        lacks: "retain",
        flags: "",
    };

    /// Maximum Packet Size 1024 (5.0).
    pub const SMALL_PACKETS: Self = Self {
        name: "small-packets",
        says: "the broker takes packets of 1024 bytes at most, and says so in CONNACK (5.0)",
        limits: &[("max-packet-size", "1024")],
        lacks: "",
        flags: "",
    };

    /// No wildcards in topic filters; 5.0 announces it, 3.1.1 has no means to.
    pub const NO_WILDCARDS: Self = Self {
        name: "no-wildcards",
        says: "the broker refuses topic filters with wildcards, and says so in CONNACK (5.0)",
        limits: &[("wildcards", "no")],
        lacks: "wildcard",
        flags: "",
    };

    /// Shared Subscription Available 0 (5.0).
    pub const NO_SHARED: Self = Self {
        name: "no-shared-subscriptions",
        says: "the broker has no shared subscriptions, and says so in CONNACK (5.0)",
        limits: &[("shared-subscriptions", "no")],
        lacks: "shared-subscriptions",
        flags: "",
    };

    /// Subscription Identifier Available 0 (5.0).
    pub const NO_IDENTIFIERS: Self = Self {
        name: "no-subscription-identifiers",
        says: "the broker has no subscription identifiers, and says so in CONNACK (5.0)",
        limits: &[("subscription-identifiers", "no")],
        lacks: "subscription-identifiers",
        flags: "",
    };

    /// Server Keep Alive 1 (5.0).
    pub const SERVER_KEEP_ALIVE: Self = Self {
        name: "server-keep-alive",
        says: "the broker sets a keep alive of its own for every client, and says so in CONNACK (5.0)",
        limits: &[("server-keep-alive", "1")],
        lacks: "",
        flags: "",
    };

    /// Sessions of 4 seconds at most (5.0).
    pub const SHORT_SESSIONS: Self = Self {
        name: "short-sessions",
        says: "the broker keeps sessions for 4 seconds at most, and says so in CONNACK (5.0)",
        limits: &[("session-expiry-maximum", "4")],
        lacks: "",
        flags: "",
    };

    /// Client identifiers of 23 bytes at most.
    pub const SHORT_CLIENT_IDS: Self = Self {
        name: "short-client-ids",
        says: "the broker refuses client identifiers of more than 23 bytes",
        limits: &[("max-client-id-bytes", "23")],
        lacks: "",
        flags: "",
    };

    /// The variant with this name.
    pub fn find(name: &str) -> Option<Self> {
        VARIANTS.iter().copied().find(|variant| variant.name == name)
    }
}

/// Every variant.
pub const VARIANTS: &[Variant] = &[
    Variant::PLAIN,
    Variant::WITH_ACCESS,
    Variant::MAX_QOS_1,
    Variant::NO_RETAIN,
    Variant::SMALL_PACKETS,
    Variant::NO_WILDCARDS,
    Variant::NO_SHARED,
    Variant::NO_IDENTIFIERS,
    Variant::SERVER_KEEP_ALIVE,
    Variant::SHORT_SESSIONS,
    Variant::SHORT_CLIENT_IDS,
];

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
    /// What carries the bytes there, where the variant is about that: then any case can be run in it.
    pub carrier: Option<Carrier>,
}

/// What carries the bytes of MQTT.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carrier {
    /// TCP; on the embedded broker a memory pipe.
    #[default]
    Tcp,
    /// TLS over it.
    Tls,
    /// The same, where the broker wants a certificate of the client.
    MutualTls,
    /// WebSocket frames over TCP.
    WebSocket,
    /// WebSocket frames over TLS.
    SecureWebSocket,
    /// A unix domain socket.
    Unix,
}

impl Carrier {
    /// True where TLS is spoken.
    pub const fn has_tls(self) -> bool {
        matches!(self, Self::Tls | Self::MutualTls | Self::SecureWebSocket)
    }

    /// True where WebSocket frames carry the bytes.
    pub const fn has_web_socket(self) -> bool {
        matches!(self, Self::WebSocket | Self::SecureWebSocket)
    }
}

impl Variant {
    /// Nothing special: anonymous clients, no limits.
    pub const PLAIN: Self = Self::new("plain", "anonymous clients, every feature, no limits", &[]);

    /// User name and password are checked, and one topic is denied.
    pub const WITH_ACCESS: Self = Self {
        flags: "--user, --password, --bad-password and --denied-topic",
        ..Self::new(
            "with-access",
            "user name and password are checked, and a topic is denied to the ordinary user",
            &[],
        )
    };

    /// An authentication method is known (5.0).
    pub const WITH_AUTHENTICATION: Self = Self {
        flags: "--auth-method and --auth-data",
        ..Self::new(
            "with-authentication",
            "the broker knows an authentication method with which a client may begin (5.0)",
            &[],
        )
    };

    /// Maximum QoS 1 (5.0).
    pub const MAX_QOS_1: Self = Self::new(
        "max-qos-1",
        "the broker supports QoS 0 and 1 only, and says so in CONNACK (5.0)",
        &[("max-qos", "1")],
    )
    .lacking("qos2");

    /// Retain Available 0 (5.0).
    pub const NO_RETAIN: Self = Self::new(
        "no-retain",
        "the broker has no retained messages, and says so in CONNACK (5.0)",
        &[("retain", "no")],
    )
    .lacking("retain");

    /// Maximum Packet Size 1024 (5.0).
    pub const SMALL_PACKETS: Self = Self::new(
        "small-packets",
        "the broker takes packets of 1024 bytes at most, and says so in CONNACK (5.0)",
        &[("max-packet-size", "1024")],
    );

    /// No wildcards in topic filters; 5.0 announces it, 3.1.1 has no means to.
    pub const NO_WILDCARDS: Self = Self::new(
        "no-wildcards",
        "the broker refuses topic filters with wildcards, and says so in CONNACK (5.0)",
        &[("wildcards", "no")],
    )
    .lacking("wildcard");

    /// Shared Subscription Available 0 (5.0).
    pub const NO_SHARED: Self = Self::new(
        "no-shared-subscriptions",
        "the broker has no shared subscriptions, and says so in CONNACK (5.0)",
        &[("shared-subscriptions", "no")],
    )
    .lacking("shared-subscriptions");

    /// Subscription Identifier Available 0 (5.0).
    pub const NO_IDENTIFIERS: Self = Self::new(
        "no-subscription-identifiers",
        "the broker has no subscription identifiers, and says so in CONNACK (5.0)",
        &[("subscription-identifiers", "no")],
    )
    .lacking("subscription-identifiers");

    /// Topic Alias Maximum 0 (5.0).
    pub const NO_ALIASES: Self = Self::new(
        "no-topic-aliases",
        "the broker takes no topic aliases, and announces none in CONNACK (5.0)",
        &[("topic-alias-maximum", "0")],
    )
    .lacking("topic-alias");

    /// Server Keep Alive 1 (5.0).
    pub const SERVER_KEEP_ALIVE: Self = Self::new(
        "server-keep-alive",
        "the broker sets a keep alive of its own for every client, and says so in CONNACK (5.0)",
        &[("server-keep-alive", "1")],
    );

    /// Sessions of 4 seconds at most (5.0).
    pub const SHORT_SESSIONS: Self = Self::new(
        "short-sessions",
        "the broker keeps sessions for 4 seconds at most, and says so in CONNACK (5.0)",
        &[("session-expiry-maximum", "4")],
    );

    /// Client identifiers of 23 bytes at most.
    pub const SHORT_CLIENT_IDS: Self = Self::new(
        "short-client-ids",
        "the broker refuses client identifiers of more than 23 bytes",
        &[("max-client-id-bytes", "23")],
    );

    /// Two unacknowledged messages on their way to a client at most: the others wait for room.
    pub const FEW_IN_FLIGHT: Self = Self::new(
        "few-in-flight",
        "the broker has two unacknowledged messages on their way to a client at most",
        &[("max-in-flight", "2")],
    );

    /// TLS.
    pub const TLS: Self =
        Self { flags: "the scheme mqtts", ..Self::carried(Carrier::Tls, "tls", "the broker is reached by TLS") };

    /// TLS with a certificate of the client.
    pub const MUTUAL_TLS: Self = Self {
        flags: "the scheme mqtts, --cert and --key",
        ..Self::carried(
            Carrier::MutualTls,
            "mutual-tls",
            "the broker is reached by TLS, and lets in only clients with a certificate of its authority",
        )
    };

    /// WebSocket.
    pub const WEBSOCKET: Self = Self {
        flags: "the scheme ws or wss",
        ..Self::carried(Carrier::WebSocket, "websocket", "the broker is reached by WebSocket")
    };

    /// WebSocket over TLS.
    pub const SECURE_WEBSOCKET: Self =
        Self::carried(Carrier::SecureWebSocket, "secure-websocket", "the broker is reached by WebSocket over TLS");

    /// A unix domain socket.
    pub const UNIX: Self = Self::carried(Carrier::Unix, "unix", "the broker is reached by a unix domain socket");

    /// What the broker stores is there when it is started again.
    pub const PERSISTENT: Self = Self::new(
        "persistent",
        "the broker stores sessions, messages and retained messages, and can be started again with them",
        &[],
    );

    const fn new(name: &'static str, says: &'static str, limits: &'static [(&'static str, &'static str)]) -> Self {
        Self { name, says, limits, lacks: "", flags: "", carrier: None }
    }

    const fn carried(carrier: Carrier, name: &'static str, says: &'static str) -> Self {
        Self { carrier: Some(carrier), ..Self::new(name, says, &[]) }
    }

    /// So is a broker that lacks this by itself, and says so.
    const fn lacking(self, feature: &'static str) -> Self {
        Self { lacks: feature, ..self }
    }

    /// The variant with this name.
    pub fn find(name: &str) -> Option<Self> {
        VARIANTS.iter().copied().find(|variant| variant.name == name)
    }
}

/// Every variant.
pub const VARIANTS: &[Variant] = &[
    Variant::PLAIN,
    Variant::WITH_ACCESS,
    Variant::WITH_AUTHENTICATION,
    Variant::MAX_QOS_1,
    Variant::NO_RETAIN,
    Variant::SMALL_PACKETS,
    Variant::NO_WILDCARDS,
    Variant::NO_SHARED,
    Variant::NO_IDENTIFIERS,
    Variant::NO_ALIASES,
    Variant::SERVER_KEEP_ALIVE,
    Variant::SHORT_SESSIONS,
    Variant::SHORT_CLIENT_IDS,
    Variant::FEW_IN_FLIGHT,
    Variant::TLS,
    Variant::MUTUAL_TLS,
    Variant::WEBSOCKET,
    Variant::SECURE_WEBSOCKET,
    Variant::UNIX,
    Variant::PERSISTENT,
];

//! The planted bugs by name: what each does, and which published one it has the shape of.

macro_rules! planted {
    ($($variant:ident $sort:ident $name:literal $says:literal $shape:literal;)*) => {
        /// A bug that is planted for the hunt.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Planted {
            $(#[doc = $says] $variant,)*
        }

        impl Planted {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the broker does, in one sentence.
            pub const fn says(self) -> &'static str {
                match self { $(Self::$variant => $says,)* }
            }

            /// Whose bug has this shape.
            pub const fn shape(self) -> &'static str {
                match self { $(Self::$variant => $shape,)* }
            }

            /// What becomes of the broker.
            pub const fn sort(self) -> Sort {
                match self { $(Self::$variant => Sort::$sort,)* }
            }
        }
    };
}

/// What a bug does to a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// It ends.
    Crash,
    /// It answers no more, everybody or one connection.
    Hang,
    /// It keeps what nobody will ever ask for.
    Leak,
    /// It goes on, and breaks a rule.
    Silent,
}

impl Sort {
    /// In tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Hang => "hang",
            Self::Leak => "leak",
            Self::Silent => "silent",
        }
    }
}

planted! {
    SubscribeCutAfterFilter Crash "subscribe-cut-after-filter"
        "Dies of a SUBSCRIBE that ends right behind a topic filter." "mochi #501";
    SubscribeCutAt1024 Crash "subscribe-cut-at-1024"
        "Dies of a SUBSCRIBE that ends right behind a topic filter, where its Remaining Length is 1024." "NanoMQ #2268";
    PublishCutAfterTopic Crash "publish-cut-after-topic"
        "Dies of a PUBLISH above QoS 0 that ends right behind its topic." "NanoMQ #2270";
    ConnackFromClient Crash "connack-from-client"
        "Dies of a CONNACK that a client of 5.0 sends." "mosquitto CVE-2021-28166";
    PropertyLengthLie Crash "property-length-lie"
        "Dies of a PUBLISH whose properties are longer than the packet." "mosquitto 2.0.11";
    PropertyLengthOfFiveBytes Crash "property-length-of-five-bytes"
        "Dies of a CONNECT whose Property Length takes five bytes." "NanoMQ CVE-2026-21888";
    ShareWithoutSlash Crash "share-without-slash"
        "Refuses a SUBSCRIBE to $share/x and keeps half of it, of which the next PUBLISH dies." "NanoMQ CVE-2025-68699";
    EmptyTopic Crash "empty-topic"
        "Dies of a PUBLISH without a topic." "mosquitto CVE-2021-34432";
    DollarTopic Crash "dollar-topic"
        "Dies of a PUBLISH to a topic that begins with $, but not with $SYS." "mosquitto CVE-2018-12543";
    DeepFilter Crash "deep-filter"
        "Dies of a SUBSCRIBE to a topic filter of more than 10,000 levels." "mosquitto CVE-2019-11779";
    AckAsFirstPacket Crash "ack-as-first-packet"
        "Dies of a PUBACK before the CONNECT." "sol #15";
    PublishBeforeConnackRead Crash "publish-before-connack-read"
        "Dies of a PUBLISH of QoS 2 in the same write as its CONNECT." "tinyMQTT #16";
    ClosedBeforeSuback Crash "closed-before-suback"
        "Dies where a client ends its half before its SUBACK is written." "KMQTT, found by FUME";
    TakeoverInFlight Crash "takeover-in-flight"
        "Dies of a takeover while two messages or more are on their way to the client." "mosquitto CVE-2024-8376";
    TakeoverStorm Crash "takeover-storm"
        "Dies of the sixth takeover of one session." "NanoMQ CVE-2026-22040";
    MalformedDisconnect Hang "malformed-disconnect"
        "Answers nobody any more after a malformed DISCONNECT." "aedes, mqtt-packet #107";
    UnterminatedInteger Hang "unterminated-integer"
        "Neither serves nor closes a connection once a variable byte integer has no end." "NanoMQ CVE-2026-21888";
    RepeatedIdentifier Leak "repeated-identifier"
        "Keeps each PUBLISH of QoS 2 whose identifier is in use, for ever." "mosquitto CVE-2023-28366";
    ForeignWillProperty Leak "foreign-will-property"
        "Keeps each will that it refuses for a property of another packet, for ever." "mosquitto CVE-2023-3592";
    UnreadableProperties Leak "unreadable-properties"
        "Keeps the topic of each PUBLISH whose properties can't be read, for ever." "mosquitto #1774";
    UnsubscribeStorm Leak "unsubscribe-storm"
        "Keeps what it made for an UNSUBSCRIBE, for ever, from the ninth of a connection on." "NanoMQ CVE-2025-59946";
    LengthBeforeConnect Leak "length-before-connect"
        "Keeps room for a first packet that is no CONNECT and says that it is large, for ever." "mosquitto CVE-2023-0809";
    PingBeforeConnect Silent "ping-before-connect"
        "Answers a PINGREQ before the CONNECT." "FlashMQ #104";
    ConnectReservedFlags Silent "connect-reserved-flags"
        "Takes a CONNECT whose fixed header has reserved flags." "FlashMQ #170";
    ClosesNeighbour Silent "closes-neighbour"
        "Closes another connection, too, where it closes one for a malformed SUBSCRIBE." "MBFuzzer: damage to others";
    SpoilsNextMessage Silent "spoils-next-message"
        "Cuts a byte off the next message of anybody after a PUBLISH with a bad topic." "MBFuzzer: damage to others";
    PayloadOf1024 Silent "payload-of-1024"
        "Cuts the last byte off a payload of exactly 1024 bytes." "NanoMQ #2268";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<&str> = Planted::ALL.iter().map(|planted| planted.name()).collect();
        assert_eq!(names.len(), Planted::ALL.len());
    }
}

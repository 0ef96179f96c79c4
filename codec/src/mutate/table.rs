//! The table of mutations: names, what they do, and what makes them. Names are stable: reports, replay files and
//! lists of known failures hold them.

use alloc::vec::Vec;

use crate::mutate::mutation::Mutation;
use crate::mutate::properties::{self, Block};
use crate::mutate::{connect, header, lengths, subscribe, text};
use crate::packet::{FieldName, PacketType, Piece, PropertyId};
use crate::rule::Rule;

/// Concatenates tables of mutations into one.
const fn joined<const N: usize>(tables: &[&[Mutation]]) -> [Mutation; N] {
    let mut all = [tables[0][0]; N];
    let (mut table, mut at) = (0, 0);
    while table < tables.len() {
        let mut index = 0;
        while index < tables[table].len() {
            all[at] = tables[table][index];
            at += 1;
            index += 1;
        }
        table += 1;
    }
    all
}

const TABLES: &[&[Mutation]] = &[
    FLAGS,
    HEADER,
    LENGTHS,
    STRINGS_OVER,
    STRINGS_UNDER,
    CUTS,
    CUTS_WITHIN,
    SURROGATES,
    OVERLONGS,
    TRUNCATEDS,
    NULS,
    MARKS,
    CONTROLS,
    NONCHARACTERS,
    EMPTY_TOPICS,
    WILDCARDS,
    LONG_TOPICS,
    FILTERS,
    CONNECT,
    SUBSCRIBE,
    RESERVED_OPTIONS,
    ANSWERS,
    PROPERTIES,
    VALUES,
    WIDTHS,
    WILL_WIDTHS,
    DUPLICATES,
    WILL_DUPLICATES,
    FOREIGN,
    WILL_FOREIGN,
];

const COUNT: usize = {
    let (mut count, mut table) = (0, 0);
    while table < TABLES.len() {
        count += TABLES[table].len();
        table += 1;
    }
    count
};

static ALL: [Mutation; COUNT] = joined(TABLES);

/// Every mutation.
pub const MUTATIONS: &[Mutation] = &ALL;

macro_rules! mutations {
    ($table:ident: $($name:expr, $says:expr, $make:expr;)*) => {
        const $table: &[Mutation] = &[$(Mutation { name: $name, says: $says, make: $make }),*];
    };
}

macro_rules! flags {
    ($($flags:literal)*) => {
        mutations! { FLAGS: $(
            concat!("flags.reserved.", $flags), concat!("flags of the fixed header are ", $flags),
                |legal| header::reserved_flags(legal, $flags);
        )* }
    };
}
flags! { 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 }

mutations! { HEADER:
    "flags.qos3", "PUBLISH of QoS 3", header::qos3;
    "flags.dup-qos0", "PUBLISH of QoS 0 with DUP", header::dup_qos0;
    "type.reserved.0", "packet type 0", |legal| header::reserved_type(legal, 0);
    "type.reserved.15", "packet type 15 (before 5.0)", |legal| header::reserved_type(legal, 15);
    "len.remaining.over", "remaining length of one more than there is", header::remaining_over;
    "len.remaining.under", "remaining length of one less than there is", header::remaining_under;
    "len.remaining.zero", "remaining length 0, however much follows", header::remaining_zero;
    "len.remaining.max", "the largest remaining length there is", header::remaining_max;
    "extra.trailing", "a byte behind the last field", header::trailing;
    "pid.zero", "packet identifier 0", header::zero_packet_id;
}

mutations! { LENGTHS:
    "varint.five-bytes@remaining-length", "remaining length in five bytes",
        |legal| header::five_bytes(legal, FieldName::REMAINING_LENGTH);
    "varint.five-bytes@property-length", "property length in five bytes",
        |legal| header::five_bytes(legal, FieldName::PROPERTY_LENGTH);
    "varint.five-bytes@will-property-length", "property length of the will in five bytes",
        |legal| header::five_bytes(legal, FieldName::WILL_PROPERTY_LENGTH);
    "varint.five-bytes@subscription-identifier", "Subscription Identifier in five bytes",
        |legal| header::five_bytes(legal, FieldName::property(PropertyId::SUBSCRIPTION_IDENTIFIER));
    "varint.nonminimal@remaining-length", "remaining length in a byte more than it needs",
        |legal| header::non_minimal(legal, FieldName::REMAINING_LENGTH);
    "varint.nonminimal@property-length", "property length in a byte more than it needs",
        |legal| header::non_minimal(legal, FieldName::PROPERTY_LENGTH);
    "varint.nonminimal@will-property-length", "property length of the will in a byte more than it needs",
        |legal| header::non_minimal(legal, FieldName::WILL_PROPERTY_LENGTH);
    "varint.nonminimal@subscription-identifier", "Subscription Identifier in a byte more than it needs",
        |legal| header::non_minimal(legal, FieldName::property(PropertyId::SUBSCRIPTION_IDENTIFIER));
    "len.props.over", "property length past the end of the packet",
        |legal| header::property_length_over(legal, FieldName::PROPERTY_LENGTH);
    "len.props.over@will", "property length of the will past the end of the packet",
        |legal| header::property_length_over(legal, FieldName::WILL_PROPERTY_LENGTH);
    "len.props.under", "property length of one less than there is",
        |legal| properties::length_under(legal, Block::Packet);
    "len.props.under@will", "property length of the will of one less than there is",
        |legal| properties::length_under(legal, Block::Will);
    "len.props.into-payload", "property length that takes in the first byte behind the properties",
        |legal| properties::length_into_payload(legal, Block::Packet);
    "len.props.into-payload@will", "property length of the will that takes in the first byte of the will topic's length",
        |legal| properties::length_into_payload(legal, Block::Will);
    "varint.unterminated@remaining-length", "remaining length whose last byte says that another one follows, and none does",
        header::unterminated_remaining_length;
    "varint.unterminated@property-length", "packet that ends within its property length",
        |legal| header::unterminated_property_length(legal, FieldName::PROPERTY_LENGTH);
    "varint.unterminated@will-property-length", "packet that ends within the property length of the will",
        |legal| header::unterminated_property_length(legal, FieldName::WILL_PROPERTY_LENGTH);
    "varint.unterminated@subscription-identifier", "block of properties that ends within a Subscription Identifier",
        properties::unterminated_identifier;
}

/// What a string or binary field can have wrong with its length.
macro_rules! strings {
    ($($place:literal $says:literal $name:ident $past_end:ident;)*) => {
        mutations! { STRINGS_OVER: $(
            concat!("len.str.over@", $place), concat!($says, " past the end of the packet"),
                |legal| header::length_over(legal, FieldName::$name, Rule::$past_end);
        )* }
        mutations! { STRINGS_UNDER: $(
            concat!("len.str.under@", $place), concat!("length of one less than there is: ", $place),
                |legal| lengths::string_under(legal, FieldName::$name);
        )* }
    };
}
strings! {
    "topic-name" "topic name" TOPIC_NAME StringPastEnd;
    "topic-filter" "topic filter" TOPIC_FILTER StringPastEnd;
    "protocol-name" "protocol name" PROTOCOL_NAME StringPastEnd;
    "client-identifier" "client identifier" CLIENT_ID StringPastEnd;
    "will-topic" "will topic" WILL_TOPIC StringPastEnd;
    "will-payload" "will payload" WILL_PAYLOAD BinaryPastEnd;
    "user-name" "user name" USER_NAME StringPastEnd;
    "password" "password" PASSWORD BinaryPastEnd;
}

macro_rules! cuts {
    ($($place:literal $name:expr, $says:literal;)*) => {
        mutations! { CUTS: $(
            concat!("cut.before-field@", $place), concat!("the packet ends before the ", $says),
                |legal| header::cut_before(legal, $name);
        )* }
    };
}
cuts! {
    "packet-identifier" FieldName::PACKET_ID, "packet identifier";
    "property-length" FieldName::PROPERTY_LENGTH, "property length";
    "protocol-name" FieldName::PROTOCOL_NAME.length(), "protocol name";
    "protocol-level" FieldName::PROTOCOL_LEVEL, "protocol level";
    "connect-flags" FieldName::CONNECT_FLAGS, "connect flags";
    "keep-alive" FieldName::KEEP_ALIVE, "keep alive";
    "will-payload" FieldName::WILL_PAYLOAD.length(), "will payload";
    "client-identifier" FieldName::CLIENT_ID.length(), "client identifier";
    "will-property-length" FieldName::WILL_PROPERTY_LENGTH, "will";
    "will-topic" FieldName::WILL_TOPIC.length(), "will topic";
    "user-name" FieldName::USER_NAME.length(), "user name";
    "password" FieldName::PASSWORD.length(), "password";
    "topic-name" FieldName::TOPIC_NAME.length(), "topic name";
    "subscription-options" FieldName::SUBSCRIPTION_OPTIONS, "options of the last subscription";
    "reason-code" FieldName::REASON_CODE, "reason code";
    "connect-acknowledge-flags" FieldName::CONNACK_FLAGS, "connect acknowledge flags";
}

macro_rules! cuts_within {
    ($($place:literal $name:expr, $says:literal;)*) => {
        mutations! { CUTS_WITHIN: $(
            concat!("cut.mid-field@", $place), concat!("the packet ends before the last byte of the ", $says),
                |legal| lengths::cut_within(legal, $name);
        )*
            "cut.mid-field@properties", "the packet ends before the last byte of its properties",
                |legal| lengths::cut_within_properties(legal, FieldName::PROPERTY_LENGTH);
            "cut.mid-field@will-properties", "the packet ends before the last byte of the properties of the will",
                |legal| lengths::cut_within_properties(legal, FieldName::WILL_PROPERTY_LENGTH);
        }
    };
}
cuts_within! {
    "packet-identifier" FieldName::PACKET_ID, "packet identifier";
    "protocol-name" FieldName::PROTOCOL_NAME, "protocol name";
    "keep-alive" FieldName::KEEP_ALIVE, "keep alive";
    "client-identifier" FieldName::CLIENT_ID, "client identifier";
    "will-topic" FieldName::WILL_TOPIC, "will topic";
    "will-payload" FieldName::WILL_PAYLOAD, "will payload";
    "user-name" FieldName::USER_NAME, "user name";
    "password" FieldName::PASSWORD, "password";
    "topic-name" FieldName::TOPIC_NAME, "topic name";
    "topic-filter" FieldName::TOPIC_FILTER, "last topic filter";
}

/// A table of one mutation for each string: sequences that are not UTF-8, or that are unusual.
macro_rules! in_strings {
    ($table:ident, $family:literal, $says:literal, |$legal:ident, $name:ident| $make:expr) => {
        in_strings! { $table, $family, $says, |$legal, $name| $make,
            "topic-name", "topic name", FieldName::TOPIC_NAME;
            "topic-filter", "topic filter", FieldName::TOPIC_FILTER;
            "client-identifier", "client identifier", FieldName::CLIENT_ID;
            "will-topic", "will topic", FieldName::WILL_TOPIC;
            "user-name", "user name", FieldName::USER_NAME;
            "response-topic", "response topic", FieldName::property(PropertyId::RESPONSE_TOPIC);
            "will-response-topic", "response topic of the will",
                FieldName::will_property(PropertyId::RESPONSE_TOPIC);
            "content-type", "content type", FieldName::property(PropertyId::CONTENT_TYPE);
            "will-content-type", "content type of the will", FieldName::will_property(PropertyId::CONTENT_TYPE);
            "user-property-name", "name of a User Property", text::user_property(Piece::Name);
            "user-property-value", "value of a User Property", text::user_property(Piece::Value);
            "reason-string", "reason string", FieldName::property(PropertyId::REASON_STRING);
            "authentication-method", "authentication method",
                FieldName::property(PropertyId::AUTHENTICATION_METHOD);
            "assigned-client-identifier", "assigned client identifier",
                FieldName::property(PropertyId::ASSIGNED_CLIENT_IDENTIFIER);
            "response-information", "response information",
                FieldName::property(PropertyId::RESPONSE_INFORMATION);
            "server-reference", "server reference", FieldName::property(PropertyId::SERVER_REFERENCE);
        }
    };
    ($table:ident, $family:literal, $says:literal, |$legal:ident, $name:ident| $make:expr,
        $($place:literal, $place_says:literal, $field:expr;)*) => {
        mutations! { $table: $(
            concat!($family, "@", $place), concat!($says, " in the ", $place_says), |$legal| {
                let $name = $field;
                $make
            };
        )* }
    };
}
in_strings! { SURROGATES, "utf8.surrogate", "a surrogate", |legal, name| text::ill_formed(legal, name, text::SURROGATE) }
in_strings! { OVERLONGS, "utf8.overlong", "an overlong form", |legal, name| text::ill_formed(legal, name, text::OVERLONG) }
in_strings! { TRUNCATEDS, "utf8.truncated", "a cut sequence", |legal, name| text::ill_formed(legal, name, text::TRUNCATED) }
in_strings! { NULS, "utf8.nul", "U+0000", |legal, name| text::nul(legal, name) }

in_strings! { MARKS, "utf8.bom", "U+FEFF", |legal, name| text::legal_text(legal, name, text::BYTE_ORDER_MARK) }
in_strings! { CONTROLS, "utf8.control", "U+0001", |legal, name| text::doubtful_text(legal, name, text::CONTROL) }
in_strings! { NONCHARACTERS, "utf8.noncharacter", "U+FFFF",
|legal, name| text::doubtful_text(legal, name, text::NONCHARACTER) }

/// What a topic name can have wrong with it, wherever it stands.
macro_rules! topic_names {
    ($($place:literal $of:literal $says:literal $name:expr, $empty:ident $wildcard:ident;)*) => {
        mutations! { EMPTY_TOPICS: $(
            concat!("topic.empty@", $place), concat!("empty ", $says),
                |legal| text::empty_topic(legal, $name, Rule::$empty);
        )* }
        mutations! { WILDCARDS: $(
            concat!("topic.wildcard-in-name.hash", $of), concat!("# in the ", $says),
                |legal| text::wildcard(legal, $name, b"#", Rule::$wildcard);
            concat!("topic.wildcard-in-name.plus", $of), concat!("+ in the ", $says),
                |legal| text::wildcard(legal, $name, b"+", Rule::$wildcard);
        )* }
    };
}
topic_names! {
    "topic-name" "" "topic name" FieldName::TOPIC_NAME, TopicNameEmpty TopicNameWildcard;
    "will-topic" "@will-topic" "will topic" FieldName::WILL_TOPIC, WillTopicEmpty WillTopicWildcard;
    "response-topic" "@response-topic" "response topic"
        FieldName::property(PropertyId::RESPONSE_TOPIC), ResponseTopicEmpty ResponseTopicWildcard;
    "will-response-topic" "@will-response-topic" "response topic of the will"
        FieldName::will_property(PropertyId::RESPONSE_TOPIC), ResponseTopicEmpty ResponseTopicWildcard;
}

mutations! { LONG_TOPICS:
    "topic.deep@topic-name", "topic name of 65,400 levels", |legal| text::deep(legal, FieldName::TOPIC_NAME);
    "topic.deep@topic-filter", "topic filter of 65,400 levels", |legal| text::deep(legal, FieldName::TOPIC_FILTER);
    "topic.max@topic-name", "topic name of 65,535 bytes", |legal| text::longest(legal, FieldName::TOPIC_NAME);
    "topic.max@topic-filter", "topic filter of 65,535 bytes", |legal| text::longest(legal, FieldName::TOPIC_FILTER);
    "topic.max@will-topic", "will topic of 65,535 bytes", |legal| text::longest(legal, FieldName::WILL_TOPIC);
    "topic.dollar@topic-name", "topic name that begins with $", |legal| text::dollar(legal, FieldName::TOPIC_NAME);
    "topic.dollar@topic-filter", "topic filter that begins with $", |legal| text::dollar(legal, FieldName::TOPIC_FILTER);
}

mutations! { FILTERS:
    "filter.empty", "empty topic filter", |legal| text::filter(legal, |_| Vec::new(), Rule::TopicFilterEmpty);
    "filter.empty-last", "empty topic filter behind another", text::empty_last_filter;
    "filter.hash-not-last", "# before the last level of a filter",
        |legal| text::filter(legal, |plain| [plain, b"/#/more"].concat(), Rule::MultiLevelWildcard);
    "filter.hash-after-text", "# behind text in a level of a filter",
        |legal| text::filter(legal, |plain| [plain, b"#"].concat(), Rule::MultiLevelWildcard);
    "filter.hash-before-text", "# before text in a level of a filter",
        |legal| text::filter(legal, |plain| [plain, b"/#more"].concat(), Rule::MultiLevelWildcard);
    "filter.hash-twice", "two # in the last level of a filter",
        |legal| text::filter(legal, |plain| [plain, b"/##"].concat(), Rule::MultiLevelWildcard);
    "filter.plus-after-text", "+ behind text in a level of a filter",
        |legal| text::filter(legal, |plain| [plain, b"+"].concat(), Rule::SingleLevelWildcard);
    "filter.plus-before-text", "+ before text in a level of a filter",
        |legal| text::filter(legal, |plain| [b"+", plain].concat(), Rule::SingleLevelWildcard);
    "filter.plus-amid-text", "+ between text in a level of a filter",
        |legal| text::filter(legal, |plain| [plain, b"/a+b/more"].concat(), Rule::SingleLevelWildcard);
    "filter.share-empty-name", "shared subscription without share name",
        |legal| text::shared(legal, |plain| [b"$share//", plain].concat(), Rule::ShareNameEmpty);
    "filter.share-without-filter", "shared subscription without a slash behind the share name",
        |legal| text::shared(legal, |_| b"$share/group".to_vec(), Rule::ShareName);
    "filter.share-empty-filter", "shared subscription with an empty topic filter",
        |legal| text::shared(legal, |_| b"$share/group/".to_vec(), Rule::ShareName);
    "filter.share-hash-in-name", "shared subscription with # in the share name",
        |legal| text::shared(legal, |plain| [b"$share/gro#up/", plain].concat(), Rule::ShareName);
    "filter.share-plus-in-name", "shared subscription with + in the share name",
        |legal| text::shared(legal, |plain| [b"$share/+/", plain].concat(), Rule::ShareName);
}

mutations! { CONNECT:
    "connect.name", "unknown protocol name", connect::name;
    "connect.name.empty", "empty protocol name", |legal| connect::name_of(legal, b"");
    "connect.name.short", "protocol name MQT", |legal| connect::name_of(legal, b"MQT");
    "connect.name.long", "protocol name MQTTMQTT", |legal| connect::name_of(legal, b"MQTTMQTT");
    "connect.name.mqisdp", "protocol name of 3.1 (later versions)", |legal| connect::name_of_v3_1(legal, None);
    "connect.name.mqisdp.3", "protocol name and level of 3.1 (later versions)",
        |legal| connect::name_of_v3_1(legal, Some(3));
    "connect.name.mqisdp.6", "protocol name of 3.1 with level 6 (later versions)",
        |legal| connect::name_of_v3_1(legal, Some(6));
    "connect.level", "protocol level 6", connect::level;
    "connect.reserved-bit", "bit 0 of the connect flags", connect::reserved_bit;
    "connect.will-qos3", "Will QoS 3", connect::will_qos3;
    "connect.will-qos-without-will", "Will QoS 1 without a will", |legal| connect::will_qos_without_will(legal, 1);
    "connect.will-qos-without-will.2", "Will QoS 2 without a will", |legal| connect::will_qos_without_will(legal, 2);
    "connect.will-qos-without-will.3", "Will QoS 3 without a will", |legal| connect::will_qos_without_will(legal, 3);
    "connect.will-retain-without-will", "Will Retain without a will", connect::will_retain_without_will;
    "connect.will-flag-without-will", "Will flag without a will in the payload", connect::will_flag_without_will;
    "connect.user-flag-without-name", "User Name flag without a user name", connect::user_flag_without_name;
    "connect.password-flag-without-password", "Password flag without a password",
        connect::password_flag_without_password;
    "connect.user-without-flag", "user name that no flag announces", connect::user_without_flag;
    "connect.password-without-user", "password without user name (legal in 5.0)", connect::password_without_user;
    "connect.long-client-id", "client identifier of 24 characters (legal but in 3.1)", connect::long_client_id;
    "connect.empty-client-id", "neither client identifier nor clean session (legal in 5.0)", connect::empty_client_id;
    "connect.will-first", "a will payload that is no text, and the client identifier in its place", connect::will_first;
    "connect.authentication-data-without-method", "authentication data without a method",
        properties::data_without_method;
}

mutations! { SUBSCRIBE:
    "subscribe.no-filters", "SUBSCRIBE without topic filters",
        |legal| subscribe::no_filters(legal, PacketType::Subscribe);
    "unsubscribe.no-filters", "UNSUBSCRIBE without topic filters",
        |legal| subscribe::no_filters(legal, PacketType::Unsubscribe);
    "subscribe.qos3", "requested QoS 3", subscribe::qos3;
    "subscribe.retain-handling3", "Retain Handling 3", subscribe::retain_handling3;
    "subscribe.no-local-shared", "No Local on a shared subscription", subscribe::no_local_shared;
}

macro_rules! reserved_options {
    ($($bit:literal)*) => {
        mutations! { RESERVED_OPTIONS: $(
            concat!("subscribe.reserved-bits.", $bit), concat!("reserved bit ", $bit, " behind a topic filter"),
                |legal| subscribe::reserved_bit(legal, $bit);
        )* }
    };
}
reserved_options! { 2 3 4 5 6 7 }

mutations! { ANSWERS:
    "reason.undefined", "reason code 0x7f, which no packet has", header::undefined_reason;
    "reason.wrong-side", "reason code that only the other side may send", header::wrong_side_reason;
    "reason.none", "SUBACK or UNSUBACK without reason codes", header::no_reason_codes;
    "ack.code-spelled-out", "PUBACK, PUBREC, PUBREL or PUBCOMP with code 0x00 and no property length (legal)",
        |legal| header::spelled_out(legal, &[0]);
    "ack.empty-properties", "PUBACK, PUBREC, PUBREL or PUBCOMP with code 0x00 and an empty property list (legal)",
        |legal| header::spelled_out(legal, &[0, 0]);
    "connack.reserved-bit", "bit 1 of the connect acknowledge flags", header::connack_flags;
    "connack.session-present-with-error", "Session Present in a CONNACK that refuses",
        header::session_present_with_error;
    "auth.no-method", "AUTH without authentication method", properties::auth_without_method;
}

mutations! { PROPERTIES:
    "prop.unknown.00", "property 0x00", |legal| properties::unknown(legal, Block::Packet, &[0x00]);
    "prop.unknown.04", "property 0x04", |legal| properties::unknown(legal, Block::Packet, &[0x04]);
    "prop.unknown.2b", "property 0x2b", |legal| properties::unknown(legal, Block::Packet, &[0x2B]);
    "prop.unknown.7f", "property 0x7f", |legal| properties::unknown(legal, Block::Packet, &[0x7F]);
    "prop.unknown.two-bytes", "property with an identifier of two bytes",
        |legal| properties::unknown(legal, Block::Packet, &[0x81, 0x01]);
    "prop.unknown@will", "property 0x04 in the will", |legal| properties::unknown(legal, Block::Will, &[0x04]);
    "prop.wrong-side", "property that only the other side may send in this packet", properties::wrong_side;
    "prop.order", "properties in another order", |legal| properties::reordered(legal, Block::Packet);
    "prop.order@will", "properties of the will in another order", |legal| properties::reordered(legal, Block::Will);
    "prop.cut-off", "last property without its last byte", |legal| properties::cut_off(legal, Block::Packet);
    "prop.cut-off@will", "last property of the will without its last byte",
        |legal| properties::cut_off(legal, Block::Will);
}

/// A table of one mutation for each property of a list.
macro_rules! each_property {
    ($table:ident, $family:literal, $says:literal, |$legal:ident, $id:ident| $make:expr,
        $($place:literal $constant:ident)*) => {
        mutations! { $table: $(
            concat!($family, $place), concat!($says, $place), |$legal| {
                let $id = PropertyId::$constant;
                $make
            };
        )* }
    };
}

/// The tables that have a row for each property, from two lists: those that a will may have as well as a PUBLISH, and those
/// that no will has. The Will Delay Interval, which nothing but a will has, is named where it belongs.
macro_rules! property_tables {
    ([$($shared:literal $shared_constant:ident)*] [$($place:literal $constant:ident)*]) => {
        each_property! { DUPLICATES, "prop.duplicate@", "twice the property ",
            |legal, id| properties::duplicate(legal, Block::Packet, id),
            $($shared $shared_constant)* $($place $constant)* }
        each_property! { WILL_DUPLICATES, "prop.duplicate@will.", "twice in the will the property ",
            |legal, id| properties::duplicate(legal, Block::Will, id),
            "will-delay-interval" WILL_DELAY_INTERVAL $($shared $shared_constant)* }
        each_property! { FOREIGN, "prop.foreign@", "in a packet that does not have it the property ",
            |legal, id| properties::foreign(legal, Block::Packet, id),
            $($place $constant)* $($shared $shared_constant)* "will-delay-interval" WILL_DELAY_INTERVAL }
        each_property! { WILL_FOREIGN, "prop.foreign@will.", "in the will, which does not have it, the property ",
            |legal, id| properties::foreign(legal, Block::Will, id), $($place $constant)* }
        each_property! { WIDTHS, "prop.wrong-width@", "a value of the wrong width in the property ",
            |legal, id| properties::wrong_width(legal, Block::Packet, id),
            $($shared $shared_constant)* $($place $constant)* }
        each_property! { WILL_WIDTHS, "prop.wrong-width@will.",
            "in the will a value of the wrong width in the property ",
            |legal, id| properties::wrong_width(legal, Block::Will, id),
            "will-delay-interval" WILL_DELAY_INTERVAL $($shared $shared_constant)* }
    };
}
property_tables! {
    [
        "payload-format-indicator" PAYLOAD_FORMAT_INDICATOR
        "message-expiry-interval" MESSAGE_EXPIRY_INTERVAL
        "content-type" CONTENT_TYPE
        "response-topic" RESPONSE_TOPIC
        "correlation-data" CORRELATION_DATA
    ]
    [
        "subscription-identifier" SUBSCRIPTION_IDENTIFIER
        "session-expiry-interval" SESSION_EXPIRY_INTERVAL
        "assigned-client-identifier" ASSIGNED_CLIENT_IDENTIFIER
        "server-keep-alive" SERVER_KEEP_ALIVE
        "authentication-method" AUTHENTICATION_METHOD
        "authentication-data" AUTHENTICATION_DATA
        "request-problem-information" REQUEST_PROBLEM_INFORMATION
        "request-response-information" REQUEST_RESPONSE_INFORMATION
        "response-information" RESPONSE_INFORMATION
        "server-reference" SERVER_REFERENCE
        "reason-string" REASON_STRING
        "receive-maximum" RECEIVE_MAXIMUM
        "topic-alias-maximum" TOPIC_ALIAS_MAXIMUM
        "topic-alias" TOPIC_ALIAS
        "maximum-qos" MAXIMUM_QOS
        "retain-available" RETAIN_AVAILABLE
        "maximum-packet-size" MAXIMUM_PACKET_SIZE
        "wildcard-subscription-available" WILDCARD_SUBSCRIPTION_AVAILABLE
        "subscription-identifier-available" SUBSCRIPTION_IDENTIFIER_AVAILABLE
        "shared-subscription-available" SHARED_SUBSCRIPTION_AVAILABLE
    ]
}

macro_rules! values {
    ($($family:literal $number:literal $block:ident $place:literal $constant:ident)*) => {
        mutations! { VALUES: $(
            concat!($family, "@", $place), concat!("value ", $number, " of the property ", $place),
                |legal| properties::value(legal, Block::$block, PropertyId::$constant, $number);
        )* }
    };
}
values! {
    "prop.zero-forbidden" 0 Packet "receive-maximum" RECEIVE_MAXIMUM
    "prop.zero-forbidden" 0 Packet "maximum-packet-size" MAXIMUM_PACKET_SIZE
    "prop.zero-forbidden" 0 Packet "topic-alias" TOPIC_ALIAS
    "prop.zero-forbidden" 0 Packet "subscription-identifier" SUBSCRIPTION_IDENTIFIER
    "prop.max" 2 Packet "payload-format-indicator" PAYLOAD_FORMAT_INDICATOR
    "prop.max" 2 Will "will.payload-format-indicator" PAYLOAD_FORMAT_INDICATOR
    "prop.max" 2 Packet "request-problem-information" REQUEST_PROBLEM_INFORMATION
    "prop.max" 2 Packet "request-response-information" REQUEST_RESPONSE_INFORMATION
    "prop.max" 2 Packet "maximum-qos" MAXIMUM_QOS
    "prop.max" 2 Packet "retain-available" RETAIN_AVAILABLE
    "prop.max" 2 Packet "wildcard-subscription-available" WILDCARD_SUBSCRIPTION_AVAILABLE
    "prop.max" 2 Packet "subscription-identifier-available" SUBSCRIPTION_IDENTIFIER_AVAILABLE
    "prop.max" 2 Packet "shared-subscription-available" SHARED_SUBSCRIPTION_AVAILABLE
    "prop.max" 0xFFFF_FFFF Packet "message-expiry-interval" MESSAGE_EXPIRY_INTERVAL
    "prop.max" 0xFFFF_FFFF Will "will.message-expiry-interval" MESSAGE_EXPIRY_INTERVAL
    "prop.max" 0xFFFF_FFFF Will "will.will-delay-interval" WILL_DELAY_INTERVAL
    "prop.max" 0xFFFF_FFFF Packet "session-expiry-interval" SESSION_EXPIRY_INTERVAL
    "prop.max" 0xFFFF_FFFF Packet "maximum-packet-size" MAXIMUM_PACKET_SIZE
    "prop.max" 0xFFFF Packet "receive-maximum" RECEIVE_MAXIMUM
    "prop.max" 0xFFFF Packet "topic-alias-maximum" TOPIC_ALIAS_MAXIMUM
    "prop.max" 0xFFFF Packet "topic-alias" TOPIC_ALIAS
    "prop.max" 0xFFFF Packet "server-keep-alive" SERVER_KEEP_ALIVE
    "prop.max" 0x0FFF_FFFF Packet "subscription-identifier" SUBSCRIPTION_IDENTIFIER
}

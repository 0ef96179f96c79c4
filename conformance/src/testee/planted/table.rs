//! The mistakes: names, what each does, and by what it comes about.

use super::{Bug, Way, bytes, pieces, values};
use mqtt_assay_codec::Rule;

/// All of them.
pub const BUGS: &[Bug] = &[
    Bug {
        name: "swaps-topic-and-payload",
        says: "Topic and payload change places if both are text of one length.",
        way: Way::Values(values::swap_topic_and_payload),
    },
    Bug { name: "forgets-dup", says: "DUP is lost at QoS 2.", way: Way::Values(values::forget_dup) },
    Bug {
        name: "keeps-one-user-property",
        says: "Of several User Properties of one name the last one is kept.",
        way: Way::Values(values::keep_one_user_property),
    },
    Bug {
        name: "sorts-user-properties",
        says: "User Properties come out in the order of their names.",
        way: Way::Values(values::sort_user_properties),
    },
    Bug {
        name: "halves-keep-alive",
        says: "A keep alive above 32,767 is read with a sign.",
        way: Way::Values(values::halve_keep_alive),
    },
    Bug {
        name: "cuts-identifier",
        says: "A Subscription Identifier of three bytes and more loses its highest.",
        way: Way::Values(values::cut_identifier),
    },
    Bug {
        name: "loses-last-of-long-block",
        says: "The last property of a block of 128 bytes and more is lost if its value is one byte.",
        way: Way::Values(values::lose_last_of_long_block),
    },
    Bug {
        name: "replaces-bytes-of-will",
        says: "A will payload that is not UTF-8 is read as text with replacement characters.",
        way: Way::Values(values::replace_bytes_of_will),
    },
    Bug {
        name: "unchecked-user-property",
        says: "The text of User Properties is not looked at.",
        way: Way::Unseen(&[Rule::UserPropertyUtf8, Rule::NulInString]),
    },
    Bug {
        name: "takes-surrogates",
        says: "Surrogates pass as UTF-8 in topic names.",
        way: Way::Bytes(bytes::take_surrogates),
    },
    Bug {
        name: "takes-identifier-zero",
        says: "A SUBSCRIBE may have packet identifier 0.",
        way: Way::Bytes(bytes::take_identifier_zero),
    },
    Bug { name: "takes-qos-three", says: "QoS 3 passes, as QoS 2.", way: Way::Unseen(&[Rule::PublishQos3]) },
    Bug {
        name: "takes-flags-of-pubrel",
        says: "The flags of PUBREL are not looked at.",
        way: Way::Bytes(bytes::take_flags_of_pubrel),
    },
    Bug {
        name: "takes-second-alias",
        says: "A Topic Alias may come twice.",
        way: Way::Unseen(&[Rule::DuplicateTopicAlias]),
    },
    Bug {
        name: "takes-foreign-in-will",
        says: "Any property may stand in a will.",
        way: Way::Bytes(bytes::take_foreign_in_will),
    },
    Bug {
        name: "takes-hash-within",
        says: "A wildcard may stand anywhere in a topic filter.",
        way: Way::Unseen(&[Rule::MultiLevelWildcard]),
    },
    Bug {
        name: "takes-trailing-bytes",
        says: "What stands behind the last field is skipped.",
        way: Way::Unseen(&[Rule::TrailingBytes]),
    },
    Bug {
        name: "takes-no-identifier-at-1024",
        says: "A QoS 1 PUBLISH of 1,024 bytes that ends with its topic is accepted.",
        way: Way::Bytes(bytes::take_no_identifier_at_1024),
    },
    Bug {
        name: "takes-second-packet",
        says: "All bytes that are there are taken, though they are two packets.",
        way: Way::Bytes(bytes::take_second_packet),
    },
    Bug {
        name: "reads-past-the-end",
        says: "A block of properties that is longer than its packet is read from the bytes behind it.",
        way: Way::Bytes(bytes::read_past_the_end),
    },
    Bug {
        name: "refuses-longest-text",
        says: "Text of 65,535 bytes is refused.",
        way: Way::Bytes(bytes::refuse_longest_text),
    },
    Bug {
        name: "refuses-empty-payload",
        says: "A PUBLISH of 5.0 without payload is refused if it has properties.",
        way: Way::Bytes(bytes::refuse_empty_payload),
    },
    Bug {
        name: "waits-for-reason-code",
        says: "A PUBACK of 5.0 without reason code is waited for.",
        way: Way::Bytes(bytes::wait_for_reason_code),
    },
    Bug {
        name: "dies-of-unterminated-length",
        says: "A property length that never ends kills it.",
        way: Way::Bytes(bytes::die_of_unterminated_length),
    },
    Bug {
        name: "dies-of-short-unsuback",
        says: "An UNSUBACK of one byte kills it.",
        way: Way::Bytes(bytes::die_of_short_unsuback),
    },
    Bug {
        name: "dies-of-missing-options",
        says: "A SUBSCRIBE that ends with its topic filter kills it.",
        way: Way::Bytes(bytes::die_of_missing_options),
    },
    Bug {
        name: "hangs-on-empty-disconnect",
        says: "A DISCONNECT of 5.0 with a property length and no properties is never answered.",
        way: Way::Bytes(bytes::hang_on_empty_disconnect),
    },
    Bug {
        name: "loses-cut-length",
        says: "A packet whose remaining length is cut between its bytes is lost.",
        way: Way::Pieces(pieces::lose_cut_length),
    },
    Bug {
        name: "one-packet-a-piece",
        says: "Of two packets in one piece the second comes with the next piece.",
        way: Way::Pieces(pieces::one_packet_a_piece),
    },
];

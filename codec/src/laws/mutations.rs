//! Every mutation on every sample, held against the decoder: each of the two checks the other.

extern crate std;

use crate::mutate::{Expectation, MUTATIONS, Mutation};
use crate::packet::{Context, Limits, Sender, Version};
use crate::read::{Decoded, decode, decode_waiving};
use crate::rule::Rule;
use crate::vectors::all_samples;
use std::collections::BTreeSet;
use std::vec::Vec;

const LIMITS: &Limits = &Limits::NONE;

fn is_whole(bytes: &[u8], context: Context) -> bool {
    matches!(decode(bytes, context, LIMITS), Ok(Decoded::Complete { len, .. }) if len == bytes.len())
}

#[test]
fn the_samples_are_legal() {
    for sample in all_samples() {
        let decoded = decode(&sample.bytes, sample.context, LIMITS);
        assert!(is_whole(&sample.bytes, sample.context), "{sample:?}: {decoded:?}");
    }
}

#[test]
fn every_expectation_is_what_the_decoder_does() {
    let mut unused: BTreeSet<_> = MUTATIONS.iter().map(|mutation| mutation.name).collect();
    for sample in all_samples() {
        for mutation in MUTATIONS {
            let Some(mutated) = mutation.apply(&sample.bytes, sample.context) else { continue };
            unused.remove(mutation.name);
            let decoded = decode(&mutated.bytes, sample.context, LIMITS);
            let title = std::format!("{mutation} on {} ({:?}): {:02x?}", sample.title, sample.context, mutated.bytes);
            let got = decoded.as_ref().err().map(|error| error.rule);
            match mutated.expectation {
                Expectation::MustRefuse(rule) => assert_eq!(got, Some(rule), "{title}"),
                Expectation::MustAccept => assert!(is_whole(&mutated.bytes, sample.context), "{title}: {decoded:?}"),
                Expectation::MayEither(_) => assert!(got.is_none() || got == mutated.rule, "{title}: {decoded:?}"),
                Expectation::Waits => assert!(matches!(decoded, Ok(Decoded::Partial { .. })), "{title}: {decoded:?}"),
            }
        }
    }
    assert!(unused.is_empty(), "these apply to no sample: {unused:?}");
}

#[test]
fn a_mutated_packet_breaks_one_rule_only() {
    for sample in all_samples() {
        for mutation in MUTATIONS {
            let Some(mutated) = mutation.apply(&sample.bytes, sample.context) else { continue };
            let Some(rule) = mutated.rule.filter(|rule| rule.can_be_waived()) else { continue };
            let waived = decode_waiving(&mutated.bytes, sample.context, LIMITS, rule);
            let Ok(Decoded::Complete { packet, .. }) = waived else {
                // A surplus byte that is promised and has not come.
                // What stands behind a wrong length is read in the wrong place, or has not come.
                // The name and the level of 3.1 are one thing in two fields.
                assert!(
                    mutation.name.starts_with("len.") || mutation.name.starts_with("connect.name.mqisdp."),
                    "{mutation} on {} ({:?}): {waived:?}",
                    sample.title,
                    sample.context
                );
                continue;
            };
            // Whatever was waived, the typed form can be read to its end.
            assert!(!std::format!("{packet:?}").is_empty());
        }
    }
}

#[test]
fn every_rule_has_a_mutation_that_breaks_it() {
    let mut missing: BTreeSet<Rule> = Rule::ALL.iter().copied().collect();
    for sample in all_samples() {
        for mutated in MUTATIONS.iter().filter_map(|mutation| mutation.apply(&sample.bytes, sample.context)) {
            if let Some(rule) = mutated.rule {
                missing.remove(&rule);
            }
        }
    }
    // Direction is not a matter of the bytes, limits are the receiver's.
    let expected = [
        Rule::WrongDirection,
        Rule::PacketTooLarge,
        Rule::TooManyUserProperties,
        Rule::TooManyTopicFilters,
        Rule::StringTooLong,
    ];
    assert_eq!(missing.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn names_are_unique_and_found() {
    let names: BTreeSet<_> = MUTATIONS.iter().map(|mutation| mutation.name).collect();
    assert_eq!(names.len(), MUTATIONS.len());
    for mutation in MUTATIONS {
        assert_eq!(Mutation::find(mutation.name), Some(mutation));
    }
    assert_eq!(Mutation::find("utf8.nul").map(|mutation| mutation.name), Some("utf8.nul@topic-name"));
    assert_eq!(Mutation::find("utf8.nu"), None);
}

#[test]
fn the_catalogue_has_every_family() {
    for (family, variants) in [
        ("len.remaining", &["over", "under", "zero", "max"][..]),
        ("len.str", &["over", "under"]),
        ("len.props", &["over", "under", "into-payload"]),
        ("varint", &["five-bytes", "nonminimal", "unterminated"]),
        ("flags", &["reserved", "qos3", "dup-qos0"]),
        ("cut", &["before-field", "mid-field"]),
        ("extra", &["trailing"]),
        ("utf8", &["nul", "surrogate", "overlong", "bom", "truncated", "control"]),
        ("topic", &["empty", "wildcard-in-name", "deep", "dollar", "share-malformed", "max"]),
        ("pid", &["zero"]),
        ("prop", &["unknown", "foreign", "duplicate", "wrong-width", "zero-forbidden", "max", "order"]),
        ("reason", &["undefined"]),
        ("connect", &["name", "level", "reserved-bit", "will-qos3", "will-flags-without-will", "user-without-flag"]),
    ] {
        for variant in variants {
            let name = std::format!("{family}.{variant}");
            assert!(Mutation::find(&name).is_some(), "{name}");
        }
    }
}

#[test]
fn illegal_and_incomplete_packets_are_not_mutated() {
    let context = Context::new(Version::V3_1_1, Sender::Client);
    let flags = Mutation::named("flags.reserved.1");
    assert!(flags.apply(&[0xC0, 0x00], context).is_some());
    assert!(flags.apply(&[0xC3, 0x00], context).is_none());
    assert!(flags.apply(&[0xC0], context).is_none());
    assert!(flags.apply(&[0xC0, 0x00, 0x00], context).is_none());
}

/// Found by fuzzing: each of these packets would break another rule than the mutation names, or none.
#[test]
fn what_would_break_another_rule_is_not_applied() {
    for (name, version, bytes) in [
        ("len.str.under@client-identifier", Version::V3_1_1, &b"\x10\x0d\x00\x04MQTT\x04\x00\x00\x3c\x00\x01a"[..]),
        ("len.str.under@client-identifier", Version::V5, b"\x10\x0f\x00\x04MQTT\x05\x00\x00\x3c\x00\x00\x02\xc2\xad"),
        ("len.str.under@topic-name", Version::V3_1_1, b"\x30\x05\x00\x02\xc4\x81E"),
        ("len.str.under@topic-filter", Version::V5, b"\xa2\x0f\x00\x01\x00\x00\x0a$share/a/+"),
        (
            "len.str.under@will-topic",
            Version::V3_1_1,
            b"\x10\x12\x00\x04MQTT\x04\x06\x00\x3c\x00\x01a\x00\x01t\x00\x00",
        ),
        (
            "utf8.bom@client-identifier",
            Version::V3_1,
            b"\x10\x25\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x17abcdefghijklmnopqrstuvw",
        ),
    ] {
        let context = Context::new(version, Sender::Client);
        assert!(is_whole(bytes, context), "{name}: {:?}", decode(bytes, context, LIMITS));
        assert_eq!(Mutation::named(name).apply(bytes, context), None, "{name}");
    }
    let context = Context::new(Version::V3_1_1, Sender::Client);
    let mutated = Mutation::named("filter.plus-before-text").apply(b"\x82\x08\x00\x01\x00\x03/a/\x00", context);
    assert_eq!(mutated.map(|mutated| mutated.bytes), Some(b"\x82\x07\x00\x01\x00\x02+a\x00".to_vec()));
}

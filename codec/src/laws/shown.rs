//! Where a rule can be broken, and the vectors that break it there.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use crate::packet::{Context, Limits, PacketType, Sender, Version};
use crate::read::decode;
use crate::rule::Rule;
use crate::vectors::{Draft, Verdict, drafts, limits};

/// Every combination to which a rule applies: rule, type of the packet, context.
pub(super) fn combinations() -> impl Iterator<Item = (Rule, Option<PacketType>, Context)> {
    let packets = || PacketType::ALL.into_iter().map(Some).chain([None]);
    let contexts = Version::ALL
        .into_iter()
        .flat_map(|version| [Sender::Client, Sender::Server].into_iter().map(move |from| Context::new(version, from)));
    contexts.flat_map(move |context| {
        let of_rule = move |&rule: &Rule| packets().map(move |packet| (rule, packet, context));
        Rule::ALL.iter().flat_map(of_rule).filter(|&(rule, packet, context)| rule.applies_to(packet, context))
    })
}

/// A combination, in an order.
type Key = (Rule, Option<PacketType>, &'static str, String);

/// The first invalid vector of each combination, as the code makes it: so that what is made from them is never made from
/// files that are stale.
pub(super) fn shown() -> BTreeMap<Key, Draft> {
    let mut shown = BTreeMap::new();
    for draft in Version::ALL.into_iter().flat_map(drafts).filter(|draft| draft.verdict != Verdict::Valid) {
        let limits = draft.limit.map_or(Limits::NONE, |(name, value)| limits(name, value));
        if let Err(error) = decode(&draft.bytes, draft.context, &limits) {
            shown.entry(key((error.rule, error.packet_type, draft.context))).or_insert(draft);
        }
    }
    shown
}

pub(super) fn key((rule, packet, context): (Rule, Option<PacketType>, Context)) -> Key {
    (rule, packet, context.version.name(), context.from.to_string())
}

//! What the vectors of `codec/vectors` are made from: legal packets, times the catalogue of mutations, and edges that were
//! picked by hand.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::mutate::{Expectation, MUTATIONS, Mutated, Mutation};
use crate::packet::{Context, FieldName, Limits, PacketType, ReasonCode, Sender, Version};
use crate::read::{Decoded, decode, decode_any, fields, packet_len};
use crate::rule::{DecodeError, Layer, Rule};
use crate::vectors::samples::{Edge, Sample, edges, has_reason, property_samples, reason_samples, samples};
use crate::vectors::values::Values;
use crate::vectors::vector::Verdict;

/// A vector in the making.
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) context: Context,
    pub(crate) packet: PacketType,
    pub(crate) bytes: Vec<u8>,
    pub(crate) verdict: Verdict,
    pub(crate) layer: Layer,
    pub(crate) rule: Option<Rule>,
    pub(crate) statement: Option<&'static str>,
    pub(crate) values: Option<Values>,
    pub(crate) comment: String,
    pub(crate) twin: Option<String>,
    /// Name and value of a limit.
    pub(crate) limit: Option<(&'static str, u32)>,
}

/// Mutations whose packets are large: they are tried on one packet only.
const LARGE: [&str; 2] = ["topic.deep@", "topic.max@"];
/// Mutations to which the rest of the packet makes no difference: they are tried on the smallest one only.
const ANYWHERE: [&str; 3] = ["flags.reserved.", "type.reserved.", "prop.foreign@"];

/// A legal packet in one table of the standard, and not in another.
const DISPUTED: &str = "5/server/disconnect-with-code-8c";

/// What mutations try that leave a packet legal, by the start of their names; the others try fields.
const TRIED: [(&str, Layer); 11] = [
    ("connect.long-client-id", Layer::Semantics),
    ("connect.empty-client-id", Layer::Semantics),
    ("topic.", Layer::Semantics),
    ("filter.", Layer::Semantics),
    ("utf8.", Layer::Text),
    ("cut.", Layer::Framing),
    ("extra.", Layer::Framing),
    ("flags.", Layer::Framing),
    ("len.", Layer::Framing),
    ("type.", Layer::Framing),
    ("varint.", Layer::Framing),
];

fn is_one_of(families: &[&str], mutation: &Mutation) -> bool {
    families.iter().any(|family| mutation.name.starts_with(family))
}

/// All vectors of a version, in their order.
pub(crate) fn drafts(version: Version) -> Vec<Draft> {
    let samples = samples(version);
    let mut all: Vec<Draft> = samples.iter().map(valid).collect();
    for group in groups(&samples) {
        all.extend(mutated(&group));
        all.extend(group.iter().flat_map(|base| prefixes(base)));
        all.extend(limited(&group));
        all.extend(misdirected(group[0]));
        all.extend(wrong_codes(group[0]));
    }
    let single = if version.has_properties() { property_samples() } else { Vec::new() };
    all.extend(single.iter().chain(&reason_samples(version)).map(valid));
    if let Some(draft) = all.iter_mut().find(|draft| draft.id == DISPUTED) {
        draft.is_disputed();
    }
    all.extend(edges(version).iter().map(edge));
    let mut seen = BTreeSet::new();
    all.retain(|draft| seen.insert(draft.id.clone()));
    all
}

/// The packets of one type and sender that are mutated: the smallest, and the largest of reasonable size.
fn groups(samples: &[Sample]) -> Vec<Vec<&Sample>> {
    let mut groups: Vec<Vec<&Sample>> = Vec::new();
    for sample in samples.iter().filter(|sample| sample.bytes.len() < 400) {
        let same = |group: &&mut Vec<&Sample>| {
            packet_type(group[0]) == packet_type(sample) && group[0].context == sample.context
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(sample),
            None => groups.push([sample].to_vec()),
        }
    }
    for group in &mut groups {
        group.sort_by_key(|sample| sample.bytes.len());
    }
    groups
}

fn packet_type(sample: &Sample) -> PacketType {
    PacketType::from_number(sample.bytes[0] >> 4).expect("a legal packet has a type")
}

fn id(sample: &Sample) -> String {
    id_of(&sample.title, sample.context)
}

fn id_of(title: &str, Context { version, from }: Context) -> String {
    format!("{version}/{from}/{}", title.replace(", ", "-").replace(' ', "-"))
}

fn valid(sample: &Sample) -> Draft {
    Draft {
        id: id(sample),
        context: sample.context,
        packet: packet_type(sample),
        bytes: sample.bytes.to_vec(),
        verdict: Verdict::Valid,
        layer: Layer::Fields,
        rule: None,
        statement: None,
        values: sample.values.clone(),
        comment: format!("legal: {}", sample.title),
        twin: None,
        limit: None,
    }
}

/// What is not the sample itself any more.
fn derived(sample: &Sample, suffix: &str, comment: &str, bytes: Vec<u8>) -> Draft {
    let id = format!("{}+{suffix}", id(sample));
    Draft { id, bytes, comment: comment.to_string(), values: None, twin: Some(self::id(sample)), ..valid(sample) }
}

impl Draft {
    /// The rule is that of the decoder; that it is the mutation's too is what the tests show.
    fn breaks(self, error: &DecodeError) -> Self {
        let (verdict, rule) = (Verdict::Invalid, error.rule);
        Self { verdict, layer: rule.layer(), rule: Some(rule), statement: error.id(), values: None, ..self }
    }

    /// Whether it is refused although its end has not come.
    pub(crate) fn is_early(&self) -> bool {
        let all_there = packet_len(&self.bytes).is_none_or(|length| length as usize <= self.bytes.len());
        self.verdict == Verdict::Invalid && !all_there
    }

    fn is_disputed(&mut self) {
        let rule = Rule::UndefinedReasonCode;
        self.verdict = Verdict::Either;
        (self.rule, self.statement) = (Some(rule), rule.id_from(Version::V5, self.packet, Sender::Server));
        (self.layer, self.values, self.twin) = (rule.layer(), None, Some(String::from("5/server/disconnect")));
        self.comment = String::from(
            "code 0x8c in DISCONNECT: the table of all reason codes (2.4) has it for DISCONNECT, that of DISCONNECT (3.14.2.1) \
             has not",
        );
    }
}

/// Every mutation on the smallest packet that it applies to, and on the largest if that is another one.
fn mutated(group: &[&Sample]) -> Vec<Draft> {
    let version = group[0].context.version;
    let mut all = Vec::new();
    for mutation in MUTATIONS {
        let large = is_one_of(&LARGE, mutation);
        if large && (group[0].context.from == Sender::Server || version != Version::V5) {
            continue;
        }
        let once = large || is_one_of(&ANYWHERE, mutation) || version == Version::V3_1;
        let smallest = group.iter().find_map(|base| applied(base, mutation));
        let largest = group.iter().rev().find_map(|base| applied(base, mutation)).filter(|_| !once);
        all.extend(smallest.into_iter().chain(largest).map(|(base, result)| of_mutation(base, mutation, result)));
    }
    all
}

fn applied<'s>(base: &'s Sample, mutation: &Mutation) -> Option<(&'s Sample, Mutated)> {
    Some((base, mutation.apply(&base.bytes, base.context)?))
}

fn of_mutation(base: &Sample, mutation: &Mutation, result: Mutated) -> Draft {
    let (verdict, why) = match result.expectation {
        Expectation::MustRefuse(_) => (Verdict::Invalid, ""),
        Expectation::MustAccept => (Verdict::Valid, ""),
        Expectation::MayEither(why) => (Verdict::Either, why),
        Expectation::Waits => (Verdict::Incomplete, ""),
    };
    let comment = if why.is_empty() { mutation.says.to_string() } else { format!("{}: {why}", mutation.says) };
    let statement = result.rule.and_then(|rule| {
        let packet = (rule != Rule::ReservedPacketType).then(|| packet_type(base));
        rule.id_from(base.context.version, packet, base.context.from)
    });
    let tried = TRIED.iter().find(|(family, _)| mutation.name.starts_with(family));
    let layer = result.rule.map_or_else(|| tried.map_or(Layer::Fields, |&(_, layer)| layer), Rule::layer);
    // No packet was there to write these bytes: the values are those of the reader, which is not what `decode` begins with.
    let values = (verdict == Verdict::Valid).then(|| read_values(&result.bytes, base.context));
    let draft = derived(base, mutation.name, &comment, result.bytes);
    Draft { verdict, layer, rule: result.rule, statement, values, ..draft }
}

fn read_values(bytes: &[u8], context: Context) -> Values {
    match decode_any(bytes, context, &Limits::NONE) {
        Ok(Decoded::Complete { packet, .. }) => Values::of(&packet, context.version),
        other => panic!("{bytes:02x?} is legal: {other:?}"),
    }
}

/// The start of the packet: one byte, half of it, all but the last one.
fn prefixes(base: &Sample) -> Vec<Draft> {
    let whole = base.bytes.len();
    let lengths: BTreeSet<usize> = [1, whole / 2, whole - 1].into_iter().filter(|&length| length > 0).collect();
    let make = |length: usize| {
        let comment = format!("the first {length} of {whole} bytes");
        let draft = derived(base, &format!("prefix.{length}"), &comment, base.bytes[..length].to_vec());
        Draft { verdict: Verdict::Incomplete, layer: Layer::Framing, ..draft }
    };
    lengths.into_iter().map(make).collect()
}

/// The first packet that is too much for a receiver, for each limit.
fn limited(group: &[&Sample]) -> Vec<Draft> {
    let names = ["max_packet_size", "max_user_properties", "max_topic_filters", "max_string_len"];
    names.into_iter().filter_map(|name| group.iter().find_map(|base| beyond(base, name))).collect()
}

/// The packet with the largest value of this limit that refuses it.
fn beyond(base: &Sample, name: &'static str) -> Option<Draft> {
    let most = (base.bytes.len() as u32).min(1000);
    (0..most).rev().find_map(|value| {
        let limits = limits(name, value);
        let error = decode(&base.bytes, base.context, &limits).err()?;
        let comment = format!("legal, but the receiver has the limit {name} {value}");
        let draft = derived(base, name, &comment, base.bytes.to_vec()).breaks(&error);
        Some(Draft { limit: Some((name, value)), ..draft })
    })
}

/// No limit but this one.
pub(crate) fn limits(name: &str, value: u32) -> Limits {
    match name {
        "max_packet_size" => Limits { max_packet_size: value, ..Limits::NONE },
        "max_user_properties" => Limits { max_user_properties: value, ..Limits::NONE },
        "max_topic_filters" => Limits { max_topic_filters: value, ..Limits::NONE },
        _ => Limits { max_string_len: value.min(u32::from(u16::MAX)) as u16, ..Limits::NONE },
    }
}

/// The packet from the side that may not send it.
fn misdirected(base: &Sample) -> Option<Draft> {
    let other = if base.context.from == Sender::Client { Sender::Server } else { Sender::Client };
    let context = Context { from: other, ..base.context };
    let error = decode(&base.bytes, context, &Limits::NONE).err().filter(|error| error.rule == Rule::WrongDirection)?;
    let comment = format!("legal, but from a {}", base.context.from);
    let draft = derived(base, "wrong-direction", &comment, base.bytes.to_vec()).breaks(&error);
    let id = draft.id.replacen(&format!("/{}/", base.context.from), &format!("/{other}/"), 1);
    Some(Draft { id, context, ..draft })
}

/// Every code that 5.0 knows, in a packet that does not have it.
fn wrong_codes(base: &Sample) -> Vec<Draft> {
    let packet = packet_type(base);
    if !has_reason(packet, base.context.version) {
        return Vec::new();
    }
    let known = (0..=u8::MAX).map(ReasonCode).filter(|code| code.name().is_some());
    known.filter_map(|code| wrong_code(base, packet, code)).collect()
}

fn wrong_code(base: &Sample, packet: PacketType, code: ReasonCode) -> Option<Draft> {
    let map = fields(&base.bytes, base.context);
    let mut bytes = base.bytes.to_vec();
    if let Some(field) = map.find(FieldName::REASON_CODE) {
        bytes[field.range.start] = code.0;
    } else {
        // The short form leaves the code out.
        bytes[1] += 1;
        bytes.push(code.0);
    }
    let error = decode(&bytes, base.context, &Limits::NONE).err()?;
    let comment = format!("code {code} in {packet}");
    Some(derived(base, &format!("code.{:02x}", code.0), &comment, bytes).breaks(&error))
}

fn edge(edge: &Edge) -> Draft {
    let Edge { sample, verdict, layer, .. } = edge;
    let twin = edge.twin.map(|title| id_of(title, sample.context));
    let draft = Draft { comment: edge.comment.to_string(), verdict: *verdict, layer: *layer, twin, ..valid(sample) };
    match decode(&sample.bytes, sample.context, &Limits::NONE) {
        Err(error) if *verdict == Verdict::Invalid => draft.breaks(&error),
        _ => draft,
    }
}

/// Whether the decoder does what the verdict wants.
pub(crate) fn agrees(
    bytes: &[u8],
    context: Context,
    limits: &Limits,
    (verdict, rule): (Verdict, Option<Rule>),
) -> bool {
    let decoded = decode(bytes, context, limits);
    let whole = matches!(decoded, Ok(Decoded::Complete { len, .. }) if len == bytes.len());
    let refused = decoded.as_ref().err().map(|error| error.rule);
    match verdict {
        Verdict::Valid => whole,
        Verdict::Invalid => refused.is_some() && refused == rule,
        Verdict::Either => whole || (refused.is_some() && refused == rule),
        Verdict::Incomplete => matches!(decoded, Ok(Decoded::Partial { .. })),
    }
}

//! What the streams of `codec/vectors` are made from: legal packets behind one another, whole and in pieces, and what is refused
//! or cut behind them.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::packet::{Context, Limits, PacketType, Sender, Version};
use crate::read::{decode, fields};
use crate::rule::DecodeError;
use crate::rule::Layer;
use crate::vectors::samples::{Edge, Sample, edges, samples};
use crate::vectors::set::{Draft, drafts};
use crate::vectors::stream::{Due, End};
use crate::vectors::vector::Verdict;

/// A stream in the making.
pub(crate) struct StreamDraft {
    pub(crate) id: String,
    pub(crate) context: Context,
    pub(crate) layer: Layer,
    pub(crate) comment: String,
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) packets: Vec<Due>,
    pub(crate) end: End,
    /// The breach, and the piece with which it must have been seen.
    pub(crate) refusal: Option<(DecodeError, usize)>,
}

/// Legal packets, and what follows them: the start of another one, or what is refused.
#[derive(Default)]
struct Content<'s> {
    packets: Vec<&'s Sample>,
    rest: &'s [u8],
}

impl Content<'_> {
    fn bytes(&self) -> Vec<u8> {
        let packets = self.packets.iter().flat_map(|sample| &sample.bytes);
        packets.chain(self.rest).copied().collect()
    }
}

/// Where the bytes are cut.
enum Cuts {
    Nowhere,
    /// Behind each packet.
    Packets,
    /// At every edge of a field, those within the fixed header included.
    Fields,
    /// Into pieces of this size.
    Every(usize),
    At(Vec<usize>),
}

/// All streams of a version, in their order.
pub(crate) fn stream_drafts(version: Version) -> Vec<StreamDraft> {
    let (samples, drafts) = (samples(version), drafts(version));
    let mut all = Vec::new();
    for from in [Sender::Client, Sender::Server] {
        let context = Context::new(version, from);
        let own: Vec<&Sample> = samples.iter().filter(|sample| sample.context == context).collect();
        all.extend(together(context, &own));
        all.extend(apart(context, &own));
        all.extend(unfinished(context, &own));
        all.extend(refused(context, &own, &drafts));
    }
    all.extend(long(version));
    all
}

fn stream(context: Context, title: &str, comment: &str, content: &Content<'_>, cuts: &Cuts) -> StreamDraft {
    let (bytes, Context { version, from }) = (content.bytes(), context);
    let cuts = offsets(content, &bytes, context, cuts);
    // The piece that holds the byte before this offset.
    let piece = |end: usize| 1 + cuts.iter().filter(|&&cut| cut < end).count();
    let (mut packets, mut end) = (Vec::new(), 0);
    for sample in &content.packets {
        end += sample.bytes.len();
        let values = sample.values.clone().expect("it was written from a packet");
        packets.push(Due { piece: piece(end), len: sample.bytes.len(), values });
    }
    let refusal = decode(content.rest, context, &Limits::NONE).err().map(|error| {
        let whole = error.packet_len.map(|length| end + length as usize).filter(|&length| length <= bytes.len());
        (error, piece(whole.unwrap_or(bytes.len())))
    });
    StreamDraft {
        id: format!("{version}/{from}/stream-{}", title.replace(", ", "-").replace(' ', "-")),
        context,
        layer: refusal.as_ref().map_or(Layer::Framing, |(error, _)| error.rule.layer()),
        comment: comment.into(),
        pieces: cut(&bytes, &cuts),
        packets,
        end: match (&refusal, content.rest) {
            (Some(_), _) => End::Refused,
            (None, []) => End::Between,
            (None, _) => End::Within,
        },
        refusal,
    }
}

/// The offsets at which a new piece begins.
fn offsets(content: &Content<'_>, bytes: &[u8], context: Context, cuts: &Cuts) -> BTreeSet<usize> {
    let parts = content.packets.iter().map(|sample| &sample.bytes[..]).chain([content.rest]);
    let mut begin = 0;
    let mut offsets = BTreeSet::new();
    for part in parts {
        match cuts {
            Cuts::Packets => drop(offsets.insert(begin)),
            Cuts::Fields => {
                offsets.extend(fields(part, context).fields.iter().map(|field| begin + field.range.end));
            }
            _ => {}
        }
        begin += part.len();
    }
    match cuts {
        Cuts::Every(size) => offsets.extend((*size..bytes.len()).step_by(*size)),
        Cuts::At(all) => offsets.extend(all),
        _ => {}
    }
    offsets.retain(|&offset| offset > 0 && offset < bytes.len());
    offsets
}

fn cut(bytes: &[u8], offsets: &BTreeSet<usize>) -> Vec<Vec<u8>> {
    let begins = [0].into_iter().chain(offsets.iter().copied());
    let ends = offsets.iter().copied().chain([bytes.len()]);
    begins.zip(ends).map(|(begin, end)| bytes[begin..end].to_vec()).collect()
}

fn short<'s>(own: &[&'s Sample], most: usize) -> Vec<&'s Sample> {
    own.iter().filter(|sample| sample.bytes.len() <= most).copied().collect()
}

/// Several packets in one piece, and pieces that end elsewhere than packets do.
fn together(context: Context, own: &[&Sample]) -> Vec<StreamDraft> {
    let first = own.iter().find(|sample| sample.bytes.len() < 60).expect("there is a short one");
    let last = own.last().expect("there are some");
    let two = Content { packets: [*first, *last].into(), rest: &[] };
    let three = Content { packets: [*last, *first, *last].into(), rest: &[] };
    let all = Content { packets: short(own, 150), rest: &[] };
    let after_first = first.bytes.len();
    let stream =
        |title: &str, comment: &str, content: &Content<'_>, cuts| stream(context, title, comment, content, &cuts);
    [
        stream(
            "two packets in one buffer",
            "the second packet begins in the middle of the buffer",
            &two,
            Cuts::Nowhere,
        ),
        stream(
            "two packets and the first byte of the second in the first buffer",
            "a packet and the first byte of the next one",
            &two,
            Cuts::At([after_first + 1].into()),
        ),
        stream("two packets byte by byte", "no buffer has more than a byte", &two, Cuts::Every(1)),
        stream(
            "three packets the middle one in halves",
            "the second buffer begins within a packet and ends behind another",
            &three,
            Cuts::At([last.bytes.len() + after_first / 2].into()),
        ),
        stream("all packets in one buffer", "every short legal packet, one behind another", &all, Cuts::Nowhere),
        stream("all packets in one buffer each", "every short legal packet by itself", &all, Cuts::Packets),
        stream(
            "all packets in buffers of 16 bytes",
            "no buffer ends where a packet does but by chance",
            &all,
            Cuts::Every(16),
        ),
    ]
    .into()
}

/// One packet in pieces: cut at every edge of a field, for each type, and some byte by byte.
fn apart(context: Context, own: &[&Sample]) -> Vec<StreamDraft> {
    let mut all = Vec::new();
    for packet in PacketType::ALL {
        let of_type = || own.iter().filter(|sample| sample.bytes[0] >> 4 == packet as u8 && sample.bytes.len() < 400);
        let (Some(smallest), Some(largest)) =
            (of_type().min_by_key(|sample| sample.bytes.len()), of_type().max_by_key(|sample| sample.bytes.len()))
        else {
            continue;
        };
        let largest_content = Content { packets: [*largest].into(), rest: &[] };
        let title = format!("{} cut at every field", largest.title);
        all.push(stream(context, &title, "a piece for each field", &largest_content, &Cuts::Fields));
        if matches!(packet, PacketType::Connect | PacketType::Connack | PacketType::Publish | PacketType::Subscribe) {
            let title = format!("{} byte by byte", largest.title);
            all.push(stream(context, &title, "a piece for each byte", &largest_content, &Cuts::Every(1)));
        }
        if smallest.title != largest.title {
            let title = format!("{} byte by byte", smallest.title);
            let content = Content { packets: [*smallest].into(), rest: &[] };
            all.push(stream(context, &title, "a piece for each byte", &content, &Cuts::Every(1)));
        }
    }
    all
}

/// Streams that end within a packet.
fn unfinished(context: Context, own: &[&Sample]) -> Vec<StreamDraft> {
    let long = own.iter().find(|sample| sample.bytes.len() > 300).expect("one has a long payload");
    let ping = own.iter().min_by_key(|sample| sample.bytes.len()).expect("there are some");
    [
        ("the packet type", 1, "only the first byte of a packet"),
        ("the remaining length", 2, "the first of two bytes of the remaining length"),
        ("the topic", 9, "within the topic name"),
        ("the payload", long.bytes.len() - 1, "all but the last byte"),
    ]
    .into_iter()
    .flat_map(|(place, length, comment)| {
        let rest = &long.bytes[..length];
        let alone = Content { packets: Vec::new(), rest };
        let behind = Content { packets: [*ping].into(), rest };
        let comment_behind = format!("a whole packet, then {comment}");
        [
            stream(context, &format!("ends within {place}"), comment, &alone, &Cuts::Every(100)),
            stream(context, &format!("ends behind a packet within {place}"), &comment_behind, &behind, &Cuts::Nowhere),
        ]
    })
    .collect()
}

/// A legal packet, then one that breaks a rule: the first of each layer in each type of packet, in the same piece and in pieces of
/// its own. What is legal behind it never counts.
fn refused(context: Context, own: &[&Sample], drafts: &[Draft]) -> Vec<StreamDraft> {
    let legal = own.iter().min_by_key(|sample| sample.bytes.len()).expect("there are some");
    let is_meant = |draft: &&Draft| {
        let short = draft.context == context && draft.limit.is_none() && draft.bytes.len() < 400;
        draft.verdict == Verdict::Invalid && short && is_whole(&draft.bytes, context)
    };
    let (mut seen, mut all) = (BTreeSet::new(), Vec::new());
    for draft in drafts.iter().filter(is_meant) {
        let rule = draft.rule.expect("what is invalid breaks a rule");
        if !seen.insert((draft.packet.name(), draft.layer)) {
            continue;
        }
        let packet = draft.packet.name().to_lowercase();
        let comment = format!("the packet behind a legal one is that of {}", draft.id);
        let content = Content { packets: [*legal].into(), rest: &draft.bytes };
        let title = format!("legal then {packet} {rule}");
        all.push(stream(context, &title, &comment, &content, &Cuts::Nowhere));
        let title = format!("legal then {packet} {rule} byte by byte");
        let comment = format!("the same byte by byte: {}", draft.id);
        all.push(stream(context, &title, &comment, &content, &Cuts::Every(1)));
        let followed = [&draft.bytes[..], &legal.bytes].concat();
        let title = format!("{packet} {rule} then legal");
        let comment = format!("a legal packet in the same buffer behind that of {}", draft.id);
        all.push(stream(context, &title, &comment, &Content { packets: Vec::new(), rest: &followed }, &Cuts::Nowhere));
    }
    all
}

/// Whether the bytes are one packet to their end, so that no decoder has a reason to wait.
fn is_whole(bytes: &[u8], context: Context) -> bool {
    let error = decode(bytes, context, &Limits::NONE).err();
    error.and_then(|error| error.packet_len).is_some_and(|length| length as usize == bytes.len())
}

/// Remaining lengths and blocks of properties at powers of two, cut at every edge of a field and into pieces of powers of two.
fn long(version: Version) -> Vec<StreamDraft> {
    let edges = edges(version);
    edges.iter().filter(|edge| is_at_a_step(edge)).flat_map(long_of).collect()
}

/// Of packets of 16 KiB two are enough.
fn is_at_a_step(Edge { sample, .. }: &Edge) -> bool {
    let has = |part: &&str| sample.title.contains(*part);
    let longest = ["of remaining length 16384", "16384 bytes of properties that end in a byte"];
    let others =
        ["of remaining length 128", "of remaining length 1024", "bytes of properties", " cut behind ", " cut within "];
    longest.iter().any(has) || others.iter().any(has) && sample.bytes.len() < 2000
}

fn long_of(edge: &Edge) -> Vec<StreamDraft> {
    let sample = &edge.sample;
    let is_legal = edge.verdict == Verdict::Valid;
    let content = if is_legal {
        Content { packets: [sample].into(), rest: &[] }
    } else {
        Content { packets: Vec::new(), rest: &sample.bytes }
    };
    let stream = |what: &str, comment: &str, content: &Content<'_>, cuts: &Cuts| {
        stream(sample.context, &format!("{} {what}", sample.title), comment, content, cuts)
    };
    let mut all = Vec::from([stream("cut at every field", "a piece for each field", &content, &Cuts::Fields)]);
    if sample.bytes.len() < 2000 {
        all.push(stream("in pieces of 128 bytes", "the end is in a piece of its own", &content, &Cuts::Every(128)));
    }
    if !is_legal {
        let followed = [&sample.bytes[..], b"\xc0\0"].concat();
        let content = Content { packets: Vec::new(), rest: &followed };
        let comment = "the bytes behind it are those of another packet, and do not belong to it";
        all.push(stream("then pingreq", comment, &content, &Cuts::Nowhere));
    }
    all
}

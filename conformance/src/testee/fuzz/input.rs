//! What a decoder is fuzzed with: legal packets, the same with one named mistake, and what no catalogue has.

use crate::chance::Random;
use arbitrary::Unstructured;
use mqtt_assay_codec::vectors::{Value, Values};
use mqtt_assay_codec::{
    Context, Decoded, Expectation, LegalPacket, Limits, MUTATIONS, Mutation, PacketType, Sender, Version, decode,
    packet_len,
};

/// Bytes for a decoder, and what they were made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Version and sender.
    pub context: Context,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The legal packet that they were made from.
    pub base: Vec<u8>,
    /// What was done to it.
    pub made: Made,
    /// Where a stream of them is cut.
    pub cuts: Vec<usize>,
}

/// What was done to a legal packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Nothing.
    Legal,
    /// A mutation of the catalogue.
    Mutated(&'static Mutation),
    /// Bits were turned.
    Flipped,
    /// A piece of another packet stands in it.
    Spliced,
    /// A byte that may be a length has a value at which lengths take a step.
    Stepped,
    /// Its end is missing.
    Cut,
    /// Something follows it.
    Followed,
}

impl Made {
    /// Its name: of a mutation, or of what no catalogue has.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Legal => "legal",
            Self::Mutated(mutation) => mutation.name,
            Self::Flipped => "raw.flip",
            Self::Spliced => "raw.splice",
            Self::Stepped => "raw.step",
            Self::Cut => "raw.cut",
            Self::Followed => "raw.followed",
        }
    }
}

/// Values of a byte at which lengths take a step.
const STEPS: [u8; 10] = [0, 1, 2, 3, 0x3F, 0x7E, 0x7F, 0x80, 0x81, 0xFF];
/// Packets above this size are kept once in so many times, or hexadecimal digits would be most of the work.
const LARGE: usize = 1024;
const ONE_LARGE_IN: usize = 100;
/// One input in so many has a body of one of these lengths, or of one byte more or less.
const ONE_SIZED_IN: usize = 12;
const BODIES: [usize; 9] = [64, 128, 128, 256, 512, 1024, 1024, 4096, 16_384];

/// Makes inputs by chance: the same for the same seed and index.
pub struct Inputs {
    seed: u64,
    contexts: Vec<Context>,
}

impl Inputs {
    /// Inputs of this seed for a decoder that decodes these.
    pub fn new(seed: u64, decodes: impl Fn(Context) -> bool) -> Self {
        let versions = [Version::V3_1_1, Version::V5];
        let all = versions.into_iter().flat_map(|version| {
            [Sender::Client, Sender::Server].into_iter().map(move |from| Context::new(version, from))
        });
        Self { seed, contexts: all.filter(|context| decodes(*context)).collect() }
    }

    /// Whether there is nothing that the decoder decodes.
    pub fn is_empty(&self) -> bool {
        self.contexts.is_empty()
    }

    /// The input of this index.
    pub fn at(&self, index: u64) -> Input {
        let mut random = Random::of(self.seed, index);
        let context = random.one_of(&self.contexts);
        let base = legal(&mut random, context);
        let wanted = random.weighted(&[(36, 0), (44, 1), (5, 2), (4, 3), (5, 4), (3, 5), (3, 6)]);
        let (bytes, made) = match wanted {
            0 => (base.clone(), Made::Legal),
            1 => mutated(&mut random, &base, context),
            2 => (flipped(&mut random, &base), Made::Flipped),
            3 => (spliced(&mut random, &base, context), Made::Spliced),
            4 => (stepped(&mut random, &base), Made::Stepped),
            5 => (base[..random.below(base.len()).max(1)].to_vec(), Made::Cut),
            _ => (followed(&mut random, &base, context), Made::Followed),
        };
        let input = Input { context, bytes, base, made, cuts: Vec::new() };
        let input = if random.below(ONE_SIZED_IN) == 0 { sized(&mut random, &input).unwrap_or(input) } else { input };
        Input { cuts: cuts(&mut random, input.bytes.len()), ..input }
    }
}

/// The same with a longer text, so that its body has a length at which decoders take a step.
fn sized(random: &mut Random, input: &Input) -> Option<Input> {
    let near = [0, 0, 0, 1, -1];
    let body = packet_len(&input.bytes)? as usize - head_len(&input.bytes)?;
    let wanted = random.one_of(&BODIES).saturating_add_signed(random.one_of(&near));
    let more = wanted.checked_sub(body).filter(|&more| more > 0)?;
    let Ok(Decoded::Complete { packet, .. }) = decode(&input.base, input.context, &Limits::NONE) else { return None };
    let mut values = Values::of(&packet, input.context.version);
    let mut texts: Vec<&mut Vec<u8>> =
        values.fields.iter_mut().filter_map(|(name, value)| text_of(name, value)).collect();
    let text = random.below(texts.len());
    let text = texts.get_mut(text)?;
    text.resize(text.len() + more, b'a');
    input.with_base(values.encode(input.context.version)?)
}

/// The bytes of a field that may be longer.
fn text_of<'v>(name: &str, value: &'v mut Value) -> Option<&'v mut Vec<u8>> {
    match value {
        Value::Bytes(bytes) if name != "protocol-name" => Some(bytes),
        Value::Filter(bytes, _) | Value::Pair(_, bytes) => Some(bytes),
        _ => None,
    }
}

/// Bytes of the fixed header, where it is whole.
fn head_len(bytes: &[u8]) -> Option<usize> {
    let length = bytes.get(1..)?.iter().take(4).position(|byte| byte & 0x80 == 0)?;
    Some(length + 2)
}

/// A legal packet, seldom a large one.
fn legal(random: &mut Random, context: Context) -> Vec<u8> {
    let types: Vec<PacketType> = PacketType::ALL.into_iter().filter(|&of| is_sent(of, context)).collect();
    // Half of the packets are those that have most in them.
    let rich = [PacketType::Connect, PacketType::Connack, PacketType::Publish, PacketType::Subscribe];
    let rich: Vec<PacketType> = types.iter().copied().filter(|of| rich.contains(of)).collect();
    loop {
        let packet_type = if random.chance(50) { random.one_of(&rich) } else { random.one_of(&types) };
        let size = random.one_of(&[8, 24, 60, 120, 300]);
        let noise: Vec<u8> = (0..size).map(|_| random.below(256) as u8).collect();
        let Ok(packet) = LegalPacket::arbitrary_in(&mut Unstructured::new(&noise), context, packet_type) else {
            continue;
        };
        let bytes = in_any_form(random, packet.bytes(), context);
        if bytes.len() <= LARGE || random.below(ONE_LARGE_IN) == 0 {
            return bytes;
        }
    }
}

/// The packet as it is, or with what may be left out written down: reason code 0, and the length of no properties.
fn in_any_form(random: &mut Random, mut bytes: Vec<u8>, context: Context) -> Vec<u8> {
    let may_end_early = match PacketType::from_number(bytes[0] >> 4) {
        Some(PacketType::Puback | PacketType::Pubrec | PacketType::Pubrel | PacketType::Pubcomp) => 2,
        Some(PacketType::Disconnect) => 0,
        _ => return bytes,
    };
    let body = bytes.len() - 2;
    if context.version == Version::V5 && body <= may_end_early + 1 && random.chance(50) {
        let whole = may_end_early + 1 + random.below(2);
        bytes.resize(bytes.len() + whole.saturating_sub(body), 0);
        bytes[1] = (bytes.len() - 2) as u8;
    }
    bytes
}

fn is_sent(packet_type: PacketType, context: Context) -> bool {
    packet_type.exists_in(context.version) && packet_type.sent_by(context.version).may_be(context.from)
}

fn mutated(random: &mut Random, base: &[u8], context: Context) -> (Vec<u8>, Made) {
    for _ in 0..3 {
        let mutation = &MUTATIONS[random.below(MUTATIONS.len())];
        if let Some(mutated) = mutation.apply(base, context) {
            return (mutated.bytes, Made::Mutated(mutation));
        }
    }
    let found = Mutation::first_from(random.below(MUTATIONS.len()), base, context);
    found.map_or_else(|| (base.to_vec(), Made::Legal), |(mutation, mutated)| (mutated.bytes, Made::Mutated(mutation)))
}

fn flipped(random: &mut Random, base: &[u8]) -> Vec<u8> {
    let mut bytes = base.to_vec();
    for _ in 0..=random.below(3) {
        let at = near_the_start(random, bytes.len());
        bytes[at] ^= 1 << random.below(8);
    }
    bytes
}

fn stepped(random: &mut Random, base: &[u8]) -> Vec<u8> {
    let mut bytes = base.to_vec();
    let at = near_the_start(random, bytes.len());
    bytes[at] = random.one_of(&STEPS);
    bytes
}

/// Most of what a decoder decides by stands in the first bytes.
fn near_the_start(random: &mut Random, len: usize) -> usize {
    if random.chance(60) { random.below(len.min(16)) } else { random.below(len) }
}

fn spliced(random: &mut Random, base: &[u8], context: Context) -> Vec<u8> {
    let other = legal(random, context);
    let (from, to) = (random.below(base.len()), random.below(other.len()));
    [&base[..from], &other[to..]].concat()
}

fn followed(random: &mut Random, base: &[u8], context: Context) -> Vec<u8> {
    let other = legal(random, context);
    let part = if random.chance(70) { other.len() } else { random.below(other.len()) + 1 };
    [base, &other[..part]].concat()
}

fn cuts(random: &mut Random, len: usize) -> Vec<usize> {
    if len < 2 {
        return Vec::new();
    }
    let mut cuts: Vec<usize> = (0..=random.below(4)).map(|_| 1 + near_the_start(random, len - 1)).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

impl Input {
    /// The pieces that the cuts make of the bytes.
    pub fn pieces(&self) -> Vec<Vec<u8>> {
        let mut from = 0;
        let mut pieces = Vec::with_capacity(self.cuts.len() + 1);
        for &cut in self.cuts.iter().filter(|&&cut| cut < self.bytes.len()) {
            pieces.push(self.bytes[from..cut].to_vec());
            from = cut;
        }
        pieces.push(self.bytes[from..].to_vec());
        pieces
    }

    /// What the catalogue expects of it, where a mutation made it.
    pub fn expectation(&self) -> Option<Expectation> {
        let Made::Mutated(mutation) = self.made else { return None };
        mutation.apply(&self.base, self.context).map(|mutated| mutated.expectation)
    }

    /// The same bytes, as the legal packet that they are after all.
    pub fn as_legal(&self) -> Option<Self> {
        let decoded = decode(&self.bytes, self.context, &Limits::NONE);
        let whole = matches!(decoded, Ok(Decoded::Complete { len, .. }) if len == self.bytes.len());
        whole.then(|| Self { base: self.bytes.clone(), made: Made::Legal, ..self.clone() })
    }

    /// The same mistake in another legal packet, if it has a place there. What no catalogue has can't be made again.
    pub fn with_base(&self, base: Vec<u8>) -> Option<Self> {
        let bytes = match self.made {
            Made::Legal => return Self { bytes: base, ..self.clone() }.as_legal(),
            Made::Mutated(mutation) => mutation.apply(&base, self.context)?.bytes,
            _ => return None,
        };
        Some(Self { bytes, base, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_makes_the_same_inputs_and_another_seed_others() {
        let inputs = |seed| {
            let inputs = Inputs::new(seed, |_| true);
            (0..200).map(|index| inputs.at(index)).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
    }

    #[test]
    fn everything_comes_that_the_decoder_decodes_and_nothing_else() {
        let inputs = Inputs::new(1, |context| context.from == Sender::Server);
        let all: Vec<Input> = (0..20_000).map(|index| inputs.at(index)).collect();
        assert!(all.iter().all(|input| input.context.from == Sender::Server));
        let made: BTreeSet<&str> = all.iter().map(|input| input.made.name()).collect();
        for raw in ["legal", "raw.flip", "raw.splice", "raw.step", "raw.cut", "raw.followed", "pid.zero"] {
            assert!(made.contains(raw), "{raw}");
        }
        assert!(made.len() > 150, "{}", made.len());
        let all_types = PacketType::ALL.into_iter().filter(|of| of.sent_by(Version::V5).may_be(Sender::Server));
        for packet_type in all_types {
            assert!(all.iter().any(|input| input.base[0] >> 4 == packet_type as u8), "{packet_type}");
        }
    }

    #[test]
    fn bodies_have_lengths_at_which_decoders_take_a_step() {
        let inputs = Inputs::new(1, |_| true);
        let all: Vec<Input> = (0..40_000).map(|index| inputs.at(index)).collect();
        for body in BODIES {
            let is_it = |input: &&Input| head_len(&input.bytes).is_some_and(|head| input.bytes.len() == head + body);
            assert!(all.iter().filter(is_it).count() > 5, "{body}");
        }
    }

    #[test]
    fn pieces_are_the_bytes() {
        let inputs = Inputs::new(3, |_| true);
        for input in (0..2_000).map(|index| inputs.at(index)) {
            assert_eq!(input.pieces().concat(), input.bytes);
        }
    }
}

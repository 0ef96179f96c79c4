//! One packet, here and in other codecs: where they differ, the difference has to be known and sorted.

use std::cell::Cell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use mqtt_assay_codec::{Context, Decoded, Limits, PacketType, Sender, Version, decode};

use crate::known::sorting;
use crate::peers::{Answer, PEERS, Peer};

/// A difference between this codec and another one, as it is listed in `known.tsv`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The other codec.
    pub peer: &'static str,
    /// Version of MQTT.
    pub version: &'static str,
    /// What it does: `accepts`, `refuses`, `waits`, `other-length`, `panics`.
    pub does: &'static str,
    /// The rule for which this codec refuses the packet; the type of the packet if it accepts it.
    pub about: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}\t{}\t{}", self.peer, self.version, self.does, self.about)
    }
}

/// Any bytes as a packet, here and in the other codecs. Panics on a difference that is not listed.
///
/// # Panics
///
/// That is how a fuzzer learns of it.
pub fn differential(input: &[u8]) {
    quieten_peers();
    for difference in differences(input) {
        assert!(sorting(&difference).is_some(), "a difference that is not in known.tsv:\n{difference}");
    }
}

/// How the other codecs differ. The first byte chooses the version; what is not a whole packet is passed over.
pub fn differences(input: &[u8]) -> Vec<Difference> {
    let Some((&choice, bytes)) = input.split_first() else { return Vec::new() };
    let version = if choice.is_multiple_of(2) { Version::V5 } else { Version::V3_1_1 };
    // The others do not ask who has sent it.
    let context = Context::new(version, Sender::Either);
    let (ours, len) = match decode(bytes, context, &Limits::NONE) {
        Ok(Decoded::Complete { packet, len }) => (Ok(packet.packet_type()), len),
        Ok(Decoded::Partial { .. }) => return Vec::new(),
        Err(error) => (Err(error.rule), error.packet_len.map_or(bytes.len() + 1, |len| len as usize)),
    };
    let Some(packet) = bytes.get(..len) else { return Vec::new() };
    let peers = PEERS.iter().filter(|peer| peer.version == version);
    peers
        .filter_map(|peer| {
            let does = difference(ours.is_ok(), answer(peer, packet))?;
            let about = match &ours {
                Ok(packet_type) => packet_type.name().to_owned(),
                Err(_) if does == "panics" => packet_name(packet).to_owned(),
                Err(rule) => rule.name().to_owned(),
            };
            Some(Difference { peer: peer.name, version: version.name(), does, about })
        })
        .collect()
}

fn packet_name(packet: &[u8]) -> &'static str {
    packet.first().and_then(|&first| PacketType::from_number(first >> 4)).map_or("reserved", PacketType::name)
}

/// What is different about this answer; to wait for more of a packet that is refused here is not.
fn difference(accepted: bool, answer: Answer) -> Option<&'static str> {
    match (accepted, answer) {
        (_, Answer::Panics) => Some("panics"),
        (true, Answer::Refuses) => Some("refuses"),
        (true, Answer::Waits) => Some("waits"),
        (true, Answer::OtherLength) => Some("other-length"),
        (false, Answer::Accepts | Answer::OtherLength) => Some("accepts"),
        (true, Answer::Accepts | Answer::Unable) | (false, Answer::Refuses | Answer::Waits | Answer::Unable) => None,
    }
}

thread_local! {
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

fn answer(peer: &Peer, packet: &[u8]) -> Answer {
    ASKING.set(true);
    let answer = panic::catch_unwind(AssertUnwindSafe(|| (peer.ask)(packet)));
    ASKING.set(false);
    answer.unwrap_or(Answer::Panics)
}

/// A panic of another codec is an answer: neither printed, nor taken by the fuzzer for one of ours.
fn quieten_peers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !ASKING.get() {
                usual(info);
            }
        }));
    });
}

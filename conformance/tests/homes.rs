//! One packet, one case: no two cases send the same wrong packet on a connection in the same state. Held against what the
//! cases send to the embedded broker.

use mqtt_assay::broker::{EmbeddedOptions, EmbeddedTarget, Target};
use mqtt_assay::cases;
use mqtt_assay::link::{Remark, Transcript, What};
use mqtt_assay::run::{CaseResult, Order, RunOptions, clock, run};
use mqtt_assay::scenario::{Instance, RunNames};
use mqtt_assay_codec::{Context, DecodeError, Sender, Version, decode};
use std::collections::BTreeMap;

/// What two packets that are wrong in the same way have in common.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Offence {
    version: String,
    /// The CONNECT of the connection was accepted before.
    is_accepted: bool,
    first_byte: u8,
    mutation: Option<String>,
    /// The bytes, with every name and payload taken out: they are unique to their case.
    form: Vec<u8>,
}

/// Texts shorter than this are kept: `MQTT` is none of a case's own names.
const SHORTEST_NAME: usize = 5;

/// The bytes without the lengths and the texts that differ from case to case.
fn form(bytes: &[u8]) -> Vec<u8> {
    let header = 2 + bytes[1..].iter().take_while(|byte| **byte >= 128).count();
    let mut rest = bytes.get(header.min(bytes.len())..).unwrap_or_default();
    let mut form = Vec::new();
    while let Some((&byte, behind)) = rest.split_first() {
        let letters = rest.iter().take_while(|byte| byte.is_ascii_graphic() || **byte == b' ').count();
        if letters >= SHORTEST_NAME {
            // Its length, or what else stands before it.
            form.truncate(form.len().saturating_sub(2));
            form.push(b'*');
            rest = &rest[letters..];
        } else {
            form.push(byte);
            rest = behind;
        }
    }
    form
}

fn is_wrong(bytes: &[u8], version: Version) -> bool {
    let decoded: Result<_, DecodeError> =
        decode(bytes, Context::new(version, Sender::Client), &mqtt_assay_codec::Limits::default());
    decoded.is_err()
}

/// The packet that the case wants refused: the last on its connection before it says so, if it is wrong in itself.
fn offence(result: &CaseResult) -> Option<Offence> {
    let transcript: &Transcript = &result.transcript;
    let is_demand = |what: &What| matches!(what, What::Said(Remark::Expects, text) if text.starts_with("the broker closes the connection"));
    let demand = transcript.lines.iter().position(|line| is_demand(&line.what))?;
    let role = &transcript.lines[demand].role;
    let before: Vec<&What> =
        transcript.lines[..demand].iter().filter(|line| line.role == *role).map(|line| &line.what).collect();
    let at = before.iter().rposition(|what| matches!(what, What::Sent { .. }))?;
    let What::Sent { bytes, mutation } = before[at] else { return None };
    // Once the broker has taken its leave, the case is about what follows that.
    if before[at..].iter().any(|what| matches!(what, What::Received(bytes) if bytes.first() == Some(&0xE0))) {
        return None;
    }
    let version = result.instance.version;
    if mutation.is_none() && !is_wrong(bytes, version) {
        return None;
    }
    let is_accepted = before
        .iter()
        .any(|what| matches!(what, What::Received(bytes) if bytes.first() == Some(&0x20) && bytes.get(3) == Some(&0)));
    Some(Offence {
        version: version.to_string(),
        is_accepted,
        first_byte: bytes[0],
        mutation: mutation.clone(),
        form: form(bytes),
    })
}

#[test]
fn no_two_cases_send_the_same_wrong_packet() {
    let selected: Vec<Instance> = cases::all().collect();
    let names =
        RunNames { topic_prefix: "mqtt-assay".to_owned(), client_id_prefix: "ma".to_owned(), run: "homes".to_owned() };
    let options = RunOptions {
        seed: 1,
        jobs: 64,
        patience: 1,
        order: Order::default(),
        fail_fast: false,
        intrusive: true,
        names,
    };
    let target = Target::Embedded(EmbeddedTarget::new(EmbeddedOptions::default()));
    let result = clock::simulated(async { run(&target, &selected, &options, std::future::pending(), |_| {}).await })
        .unwrap_or_else(|nothing| panic!("the control failed: {}", nothing.0));
    let mut homes: BTreeMap<Offence, Vec<String>> = BTreeMap::new();
    for case in &result.results {
        if let Some(offence) = offence(case) {
            homes.entry(offence).or_default().push(case.instance.id());
        }
    }
    assert!(homes.len() > 300, "most cases about wrong packets were found: {}", homes.len());
    let shared: Vec<_> = homes.iter().filter(|(_, cases)| cases.len() > 1).collect();
    assert!(shared.is_empty(), "each packet has one home: {shared:#?}");
}

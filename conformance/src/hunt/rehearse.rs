//! What a hunt would send, without a broker that could be harmed: its first cases, drawn as it would draw them, and played on
//! the reference broker, since what clients send follows what comes.

use super::case::Case;
use super::fresh::Choice;
use super::ground::Ground;
use super::kept::Kept;
use super::options::HuntOptions;
use super::session::Maker;
use super::shared::{FRESH, KEPT, KINDS};
use super::table::Table;
use crate::chance::Random;
use crate::link::{Transcript, What};
use bytes::Bytes;
use std::io;
use std::time::Duration;

/// The first cases by their numbers, each with its kind and a record; of a broker that offers everything.
///
/// # Errors
///
/// If the reference broker does not answer.
pub fn rehearse(
    ground: &Ground,
    options: &HuntOptions,
    count: u64,
) -> io::Result<Vec<(u64, &'static str, Transcript)>> {
    let table = Table::new(None);
    let terms = super::run::terms(ground)?;
    let versions = terms.offer.versions();
    let (part, of) = options.shard.unwrap_or((1, 1));
    let case_of = |index: u64| {
        let mut random = Random::of(options.seed, index);
        let kind = random.weighted(&KINDS);
        match options.only.unwrap_or(kind) {
            FRESH => Case::Fresh(Choice::by(index, &mut random, &table, &versions)),
            KEPT => {
                let version = versions[random.below(versions.len())];
                let kept = Kept::new(&table, terms.offer, terms.pace, version, "dry");
                Case::Kept(version, kept.choose(&mut random))
            }
            _ => {
                let (alias, qos) = (terms.offer.alias(), terms.offer.qos());
                Case::Session(Maker::new(&mut random, &versions, alias, qos).session())
            }
        }
    };
    let rehearsed = (0..count).filter_map(|number| {
        let index = number * of + part - 1;
        let case = case_of(index);
        let kind = case.kind();
        let mut road = ground.road();
        let record = case.play(road.as_mut(), &table, terms, &format!("dry{index}")).map(|outcome| outcome.transcript);
        Some((index, kind, record.or_else(|| packets_of(&case, &table))?))
    });
    Ok(rehearsed.collect())
}

/// The packets of a batch on a kept connection, which has no record where nothing is wrong.
fn packets_of(case: &Case, table: &Table) -> Option<Transcript> {
    let Case::Kept(version, entries) = case else { return None };
    let mut transcript = Transcript::new("hunt/kept", *version);
    let greeting = super::table::greeting(*version, None);
    let packets = entries.iter().map(|entry| table.entry(*entry).bytes.as_slice());
    for bytes in std::iter::once(greeting.as_slice()).chain(packets) {
        let what = What::Sent { bytes: Bytes::copy_from_slice(bytes), mutation: None };
        transcript.add(Duration::ZERO, "keeper", what);
    }
    Some(transcript)
}

//! Several hunts of one broker put together: shards, nights, machines.

use super::{Cases, Found, HuntReport};
use std::collections::BTreeMap;

/// Puts hunts together: findings by key, counts added, of each the smallest case and the earliest time.
///
/// # Errors
///
/// In words, where they are of different brokers.
pub(crate) fn merge(hunts: Vec<(String, HuntReport)>) -> Result<HuntReport, String> {
    let mut all = hunts.into_iter();
    let (first_file, mut whole) = all.next().ok_or("no hunt is named")?;
    for (file, other) in all {
        if other.target.name != whole.target.name {
            return Err(format!(
                "{file} is of {}, and {first_file} of {}: put hunts of one broker together",
                crate::text::single_line(&other.target.name),
                crate::text::single_line(&whole.target.name)
            ));
        }
        add(&mut whole, other);
    }
    Ok(whole)
}

fn add(whole: &mut HuntReport, other: HuntReport) {
    whole.parts.extend(other.parts);
    whole.took_ms = whole.took_ms.saturating_add(other.took_ms);
    whole.strict |= other.strict;
    let (mine, theirs) = (whole.cases.each(), other.cases.each());
    let sums = std::array::from_fn(|kind| mine[kind].saturating_add(theirs[kind]));
    whole.cases = Cases::new(sums, whole.took_ms);
    // Which packets in which states were met is not told: at least so many.
    whole.covered = std::array::from_fn(|at| whole.covered[at].max(other.covered[at]));
    whole.kept = whole.kept.saturating_add(other.kept);
    whole.deaths = whole.deaths.saturating_add(other.deaths);
    // Of several processes, the one that grew most.
    let growth = |memory: &Option<[u64; 2]>| memory.map(|[first, last]| last.saturating_sub(first));
    if growth(&other.memory_kb) > growth(&whole.memory_kb) {
        whole.memory_kb = other.memory_kb;
    }
    whole.digest = None;
    whole.planned = sum(&whole.planned, &other.planned);
    whole.trouble = match (whole.trouble.take(), other.trouble) {
        (Some(one), Some(two)) if one != two => Some(format!("{one}; {two}")),
        (one, two) => one.or(two),
    };
    for (expected, counts) in other.ends {
        let ends = whole.ends.entry(expected).or_default();
        for (end, count) in counts {
            *ends.entry(end).or_default() += count;
        }
    }
    let mut findings: BTreeMap<String, Found> =
        std::mem::take(&mut whole.findings).into_iter().map(|found| (found.key.clone(), found)).collect();
    for found in other.findings {
        let merged = match findings.remove(&found.key) {
            Some(before) => of_both(before, found),
            None => found,
        };
        findings.insert(merged.key.clone(), merged);
    }
    whole.findings = findings.into_values().collect();
}

/// Digests of planned cases add up, whoever has drawn which.
fn sum(one: &str, other: &str) -> String {
    let of = |text: &str| u64::from_str_radix(text, 16).unwrap_or_default();
    format!("{:016x}", of(one).wrapping_add(of(other)))
}

/// The better case of two that show the same, with what both say.
fn of_both(one: Found, other: Found) -> Found {
    let worth = |found: &Found| (!found.is_confirmed(), found.transcript.is_none(), found.operations[1]);
    let count = one.count.saturating_add(other.count);
    let is_known = one.known && other.known;
    let (first, second) = if worth(&other) < worth(&one) { (other, one) } else { (one, other) };
    let early = if second.first_ms < first.first_ms { &second } else { &first };
    let (seed, first_case, first_ms) = (early.seed, early.first_case, early.first_ms);
    let operations = [first.operations[0].max(second.operations[0]), first.operations[1]];
    Found { count, known: is_known, seed, first_case, first_ms, operations, ..first }
}

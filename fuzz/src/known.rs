//! The differences that are known, and how they are sorted: `known.tsv`, of which `differential.md` is the summary.

use crate::differential::Difference;

/// Whose a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sorting {
    /// This codec is wrong.
    Ours,
    /// The other codec takes what the standard forbids.
    TheirLeniency,
    /// The other codec refuses what the standard allows, panics, or misreads it.
    TheirDefect,
    /// The standard or the design of the other codec leaves it open.
    Open,
}

const KNOWN: &str = include_str!("../known.tsv");

/// How a difference is sorted; `None`: it is not listed.
pub fn sorting(difference: &Difference) -> Option<Sorting> {
    let wanted = difference.to_string();
    KNOWN.lines().find_map(|line| {
        let sorted = line.strip_prefix(&wanted)?.strip_prefix('\t')?;
        match sorted.split('\t').next()? {
            "ours" => Some(Sorting::Ours),
            "their leniency" => Some(Sorting::TheirLeniency),
            "their defect" => Some(Sorting::TheirDefect),
            "open" => Some(Sorting::Open),
            _ => None,
        }
    })
}

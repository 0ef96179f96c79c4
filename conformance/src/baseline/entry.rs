//! What stands in a baseline: one entry for a case and a rule of it that the broker does not keep.

use super::came::RuleCame;
use crate::scenario::Verdict;
use std::collections::BTreeMap;

/// What an entry is about; entries stand in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The case's id, version in front.
    pub(crate) case: String,
    /// The rule's id.
    pub(crate) rule: String,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.case, self.rule)
    }
}

/// What may differ from run to run, by the broker's own chance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Varies {
    /// Nothing: it comes as listed, each time.
    #[default]
    Not,
    /// What is seen; the verdict is as listed.
    Seen,
    /// The verdict: as listed, or any better one.
    Verdict,
}

/// What is known of a rule in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Fail, weak or inconclusive.
    pub(crate) verdict: Verdict,
    /// What was seen, in logical names; nothing where whatever is seen will do.
    pub(crate) seen: Option<String>,
    /// Why that is accepted; empty where nobody has said.
    pub(crate) reason: String,
    /// Where more is said: an issue.
    pub(crate) link: Option<String>,
    /// What differs from run to run.
    pub(crate) varies: Varies,
    /// Where it stands in its file; 0 for one that was in none yet.
    pub(crate) line: usize,
}

impl Entry {
    /// What has come, accepted by nobody yet.
    pub(crate) fn of(came: &RuleCame) -> Self {
        Self {
            verdict: came.verdict,
            seen: Some(came.seen.clone()),
            reason: String::new(),
            link: None,
            varies: Varies::Not,
            line: 0,
        }
    }
}

/// A baseline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Baseline {
    /// The broker that it was made of, with its version where that was known.
    pub(crate) broker: String,
    /// The program that wrote it, with its version.
    pub(crate) tool: String,
    /// What stands in it.
    pub(crate) entries: BTreeMap<Key, Entry>,
}

impl Baseline {
    /// One without entries, by this release of this program.
    pub(crate) fn of_broker(broker: String) -> Self {
        let tool = format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        Self { broker, tool, entries: BTreeMap::new() }
    }

    /// How many entries say no reason.
    pub(crate) fn without_reason(&self) -> usize {
        self.entries.values().filter(|entry| entry.reason.trim().is_empty()).count()
    }
}

/// Whether a verdict is one that a baseline can list.
pub(super) const fn can_be_listed(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Fail | Verdict::Weak | Verdict::Inconclusive)
}

/// Whether a run is wrong for it where no baseline lists it.
pub(super) const fn is_wrong(verdict: Verdict, is_strict: bool) -> bool {
    matches!(verdict, Verdict::Fail | Verdict::Inconclusive) || is_strict && matches!(verdict, Verdict::Weak)
}

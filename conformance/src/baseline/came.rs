//! What has come of a case, as far as a baseline asks: each rule's verdict, and what was seen, in logical names. Made from a
//! result of this run, or by a report that was written earlier.

use super::entry::can_be_listed;
use super::logical::logical;
use crate::run::CaseResult;
use crate::scenario::{RuleVerdict, RunNames, Verdict};

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Came {
    /// Its id, version in front.
    pub(crate) case: String,
    /// Its rules, in its order.
    pub(crate) rules: Vec<RuleCame>,
    /// Why nothing was judged, where that is said.
    pub(crate) why: Option<String>,
}

/// A rule of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleCame {
    /// Its id.
    pub(crate) rule: String,
    /// What came of it.
    pub(crate) verdict: Verdict,
    /// What was seen, in logical names; empty where the verdict is none that a baseline lists.
    pub(crate) seen: String,
}

impl Came {
    /// Of a result of a run with these names.
    pub(crate) fn of(result: &CaseResult, names: &RunNames) -> Self {
        let chapter = result.instance.chapter;
        let rule = |rule: &RuleVerdict| RuleCame {
            rule: rule.rule.id().to_owned(),
            verdict: rule.verdict,
            seen: seen(rule, names, chapter).unwrap_or_default(),
        };
        Self { case: result.instance.id(), rules: result.rules.iter().map(rule).collect(), why: result.reason.clone() }
    }

    /// What came of the rule of this id.
    pub(super) fn rule(&self, id: &str) -> Option<&RuleCame> {
        self.rules.iter().find(|rule| rule.rule == id)
    }
}

/// What was seen of a rule that is not as it should be, in logical names.
pub(crate) fn seen(rule: &RuleVerdict, names: &RunNames, chapter: &str) -> Option<String> {
    can_be_listed(rule.verdict).then(|| logical(&rule.seen, names, chapter))
}

//! Which rules a case and its steps are about.

use mqtt_assay_codec::Version;
use mqtt_assay_standard::RuleId;

/// The rules of a case in one version.
#[derive(Debug, Clone, Copy)]
pub struct CaseRules {
    /// Rules of the client that the case breaks on purpose.
    pub breaks: &'static [RuleId],
    /// Rules that the outcome decides: groups of twins, which one observation decides together.
    pub proves: &'static [&'static [RuleId]],
}

impl CaseRules {
    /// Every rule that gets a verdict: those proved, then those broken to provoke a reaction.
    pub fn judged(&self) -> impl Iterator<Item = RuleId> {
        let mut seen = Vec::new();
        let all = self.proves.iter().copied().flatten().chain(self.breaks).copied();
        all.filter(move |rule| {
            !seen.contains(rule) && {
                seen.push(*rule);
                true
            }
        })
    }
}

/// Rules that a deciding step names, by version.
#[derive(Debug, Clone, Copy, Default)]
pub struct StepRules {
    /// The rule in 3.1.1.
    pub v3_1_1: Option<RuleId>,
    /// The rule in 5.0.
    pub v5: Option<RuleId>,
}

impl StepRules {
    /// The rule in this version.
    pub fn of(&self, version: Version) -> Option<RuleId> {
        if version == Version::V5 { self.v5 } else { self.v3_1_1 }
    }
}

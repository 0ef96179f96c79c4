//! Coverage: every rule of both standards with the cases that judge it and the faults that prove them, or the reason
//! why there is none. It says what the suite can judge, never how a broker did.

use super::came::{Recorded, WayCoverage, ways_of};
use crate::cases;
use crate::run::filter::Filter;
use crate::scenario::Instance;
use mqtt_assay_codec::Version;
use mqtt_assay_reference::{Fault, Fitting};
use mqtt_assay_standard::{self as standard, Level, Observable, Rule, RuleId};
use serde::Serialize;

/// The coverage of one version.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Coverage {
    /// Numbered statements.
    pub(crate) statements: usize,
    /// Those by which a broker can be judged.
    pub(crate) observable: usize,
    /// Observable ones with a case.
    pub(crate) covered: usize,
    /// Covered ones with a fault that their case catches.
    pub(crate) proven: usize,
    /// The same for rules without a number.
    pub(crate) unnumbered: Counts,
    /// Permissions, which are seen or not seen and count nowhere else.
    pub(crate) permissions: Permissions,
    /// Every rule.
    pub(crate) rules: Vec<RuleCoverage>,
}

/// Counts of rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(crate) observable: usize,
    pub(crate) covered: usize,
    pub(crate) proven: usize,
}

/// Counts of rules of level may, numbered or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Permissions {
    pub(crate) observable: usize,
    /// With a case that looks what a broker makes of them.
    pub(crate) observed: usize,
}

/// One rule.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RuleCoverage {
    pub(crate) id: &'static str,
    pub(crate) level: &'static str,
    pub(crate) binds: &'static str,
    pub(crate) observable: &'static str,
    /// Ids of the cases that judge it.
    pub(crate) cases: Vec<String>,
    /// Names of the faults that break it and that one of these cases names as caught.
    pub(crate) faults: Vec<String>,
    /// The ways on which a fault can break it; none where they were not asked for.
    pub(crate) ways: Vec<WayCoverage>,
    /// Why there is no case; `null` where there is one.
    pub(crate) reason: Option<&'static str>,
    #[serde(skip)]
    pub(crate) rule: RuleId,
}

impl RuleCoverage {
    /// Looks a rule up in all cases.
    pub(crate) fn of(id: RuleId) -> Self {
        Self::made_of(id, &cases::all().filter(|instance| judges(instance, id)).collect::<Vec<_>>())
    }

    /// With these of all cases: nothing where it has cases and none of them is meant, or where it has none and is not
    /// meant itself.
    fn of_those(id: RuleId, filter: &Filter) -> Option<Self> {
        let mut judging: Vec<Instance> = cases::all().filter(|instance| judges(instance, id)).collect();
        let has_cases = !judging.is_empty();
        judging.retain(|instance| filter.matches(instance));
        let is_meant = if has_cases { !judging.is_empty() } else { filter.matches_rule(id) };
        is_meant.then(|| Self::made_of(id, &judging))
    }

    fn made_of(id: RuleId, judging: &[Instance]) -> Self {
        let rule = id.rule();
        let mut faults = Vec::new();
        for fault in judging.iter().flat_map(|instance| instance.case.caught) {
            let name = fault.name();
            if fault.breaks(rule.version).contains(&rule.id) && !faults.contains(&name) {
                faults.push(name);
            }
        }
        Self {
            id: rule.id,
            level: rule.level.word(),
            binds: rule.binds.word(),
            observable: rule.observable.word(),
            reason: if judging.is_empty() { Some(reason(rule)) } else { None },
            cases: judging.iter().map(Instance::id).collect(),
            faults,
            ways: Vec::new(),
            rule: id,
        }
    }

    /// True where a case judges it: a permission is never judged.
    pub(crate) fn is_covered(&self) -> bool {
        !self.cases.is_empty() && self.rule.rule().level != Level::May
    }

    /// True where a fault shows that its case notices a breach.
    pub(crate) fn is_proven(&self) -> bool {
        self.is_covered() && !self.faults.is_empty()
    }
}

/// Whether a case decides the rule: it proves it, or it breaks it and decides the reaction that the rule demands.
pub(super) fn judges(instance: &Instance, id: RuleId) -> bool {
    let proves = |wanted: &dyn Fn(&str) -> bool| {
        instance.rules.proves.iter().copied().flatten().any(|proved| wanted(proved.id()))
    };
    let demanded = id.rule().reaction;
    id.rule().version == instance.version
        && (instance.rules.proves.iter().any(|group| group.contains(&id))
            || instance.rules.breaks.contains(&id)
                && (demanded.is_empty() || proves(&|proved| demanded.contains(&proved))))
}

fn reason(rule: &Rule) -> &'static str {
    match rule.observable {
        Observable::ClientOnly | Observable::Internal => rule.policy,
        Observable::Wire | Observable::Conditional | Observable::Invariant => "no case yet",
    }
}

/// The coverage of a version; with a filter, of the rules and by the cases that it means.
pub(crate) fn of(version: Version, filter: Option<&Filter>) -> Coverage {
    let rules = standard::rules(version);
    let rules: Vec<RuleCoverage> = match filter {
        None => rules.map(RuleCoverage::of).collect(),
        Some(filter) => rules.filter_map(|id| RuleCoverage::of_those(id, filter)).collect(),
    };
    let numbered = count(rules.iter().filter(|rule| rule.rule.rule().is_numbered()));
    Coverage {
        statements: rules.iter().filter(|rule| rule.rule.rule().is_numbered()).count(),
        observable: numbered.observable,
        covered: numbered.covered,
        proven: numbered.proven,
        unnumbered: count(rules.iter().filter(|rule| !rule.rule.rule().is_numbered())),
        permissions: permissions(&rules),
        rules,
    }
}

impl Coverage {
    /// With the ways on which the rules can be broken, by the cases that were recorded.
    pub(crate) fn with_ways(mut self, recorded: &[Recorded]) -> Self {
        let table = Fitting::read();
        for rule in &mut self.rules {
            rule.ways = ways_of(rule.rule, recorded, &table);
        }
        self
    }
}

/// Counts some rules; permissions are counted apart.
pub(crate) fn count<'a>(rules: impl Iterator<Item = &'a RuleCoverage>) -> Counts {
    let judged = rules.filter(|rule| rule.rule.rule().level != Level::May);
    judged.fold(Counts::default(), |counts, rule| Counts {
        observable: counts.observable + usize::from(rule.rule.rule().observable.can_be_judged()),
        covered: counts.covered + usize::from(rule.is_covered()),
        proven: counts.proven + usize::from(rule.is_proven()),
    })
}

fn permissions(rules: &[RuleCoverage]) -> Permissions {
    let may = || {
        rules.iter().filter(|rule| rule.rule.rule().level == Level::May && rule.rule.rule().observable.can_be_judged())
    };
    Permissions { observable: may().count(), observed: may().filter(|rule| !rule.cases.is_empty()).count() }
}

/// The faults, by hand or for a rule of the codec, that some case names as caught.
pub(crate) fn caught_somewhere(fault: Fault) -> Vec<String> {
    cases::all().filter(|instance| instance.case.caught.contains(&fault)).map(|instance| instance.id()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_case_or_a_reason() {
        for version in [Version::V3_1_1, Version::V5] {
            for rule in of(version, None).rules {
                assert_eq!(rule.cases.is_empty(), rule.reason.is_some(), "{}", rule.id);
                assert!(rule.reason.is_none_or(|reason| !reason.is_empty()), "{}", rule.id);
            }
        }
    }

    #[test]
    fn a_rule_that_cannot_be_judged_has_no_case() {
        for version in [Version::V3_1_1, Version::V5] {
            for rule in of(version, None).rules {
                assert!(
                    rule.cases.is_empty() || rule.rule.rule().observable.can_be_judged(),
                    "{}: {:?}",
                    rule.id,
                    rule.cases
                );
            }
        }
    }

    #[test]
    fn numbers_fit_into_each_other() {
        for version in [Version::V3_1_1, Version::V5] {
            let coverage = of(version, None);
            assert!(coverage.proven <= coverage.covered && coverage.covered <= coverage.observable);
            assert!(coverage.observable <= coverage.statements);
        }
    }

    #[test]
    fn a_filter_keeps_the_rules_and_the_cases_that_it_means() {
        let filter = |text: &str| Filter::parse(text).expect("a filter");
        let retain = of(Version::V5, Some(&filter("chapter(retain)")));
        assert!(retain.rules.iter().all(|rule| !rule.cases.is_empty()));
        assert!(retain.rules.iter().flat_map(|rule| &rule.cases).all(|case| case.starts_with("5/retain/")));
        let all = of(Version::V5, None);
        let without = all.rules.iter().find(|rule| rule.cases.is_empty()).expect("a rule without a case");
        let section = of(Version::V5, Some(&filter(&format!("section({})", without.rule.rule().section))));
        assert!(section.rules.iter().any(|rule| rule.cases.is_empty()), "rules without a case have a section too");
        assert!(section.rules.len() < all.rules.len());
    }

    #[test]
    fn a_rule_that_a_case_breaks_counts_where_the_case_decides_the_reaction() {
        let rule = RuleCoverage::of(RuleId::v5("MQTT-3.3.2-2"));
        assert!(rule.cases.contains(&"5/publish/topic-with-wildcard".to_owned()), "{:?}", rule.cases);
        assert!(rule.is_proven(), "{:?}", rule.faults);
    }
}

//! The filter language of `-f`, the same for all commands: which cases are meant.
//!
//! A filter is made of ids (`5/publish/topic-with-wildcard`), globs (`*/publish/*`), predicates (`level(must)`) and verdicts
//! of a report (`@a.json:fail`), joined by `&`, `|`, `!` and parentheses. `!` binds strongest, then `&`, then `|`.

mod glob;
mod parser;
mod predicate;

pub(crate) use glob::glob_matches;
pub(crate) use predicate::{PREDICATES, Predicate, fault_names, needs};

#[cfg(test)]
use super::reported::NoReports;
use super::reported::Reports;
use crate::scenario::Instance;
use mqtt_assay_standard::RuleId;
use std::collections::BTreeSet;
use std::fmt;

/// A filter that has been understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    /// An id, or a glob: `*` stands for any letters, `?` for one.
    Id(String),
    /// A predicate.
    Is(Predicate),
    /// What a report names: as it was written, and the ids.
    Reported(String, BTreeSet<String>),
    /// Those that the other doesn't mean.
    Not(Box<Filter>),
    /// Those that both mean.
    Both(Box<Filter>, Box<Filter>),
    /// Those that either means.
    Either(Box<Filter>, Box<Filter>),
}

/// Why a filter was not understood, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilterError {
    /// The filter as written.
    filter: String,
    /// The letters at fault, counted from 0.
    start: usize,
    count: usize,
    problem: String,
    /// True where the filter is well written but names a case that doesn't exist.
    pub(crate) is_unknown_case: bool,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One letter for each letter, so that the caret stays below the place.
        let shown: String =
            self.filter.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
        let (blank, carets) = (" ".repeat(self.start), "^".repeat(self.count.max(1)));
        write!(f, "filter: {}\n  {shown}\n  {blank}{carets}", self.problem)
    }
}

impl std::error::Error for FilterError {}

impl Filter {
    /// Reads a filter in which no report is named.
    #[cfg(test)]
    pub(crate) fn parse(text: &str) -> Result<Self, FilterError> {
        Self::parse_with(text, &NoReports)
    }

    /// Reads a filter.
    pub(crate) fn parse_with(text: &str, reports: &dyn Reports) -> Result<Self, FilterError> {
        parser::parse(text, reports)
    }

    /// The filter that means what any of these mean; everything where there are none.
    pub(crate) fn parse_any<S: AsRef<str>>(texts: &[S], reports: &dyn Reports) -> Result<Option<Self>, FilterError> {
        let mut all = None;
        for text in texts {
            let next = Self::parse_with(text.as_ref(), reports)?;
            all = Some(match all {
                None => next,
                Some(others) => Self::Either(Box::new(others), Box::new(next)),
            });
        }
        Ok(all)
    }

    /// Whether the case is meant.
    pub(crate) fn matches(&self, instance: &Instance) -> bool {
        match self {
            Self::Id(glob) => glob_matches(glob, &instance.id()),
            Self::Is(predicate) => predicate.holds(instance),
            Self::Reported(_, cases) => cases.contains(&instance.id()),
            Self::Not(inner) => !inner.matches(instance),
            Self::Both(left, right) => left.matches(instance) && right.matches(instance),
            Self::Either(left, right) => left.matches(instance) || right.matches(instance),
        }
    }

    /// Whether a rule that has no case is meant: what is asked of a case does not hold of it.
    pub(crate) fn matches_rule(&self, rule: RuleId) -> bool {
        match self {
            Self::Id(_) | Self::Reported(..) => false,
            Self::Is(predicate) => predicate.holds_of_rule(rule),
            Self::Not(inner) => !inner.matches_rule(rule),
            Self::Both(left, right) => left.matches_rule(rule) && right.matches_rule(rule),
            Self::Either(left, right) => left.matches_rule(rule) || right.matches_rule(rule),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(text) | Self::Reported(text, _) => f.write_str(text),
            Self::Is(predicate) => write!(f, "{predicate}"),
            Self::Not(inner) => write!(f, "!{inner}"),
            Self::Both(left, right) => write!(f, "({left} & {right})"),
            Self::Either(left, right) => write!(f, "({left} | {right})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::predicate::is_within;
    use super::*;
    use crate::broker::Variant;
    use crate::cases;
    use mqtt_assay_codec::Version;
    use mqtt_assay_reference::Fault;
    use mqtt_assay_standard::Level;
    use proptest::prelude::*;

    fn any_filter() -> impl Strategy<Value = Filter> {
        let ids: Vec<String> = cases::all().map(|instance| instance.id()).collect();
        let leaf = prop_oneof![
            proptest::sample::select(ids).prop_map(Filter::Id),
            "[35a-z*?./-]{0,8}\\*".prop_map(Filter::Id),
            proptest::sample::select(vec![
                Predicate::Section("3.3".to_owned()),
                Predicate::Level(Level::Must),
                Predicate::Level(Level::Should),
                Predicate::Rule("MQTT-3.3.2-2".to_owned()),
                Predicate::Mqtt(Version::V5),
                Predicate::Needs("retain".to_owned()),
                Predicate::Variant(Variant::PLAIN),
                Predicate::Catches(Fault::ALL[0]),
                Predicate::Waits,
                Predicate::Intrusive,
                Predicate::Heavy,
                Predicate::Verdictless,
            ])
            .prop_map(Filter::Is),
        ];
        leaf.prop_recursive(5, 32, 2, |inner| {
            prop_oneof![
                inner.clone().prop_map(not),
                (inner.clone(), inner.clone()).prop_map(|(left, right)| both(left, right)),
                (inner.clone(), inner).prop_map(|(left, right)| either(left, right)),
            ]
        })
    }

    fn not(filter: Filter) -> Filter {
        Filter::Not(Box::new(filter))
    }

    fn both(left: Filter, right: Filter) -> Filter {
        Filter::Both(Box::new(left), Box::new(right))
    }

    fn either(left: Filter, right: Filter) -> Filter {
        Filter::Either(Box::new(left), Box::new(right))
    }

    /// Some cases of all chapters: logic is the same for all of them.
    fn some() -> impl Iterator<Item = Instance> {
        cases::all().step_by(61)
    }

    /// The ids that a filter means, of those.
    fn meant(filter: &Filter) -> Vec<String> {
        some().filter(|instance| filter.matches(instance)).map(|instance| instance.id()).collect()
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed_back(filter in any_filter()) {
            prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
        }
    }

    proptest! {
        // Each wrong text is compared with the ids of all cases, for what may have been meant.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
            let _ = Filter::parse(&text).map_err(|error| error.to_string());
        }

        #[test]
        fn nor_does_a_text_of_its_own_signs(text in "[()&|! a*5/.,]{0,200}") {
            let _ = Filter::parse(&text).map_err(|error| error.to_string());
        }

        #[test]
        fn the_operators_are_those_of_logic(left in any_filter(), right in any_filter()) {
            prop_assert_eq!(meant(&not(not(left.clone()))), meant(&left));
            prop_assert_eq!(
                meant(&not(both(left.clone(), right.clone()))),
                meant(&either(not(left.clone()), not(right.clone())))
            );
            prop_assert_eq!(meant(&both(left.clone(), not(left.clone()))), Vec::<String>::new());
            prop_assert_eq!(meant(&either(left.clone(), not(left.clone()))).len(), some().count());
            prop_assert_eq!(meant(&both(left.clone(), right.clone())), meant(&both(right, left)));
        }
    }

    #[test]
    fn and_binds_stronger_than_or_and_not_strongest() {
        let parsed = |text: &str| Filter::parse(text).map(|filter| filter.to_string());
        assert_eq!(parsed("a* | b* & !c*"), Ok("(a* | (b* & !c*))".to_owned()));
        assert_eq!(parsed("!(a*|b*)&c*"), Ok("(!(a* | b*) & c*)".to_owned()));
    }

    #[test]
    fn globs_and_sections_mean_what_people_expect() {
        for (glob, text, expected) in [
            ("5/publish/*", "5/publish/a-b", true),
            ("*/publish/*", "3.1.1/publish/x", true),
            ("5/publish/?", "5/publish/ab", false),
            ("*wild*card", "5/publish/topic-with-wildcard", true),
            ("5/publish", "5/publish/x", false),
        ] {
            assert_eq!(glob_matches(glob, text), expected, "{glob} {text}");
        }
        assert!(is_within("3.3.2.3", "3.3") && is_within("3.3", "3.3") && !is_within("3.31", "3.3"));
    }

    #[test]
    fn errors_point_at_the_place() {
        let errors: Vec<String> = [
            "",
            "levl(must) & 5/*",
            "5/* & level(mst)",
            "5/publish/delivered-unchangd",
            "publish",
            "a* b*",
            "(a* & b*",
            "a*)",
            "a* & | b*",
            "rule(MQTT-3.3.2-22)",
            "section(9.9)",
            "needs(retained)",
            "variant(max-qos-2)",
            "catches(drop-binary)",
            "waits(1)",
            "@a.json",
            "@a.json:fial",
            "5/* & @'a b.json':fail",
        ]
        .into_iter()
        .map(|text| Filter::parse(text).expect_err(text).to_string())
        .collect();
        insta::with_settings!({ filters => vec![(r"\(there are: [^)]*\)", "(there are: [names])")] }, {
            insta::assert_snapshot!(errors.join("\n\n"));
        });
    }

    #[test]
    fn nesting_has_an_end() {
        let error = Filter::parse(&"(".repeat(100_000)).expect_err("too deep");
        assert!(error.to_string().starts_with("filter: nested more than 64 deep"));
        assert!(Filter::parse(&"!".repeat(100_000)).is_err());
    }
}

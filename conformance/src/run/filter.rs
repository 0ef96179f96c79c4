//! The filter language of `-f`, the same for all commands: which cases are meant.
//!
//! A filter is made of ids (`5/publish/topic-with-wildcard`), globs (`*/publish/*`), predicates (`level(must)`) and verdicts
//! of a report (`@a.json:fail`), joined by `&`, `|`, `!` and parentheses. `!` binds strongest, then `&`, then `|`.

use super::former::homes;
#[cfg(test)]
use super::reported::NoReports;
use super::reported::{Reports, cases_of};
use crate::broker::{VARIANTS, Variant};
use crate::cases;
use crate::scenario::Instance;
use crate::text::{did_you_mean, single_line};
use mqtt_assay_codec::{Rule, Version};
use mqtt_assay_reference::Fault;
use mqtt_assay_standard::{self as standard, Level, RuleId};
use std::collections::BTreeSet;
use std::fmt;

/// How deep parentheses and `!` may be nested.
const DEPTH: usize = 64;

/// The predicates, for `explain filters`: how each is written, and which cases it means.
pub(crate) const PREDICATES: &[(&str, &str)] = &[
    ("section(3.3)", "cases with a rule in this section of the standard or below it"),
    ("level(must)", "cases with a rule of this level: must, implied, behaviour, should, may"),
    ("rule(MQTT-3.3.2-2)", "cases that judge this rule; other spellings in print count too"),
    ("chapter(publish)", "cases of this chapter"),
    ("mqtt(5)", "cases in this version: 3.1.1 or 5"),
    ("needs(retain)", "cases that need this feature, or judge a rule that does"),
    ("variant(max-qos-1)", "cases that need this set-up of the broker"),
    ("catches(drops-binary)", "cases that catch this fault of the reference broker"),
    ("waits()", "cases with waits that the standard itself makes"),
    ("intrusive()", "cases that a broker in use should not get"),
    ("heavy()", "cases that run last and alone"),
    ("verdictless()", "cases that only observe what a broker makes of a permission"),
    ("@a.json:fail,weak", "cases with these verdicts in a report of `run --json`; also broken, lenient, not-pass"),
];

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

/// Something that holds of a case or doesn't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Predicate {
    Section(String),
    Level(Level),
    Rule(String),
    Chapter(&'static str),
    Mqtt(Version),
    Needs(String),
    Variant(Variant),
    Catches(Fault),
    Waits,
    Intrusive,
    /// It runs last and alone.
    Heavy,
    Verdictless,
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
        let mut parser = Parser { letters: text.chars().collect(), at: 0, depth: 0, reports };
        let filter = parser.either()?;
        match parser.peek() {
            None => Ok(filter),
            Some(')') => Err(parser.error(parser.at, 1, "this parenthesis was never opened")),
            Some(_) => {
                let start = parser.at;
                let word = parser.word();
                Err(parser.error(start, word.chars().count(), "write `&` or `|` before this"))
            }
        }
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

impl Predicate {
    fn holds(&self, instance: &Instance) -> bool {
        let mut rules = instance.rules.judged().map(RuleId::rule);
        match self {
            Self::Section(section) => rules.any(|rule| is_within(rule.section, section)),
            Self::Level(level) => rules.any(|rule| rule.level == *level),
            Self::Rule(id) => {
                standard::find(instance.version, id).is_some_and(|id| instance.rules.judged().any(|rule| rule == id))
            }
            Self::Chapter(name) => instance.chapter == *name,
            Self::Mqtt(version) => instance.version == *version,
            Self::Needs(feature) => needs(instance).contains(feature.as_str()),
            Self::Variant(variant) => instance.case.variant == *variant,
            Self::Catches(fault) => instance.case.caught.contains(fault),
            Self::Waits => instance.case.waits > 0,
            Self::Intrusive => instance.case.intrusive,
            Self::Heavy => instance.case.is_heavy(),
            Self::Verdictless => instance.level() == Level::May,
        }
    }

    fn holds_of_rule(&self, id: RuleId) -> bool {
        let rule = id.rule();
        match self {
            Self::Section(section) => is_within(rule.section, section),
            Self::Level(level) => rule.level == *level,
            Self::Rule(name) => standard::find(rule.version, name) == Some(id),
            Self::Mqtt(version) => rule.version == *version,
            Self::Needs(feature) => rule.needs.contains(&feature.as_str()),
            Self::Verdictless => rule.level == Level::May,
            Self::Chapter(_) | Self::Variant(_) | Self::Catches(_) | Self::Waits | Self::Intrusive | Self::Heavy => {
                false
            }
        }
    }

    /// The predicate with this name and argument; else what is wrong with which of the two.
    fn parse(name: &str, argument: &str) -> Result<Self, Wrong> {
        let bare = |predicate| {
            if argument.is_empty() { Ok(predicate) } else { Err(Wrong::Argument(format!("`{name}()` takes nothing"))) }
        };
        match name {
            "section" => section(argument).map(Self::Section),
            "level" => one_of(argument, "level", LEVELS.map(|level| (level.word(), level))).map(Self::Level),
            "rule" => rule(argument).map(Self::Rule),
            "chapter" => one_of(argument, "chapter", cases::chapters().map(|chapter| (chapter.name, chapter.name)))
                .map(Self::Chapter),
            "mqtt" => {
                one_of(argument, "version", [("3.1.1", Version::V3_1_1), ("5", Version::V5), ("5.0", Version::V5)])
                    .map(Self::Mqtt)
            }
            "needs" => {
                one_of(argument, "feature", features().into_iter().map(|name| (name, name.to_owned()))).map(Self::Needs)
            }
            "variant" => {
                one_of(argument, "variant", VARIANTS.iter().map(|variant| (variant.name, *variant))).map(Self::Variant)
            }
            "catches" => fault(argument).map(Self::Catches),
            "waits" => bare(Self::Waits),
            "intrusive" => bare(Self::Intrusive),
            "heavy" => bare(Self::Heavy),
            "verdictless" => bare(Self::Verdictless),
            _ => {
                let known = PREDICATES.iter().filter_map(|(form, _)| form.split('(').next());
                let near = did_you_mean(name, known);
                Err(Wrong::Name(format!(
                    "there is no predicate `{name}` (`mqtt-assay explain filters` lists them){near}"
                )))
            }
        }
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Section(section) => write!(f, "section({section})"),
            Self::Level(level) => write!(f, "level({})", level.word()),
            Self::Rule(id) => write!(f, "rule({id})"),
            Self::Chapter(name) => write!(f, "chapter({name})"),
            Self::Mqtt(version) => write!(f, "mqtt({version})"),
            Self::Needs(feature) => write!(f, "needs({feature})"),
            Self::Variant(variant) => write!(f, "variant({})", variant.name),
            Self::Catches(fault) => write!(f, "catches({})", fault.name()),
            Self::Waits => f.write_str("waits()"),
            Self::Intrusive => f.write_str("intrusive()"),
            Self::Heavy => f.write_str("heavy()"),
            Self::Verdictless => f.write_str("verdictless()"),
        }
    }
}

/// What is wrong with a predicate: its name or its argument.
enum Wrong {
    Name(String),
    Argument(String),
}

const LEVELS: [Level; 5] = [Level::Must, Level::Implied, Level::Behaviour, Level::Should, Level::May];

fn one_of<T>(argument: &str, kind: &str, known: impl IntoIterator<Item = (&'static str, T)>) -> Result<T, Wrong> {
    let mut names = Vec::new();
    for (name, value) in known {
        if name == argument {
            return Ok(value);
        }
        names.push(name);
    }
    // A chapter in several rooms is one chapter.
    names.dedup();
    let near = did_you_mean(argument, names.iter().copied());
    Err(Wrong::Argument(format!("there is no {kind} `{argument}` (there are: {}){near}", names.join(", "))))
}

fn section(argument: &str) -> Result<String, Wrong> {
    let section = argument.trim_end_matches('.');
    let is_known = !section.is_empty() && standard::RULES.iter().any(|rule| is_within(rule.section, section));
    if is_known {
        Ok(section.to_owned())
    } else {
        Err(Wrong::Argument(format!("no rule stands in a section `{argument}`")))
    }
}

fn rule(argument: &str) -> Result<String, Wrong> {
    if [Version::V3_1_1, Version::V5].into_iter().any(|version| standard::find(version, argument).is_some()) {
        return Ok(argument.to_owned());
    }
    let near = did_you_mean(argument, standard::RULES.iter().map(|rule| rule.id));
    Err(Wrong::Argument(format!("there is no rule `{argument}`{near}")))
}

fn fault(argument: &str) -> Result<Fault, Wrong> {
    Fault::from_name(argument).ok_or_else(|| {
        let names = fault_names();
        let near = did_you_mean(argument, names.iter().map(String::as_str));
        Wrong::Argument(format!("there is no fault `{argument}` (`mqtt-assay explain faults` lists them){near}"))
    })
}

/// The name of every fault, those for each rule of the codec included.
pub(crate) fn fault_names() -> Vec<String> {
    let parametric = Rule::ALL.iter().flat_map(|&rule| [Fault::Tolerates(rule), Fault::ActsOn(rule)]);
    Fault::ALL.iter().copied().chain(parametric).map(Fault::name).collect()
}

/// Features that cases or rules need, in order.
fn features() -> BTreeSet<&'static str> {
    let of_rules = standard::RULES.iter().flat_map(|rule| rule.needs);
    let of_cases = cases::chapters().flat_map(|chapter| chapter.cases).flat_map(|case| case.needs);
    of_rules.chain(of_cases).copied().chain(["tls"]).collect()
}

/// What a broker must offer for the case to run and for its rules to matter.
pub(crate) fn needs(instance: &Instance) -> BTreeSet<&'static str> {
    let of_rules = instance.rules.judged().flat_map(|rule| rule.rule().needs);
    instance.case.needs.iter().chain(of_rules).copied().collect()
}

fn either(left: Filter, right: Filter) -> Filter {
    Filter::Either(Box::new(left), Box::new(right))
}

/// True for `3.3.2` within `3.3`, false for `3.31`.
fn is_within(section: &str, outer: &str) -> bool {
    section.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether a glob means a text: `*` stands for any letters, `?` for one. Linear in glob times text.
pub(crate) fn glob_matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    // The last star, and up to where it has taken letters so far.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        if glob.get(at) == Some(&'*') {
            star = Some((at, from));
            at += 1;
        } else if glob.get(at).is_some_and(|&letter| letter == '?' || letter == text[from]) {
            at += 1;
            from += 1;
        } else if let Some((place, taken)) = star {
            star = Some((place, taken + 1));
            at = place + 1;
            from = taken + 1;
        } else {
            return false;
        }
    }
    glob[at..].iter().all(|&letter| letter == '*')
}

struct Parser<'a> {
    letters: Vec<char>,
    at: usize,
    depth: usize,
    reports: &'a dyn Reports,
}

impl Parser<'_> {
    fn either(&mut self) -> Result<Filter, FilterError> {
        let mut filter = self.both()?;
        while self.take('|') {
            filter = Filter::Either(Box::new(filter), Box::new(self.both()?));
        }
        Ok(filter)
    }

    fn both(&mut self) -> Result<Filter, FilterError> {
        let mut filter = self.one()?;
        while self.take('&') {
            filter = Filter::Both(Box::new(filter), Box::new(self.one()?));
        }
        Ok(filter)
    }

    fn one(&mut self) -> Result<Filter, FilterError> {
        self.depth += 1;
        let start = self.at;
        let filter = match self.peek() {
            _ if self.depth > DEPTH => Err(self.error(start, 1, &format!("nested more than {DEPTH} deep"))),
            None => Err(self.error(self.letters.len(), 1, "something is missing here: an id, a glob or a predicate")),
            Some('!') => {
                self.at += 1;
                self.one().map(|inner| Filter::Not(Box::new(inner)))
            }
            Some('(') => self.group(),
            Some(operator @ ('&' | '|' | ')')) => {
                Err(self.error(self.at, 1, &format!("an id, a glob or a predicate must stand before `{operator}`")))
            }
            Some('@') => self.reported(),
            Some(_) => self.name(),
        };
        self.depth -= 1;
        filter
    }

    fn group(&mut self) -> Result<Filter, FilterError> {
        let opened = self.at;
        self.at += 1;
        let inner = self.either()?;
        if self.take(')') {
            return Ok(inner);
        }
        match self.peek() {
            None => Err(self.error(opened, 1, "this parenthesis is never closed")),
            Some(_) => Err(self.error(self.at, 1, "write `&`, `|` or `)` before this")),
        }
    }

    /// An id, a glob, or a predicate with its argument.
    fn name(&mut self) -> Result<Filter, FilterError> {
        let start = self.at;
        let word = self.word();
        let length = self.at - start;
        if self.peek() != Some('(') {
            return self.id(word, start);
        }
        let opened = self.at;
        let Some(closed) = self.letters[opened..].iter().position(|&letter| letter == ')').map(|place| opened + place)
        else {
            return Err(self.error(opened, 1, "this parenthesis is never closed"));
        };
        self.at = closed + 1;
        let argument: String = self.letters[opened + 1..closed].iter().collect();
        Predicate::parse(&word, argument.trim()).map(Filter::Is).map_err(|wrong| match wrong {
            Wrong::Name(problem) => self.error(start, length, &problem),
            Wrong::Argument(problem) => self.error(opened + 1, closed - opened - 1, &problem),
        })
    }

    /// `@FILE:VERDICTS`; a file's name with blanks or operators in it stands in quotation marks.
    fn reported(&mut self) -> Result<Filter, FilterError> {
        let start = self.at;
        self.at += 1;
        let quoted = self.quotation();
        let word = self.word();
        let written: String = self.letters[start..self.at].iter().collect();
        let parts = match &quoted {
            Some(file) => word.strip_prefix(':').map(|verdicts| (file.as_str(), verdicts)),
            None => word.rsplit_once(':'),
        };
        let problem = |problem: String| self.error(start, written.chars().count(), &problem);
        let Some((file, verdicts)) = parts.filter(|(file, verdicts)| !file.is_empty() && !verdicts.is_empty()) else {
            return Err(problem("write a report and a verdict of its cases: @a.json:fail".to_owned()));
        };
        cases_of(file, verdicts, self.reports).map_err(problem).map(|cases| Filter::Reported(written.clone(), cases))
    }

    /// What stands in quotation marks here, if it does.
    fn quotation(&mut self) -> Option<String> {
        let mark = *self.letters.get(self.at).filter(|letter| matches!(letter, '\'' | '"'))?;
        let rest = &self.letters[self.at + 1..];
        let end = rest.iter().position(|letter| *letter == mark)?;
        self.at += end + 2;
        Some(rest[..end].iter().collect())
    }

    /// An id must be that of a case, so that a misspelt one isn't passed over.
    fn id(&self, word: String, start: usize) -> Result<Filter, FilterError> {
        let is_glob = word.contains(['*', '?']);
        if let Some(filter) = homes(&word).into_iter().map(|(_, home)| Filter::Id(home)).reduce(either) {
            return Ok(filter);
        }
        if is_glob || cases::all().any(|instance| instance.id() == word) {
            return Ok(Filter::Id(word));
        }
        let ids: Vec<String> = cases::all().map(|instance| instance.id()).collect();
        let hint = match cases::chapters().find(|chapter| chapter.name == word) {
            Some(chapter) => format!("; did you mean `chapter({})`?", chapter.name),
            None => did_you_mean(&word, ids.iter().map(String::as_str)),
        };
        let problem = format!("no case has the id `{word}`{hint}");
        Err(FilterError { is_unknown_case: true, ..self.error(start, word.chars().count(), &problem) })
    }

    /// Letters up to the next blank, operator or parenthesis.
    fn word(&mut self) -> String {
        let rest = self.letters[self.at..].iter();
        let word: String = rest.take_while(|letter| !letter.is_whitespace() && !"()&|!".contains(**letter)).collect();
        self.at += word.chars().count();
        word
    }

    /// The next letter that isn't blank.
    fn peek(&mut self) -> Option<char> {
        while self.letters.get(self.at).is_some_and(|letter| letter.is_whitespace()) {
            self.at += 1;
        }
        self.letters.get(self.at).copied()
    }

    fn take(&mut self, letter: char) -> bool {
        let is_next = self.peek() == Some(letter);
        self.at += usize::from(is_next);
        is_next
    }

    fn error(&self, start: usize, count: usize, problem: &str) -> FilterError {
        let filter = self.letters.iter().collect();
        FilterError { filter, start, count, problem: single_line(problem), is_unknown_case: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    /// The ids that a filter means.
    fn meant(filter: &Filter) -> Vec<String> {
        cases::all().filter(|instance| filter.matches(instance)).map(|instance| instance.id()).collect()
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
            let _ = Filter::parse(&text).map_err(|error| error.to_string());
        }

        #[test]
        fn nor_does_a_text_of_its_own_signs(text in "[()&|! a*5/.,]{0,200}") {
            let _ = Filter::parse(&text).map_err(|error| error.to_string());
        }

        #[test]
        fn what_is_printed_is_parsed_back(filter in any_filter()) {
            prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
        }

        #[test]
        fn the_operators_are_those_of_logic(left in any_filter(), right in any_filter()) {
            prop_assert_eq!(meant(&not(not(left.clone()))), meant(&left));
            prop_assert_eq!(
                meant(&not(both(left.clone(), right.clone()))),
                meant(&either(not(left.clone()), not(right.clone())))
            );
            prop_assert_eq!(meant(&both(left.clone(), not(left.clone()))), Vec::<String>::new());
            prop_assert_eq!(meant(&either(left.clone(), not(left.clone()))).len(), cases::all().count());
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

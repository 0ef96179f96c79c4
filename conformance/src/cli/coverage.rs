//! `mqtt-assay coverage`: which rules of the standards have a case, which of these are proven, and why others have none.

use super::choices::{FilterArgs, Format, Versions, nothing_selected};
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use crate::proof::came::record;
use crate::proof::coverage::{self, Coverage, RuleCoverage};
use clap::Args;
use mqtt_assay_codec::Version;
use mqtt_assay_standard::Level;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const EXAMPLES: &str = "\
Examples:
  mqtt-assay coverage
  mqtt-assay coverage --missing --mqtt 5
  mqtt-assay coverage --ways
  mqtt-assay coverage --format json > coverage.json
  mqtt-assay coverage -f 'section(4.12)' --missing

With -f: the rules that these cases judge, by these cases; and the rules without a case that the
filter means by section, level, rule, version or need.

Coverage says what the suite can judge. How a broker does is what `mqtt-assay run` says.";

/// Show which rules have a case, which are proven, and why others have none
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CoverageArgs {
    #[command(flatten)]
    filter: FilterArgs,

    /// Versions to show
    #[arg(long, value_enum, default_value = "all", value_name = "VERSION")]
    mqtt: Versions,

    /// List the rules without a case or proof, each with its reason
    #[arg(long)]
    missing: bool,

    /// List the ways on which each rule can be broken, and on which of them no case comes
    #[arg(long, conflicts_with = "missing")]
    ways: bool,

    /// Text for people or data for machines
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Shows the coverage.
pub(crate) fn coverage(args: &CoverageArgs) -> Result<Exit, Failure> {
    let (filter, versions) = (args.filter.parse()?, args.mqtt.list());
    let of = |version: Version| (version, coverage::of(version, filter.as_ref()));
    let mut versions: Vec<(Version, Coverage)> = versions.into_iter().map(of).collect();
    if versions.iter().all(|(_, coverage)| coverage.rules.is_empty()) {
        return Err(nothing_selected("rule", &args.filter.filter, &args.mqtt.list(), None));
    }
    if args.ways || args.format == Format::Json {
        let recorded = record(|instance| filter.as_ref().is_none_or(|filter| filter.matches(instance)));
        versions = versions.into_iter().map(|(version, of)| (version, of.with_ways(&recorded))).collect();
    }
    let text = match args.format {
        Format::Json => {
            let by_name: BTreeMap<&str, &Coverage> =
                versions.iter().map(|(version, of)| (version.name(), of)).collect();
            let json = serde_json::to_string_pretty(&by_name);
            json.map_err(|error| Failure::new(Exit::OurBug, error.to_string()))? + "\n"
        }
        Format::Text => {
            let parts = versions.iter().map(|(version, coverage)| match (args.missing, args.ways) {
                (true, _) => missing(*version, coverage),
                (_, true) => ways(*version, coverage),
                _ => table(*version, coverage),
            });
            parts.collect::<Vec<_>>().join("\n")
        }
    };
    print(&text)?;
    Ok(Exit::Success)
}

/// The head numbers, then a row for each chapter of the text.
fn table(version: Version, coverage: &Coverage) -> String {
    let Coverage { statements, observable, covered, proven, unnumbered, permissions, .. } = coverage;
    let mut out = format!("MQTT {version}\n");
    let _ = writeln!(out, "  {statements} statements, {observable} observable: {covered} covered, {proven} proven");
    let _ = writeln!(
        out,
        "  {} observable rules without a number: {} covered, {} proven",
        unnumbered.observable, unnumbered.covered, unnumbered.proven
    );
    let _ = writeln!(
        out,
        "  {} permissions among them, never judged: {} observed\n",
        permissions.observable, permissions.observed
    );
    let _ = writeln!(out, "  {:<8} {:>6} {:>11} {:>8} {:>7}", "section", "rules", "observable", "covered", "proven");
    for (section, rules) in by_section(&coverage.rules) {
        let counts = coverage::count(rules.iter().copied());
        let _ = writeln!(
            out,
            "  {section:<8} {:>6} {:>11} {:>8} {:>7}",
            rules.len(),
            counts.observable,
            counts.covered,
            counts.proven
        );
    }
    out
}

/// How many ways each rule can be broken on, and those that no case of it comes on.
fn ways(version: Version, coverage: &Coverage) -> String {
    let mut rows = String::new();
    let (mut all, mut covered) = (0, 0);
    for rule in coverage.rules.iter().filter(|rule| !rule.ways.is_empty()) {
        let missed: Vec<&str> =
            rule.ways.iter().filter(|way| way.cases.is_empty()).map(|way| way.way.as_str()).collect();
        let came = rule.ways.len() - missed.len();
        (all, covered) = (all + rule.ways.len(), covered + came);
        let missed = if missed.is_empty() { String::new() } else { format!("; none on {}", missed.join(" ")) };
        let _ = writeln!(rows, "    {:<15} {came} of {}{missed}", rule.id, rule.ways.len());
    }
    format!(
        "MQTT {version}\n  {all} ways on which a rule can be broken: on {covered} comes a case that judges it\n\n{rows}"
    )
}

/// Rules by the first two numbers of their section, in the order of the text.
fn by_section(rules: &[RuleCoverage]) -> Vec<(String, Vec<&RuleCoverage>)> {
    let mut sections: BTreeMap<Vec<u32>, Vec<&RuleCoverage>> = BTreeMap::new();
    for rule in rules {
        let numbers = rule.rule.rule().section.split('.').map_while(|number| number.parse().ok());
        sections.entry(numbers.take(2).collect()).or_default().push(rule);
    }
    let name = |numbers: Vec<u32>| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
    sections.into_iter().map(|(numbers, rules)| (name(numbers), rules)).collect()
}

/// Rules without a case, by the reason; then rules whose case no fault proves.
fn missing(version: Version, coverage: &Coverage) -> String {
    let rules = &coverage.rules;
    let judged = |rule: &&RuleCoverage| rule.rule.rule().observable.can_be_judged();
    let mut out = format!("MQTT {version}\n");
    let none = rules.iter().filter(judged).filter(|rule| rule.cases.is_empty());
    out.push_str(&listed("no case yet", none.map(|rule| (rule, rule.rule.rule().says))));
    let unproven = rules.iter().filter(|rule| rule.is_covered() && !rule.is_proven());
    out.push_str(&listed("a case, and no fault that proves it", unproven.map(|rule| (rule, rule.rule.rule().says))));
    let never = rules.iter().filter(|rule| !judged(rule));
    out.push_str(&listed("never judged", never.map(|rule| (rule, rule.reason.unwrap_or_default()))));
    out
}

fn listed<'a>(heading: &str, rules: impl Iterator<Item = (&'a RuleCoverage, &'static str)>) -> String {
    let mut out = String::new();
    let mut count = 0;
    for (rule, text) in rules {
        count += 1;
        let level = if rule.rule.rule().level == Level::Must { String::new() } else { format!("{}: ", rule.level) };
        let _ = writeln!(out, "    {:<15} {level}{text}", rule.id);
    }
    format!("\n  {heading}: {count}\n{out}")
}

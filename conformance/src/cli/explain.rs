//! `mqtt-assay explain`: what a rule says and how it is judged, what a case does, or one of the tables.

use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use super::tables::{self, TABLES};
use crate::broker::VARIANTS;
use crate::cases;
use crate::proof::coverage::RuleCoverage;
use crate::report::schemas::{SCHEMAS, find};
use crate::run::filter::{fault_names, needs};
use crate::scenario::{Case, Instance, Method};
use crate::text::{did_you_mean, quoted};
use clap::Args;
use mqtt_assay_codec::{MUTATIONS, Version};
use mqtt_assay_reference::{FaultOn, Quirk};
use mqtt_assay_standard::{self as standard, Rule, RuleId};
use std::fmt::Write as _;

const EXAMPLES: &str = "\
Examples:
  mqtt-assay explain MQTT-3.3.2-2                   a rule, in both versions if both have it
  mqtt-assay explain 5/publish/topic-with-wildcard  a case
  mqtt-assay explain publish/topic-with-wildcard    the case in both versions
  mqtt-assay explain drops-binary                   a fault, quirk, variant or mutation
  mqtt-assay explain schemas report                 the JSON Schema of a report

Tables: bounds, exit-codes, faults, filters, limits, mutations, profiles, quirks, schemas,
variants, verdicts, ways";

/// Explain a rule, a case, a fault, or show a table
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExplainArgs {
    /// Id of a rule or a case, name of a fault, quirk, variant or mutation, or one of the tables below
    #[arg(value_name = "ID")]
    id: String,

    /// Behind `schemas`: the schema to print
    #[arg(value_name = "NAME")]
    schema: Option<String>,
}

/// Explains.
pub(crate) fn explain(args: &ExplainArgs) -> Result<Exit, Failure> {
    let id = args.id.as_str();
    if let Some(name) = &args.schema {
        print(schema(id, name)?)?;
        return Ok(Exit::Success);
    }
    let parts = [table(id), rules(id), described_cases(id), names(id)];
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    if text.is_empty() {
        return Err(unknown(id));
    }
    print(&text)?;
    Ok(Exit::Success)
}

/// The text of a JSON Schema.
fn schema(id: &str, name: &str) -> Result<&'static str, Failure> {
    if id != "schemas" {
        let message = format!("{} explains one thing at a time; only `schemas` takes a name behind it", quoted(id));
        return Err(Failure::usage(message));
    }
    let names = SCHEMAS.iter().map(|(name, ..)| *name);
    find(name).ok_or_else(|| {
        let near = did_you_mean(name, names.clone());
        let all = names.clone().collect::<Vec<_>>().join(" ");
        Failure::usage(format!("there is no schema called {}{near}\n  schemas: {all}", quoted(name)))
    })
}

fn unknown(id: &str) -> Failure {
    let known = everything();
    let near = did_you_mean(id, known.iter().map(String::as_str));
    let tables: Vec<&str> = TABLES.iter().map(|(name, ..)| *name).collect();
    Failure::usage(format!(
        "there is no rule, case, fault, quirk, variant, mutation or table called {}{near}\n  rules: mqtt-assay coverage --missing, cases: mqtt-assay list, tables: {}",
        quoted(id),
        tables.join(" ")
    ))
}

/// Every name that can be explained.
fn everything() -> Vec<String> {
    let mut known: Vec<String> = TABLES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    known.extend(standard::RULES.iter().map(|rule| rule.id.to_owned()));
    known.extend(cases::all().map(|instance| instance.id()));
    known.extend(fault_names());
    known.extend(Quirk::ALL.iter().map(|quirk| quirk.name().to_owned()));
    known.extend(VARIANTS.iter().map(|variant| variant.name.to_owned()));
    known.extend(MUTATIONS.iter().map(|mutation| mutation.name.to_owned()));
    known
}

fn table(name: &str) -> String {
    TABLES.iter().find(|(known, ..)| *known == name).map_or_else(String::new, |(_, _, make)| make())
}

/// The rule of this id, in each version that has it; `MQTT-` may be left out.
fn rules(id: &str) -> String {
    let full = format!("MQTT-{id}");
    let parts = [Version::V3_1_1, Version::V5]
        .into_iter()
        .filter_map(|version| standard::find(version, id).or_else(|| standard::find(version, &full)).map(rule_text));
    parts.collect::<Vec<_>>().join("\n")
}

fn row(out: &mut String, label: &str, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(out, "  {label:<11} {text}");
    }
}

fn rule_text(id: RuleId) -> String {
    let Rule {
        aliases, version, section, level, binds, observable, basis, reaction, needs, twins, says, policy, ..
    } = id.rule();
    let mut out = format!("{id} of MQTT {version}\n");
    row(&mut out, "says", says);
    row(&mut out, "level", &format!("{}, section {section}", level.word()));
    row(&mut out, "binds", binds.word());
    let judged = if observable.can_be_judged() { format!(", {}", basis.word()) } else { ": never judged".to_owned() };
    row(&mut out, "observable", &format!("{}{judged}", observable.word()));
    row(&mut out, "reaction", &demanded(reaction));
    row(&mut out, "needs", &needs.join(" "));
    row(&mut out, "twins", &twins.join(" "));
    row(&mut out, "also named", &aliases.join(" "));
    row(&mut out, "policy", policy);
    let coverage = RuleCoverage::of(id);
    row(&mut out, "cases", &if coverage.cases.is_empty() { "none".to_owned() } else { coverage.cases.join(" ") });
    row(&mut out, "proven by", &coverage.faults.join(" "));
    out
}

fn demanded(reaction: &[&str]) -> String {
    if reaction.is_empty() { String::new() } else { format!("demanded by {}", reaction.join(" ")) }
}

/// The case of this id; without the version in front, in each version.
fn described_cases(id: &str) -> String {
    let is_meant = |instance: &Instance| {
        let full = instance.id();
        full == id || full.split_once('/').is_some_and(|(_, rest)| rest == id)
    };
    let now = cases::all().filter(is_meant).map(|instance| case_text(&instance)).collect::<Vec<_>>().join("\n");
    if now.is_empty() { formerly(id) } else { now }
}

/// What judges now the packet of a case that once had this id.
fn formerly(id: &str) -> String {
    let is_meant = |old: &str| old == id || old.split_once('/').is_some_and(|(_, rest)| rest == id);
    let told = |(old, home): (String, String)| format!("{old} is judged by {home} now.\n{}", described_cases(&home));
    cases::moved().filter(|(old, _)| is_meant(old)).map(told).collect::<Vec<_>>().join("\n")
}

fn case_text(instance: &Instance) -> String {
    let case = instance.case;
    let mut out = format!("{}\n", instance.id());
    row(&mut out, "title", case.title);
    row(&mut out, "variant", &format!("{}: {}", case.variant.name, case.variant.says));
    row(&mut out, "needs", &needs(instance).into_iter().collect::<Vec<_>>().join(" "));
    if case.waits > 0 {
        row(&mut out, "waits", &format!("{} s, by the standard", case.waits));
    }
    if case.weighty {
        row(&mut out, "weighty", "it moves megabytes: the proof pairs it with the faults that it claims, and no other");
    }
    if case.is_heavy() {
        row(&mut out, "heavy", "it runs last and alone");
    }
    if case.intrusive {
        row(&mut out, "intrusive", "off on a broker beyond this machine, unless --intrusive");
    }
    for (label, rules) in [("breaks", instance.rules.breaks.to_vec()), ("proves", proved(instance))] {
        for rule in rules {
            row(
                &mut out,
                label,
                &format!(
                    "{rule} ({}, section {}): {}",
                    rule.rule().level.word(),
                    rule.rule().section,
                    rule.rule().says
                ),
            );
        }
    }
    for fault in case.caught {
        row(&mut out, "catches", &format!("{}: {}", fault.name(), fault.says()));
    }
    row(&mut out, "steps", &steps(instance));
    row(&mut out, "run it", &format!("mqtt-assay run BROKER -f {} -vv", instance.id()));
    out
}

fn proved(instance: &Instance) -> Vec<RuleId> {
    instance.rules.proves.iter().copied().flatten().copied().collect()
}

fn steps(instance: &Instance) -> String {
    match instance.case.method {
        Method::Steps(_) => format!("`{}` in {}", instance.case.function, file(instance.case)),
        Method::Invariant(_) => "none: every packet of the run is held against it".to_owned(),
        Method::Life(_) => "none: a connection that is held for nothing else is asked behind every case".to_owned(),
    }
}

/// The case's file within the repository, wherever this program was built.
fn file(case: &Case) -> String {
    let path = case.file.replace('\\', "/");
    let below = path.rsplit_once("/cases/").map_or(path.as_str(), |(_, below)| below);
    format!("conformance/src/cases/{below}")
}

/// A fault, quirk, variant or mutation of this name.
fn names(name: &str) -> String {
    let mut out = String::new();
    if let Some(FaultOn { fault, way }) = FaultOn::from_name(name) {
        let _ = write!(out, "Fault\n{}{}", tables::fault_row(fault), tables::broken_by(fault));
        if let Some(way) = way {
            let _ = writeln!(out, "      here         {}", way.says());
        }
    }
    if let Some(quirk) = Quirk::from_name(name) {
        let _ = writeln!(out, "Quirk {name}: {}", quirk.says());
    }
    if let Some(variant) = VARIANTS.iter().find(|variant| variant.name == name) {
        let _ = writeln!(out, "Variant {name}: {}", variant.says);
    }
    if let Some(mutation) = MUTATIONS.iter().find(|mutation| mutation.name == name) {
        let _ = writeln!(out, "Mutation {name}: {}", mutation.says);
    }
    out
}

//! `mqtt-assay list`: the cases, their rules and what each needs; no network.

use super::choices::{FilterArgs, Format, Versions};
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use crate::broker::Variant;
use crate::run::filter;
use crate::scenario::Instance;
use crate::text::counted;
use clap::Args;
use mqtt_assay_standard::RuleId;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;

const EXAMPLES: &str = "\
Examples:
  mqtt-assay list
  mqtt-assay list 'section(3.3) & !needs(retain)'
  mqtt-assay list -f 'rule(MQTT-3.3.2-2)' --format json

What a filter may be: mqtt-assay explain filters.";

/// List cases, their rules and what each needs
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ListArgs {
    /// Only these cases, as with -f
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,

    #[command(flatten)]
    filter: FilterArgs,

    /// Versions to list
    #[arg(long, value_enum, default_value = "all", value_name = "VERSION")]
    mqtt: Versions,

    /// Text for people or data for machines
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A case as machines get it; fields are only ever added.
#[derive(Serialize)]
struct CaseRow {
    case: String,
    mqtt: &'static str,
    title: &'static str,
    breaks: Vec<RuleId>,
    proves: Vec<RuleId>,
    needs: BTreeSet<&'static str>,
    /// It runs last and alone.
    heavy: bool,
}

/// Lists the cases.
pub(crate) fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let filter: Vec<String> = args.filters.iter().chain(&args.filter.filter).cloned().collect();
    let selected = FilterArgs { filter }.select(args.mqtt, None)?;
    match args.format {
        Format::Text => print(&table(&selected))?,
        Format::Json => {
            let rows: Vec<CaseRow> = selected.iter().map(row).collect();
            let json =
                serde_json::to_string_pretty(&rows).map_err(|error| Failure::new(Exit::OurBug, error.to_string()))?;
            print(&format!("{json}\n"))?;
        }
    }
    Ok(Exit::Success)
}

fn row(instance: &Instance) -> CaseRow {
    CaseRow {
        case: instance.id(),
        mqtt: instance.version.name(),
        title: instance.case.title,
        breaks: instance.rules.breaks.to_vec(),
        proves: instance.rules.proves.iter().copied().flatten().copied().collect(),
        needs: filter::needs(instance),
        heavy: instance.case.is_heavy(),
    }
}

/// Two lines a case: id and title, then rules and needs.
fn table(selected: &[Instance]) -> String {
    let mut out = String::new();
    let mut heading = None;
    let width = selected.iter().map(|instance| instance.id().len()).max().unwrap_or_default();
    for instance in selected {
        let chapter = (instance.version, instance.chapter);
        if heading.replace(chapter) != Some(chapter) {
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{gap}MQTT {}, {}", chapter.0, chapter.1);
        }
        let _ = writeln!(out, "  {:width$}  {}", instance.id(), instance.case.title);
        let _ = writeln!(out, "  {:width$}  {}", "", properties(instance).join("; "));
    }
    let _ = writeln!(out, "\n{}", counted(selected.len(), "case"));
    out
}

/// What a case breaks, proves and needs, in words.
fn properties(instance: &Instance) -> Vec<String> {
    let CaseRow { breaks, proves, needs, .. } = row(instance);
    let ids = |rules: &[RuleId]| rules.iter().map(|rule| rule.id()).collect::<Vec<_>>().join(" ");
    let mut out = Vec::new();
    if !breaks.is_empty() {
        out.push(format!("breaks {}", ids(&breaks)));
    }
    if !proves.is_empty() {
        out.push(format!("proves {}", ids(&proves)));
    }
    if !needs.is_empty() {
        out.push(format!("needs {}", needs.into_iter().collect::<Vec<_>>().join(" ")));
    }
    if instance.case.variant != Variant::PLAIN {
        out.push(format!("variant {}", instance.case.variant.name));
    }
    if instance.case.waits > 0 {
        out.push(format!("waits {} s", instance.case.waits));
    }
    if instance.case.is_heavy() {
        out.push("heavy".to_owned());
    }
    if instance.case.intrusive {
        out.push("intrusive".to_owned());
    }
    out
}

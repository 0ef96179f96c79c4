//! Values of arguments that several commands share: versions, faults, quirks, variants.

use super::failure::Failure;
use crate::broker::{VARIANTS, Variant};
use crate::cases;
use crate::cli::exit::Exit;
use crate::report::document::{CaseReport, Mark};
use crate::report::json;
use crate::run::filter::{Filter, fault_names};
use crate::run::former::moved_in;
use crate::run::reported::{Reported, Reports};
use crate::scenario::Instance;
use crate::text::{did_you_mean, single_line};
use mqtt_assay_codec::Version;
use mqtt_assay_reference::{Condition, Fault, FaultOn, Quirk};
use std::io::Write as _;
use std::path::Path;

/// The versions that have verdicts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Versions {
    #[value(name = "3.1.1")]
    V3_1_1,
    #[value(name = "5", alias = "5.0")]
    V5,
    #[default]
    All,
}

impl Versions {
    /// As a list, oldest first.
    pub(crate) fn list(self) -> Vec<Version> {
        match self {
            Self::V3_1_1 => vec![Version::V3_1_1],
            Self::V5 => vec![Version::V5],
            Self::All => vec![Version::V3_1_1, Version::V5],
        }
    }
}

/// Which cases a command is about.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct FilterArgs {
    /// Only these cases: ids, globs, predicates, @REPORT.json:fail (repeatable: any of them)
    #[arg(short, long, value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
}

impl FilterArgs {
    /// As one filter, if there is one.
    pub(crate) fn parse(&self) -> Result<Option<Filter>, Failure> {
        for (old, home) in self.filter.iter().flat_map(|text| moved_in(text)) {
            let _ = writeln!(anstream::stderr(), "note: {old} is judged by {home} now");
        }
        Filter::parse_any(&self.filter, &ReportFiles).map_err(|error| {
            let exit = if error.is_unknown_case { Exit::NothingSelected } else { Exit::Usage };
            Failure::new(exit, error.to_string())
        })
    }

    /// The cases that the filters, the versions and the variant leave, in the order of the chapters.
    pub(crate) fn select(&self, versions: Versions, variant: Option<Variant>) -> Result<Vec<Instance>, Failure> {
        let filter = self.parse()?;
        let versions = versions.list();
        let selected: Vec<Instance> = cases::all()
            .filter(|instance| versions.contains(&instance.version))
            .filter(|instance| variant.is_none_or(|variant| instance.case.variant == variant))
            .filter(|instance| filter.as_ref().is_none_or(|filter| filter.matches(instance)))
            .collect();
        if selected.is_empty() {
            return Err(nothing_selected("case", &self.filter, &versions, variant));
        }
        Ok(selected)
    }
}

/// The reports that filters name.
pub(crate) struct ReportFiles;

impl Reports for ReportFiles {
    fn read(&self, file: &Path) -> Result<Vec<Reported>, String> {
        json::read(file).map(|document| document.results.iter().map(reported).collect())
    }

    fn note(&self, text: &str) {
        let _ = writeln!(anstream::stderr(), "note: {}", single_line(text));
    }
}

/// What a filter asks of a case of a report.
pub(crate) fn reported(case: &CaseReport) -> Reported {
    let beside = case.repeat.as_deref().unwrap_or_default().split(" -f ").skip(1);
    Reported {
        case: case.case.clone(),
        verdict: case.verdict,
        is_lenient: case.marked.map(|mark| mark == Mark::Lenient),
        beside: beside.map(|case| case.trim_matches('\'').to_owned()).collect(),
    }
}

/// Text for people or data for machines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

/// A filter that leaves nothing is a mistake of whoever wrote it.
pub(crate) fn nothing_selected(
    kind: &str,
    filters: &[String],
    versions: &[Version],
    variant: Option<Variant>,
) -> Failure {
    let mut by: Vec<String> = filters.iter().map(|filter| format!("'{}'", single_line(filter))).collect();
    if let [version] = versions {
        by.push(format!("--mqtt {version}"));
    }
    by.extend(variant.map(|variant| format!("--variant {}", variant.name)));
    let message = format!(
        "no {kind} is selected by {}; `mqtt-assay list` shows all, `mqtt-assay explain filters` how to choose",
        by.join(" ")
    );
    Failure::new(Exit::NothingSelected, message)
}

/// For clap: the fault of this name.
pub(crate) fn fault(name: &str) -> Result<FaultOn, String> {
    FaultOn::from_name(name).ok_or_else(|| match name.rsplit_once('@') {
        Some((fault, way)) if Fault::from_name(fault).is_some() => {
            let ways: Vec<String> = Condition::ALL.iter().map(|condition| condition.name()).collect();
            let near = did_you_mean(way, ways.iter().map(String::as_str));
            format!("there is no such way (`mqtt-assay explain ways` lists them){near}")
        }
        parts => {
            let names = fault_names();
            let near = did_you_mean(parts.map_or(name, |(fault, _)| fault), names.iter().map(String::as_str));
            format!("there is no such fault (`mqtt-assay explain faults` lists them){near}")
        }
    })
}

/// For clap: the quirk of this name.
pub(crate) fn quirk(name: &str) -> Result<Quirk, String> {
    Quirk::from_name(name).ok_or_else(|| {
        let near = did_you_mean(name, Quirk::ALL.iter().map(|quirk| quirk.name()));
        format!("there is no such quirk (`mqtt-assay explain quirks` lists them){near}")
    })
}

/// For clap: the variant of this name.
pub(crate) fn variant(name: &str) -> Result<Variant, String> {
    Variant::find(name).ok_or_else(|| {
        let near = did_you_mean(name, VARIANTS.iter().map(|variant| variant.name));
        format!("there is no such variant (`mqtt-assay explain variants` lists them){near}")
    })
}

//! The options of `mqtt-assay run` that name its reports.

use crate::report::document::Transcripts;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Which reports are written, and where.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct ReportArgs {
    /// Write a JSON report; `-`: to standard output, and the text to standard error
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,

    /// Write a JUnit report, as CI servers read it; `-` as with --json
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,

    /// Write a summary in Markdown, short enough for a pull request; `-` as with --json
    #[arg(long, value_name = "FILE")]
    pub(super) markdown: Option<PathBuf>,

    /// Write a badge as SVG: how many of the judged cases pass; `-` as with --json
    #[arg(long, value_name = "FILE")]
    pub(super) badge: Option<PathBuf>,

    /// Write an HTML report for people into this folder: DIR/index.html, one file that opens from a disk
    #[arg(long, value_name = "DIR")]
    pub(super) html: Option<PathBuf>,

    /// Write each event as it happens, a JSON object a line; `-` as with --json
    #[arg(long, value_name = "FILE")]
    pub(super) events: Option<PathBuf>,

    /// Annotations and a step summary for GitHub Actions: `auto` where GITHUB_ACTIONS=true
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) github: Github,

    /// Transcripts in the reports: whole of cases that are not as they should be; of the others the deciding lines (in
    /// JSON), all, or none
    #[arg(long, value_enum, default_value_t)]
    pub(super) transcripts: Transcripts,
}

/// When annotations are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Github {
    #[default]
    Auto,
    Always,
    Never,
}

impl Github {
    /// Whether they are wanted here.
    pub(super) fn is_wanted(self) -> bool {
        match self {
            Self::Auto => std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true"),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

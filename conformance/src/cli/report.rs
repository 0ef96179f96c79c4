//! `mqtt-assay report`: reads reports of runs again and makes others of them.

use super::exit::Exit;
use super::failure::Failure;
use super::guard::Guard;
use super::reports::{ReportFile, page_in};
use super::trouble;
use crate::report::document::Document;
use crate::report::{html, json};
use clap::Args;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  mqtt-assay report mosquitto.json --html mosquitto
  mqtt-assay report mosquitto.json aedes.json rabbitmq.json --html brokers

Each file is what `mqtt-assay run --json FILE` has written; `-` is standard input.";

/// Make a page of what `run --json` has written, of one run or of several side by side
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// Reports of runs
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Write an HTML report into this folder: DIR/index.html, one file that opens from a disk
    #[arg(long, value_name = "DIR", required = true)]
    html: Option<PathBuf>,
}

/// Makes the reports that are asked for.
pub(crate) fn report(args: &ReportArgs) -> Result<Exit, Failure> {
    let documents = read(&args.files)?;
    if let Some(folder) = &args.html {
        write_html(folder, &documents)?;
    }
    Ok(Exit::Success)
}

fn read(files: &[PathBuf]) -> Result<Vec<Document>, Failure> {
    files.iter().map(|file| json::read(file).map_err(Failure::usage)).collect()
}

fn write_html(folder: &Path, documents: &[Document]) -> Result<(), Failure> {
    let guard =
        Guard::start(None, None).map_err(|error| trouble::no_means("nobody can watch over the report", &error))?;
    let file = ReportFile::open(&page_in(folder)?, &guard)?;
    file.written(|out| html::write(out, documents))
}

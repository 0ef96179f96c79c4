//! `mqtt-assay completions` and `mqtt-assay man`: what shells and `man` read, made from the argument parser itself.

use super::Cli;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use crate::text::single_line;
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The section of the manual for commands.
const SECTION: &str = "1";

const COMPLETIONS: &str = "\
Where shells look for it:
  bash   mqtt-assay completions bash > ~/.local/share/bash-completion/completions/mqtt-assay
  zsh    mqtt-assay completions zsh > DIR/_mqtt-assay, with DIR in $fpath
  fish   mqtt-assay completions fish > ~/.config/fish/completions/mqtt-assay.fish";

/// Write completions of the command line for a shell
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Write the manual: one page to standard output, or a page a command into a folder
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Folder for a page a command; `man -M DIR/.. mqtt-assay-run` reads it where DIR is called `man1`
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Writes completions.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut out);
    print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Success)
}

/// Writes the manual.
pub(crate) fn man(args: &ManArgs) -> Result<Exit, Failure> {
    let mut command = Cli::command();
    command.build();
    match &args.folder {
        None => print(&page(&command).map_err(|error| Failure::new(Exit::OurBug, error.to_string()))?)?,
        Some(folder) => write_pages(&command, folder)?,
    }
    Ok(Exit::Success)
}

fn write_pages(command: &Command, folder: &Path) -> Result<(), Failure> {
    let pages = std::iter::once(command).chain(command.get_subcommands());
    fs::create_dir_all(folder).map_err(|error| not_written(folder, &error))?;
    for command in pages {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name());
        let path = folder.join(format!("{name}.{SECTION}"));
        let written = page(command).and_then(|page| fs::write(&path, page));
        written.map_err(|error| not_written(&path, &error))?;
    }
    Ok(())
}

fn not_written(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::ReportNotWritten, format!("{}: {error}", single_line(&path.to_string_lossy())))
}

/// A page of the manual.
fn page(command: &Command) -> io::Result<String> {
    let mut out = Vec::new();
    Man::new(command.clone()).section(SECTION).manual("mqtt-assay").render(&mut out)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_subcommand_is_completed_in_every_shell_and_has_a_page() {
        let mut command = Cli::command();
        command.build();
        let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        assert!(names.contains(&"run".to_owned()));
        for shell in Shell::value_variants() {
            let mut out = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "mqtt-assay", &mut out);
            let text = String::from_utf8(out).expect("text");
            for name in &names {
                assert!(text.contains(name.as_str()), "{shell} completes {name}");
            }
        }
        let folder = tempfile::tempdir().expect("a folder of our own");
        write_pages(&command, folder.path()).expect("can be written");
        let run = fs::read_to_string(folder.path().join("mqtt-assay-run.1")).expect("a page of its own");
        assert!(run.contains(".TH mqtt-assay-run 1") || run.contains(".TH \"mqtt-assay-run\" 1"), "{run}");
        assert!(run.contains("\\-\\-junit"), "{run}");
        assert_eq!(fs::read_dir(folder.path()).expect("can be listed").count(), names.len() + 1);
    }
}

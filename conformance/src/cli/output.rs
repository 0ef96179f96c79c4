//! Standard output: colour only where it is wanted, and no panic when nobody reads any more.

use super::exit::Exit;
use super::failure::Failure;
use crate::report::console::Screen;
use anstream::{AutoStream, ColorChoice};
use std::io::{self, ErrorKind, Write};
#[cfg(unix)]
use std::os::fd::AsFd as AsTerminal;
#[cfg(windows)]
use std::os::windows::io::AsHandle as AsTerminal;
use terminal_size::{Height, Width, terminal_size_of};

/// When output is coloured: automatically is on a terminal, unless `NO_COLOR` is set or the terminal can't.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// What that means for standard output.
    pub(crate) fn on_stdout(self) -> ColorChoice {
        self.choice(&io::stdout())
    }

    /// What that means for standard error.
    pub(crate) fn on_stderr(self) -> ColorChoice {
        self.choice(&io::stderr())
    }

    fn choice(self, stream: &impl anstream::stream::RawStream) -> ColorChoice {
        match self {
            Self::Auto => AutoStream::choice(stream),
            Self::Always => ColorChoice::AlwaysAnsi,
            Self::Never => ColorChoice::Never,
        }
    }
}

/// The terminal that a stream is, where it is one and says how large it is.
pub(crate) fn screen_of(stream: &impl AsTerminal) -> Option<Screen> {
    let (Width(width), Height(height)) = terminal_size_of(stream)?;
    Some(Screen { width: width.into(), height: height.into() }).filter(|screen| screen.width > 0 && screen.height > 0)
}

/// Writes to standard output. A reader that has gone (`| head`) ends the output quietly.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    settle(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Writes to standard error, where standard output belongs to a command of the user's. If nobody can be told, the exit code
/// must do.
#[expect(clippy::unnecessary_wraps, reason = "it stands in the place of print")]
pub(crate) fn print_aside(text: &str) -> Result<(), Failure> {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    Ok(())
}

/// What an attempt to write means for the command.
pub(super) fn settle(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::new(Exit::ReportNotWritten, format!("standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_gone_is_no_failure_and_a_full_disk_is() {
        assert_eq!(settle(Err(ErrorKind::BrokenPipe.into())), Ok(()));
        assert_eq!(
            settle(Err(ErrorKind::StorageFull.into())).map_err(|failure| failure.exit),
            Err(Exit::ReportNotWritten)
        );
    }
}

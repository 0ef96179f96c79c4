//! The baselines of a run: the one that it is held against, read before it, and the one that it writes, behind it.

use super::failure::Failure;
use super::guard::Guard;
use super::reports::{ReportFile, is_same_file};
use crate::baseline::{self, Baseline, Came, Changes, Expectations, How, renewed};
use crate::text::{shell, single_line};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// What the command line names.
pub(super) struct Named<'a> {
    /// What the run is held against.
    pub(super) baseline: Option<&'a Path>,
    /// What it writes.
    pub(super) write_baseline: Option<&'a Path>,
    /// A weak case that is not listed counts as failed.
    pub(super) strict: bool,
    /// What differs is chance.
    pub(super) mark_varying: bool,
}

/// The same, read and tried.
pub(super) struct Baselines {
    /// What the run is held against.
    expected: Option<Arc<Expectations>>,
    /// Where it is written, with its name.
    file: Option<(ReportFile, String)>,
    how: How,
    is_strict: bool,
}

impl Baselines {
    /// Reads the one, and tries the other's place, so that a run isn't made in vain.
    pub(super) fn open(args: &Named<'_>, guard: &Guard) -> Result<Self, Failure> {
        let is_strict = args.strict;
        let read = |path: &Path| -> Result<Arc<Expectations>, Failure> {
            let baseline = baseline::read(path).map_err(Failure::usage)?;
            Ok(Arc::new(Expectations { file: name_of(path), baseline, is_strict, written: None }))
        };
        let expected = args.baseline.map(read).transpose()?;
        let place = |path: &Path| -> Result<(ReportFile, String), Failure> {
            require_nothing_lost(path, args.baseline)?;
            Ok((ReportFile::open(path, guard)?, name_of(path)))
        };
        let file = args.write_baseline.map(place).transpose()?;
        let how = if args.mark_varying { How::Vary } else { How::Replace };
        Ok(Self { expected, file, how, is_strict })
    }

    /// What is expected of the broker.
    pub(super) fn expected(&self) -> Option<Arc<Expectations>> {
        self.expected.clone()
    }

    /// The name of the file that is to be written.
    pub(super) fn to_write(&self) -> Option<&str> {
        self.file.as_ref().map(|(_, name)| name.as_str())
    }

    /// Writes what was asked for, of what is called so; returns what is expected from now on.
    pub(super) fn write(self, broker: &str, came: &[Came]) -> Result<Option<Arc<Expectations>>, Failure> {
        let Self { expected, file, how, is_strict } = self;
        let Some((file, name)) = file else { return Ok(expected) };
        let none = Baseline::default();
        // What was never written down has not varied either.
        let (old, how) = expected.as_ref().map_or((&none, How::Replace), |expected| (&expected.baseline, how));
        let baseline = renewed(old, broker.to_owned(), came, is_strict, how);
        file.written(|out| baseline::write(out, &baseline))?;
        let written = Some(Changes::between(old, &baseline));
        Ok(Some(Arc::new(Expectations { file: name, baseline, is_strict, written })))
    }
}

fn name_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A baseline holds what people have written: it is not overwritten by one that doesn't know of it.
fn require_nothing_lost(path: &Path, read: Option<&Path>) -> Result<(), Failure> {
    let is_updated = read.is_some_and(|read| is_same_file(read, path));
    let is_there = fs::metadata(path).is_ok_and(|there| there.is_file() && there.len() > 0);
    if is_updated || !is_there {
        return Ok(());
    }
    let shown = name_of(path);
    Err(Failure::usage(format!(
        "--write-baseline: {} is there already, and may hold reasons; add --baseline {} to bring it up to date, or remove it; \
         nothing was run",
        single_line(&shown),
        single_line(&shell::for_shell(&shown))
    )))
}

//! `mqtt-assay fuzz --merge-corpus`: folders of sessions put together.

use super::args::FuzzArgs;
use super::{ground, say, stop_when_asked};
use crate::broker::Target;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::guard::Guard;
use crate::hunt::{Ground, Merged, merge_corpus};
use crate::text::{counted, single_line};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

/// Puts them together in the folder that `--corpus` names.
pub(super) fn merge(args: &FuzzArgs, target: &Target, guard: &Guard, runtime: &Runtime) -> Result<Exit, Failure> {
    let Some(into) = &args.corpus else {
        return Err(Failure::usage("--merge-corpus needs a folder for what is kept: --corpus DIR"));
    };
    require_empty(into)?;
    args.merge_corpus.iter().try_for_each(|folder| require_folder(folder))?;
    // The broker runs as long as this is held.
    let mut place = None;
    let ground = if let Target::Embedded(embedded) = target {
        Ground::Inside(embedded.maker().map_err(Failure::usage)?)
    } else {
        let found = place.insert(LocalSet::new().block_on(runtime, ground::find(target, args.mqtt))?);
        Ground::Broker(found.broker(args.pid))
    };
    let (stop, is_done) = (AtomicBool::new(false), AtomicBool::new(false));
    let merged = std::thread::scope(|scope| {
        scope.spawn(|| stop_when_asked(guard, &stop, &is_done));
        let merged = merge_corpus(&ground, &args.merge_corpus, into, &stop);
        is_done.store(true, Ordering::Relaxed);
        merged
    });
    let Merged { read, kept, sights } = match merged {
        Ok(merged) => merged,
        Err(error) if guard.ending().is_some() => return Err(Failure::new(Exit::Interrupted, error.to_string())),
        Err(error) => return Err(Failure::new(Exit::NothingJudged, format!("{}: {error}", target.name()))),
    };
    say(&format!(
        "{} of {} show all that was seen, {}; they are in {}\n",
        kept,
        counted(read, "session"),
        counted(sights, "sight"),
        single_line(&into.to_string_lossy())
    ));
    Ok(if read == 0 { Exit::NothingSelected } else { Exit::Success })
}

fn require_empty(folder: &Path) -> Result<(), Failure> {
    let name = single_line(&folder.to_string_lossy());
    match fs::read_dir(folder).map(|mut all| all.next().is_none()) {
        Ok(false) => Err(Failure::usage(format!(
            "--corpus {name} has files already: name a new folder for what is kept, and {name} behind --merge-corpus"
        ))),
        Ok(true) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::usage(format!("--corpus {name}: {error}"))),
    }
}

fn require_folder(folder: &Path) -> Result<(), Failure> {
    fs::read_dir(folder).map(drop).map_err(|error| {
        let name = single_line(&folder.to_string_lossy());
        Failure::usage(format!("--merge-corpus {name}: {error}; name folders that --corpus has filled"))
    })
}

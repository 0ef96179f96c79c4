//! Sessions on disk: transcripts that `replay` sends again, with the session itself in a comment. Folders of them are put
//! together by what their sessions show.

use super::finding::read_session;
use super::ground::Ground;
use super::road::Road;
use super::session::{Names, Session, Terms, play};
use super::trial::Trial;
use crate::scenario::{base36, hash};
use crate::whole_file::write_whole;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// How many files a folder may hold.
const MOST: usize = 2000;

/// Before the session in its file.
const MARK: &str = "# session ";

/// Puts a session there. What can't be written is lost, and the hunt goes on.
pub(super) fn keep(folder: &Path, session: &Session, trial: &Trial) {
    let Ok(text) = serde_json::to_string(session) else { return };
    let path = folder.join(format!("{:016x}.txt", hash(&text)));
    let is_full = fs::read_dir(folder).is_ok_and(|all| all.count() >= MOST);
    if path.exists() || is_full {
        return;
    }
    let whole = format!("{MARK}{text}\n{}", trial.transcript("hunt/session"));
    let _ = write_whole(&path, &whole);
}

/// All sessions of a folder, in the order of their names.
pub(super) fn read(folder: &Path) -> Vec<Session> {
    let Ok(all) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = all.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let texts = paths.iter().take(MOST).filter_map(|path| fs::read_to_string(path).ok());
    texts.filter_map(|text| read_session(text.lines().find_map(|line| line.strip_prefix(MARK))?)).collect()
}

/// What came of putting folders together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    /// Different sessions that were read.
    pub read: usize,
    /// Those that were kept: the fewest that were found to show all of it.
    pub kept: usize,
    /// Different things that they show.
    pub sights: usize,
}

/// Plays the sessions of all folders, and keeps as few as show everything that all of them have shown.
///
/// # Errors
///
/// If the broker can't be reached, or no longer; if it is asked to stop; those of the file system.
pub fn merge_corpus(ground: &Ground, from: &[PathBuf], into: &Path, stop: &AtomicBool) -> io::Result<Merged> {
    let terms = super::run::terms(ground)?;
    let mut sessions = BTreeMap::new();
    for session in from.iter().flat_map(|folder| read(folder)) {
        sessions.insert(serde_json::to_string(&session).map_err(io::Error::other)?, session);
    }
    let sessions: Vec<Session> = sessions.into_values().collect();
    let mut player = Replayer { ground, terms, road: ground.road(), played: 0 };
    let mut shown = Vec::with_capacity(sessions.len());
    for session in &sessions {
        if stop.load(Ordering::Relaxed) {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "it was asked to end; nothing was written"));
        }
        shown.push(player.play(session).0.into_iter().collect::<BTreeSet<u64>>());
    }
    let lengths: Vec<usize> = sessions.iter().map(|session| session.steps.len()).collect();
    let chosen = fewest(&shown, &lengths);
    let sights = shown.iter().flatten().collect::<BTreeSet<_>>().len();
    // What a broker that has died in between has not shown would be thrown away.
    player.road.open()?;
    fs::create_dir_all(into)?;
    for place in &chosen {
        keep(into, &sessions[*place], &player.play(&sessions[*place]).1);
    }
    Ok(Merged { read: sessions.len(), kept: chosen.len(), sights })
}

/// Plays sessions one by one.
struct Replayer<'a> {
    ground: &'a Ground,
    terms: Terms,
    road: Box<dyn Road>,
    played: u64,
}

impl Replayer<'_> {
    /// What it shows, and its record.
    fn play(&mut self, session: &Session) -> (Vec<u64>, Trial) {
        self.played += 1;
        if self.ground.is_inside() {
            self.road = self.ground.road();
        }
        let names = Names::new(&format!("m{}", base36(self.played, 6)));
        let played = play(session, self.road.as_mut(), self.terms, &names);
        (played.seen, played.trial)
    }
}

/// Of those that show something, as few as show all: again and again the one that shows most that none before it does, of
/// several the shortest.
fn fewest(shown: &[BTreeSet<u64>], lengths: &[usize]) -> Vec<usize> {
    let mut missing: BTreeSet<u64> = shown.iter().flatten().copied().collect();
    let mut chosen = Vec::new();
    while !missing.is_empty() {
        let worth = |place: &usize| {
            (
                shown[*place].intersection(&missing).count(),
                std::cmp::Reverse(lengths[*place]),
                std::cmp::Reverse(*place),
            )
        };
        let Some(best) = (0..shown.len()).max_by_key(worth) else { break };
        missing.retain(|sight| !shown[best].contains(sight));
        chosen.push(best);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_that_show_all_are_kept() {
        let shown = [vec![1, 2], vec![3], vec![1, 2, 3], vec![4], vec![4]].map(|all| all.into_iter().collect());
        assert_eq!(fewest(&shown, &[5, 1, 30, 9, 4]), [2, 4]);
        assert_eq!(fewest(&[], &[]), Vec::<usize>::new());
    }
}

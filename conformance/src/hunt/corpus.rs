//! Sessions on disk: transcripts that `replay` sends again, with the session itself in a comment.

use super::finding::read_session;
use super::session::Session;
use super::trial::Trial;
use crate::scenario::hash;
use crate::whole_file::write_whole;
use std::fs;
use std::path::Path;

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

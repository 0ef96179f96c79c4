//! The rooms of this crate: what each may name and call. `faults` and `quirks` stand apart, as `lib.rs` says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom up: each room may use itself and those before it.
const FLOORS: [&str; 8] = ["event", "state", "settings", "machine", "delivery", "ending", "packets", "drive"];

/// A source file without its tests and comments, and the floor of its room.
struct Source {
    path: PathBuf,
    floor: usize,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    for (floor, room) in FLOORS.iter().enumerate() {
        let file = root.join(format!("{room}.rs"));
        let folder = fs::read_dir(root.join(room)).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in folder.chain(file.exists().then_some(file)) {
            let text = fs::read_to_string(&path).expect("a source file");
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let text = code.take_while(|line| *line != "#[cfg(test)]").collect::<Vec<_>>().join("\n");
            sources.push(Source { path, floor, text });
        }
    }
    sources
}

/// The words that stand behind each `before` in the text.
fn words_behind<'t>(text: &'t str, before: &str) -> Vec<&'t str> {
    let end = |rest: &str| rest.find(|character: char| !character.is_alphanumeric() && character != '_');
    text.split(before).skip(1).map(|rest| &rest[..end(rest).unwrap_or(rest.len())]).collect()
}

#[test]
fn rooms_name_only_what_is_below() {
    for source in sources() {
        for room in words_behind(&source.text, "crate::") {
            let named = FLOORS.iter().position(|floor| *floor == room);
            assert!(named.is_none_or(|named| named <= source.floor), "{} names {room}", source.path.display());
        }
    }
}

#[test]
fn rooms_call_only_what_is_below() {
    let sources = sources();
    let mut homes = BTreeMap::new();
    for source in &sources {
        let methods = source.text.split_once("impl Machine {").map_or("", |(_, methods)| methods);
        homes.extend(words_behind(methods, "fn ").into_iter().map(|method| (method, source.floor)));
    }
    for source in sources.iter().filter(|source| source.text.contains("impl Machine {")) {
        for method in words_behind(&source.text, "self.") {
            let home = homes.get(method).copied().unwrap_or(0);
            assert!(home <= source.floor, "{} calls {method} of {}", source.path.display(), FLOORS[home]);
        }
    }
}

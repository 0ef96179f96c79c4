//! The house as `ARCHITECTURE.md` draws it: every room is there, arrows between rooms point down, and crates know only what
//! lies below them. (The reference broker holds the arrows of its own rooms in `conformance/reference/src/tests/rooms.rs`.)

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the sources of a crate are, and the heading in `ARCHITECTURE.md` above the table of its rooms, top floor first.
const CRATES: [(&str, &str); 4] = [
    ("codec/src", "## Rooms of `codec/src`"),
    ("conformance/standard/src", "## Rooms of `conformance/standard/src`"),
    ("conformance/reference/src", "## Rooms of `conformance/reference/src`"),
    ("conformance/src", "## Rooms of `conformance/src`"),
];

/// Crates whose rooms may use only rooms further down their table.
const FLOORS: [&str; 2] = ["codec/src", "conformance/src"];

/// All that a crate may depend on, optional dependencies included.
const DEPENDENCIES: [(&str, &[&str]); 3] = [
    ("codec", &["arbitrary", "bytes", "proptest", "tokio-util"]),
    ("conformance/standard", &["mqtt-assay-codec", "serde"]),
    ("conformance/reference", &["bytes", "mqtt-assay-codec", "mqtt-assay-standard"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rooms in the first column of the table below this heading, in its order.
fn drawn(heading: &str) -> Vec<String> {
    let page = read(&root().join("ARCHITECTURE.md"));
    let (_, below) = page.split_once(&format!("{heading}\n")).unwrap_or_else(|| panic!("no heading: {heading}"));
    let section = below.split("\n## ").next().unwrap_or_default();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    let names = cells.flat_map(|cell| cell.split('`').step_by(2)).map(|name| name.trim_end_matches('/').to_owned());
    names.filter(|name| !name.trim().is_empty()).collect()
}

/// The rooms that are there: folders and files beside the root of the crate.
fn built(sources: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(sources).unwrap_or_else(|error| panic!("{}: {error}", sources.display()));
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| !["lib.rs", "main.rs"].contains(&name.as_str())).collect()
}

#[test]
fn every_room_is_drawn_and_every_drawn_room_is_there() {
    for (sources, heading) in CRATES {
        let drawn: BTreeSet<String> = drawn(heading).into_iter().collect();
        assert_eq!(drawn, built(&root().join(sources)), "{sources}, as ARCHITECTURE.md draws it and as it is");
    }
}

/// The files of a room.
fn files(room: &Path) -> Vec<PathBuf> {
    if room.is_file() {
        return vec![room.to_owned()];
    }
    let entries = fs::read_dir(room).unwrap_or_else(|error| panic!("{}: {error}", room.display()));
    let mut all: Vec<PathBuf> = entries.flatten().flat_map(|entry| files(&entry.path())).collect();
    all.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    all
}

/// A file's code, without comments and without its own tests.
fn code(path: &Path) -> String {
    let text = read(path);
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// What the code names right behind `crate::`, also in braces.
fn named(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for behind in code.split("crate::").skip(1) {
        let group = behind.strip_prefix('{').map(|group| group.split(';').next().unwrap_or_default());
        let mut depth = 0_usize;
        for part in group.unwrap_or(behind).split_inclusive(['{', '}', ',']) {
            if depth == 0 {
                let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
                names.insert(part.trim_start().chars().take_while(|letter| word(*letter)).collect());
            }
            match part.chars().last() {
                _ if group.is_none() => break,
                Some('{') => depth += 1,
                Some('}') => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
    }
    names.remove("");
    names
}

#[test]
fn arrows_between_rooms_point_down() {
    for (sources, heading) in CRATES.into_iter().filter(|(sources, _)| FLOORS.contains(sources)) {
        let rooms: Vec<String> =
            drawn(heading).into_iter().map(|room| room.trim_end_matches(".rs").to_owned()).collect();
        let mut arrows = 0;
        for (floor, room) in rooms.iter().enumerate() {
            let place = root().join(sources).join(room);
            let place = if place.exists() { place } else { place.with_extension("rs") };
            for path in files(&place) {
                let named = named(&code(&path));
                arrows += named.len();
                let up: Vec<&String> = rooms[..floor].iter().filter(|above| named.contains(*above)).collect();
                assert!(up.is_empty(), "{} is in {room} and uses {up:?}, which lies above it", path.display());
            }
        }
        assert!(arrows > 50, "{sources}: only {arrows} arrows were found");
    }
}

#[test]
fn names_behind_crate_are_found() {
    let code = "use crate::a::B;\nuse crate::{c, d::{e, f}, g::H};\nlet x = crate::i(1, j);";
    assert_eq!(named(code), ["a", "c", "d", "g", "i"].map(str::to_owned).into());
}

#[test]
fn crates_know_only_what_lies_below_them() {
    for (folder, allowed) in DEPENDENCIES {
        let manifest: toml::Table = read(&root().join(folder).join("Cargo.toml")).parse().expect("a manifest");
        let dependencies: BTreeMap<String, toml::Value> =
            manifest["dependencies"].as_table().expect("a table").clone().into_iter().collect();
        let known: Vec<&str> = dependencies.keys().map(String::as_str).collect();
        assert_eq!(known, allowed, "{folder}/Cargo.toml");
        let for_tests =
            manifest.get("dev-dependencies").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
        let up: Vec<&String> = for_tests.filter(|name| name.starts_with("mqtt-assay")).collect();
        assert!(up.is_empty(), "{folder}/Cargo.toml: tests point back too: {up:?}");
    }
}

/// Lines without their indentation.
fn unindented(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_case_that_contributors_are_shown_is_there() {
    let page = read(&root().join("CONTRIBUTING.md"));
    let blocks: Vec<String> =
        page.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).map(unindented).collect();
    assert_eq!(blocks.len(), 2, "a row and its function");
    let chapter = unindented(&read(&root().join("conformance/src/cases/qos.rs")));
    for block in blocks {
        assert!(chapter.contains(block.trim()), "not in qos.rs:\n{block}");
    }
}

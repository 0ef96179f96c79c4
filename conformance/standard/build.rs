//! Turns the catalog's tables (`catalog/*.tsv`) into Rust constants, so that a rule id that is not in the
//! catalog is a compile error. A row that breaks the table's own form stops the build and names file, line and column.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

const TABLES: [(&str, &str); 6] = [
    ("mqtt-3.1.1.tsv", "V3_1_1"),
    ("unnumbered-3.1.1.tsv", "V3_1_1"),
    ("mqtt-5.tsv", "V5"),
    ("unnumbered-5.tsv", "V5"),
    ("policy-3.1.1.tsv", "V3_1_1"),
    ("policy-5.tsv", "V5"),
];

const COLUMNS: [&str; 12] = [
    "id",
    "aliases",
    "section",
    "level",
    "binds",
    "observable",
    "basis",
    "reaction",
    "needs",
    "twins",
    "says",
    "policy",
];

fn main() {
    let catalog = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("catalog");
    println!("cargo::rerun-if-changed={}", catalog.display());
    let mut rows = Vec::new();
    for (file, version) in TABLES {
        rows.extend(read(&catalog.join(file), version));
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("rules.rs");
    fs::write(&out, generate(&rows)).expect("the build's own folder can be written");
}

struct Row {
    version: &'static str,
    cells: Vec<String>,
}

impl Row {
    fn cell(&self, column: &str) -> &str {
        let index = COLUMNS.iter().position(|&name| name == column).expect("a column of the table");
        &self.cells[index]
    }
}

fn read(file: &Path, version: &'static str) -> Vec<Row> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut lines = text.lines().enumerate();
    let header = lines.next().map_or("", |(_, line)| line);
    assert!(header.split('\t').eq(COLUMNS), "{}: the header is not {COLUMNS:?}", file.display());
    lines.map(|(index, line)| row(file, index + 1, line, version)).collect()
}

fn row(file: &Path, line: usize, text: &str, version: &'static str) -> Row {
    let cells: Vec<String> = text.split('\t').map(str::to_owned).collect();
    let place = format!("{}:{line}", file.display());
    assert!(cells.len() == COLUMNS.len(), "{place}: {} columns instead of {}", cells.len(), COLUMNS.len());
    let row = Row { version, cells };
    for (column, values) in [
        ("level", "must implied behaviour should may"),
        ("binds", "server client both"),
        ("observable", "wire conditional invariant client-only internal"),
        ("basis", "direct reaction direct+reaction policy -"),
    ] {
        let cell = row.cell(column);
        assert!(values.split(' ').any(|value| value == cell), "{place}: {column} is `{cell}`, not one of: {values}");
    }
    assert!(!row.cell("id").is_empty() && !row.cell("says").is_empty(), "{place}: id and says must not be empty");
    row
}

fn generate(rows: &[Row]) -> String {
    let mut out =
        format!("/// Every rule, in the order of the tables.\npub static RULES: [Rule; {}] = [\n", rows.len());
    for row in rows {
        writeln!(
            out,
            "Rule {{ id: {:?}, aliases: &{:?}, version: Version::{}, section: {:?}, level: Level::{}, binds: Binds::{}, \
             observable: Observable::{}, basis: Basis::{}, reaction: &{:?}, needs: &{:?}, twins: &{:?}, says: {:?}, policy: {:?} }},",
            row.cell("id"),
            words(row.cell("aliases")),
            row.version,
            row.cell("section"),
            variant(row.cell("level")),
            variant(row.cell("binds")),
            variant(row.cell("observable")),
            variant(row.cell("basis")),
            words(row.cell("reaction")),
            words(&row.cell("needs").replace(',', " ")),
            words(row.cell("twins")),
            row.cell("says"),
            row.cell("policy"),
        )
        .expect("a string takes all that is written");
    }
    out.push_str("];\n");
    for version in ["V3_1_1", "V5"] {
        out.push_str(&index(rows, version));
    }
    out
}

/// A sorted list of (id or alias, place in `RULES`), searched in constant expressions.
fn index(rows: &[Row], version: &str) -> String {
    let mut entries = Vec::new();
    for (place, row) in rows.iter().enumerate().filter(|(_, row)| row.version == version) {
        entries.push((row.cell("id"), place));
        entries.extend(words(row.cell("aliases")).into_iter().map(|alias| (alias, place)));
    }
    entries.sort_unstable();
    for pair in entries.windows(2) {
        assert!(pair[0].0 != pair[1].0, "the catalog of {version} has {} twice", pair[0].0);
    }
    format!("const INDEX_{version}: [(&str, u16); {}] = {entries:?};\n", entries.len())
}

fn words(cell: &str) -> Vec<&str> {
    cell.split_whitespace().collect()
}

/// `direct+reaction` becomes `DirectAndReaction`, `client-only` becomes `ClientOnly`, `-` becomes `None`.
fn variant(cell: &str) -> String {
    if cell == "-" {
        return "None".to_owned();
    }
    cell.replace('+', "-and-").split('-').map(capitalised).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

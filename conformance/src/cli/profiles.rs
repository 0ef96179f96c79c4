//! `mqtt-assay explain profiles`: every key of a profile, from the table that their reader goes by. The page about profiles
//! in the book has the same, in its own form; a test holds it.

use crate::broker::{For, Key, Profile, Section, WORDS};
use crate::text::paragraph;
use std::fmt::Write as _;

/// Letters of a line.
const WIDTH: usize = 80;

/// Where what is said of a key begins.
const COLUMN: usize = 23;

const HEAD: &str = "\
A profile is a TOML file that says where a broker is or how it is started, and
in which variants.
  mqtt-assay run mosquitto                               one that is built in
  mqtt-assay run ./mine.toml                             your own
  mqtt-assay probe mqtt://HOST:PORT --write mine.toml    writes one

The shortest two:
  name = \"mybroker\"
  command = [\"mybroker\", \"--port\", \"{port}\"]

  name = \"mybroker\"
  address = \"mqtt://localhost:1883\"

A broker is ready when it accepts a CONNECT; an open port is not enough.
A mistake is told with its line and key.
";

/// The table.
pub(crate) fn table() -> String {
    let mut out = HEAD.to_owned();
    for section in Section::ALL {
        let heading = if section.heading().is_empty() { "The file" } else { section.heading() };
        let _ = writeln!(out, "\n{}", paragraph(&format!("{heading}: {}", section.says()), WIDTH, 0));
        out.extend(section.keys().map(row));
    }
    out.push_str("\nIn `command`, `files`, `append`, `env`, `cwd` and `stop`:\n");
    for (word, says) in WORDS {
        out.push_str(&entry(word, &[says.to_owned()]));
    }
    out.push_str("\nBuilt in:\n");
    let (tried, untried): (Vec<&str>, Vec<&str>) = Profile::built_in().partition(|name| !Profile::is_untried(name));
    out.push_str(&entry("run by this project", &[&tried.join(", ")]));
    let note = format!("{}: written after their documentation, and not run by this project", untried.join(", "));
    out.push_str(&entry("untried", &[&note]));
    out
}

fn row(key: &Key) -> String {
    let kind = match key.is_for {
        For::Any => "",
        For::Command => " (only with `command`)",
        For::Address => " (only with `address`)",
    };
    let is_needed = key.otherwise.starts_with("must be there");
    let without = format!("{}{}", if is_needed { "" } else { "without: " }, key.otherwise);
    let rest = format!("{:width$}{}\n", "", key.example, width = COLUMN);
    entry(key.name, &[&format!("{}{kind}", key.says), &without]) + &rest
}

/// A name, and paragraphs beside it.
fn entry(name: &str, says: &[impl AsRef<str>]) -> String {
    let mut out = String::new();
    for (index, says) in says.iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        let lines = paragraph(says.as_ref(), WIDTH - COLUMN, 0);
        for (index, line) in lines.lines().enumerate() {
            let name = if index == 0 { name } else { "" };
            let gap = if name.len() + 3 > COLUMN { format!("  {name}\n") } else { String::new() };
            let name = if gap.is_empty() { name } else { "" };
            let _ = writeln!(out, "{gap}  {name:<width$}{line}", width = COLUMN - 2);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const BEGIN: &str = "<!-- begin: made by `MQTT_ASSAY_WRITE=1 cargo test -p mqtt-assay cli::profiles` -->\n";
    const END: &str = "<!-- end -->\n";

    /// The same for the book.
    fn page() -> String {
        let mut out = String::new();
        for section in Section::ALL {
            let heading = match section.heading() {
                "" => "The file".to_owned(),
                heading => format!("`{heading}`"),
            };
            let _ = writeln!(out, "### {heading}\n\n{}.\n", capital(section.says()));
            out.push_str("| key | what it means | without it | example |\n| --- | --- | --- | --- |\n");
            for key in section.keys() {
                let kind = match key.is_for {
                    For::Any => "",
                    For::Command => ". Only with `command`",
                    For::Address => ". Only with `address`",
                };
                let cells = [key.says, key.otherwise].map(|text| text.replace('|', "\\|"));
                let _ = writeln!(
                    out,
                    "| `{}` | {}{kind} | {} | `{}` |",
                    key.name,
                    cells[0],
                    cells[1],
                    key.example.replace('|', "\\|")
                );
            }
            out.push('\n');
        }
        out.push_str(
            "### Words that stand for something\n\nIn `command`, `files`, `append`, `env`, `cwd` and `stop`:\n\n",
        );
        for (word, says) in WORDS {
            let _ = writeln!(out, "- `{word}`: {says}");
        }
        out.push_str("\n### Profiles that are built in\n\n| profile | tried |\n| --- | --- |\n");
        for name in Profile::built_in() {
            let untried = "no: written after its documentation, and not run by this project";
            let tried = if Profile::is_untried(name) { untried } else { "yes, its verdicts are in `reports/`" };
            let _ = writeln!(out, "| `{name}` | {tried} |");
        }
        out
    }

    fn capital(text: &str) -> String {
        let mut letters = text.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }

    #[test]
    fn the_page_about_profiles_says_the_same() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("book/src/profiles.md");
        let text = std::fs::read_to_string(&path).expect("the page is there");
        let (before, rest) = text.split_once(BEGIN).expect("it has a place for the keys");
        let (now, after) = rest.split_once(END).expect("which ends");
        if now != page() && std::env::var_os("MQTT_ASSAY_WRITE").is_some() {
            std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", page())).expect("it can be written");
            return;
        }
        let page = page();
        let first = now.lines().zip(page.lines()).find(|(now, made)| now != made);
        assert!(now == page, "MQTT_ASSAY_WRITE=1 cargo test -p mqtt-assay cli::profiles writes it anew; {first:?}");
    }

    #[test]
    fn lines_fit_a_terminal() {
        let long: Vec<String> =
            table().lines().filter(|line| line.chars().count() > WIDTH).map(str::to_owned).collect();
        assert_eq!(long, Vec::<String>::new());
    }

    /// What the page shows as a whole profile is one.
    #[test]
    fn the_profiles_of_the_page_can_be_read() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("book/src/profiles.md");
        let text = std::fs::read_to_string(path).expect("the page is there");
        let blocks: Vec<&str> = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(blocks.len() >= 4, "{} blocks", blocks.len());
        let folder = tempfile::TempDir::new().expect("a folder of our own");
        for block in blocks {
            let file = folder.path().join("mine.toml");
            std::fs::write(&file, block).expect("can be written");
            Profile::load(&file.to_string_lossy()).unwrap_or_else(|error| panic!("{error}\n{block}"));
        }
    }
}

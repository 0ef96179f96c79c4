//! The book in `conformance/book`: its links lead somewhere, its pages are all in the summary, and its commands do what it shows.
//!
//! A block called `console` holds commands behind `$ `, run by `sh` in a folder of their own for each page, and below each what
//! it has to print: lines in this order, with anything between them, where `...` stands for anything within a line. A command ends with
//! exit code 0, or with the one that its line names: `# exit 4`.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn pages_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("book/src")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pages, by name.
fn pages() -> BTreeSet<String> {
    let entries = fs::read_dir(pages_folder()).expect("the book is there");
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| Path::new(name).extension().is_some_and(|end| end == "md")).collect()
}

/// Where the links of a page lead.
fn links(text: &str) -> Vec<String> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link.to_owned()).collect()
}

#[test]
fn every_page_is_in_the_summary_and_every_link_leads_somewhere() {
    let summary = read(&pages_folder().join("SUMMARY.md"));
    let listed: BTreeSet<String> = links(&summary).into_iter().chain(["SUMMARY.md".to_owned()]).collect();
    assert_eq!(listed, pages(), "the summary and the pages");
    for page in pages() {
        for link in links(&read(&pages_folder().join(&page))) {
            let file = link.split('#').next().unwrap_or_default();
            assert!(pages_folder().join(file).exists(), "{page} links to {link}");
        }
    }
}

/// A command of the book, and what it has to print.
struct Step {
    command: String,
    exit: i32,
    shows: Vec<String>,
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut is_console = false;
    for line in page.lines() {
        if line.starts_with("```") {
            is_console = line == "```console";
        } else if let (true, Some(command)) = (is_console, line.strip_prefix("$ ")) {
            let (command, exit) = command.rsplit_once("# exit ").unwrap_or((command, "0"));
            let exit = exit.parse().unwrap_or_else(|_| panic!("an exit code: {line}"));
            steps.push(Step { command: command.trim().to_owned(), exit, shows: Vec::new() });
        } else if is_console {
            steps.last_mut().unwrap_or_else(|| panic!("a command comes first: {line}")).shows.push(line.to_owned());
        }
    }
    steps
}

/// Whether the parts of the pattern come in the line, one behind the other.
fn shows(line: &str, pattern: &str) -> bool {
    let mut rest = line;
    pattern.split("...").map(str::trim).all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[test]
fn a_pattern_has_its_parts_in_order() {
    assert!(shows("MQTT 5: 3 cases: 3 pass", "MQTT 5: ... pass"));
    assert!(!shows("MQTT 5: 3 cases: 3 pass", "pass ... cases"));
    let page = "```console\n$ one   # exit 4\nout\n$ two\n```\n```sh\n$ three\n```\n";
    let read: Vec<(String, i32, usize)> =
        steps(page).into_iter().map(|step| (step.command, step.exit, step.shows.len())).collect();
    assert_eq!(read, [("one".to_owned(), 4, 1), ("two".to_owned(), 0, 0)]);
}

fn run(step: &Step, folder: &Path) -> Result<(), String> {
    let program = Path::new(env!("CARGO_BIN_EXE_mqtt-assay")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let ran = Command::new("sh")
        .args(["-c", &step.command])
        .current_dir(folder)
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .env_remove("GITHUB_ACTIONS")
        .output()
        .map_err(|error| error.to_string())?;
    let printed = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    if ran.status.code() != Some(step.exit) {
        return Err(format!("`{}` ended with {}:\n{printed}", step.command, ran.status));
    }
    let mut lines = printed.lines();
    for pattern in &step.shows {
        if !lines.any(|line| shows(line, pattern)) {
            return Err(format!("`{}` does not show `{pattern}` where it has to:\n{printed}", step.command));
        }
    }
    Ok(())
}

#[test]
fn every_command_does_what_the_book_shows() {
    let mut count = 0;
    let mut problems = Vec::new();
    for page in pages() {
        let folder = tempfile::tempdir().expect("a folder of our own");
        for step in steps(&read(&pages_folder().join(&page))) {
            count += 1;
            if let Err(problem) = run(&step, folder.path()) {
                problems.push(format!("{page}: {problem}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    assert!(count >= 20, "the book has commands: {count}");
}

/// The examples of the page about the protocol of a decoder: version, sender, digits, and what is to be stated.
#[test]
fn the_values_on_the_page_of_the_protocol_are_those_that_are_due() {
    use mqtt_assay::testee::{End, serve};
    let page = read(&pages_folder().join("testee.md"));
    let (_, block) = page.split_once("```values\n").expect("a block of values");
    let (block, _) = block.split_once("\n```").expect("its end");
    let examples: Vec<[&str; 4]> = block
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            words.try_into().unwrap_or_else(|_| panic!("version, sender, digits, values: {line}"))
        })
        .collect();
    assert!(examples.len() >= 20, "{} examples", examples.len());
    for [version, sender, digits, values] in examples {
        let mut answer = Vec::new();
        let request = format!("D 1 {version} {sender} {digits}\n");
        serve(&mut mqtt_assay::testee::Ours::new(), request.as_bytes(), &mut answer).expect("an answer");
        let answer = String::from_utf8(answer).expect("text");
        let Some((1, mqtt_assay::testee::Line::End(End::Accepted { consumed, values: Some(stated) }))) =
            mqtt_assay::testee::Line::read(answer.trim_end())
        else {
            panic!("{request}{answer}")
        };
        assert_eq!((stated.as_str(), consumed * 2), (values, digits.len()), "{request}");
    }
}

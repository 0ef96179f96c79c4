//! The HTML report: one file that opens from a disk, with everything in it and no request to anywhere.
//!
//! The server's part of a page is here: what broke, and the matrix of rules and brokers, are in the HTML itself and are read
//! without a script. The cases are data beside it, from which the script makes a page when somebody opens one. All text of a
//! report counts as hostile: templates escape it, data can't end its element, and the policy lets nothing run but the one
//! script that this program brought.

mod broken;
mod bytes;
mod data;
pub(crate) mod hunt;
mod lines;
mod matrix;
mod page;
mod shown;
mod standards;

use super::document::Document;
use crate::text::{counted, single_line};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use page::Page;
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// How the page looks.
const STYLE: &str = include_str!("style.css");

/// What keeps a browser from laying out, before the script runs, what will not be shown.
const EARLY: &str = include_str!("early.js");

/// What filters, opens cases and listens to keys.
const SCRIPT: &str = include_str!("script.js");

/// Writes one report about these runs.
pub(crate) fn write(mut out: impl Write, documents: &[Document]) -> io::Result<()> {
    Page::of(documents).write_into(&mut out)?;
    out.flush()
}

/// What a browser may do with the page: show its style, run its script, nothing else.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; script-src {} {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(EARLY),
        hash(SCRIPT),
        hash(STYLE)
    )
}

/// JSON that stands in an element of HTML and can't end it.
fn json(data: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(data).unwrap_or_default();
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            other => out.push(other),
        }
    }
    out
}

/// What each run is called: the broker with its version; where two are called alike, with their number.
fn names(documents: &[Document]) -> Vec<String> {
    let plain = documents.iter().map(|document| {
        let version = document.target.version.as_deref().map_or_else(String::new, |version| format!(" {version}"));
        single_line(&format!("{}{version}", document.target.name))
    });
    let plain: Vec<String> = plain.collect();
    let is_unique = |name: &String| plain.iter().filter(|other| *other == name).count() == 1;
    let numbered = plain
        .iter()
        .enumerate()
        .map(|(index, name)| if is_unique(name) { name.clone() } else { format!("{name} ({})", index + 1) });
    numbered.collect()
}

/// A number with its thousands parted.
fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// So many of a thing, with thousands parted.
fn many(count: usize, one: &str) -> String {
    counted(count, one).replacen(&count.to_string(), &number(count), 1)
}

#[cfg(test)]
mod tests;

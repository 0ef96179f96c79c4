//! The text of a baseline: TOML, always in the same order and form, so that two runs of one broker write the same bytes,
//! and a change of one entry is a change of its lines.

use super::entry::{Baseline, Entry, Key, Varies};
use std::io::{self, Write};

/// The number of the format.
pub(super) const SCHEMA: i64 = 1;

const HEAD: &str = "\
# What this broker is known to do otherwise than the MQTT standard says: a baseline of mqtt-assay.
#
# `mqtt-assay run BROKER --baseline FILE` expects what is listed here, and nothing else. One entry a case and rule, with what
# was seen. Write a `reason` for each, and a `link` where there is an issue: they stay when the file is written anew
# (`--baseline FILE --write-baseline FILE`), comments do not. What differs from run to run is marked: `varies = true` where
# it may also be better than listed, `varies = \"seen\"` where it always is as bad. See `mqtt-assay baseline --help`.
";

/// Writes a baseline.
pub(crate) fn write(mut out: impl Write, baseline: &Baseline) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    writeln!(out, "\nschema = {SCHEMA}")?;
    writeln!(out, "broker = {}", text(&baseline.broker))?;
    writeln!(out, "tool = {}", text(&baseline.tool))?;
    baseline.entries.iter().try_for_each(|(key, entry)| write_entry(&mut out, key, entry))?;
    out.flush()
}

fn write_entry(out: &mut impl Write, key: &Key, entry: &Entry) -> io::Result<()> {
    writeln!(out, "\n[[expected]]")?;
    writeln!(out, "case = {}", text(&key.case))?;
    writeln!(out, "rule = {}", text(&key.rule))?;
    writeln!(out, "verdict = {}", text(entry.verdict.word()))?;
    match entry.varies {
        Varies::Not => {}
        Varies::Seen => writeln!(out, "varies = \"seen\"")?,
        Varies::Verdict => writeln!(out, "varies = true")?,
    }
    if let Some(seen) = &entry.seen {
        writeln!(out, "seen = {}", text(seen))?;
    }
    writeln!(out, "reason = {}", text(&entry.reason))?;
    if let Some(link) = &entry.link {
        writeln!(out, "link = {}", text(link))?;
    }
    Ok(())
}

/// A string of TOML: with `'` around it where that saves escapes.
fn text(text: &str) -> String {
    toml::Value::from(text).to_string()
}

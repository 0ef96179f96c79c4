//! A profile's text, looked at key by key before anything is made of it: a mistake is told with its line, its key and the way
//! out, the first of several. What is near a password is not quoted.

use super::forms::{Form, Wrong, variants};
use super::keys::{FORMER, For, Key, Section};
use crate::text::{did_you_mean, quoted, short};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where all of this is explained.
const EXPLAINED: &str = "`mqtt-assay explain profiles` shows all keys";

/// What is wrong with the text of a profile, with its line; nothing where each key may be there and has a value that it can
/// have.
pub(super) fn mistake_in(text: &str) -> Option<String> {
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => return Some(in_words(&error, text)),
    };
    let mut look = Look { wrong: Vec::new(), missing: None, is_for: kind_of(table.get_ref()) };
    look.at_section(Section::Profile, "", &table);
    let (at, what) = look.wrong.into_iter().min_by_key(|(at, _)| at.start).or(look.missing)?;
    Some(format!("line {}: {what}", line_of(text, at.start)))
}

/// For which kind of broker the keys of this profile are to be; a profile of neither kind, or of both, is told as such.
fn kind_of(table: &DeTable<'_>) -> For {
    let has = |name: &str| table.contains_key(name);
    let variants = table.get("variants").and_then(|variants| variants.get_ref().as_table());
    let names_address = |variant: &Spanned<DeValue<'_>>| variant.get_ref().get("address").is_some();
    let has_address = has("address") || variants.into_iter().flat_map(DeTable::values).any(names_address);
    match (has("command"), has_address) {
        (true, false) => For::Command,
        (false, true) => For::Address,
        (true, true) | (false, false) => For::Any,
    }
}

/// A look at a profile, and what was found.
struct Look {
    wrong: Vec<Wrong>,
    /// A key that is not there: told where nothing else is wrong, for a misspelt one is both.
    missing: Option<Wrong>,
    /// The kind of its broker.
    is_for: For,
}

impl Look {
    fn at_section(&mut self, section: Section, path: &str, table: &Spanned<DeTable<'_>>) {
        self.at_keys(section, path, table.get_ref());
        for needed in section.keys().filter(|key| key.otherwise.starts_with("must be there")) {
            let is_there = table.get_ref().contains_key(needed.name);
            if !is_there && !is_had_otherwise(needed, table.get_ref()) {
                let what = format!("`{path}{}` is missing; {}; {EXPLAINED}", needed.name, needed.example);
                self.missing.get_or_insert((table.span(), what));
            }
        }
    }

    fn at_keys(&mut self, section: Section, path: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            match section.keys().find(|key| key.name == name.get_ref()) {
                Some(key) if self.is_out_of_place(key) => {
                    self.wrong.push((name.span(), out_of_place(key, path)));
                }
                Some(key) => self.at_value(key, path, value),
                None => self.wrong.push((name.span(), unknown(section, path, name.get_ref()))),
            }
        }
    }

    fn is_out_of_place(&self, key: &Key) -> bool {
        match (key.is_for, self.is_for) {
            (For::Any, _) => false,
            // Both kinds at once: that is told at what is for a running broker.
            (kind, For::Any) => kind == For::Address,
            (kind, own) => kind != own,
        }
    }

    fn at_value(&mut self, key: &Key, path: &str, value: &Spanned<DeValue<'_>>) {
        let path = format!("{path}{}", key.name);
        if let Err((at, why)) = key.form.look_at(value) {
            self.wrong.push((at, format!("`{path}` {why}")));
            return;
        }
        let Some(table) = value.get_ref().as_table() else { return };
        match key.form {
            Form::Variants => self.at_variants(table),
            Form::Part(section) => {
                self.at_section(section, &format!("{path}."), &Spanned::new(value.span(), table.clone()));
            }
            _ => {}
        }
    }

    fn at_variants(&mut self, table: &DeTable<'_>) {
        for (name, value) in table {
            if !variants().contains(&name.get_ref().as_ref()) {
                let near = did_you_mean(name.get_ref(), variants());
                let what = format!(
                    "there is no variant {}{near}; there are: {}",
                    quoted(name.get_ref()),
                    variants().join(", ")
                );
                self.wrong.push((name.span(), what));
            } else if let Some(variant) = value.get_ref().as_table() {
                let path = format!("variants.{}.", name.get_ref());
                self.at_section(Section::Variant, &path, &Spanned::new(value.span(), variant.clone()));
            } else {
                let what = format!("`variants.{}` wants a section of its own: [variants.{0}]", name.get_ref());
                self.wrong.push((value.span(), what));
            }
        }
    }
}

/// Of command and address one is enough.
fn is_had_otherwise(needed: &Key, table: &DeTable<'_>) -> bool {
    let is_place = needed.section == Section::Profile && needed.is_for != For::Any;
    let variants = table.get("variants").map(Spanned::get_ref);
    let plain = variants.and_then(|variants| variants.get("plain")?.get_ref().get("address"));
    is_place && (table.contains_key("command") || table.contains_key("address") || plain.is_some())
}

/// A key that is for the other kind of broker.
fn out_of_place(key: &Key, path: &str) -> String {
    let (kind, other) = match key.is_for {
        For::Address => ("that is running already", "`command` starts one"),
        For::Any | For::Command => ("that the suite starts", "`address` names one that is running"),
    };
    format!("`{path}{}` is for a broker {kind}, and here {other}; leave one of the two", key.name)
}

fn unknown(section: Section, path: &str, name: &str) -> String {
    if let Some((_, now)) = FORMER.iter().find(|(former, _)| *former == name && section == Section::Profile) {
        return format!("`{name}` is called `{now}` now");
    }
    let near = did_you_mean(name, section.keys().map(|key| key.name));
    let elsewhere = || {
        let other = Section::ALL.into_iter().find(|other| other.keys().any(|key| key.name == name))?;
        let place = if other == Section::Profile { "the top of the file" } else { other.heading() };
        Some(format!("; it belongs to {place}"))
    };
    let hint = if near.is_empty() { elsewhere().unwrap_or_default() } else { near };
    format!("there is no key `{}{}`{hint}; {EXPLAINED}", short(path), short(name))
}

fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

/// What is wrong with text that is no TOML, with the place; near a password nothing is quoted.
pub(super) fn in_words(error: &toml::de::Error, text: &str) -> String {
    /// Lines of an array that may stand between its name and the mistake.
    const NEAR: usize = 4;
    const SECRETS: [&str; 5] = ["credentials", "password", "authentication", "://", "env"];
    let Some(span) = error.span() else { return error.message().to_owned() };
    let before = text.get(..span.start).unwrap_or_default().matches('\n').count();
    let until = text.get(..span.end).unwrap_or_default().matches('\n').count();
    let mut near = text.lines().take(until + 1).skip(before.saturating_sub(NEAR));
    if near.any(|line| SECRETS.iter().any(|word| line.contains(word))) {
        let form = "credentials = [\"USER\", \"PASSWORD\"], bad_password = \"PASSWORD\"";
        return format!("line {}: not as it should be; what is near a password is not shown: {form}", before + 1);
    }
    error.to_string().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::keys::KEYS;
    use super::*;
    use std::collections::BTreeSet;

    const HEAD: &str = "name = 'x'\ncommand = ['x']\n";

    fn mistake(text: &str) -> String {
        mistake_in(text).unwrap_or_else(|| panic!("nothing is wrong with {text}"))
    }

    /// The line stands where the mistake is, and the message names the key and a way out.
    #[test]
    fn a_mistake_is_told_with_line_key_and_way_out() {
        for (lines, line, says) in [
            ("comand = ['y']", 3, "no key `comand`; did you mean `command`?"),
            ("start_seconds = 5", 3, "`start_seconds` is called `start_within` now"),
            ("denied_topic = 'x'", 3, "no key `denied_topic`; it belongs to [variants.NAME]"),
            ("start_within = 0", 3, "`start_within` wants whole seconds from 1 to 3600 and not `0`"),
            ("\nstart_within = 'soon'", 4, "`start_within` wants whole seconds from 1 to 3600 and not `soon`"),
            ("stop = 'SIGTRM'", 3, "`stop` wants a signal"),
            ("stop = 'SIGTRM'", 3, "did you mean `SIGTERM`?"),
            ("stop = []", 3, "`stop` wants a signal"),
            ("survives = ['kill']", 3, "`survives` wants [\"stop\"] or [\"stop\", \"kill\"]"),
            ("survives = ['stop',\n'crash']", 4, "and not `crash`"),
            ("mqtt = ['4']", 3, "`mqtt` wants versions of MQTT: [\"3.1.1\", \"5\"]"),
            ("mqtt = []", 3, "`mqtt` wants versions"),
            ("env = { A = 1 }", 3, "`env` wants a text \"...\" for `A`"),
            ("cwd = ''", 3, "`cwd` wants a text"),
            ("fresh_for_each_case = 1", 3, "wants true or false and not `1`"),
            ("[run]\njobs = 0", 4, "`run.jobs` wants a number from 1, or \"all\" and not `0`"),
            ("[run]\npatience = 'x500'", 4, "`run.patience` wants a number from 1 to 100"),
            ("[run]\nfilter = []", 4, "`run.filter` wants a text"),
            ("[run]\nmqtt = '4'", 4, "`run.mqtt` wants \"3.1.1\", \"5\" or \"all\" and not `4`"),
            ("[run]\nlabel = 'x'", 4, "no key `run.label`"),
            ("[version]\ncommand = ['x']", 3, "`version.after` is missing"),
            ("[variants.nonsense]", 3, "no variant `nonsense`; there are: plain"),
            ("[variants.max-qos1]", 3, "did you mean `max-qos-1`?"),
            ("[variants]\nplain = 1", 4, "`variants.plain` wants a section"),
            ("[variants.plain]\naddress = 'mqtt://h'", 4, "`variants.plain.address` is for a broker that is running"),
            ("address = 'mqtt://h'", 3, "`address` is for a broker that is running already, and here `command`"),
            ("[files]\n'../x' = ''", 4, "plain names only"),
            ("[variants.plain.append]\n'a/b' = ''", 4, "`variants.plain.append` has the file name `a/b`"),
            ("[variants.plain.authentication]\ndata = []", 3, "`variants.plain.authentication.method` is missing"),
        ] {
            let told = mistake(&format!("{HEAD}{lines}\n"));
            assert!(told.starts_with(&format!("line {line}: ")) && told.contains(says), "{lines}\n{told}");
        }
    }

    #[test]
    fn a_profile_says_where_its_broker_is() {
        assert!(mistake("command = ['x']").contains("`name` is missing"));
        assert!(mistake("name = 'x'").contains("`command` is missing"));
        assert!(mistake("name = 'x'\naddress = 'h:1'").starts_with("line 2: `address` is wrong"));
        let other = mistake("name = 'x'\naddress = 'mqtt://h'\ncwd = '/x'");
        assert!(other.contains("line 3: `cwd` is for a broker that the suite starts, and here `address`"), "{other}");
        for fine in ["address = 'mqtt://h'", "[variants.plain]\naddress = 'mqtt://h'", "command = ['x']"] {
            assert_eq!(mistake_in(&format!("name = 'x'\n{fine}\n")), None);
        }
        let without_plain = mistake("name = 'x'\n[variants.max-qos-1]\naddress = 'mqtt://h'");
        assert!(without_plain.contains("`command` is missing"), "{without_plain}");
    }

    #[test]
    fn no_mistake_shows_a_password() {
        for lines in [
            "credentials = 'ann:s3cret'",
            "credentials = [\n'ann',\n's3cret]",
            "credentials = ['ann', 's3cret', 'x']",
            "bad_password = 's3cret",
            "bad_password = ['s3cret']",
            "authentication = { method = 'x', data = ['s3cret'] }",
            "authentication = 's3cret'",
            "address = 'mqtt://ann:s3cret@h:port'",
            "address = 'mqtt://ann:s3cret@h",
        ] {
            let head = if lines.starts_with("address") { "name = 'x'\n" } else { HEAD };
            let told = mistake(&format!("{head}[variants.plain]\n{lines}\n"));
            assert!(told.contains("line ") && !told.contains("s3cret"), "{lines}\n{told}");
        }
    }

    /// Every kind of value in the place of every key: what is no profile is told, and nothing breaks.
    #[test]
    fn whatever_stands_behind_a_key_is_looked_at() {
        let values =
            ["1", "-5", "0x10", "1.5", "true", "''", "'x'", "[]", "['x']", "[1]", "{}", "{ a = 1 }", "1979-05-27"];
        let mut refused = BTreeSet::new();
        for key in KEYS {
            for value in values {
                let heading = key.section.heading().replace("NAME", "plain");
                let text = format!("{HEAD}{heading}\n{} = {value}\n", key.name);
                if mistake_in(&text).is_some() {
                    refused.insert((key.section, key.name));
                }
            }
        }
        assert_eq!(refused.len(), KEYS.len(), "each key refuses something");
    }
}

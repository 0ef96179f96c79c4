//! How a broker is started for a variant, as reports tell it: its command and its files, without what is secret in them.

use super::profile::{Profile, ProfileVariant};
use crate::text::{HIDDEN, shell};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Words that a setting has in its name whose value is nobody's business.
const SECRET: &[&str] = &["password", "passwd", "secret", "token", "passphrase"];

/// What stands in a file that is a secret as a whole.
const KEY: &str = "PRIVATE KEY";

/// How a broker is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SetUp {
    /// Program and arguments as a shell takes them; `{port}` and `{dir}` stand for its port and its folder.
    pub(crate) command: String,
    /// Files in its folder, by name.
    pub(crate) files: BTreeMap<String, String>,
}

impl SetUp {
    pub(super) fn of(profile: &Profile, variant: &ProfileVariant) -> Self {
        let credentials = variant.credentials.iter().map(|(_, password)| password.as_str());
        let passwords: Vec<&str> = credentials.chain(variant.bad_password.as_deref()).collect();
        let hide = |text: &str| without_secrets(text, &passwords);
        let command: Vec<String> = profile.command.iter().map(|word| word_of(&hide(word))).collect();
        let files = profile.files_of(variant).into_iter().map(|(name, text)| {
            let is_secret = SECRET.iter().any(|word| name.to_lowercase().contains(word));
            let text = if is_secret { HIDDEN.to_owned() } else { hide(&text) };
            (name, text)
        });
        Self { command: command.join(" "), files: files.collect() }
    }
}

/// A word for a shell, in which what the suite fills in is easily seen.
fn word_of(word: &str) -> String {
    let plain = word.replace(['{', '}', '*'], "");
    if shell::for_shell(&plain) == plain && !plain.is_empty() { word.to_owned() } else { shell::for_shell(word) }
}

/// The text without these passwords, private keys, and the values of settings that are called so.
fn without_secrets(text: &str, passwords: &[&str]) -> String {
    if text.contains(KEY) {
        return HIDDEN.to_owned();
    }
    let hidden = passwords.iter().filter(|password| !password.is_empty());
    let text = hidden.fold(text.to_owned(), |text, password| text.replace(password, HIDDEN));
    let lines: Vec<String> = text.split('\n').map(without_value).collect();
    lines.join("\n")
}

/// A line without the value of a secret setting; where it is the place of a file, it stays.
fn without_value(line: &str) -> String {
    let lower = line.to_lowercase();
    let Some(found) = SECRET.iter().filter_map(|word| lower.find(word)).min() else { return line.to_owned() };
    let Some((name, value)) = line.get(found..).and_then(|rest| {
        let end = rest.find([' ', '=', ':', '\t', '>'])?;
        Some((&line[..=found + end], rest[end + 1..].trim_start_matches([' ', '=', ':', '\t'])))
    }) else {
        return line.to_owned();
    };
    if value.is_empty() || value.starts_with(['{', '/']) { line.to_owned() } else { format!("{name} {HIDDEN}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_not_told() {
        let hidden = |text: &str| without_secrets(text, &["correct", ""]);
        assert_eq!(hidden("listener {port}\nallow_anonymous true\n"), "listener {port}\nallow_anonymous true\n");
        assert_eq!(hidden("password_file {dir}/passwords"), "password_file {dir}/passwords");
        assert_eq!(hidden("user ann correct"), format!("user ann {HIDDEN}"));
        assert_eq!(hidden("api_token = abc"), format!("api_token  {HIDDEN}"));
        assert_eq!(hidden("  \"Password\": \"abc\","), format!("  \"Password\": {HIDDEN}"));
        assert_eq!(hidden("-----BEGIN PRIVATE KEY-----\nMC4"), HIDDEN);
    }

    #[test]
    fn a_variant_adds_its_lines() {
        let profile = Profile::load("mosquitto").expect("built in");
        let set_up = SetUp::of(&profile, &profile.variants["with-access"]);
        assert_eq!(set_up.command, "mosquitto -c {dir}/mosquitto.conf");
        assert!(set_up.files["mosquitto.conf"].contains("allow_anonymous false"), "{set_up:?}");
        assert_eq!(set_up.files["passwords"], HIDDEN);
        assert!(set_up.files.values().all(|text| !text.contains("correct")), "{set_up:?}");
    }
}

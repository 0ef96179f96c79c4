//! Profiles: how a known broker is started, in which variants, and what it says of itself. TOML, in `brokers/`.
//!
//! In commands and files `{port}` and `{dir}` stand for the broker's own port and its own empty folder.

use super::Setting;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Profiles that are built in.
const BUILT_IN: &[(&str, &str)] = &[("mosquitto", include_str!("../../brokers/mosquitto.toml"))];

/// How a broker is started.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name in reports.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Files to write into its folder before it starts.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// How its version is learnt.
    pub version: Option<VersionQuestion>,
    /// Variants by name; `plain` is always there.
    #[serde(default)]
    pub variants: BTreeMap<String, ProfileVariant>,
}

/// How a broker's version is learnt: the word behind `after` in what a command prints.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct VersionQuestion {
    /// Program and arguments.
    pub command: Vec<String>,
    /// What stands right before the version.
    pub after: String,
}

/// What a variant changes.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct ProfileVariant {
    /// Text to add at the end of files of the profile, or files of its own.
    #[serde(default)]
    pub append: BTreeMap<String, String>,
    /// User name and password of ordinary connections.
    pub credentials: Option<(String, String)>,
    /// A password that is refused for that user name.
    pub bad_password: Option<String>,
    /// A topic that an ordinary client may not use.
    pub denied_topic: Option<String>,
    /// Why the broker has no such variant, in words.
    pub not_offered: Option<String>,
}

/// Why a profile can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileError {
    source: String,
    problem: String,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile {}: {}", self.source, self.problem)
    }
}

impl std::error::Error for ProfileError {}

impl Profile {
    /// Names of the built-in profiles.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The built-in profile of this name, or the profile in this file.
    pub fn load(name_or_path: &str) -> Result<Self, ProfileError> {
        if let Some((name, text)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_path) {
            return Self::parse(name, text);
        }
        let failed = |problem| ProfileError { source: name_or_path.to_owned(), problem };
        let is_path =
            name_or_path.contains(['/', '\\']) || Path::new(name_or_path).extension().is_some_and(|end| end == "toml");
        if !is_path {
            let known = Self::built_in().collect::<Vec<_>>().join(", ");
            return Err(failed(format!(
                "there is none of this name; built in: {known}; or give a path (./{name_or_path}.toml) or an address (mqtt://HOST:PORT)"
            )));
        }
        let text = std::fs::read_to_string(name_or_path).map_err(|error| failed(error.to_string()))?;
        Self::parse(name_or_path, &text)
    }

    fn parse(source: &str, text: &str) -> Result<Self, ProfileError> {
        let failed = |problem: String| ProfileError { source: source.to_owned(), problem };
        let profile: Self = toml::from_str(text).map_err(|error| failed(error.to_string().trim_end().to_owned()))?;
        if profile.command.is_empty() {
            return Err(failed("`command` is empty; write the program and its arguments".to_owned()));
        }
        for name in profile.variants.keys() {
            if super::Variant::find(name).is_none() {
                let known: Vec<&str> = super::VARIANTS.iter().map(|variant| variant.name).collect();
                return Err(failed(format!("there is no variant `{name}`; there are: {}", known.join(", "))));
            }
        }
        for name in profile.files.keys().chain(profile.variants.values().flat_map(|variant| variant.append.keys())) {
            if name.contains(['/', '\\']) || name.starts_with('.') {
                return Err(failed(format!(
                    "file name `{name}`: plain names only, files go into the broker's own folder"
                )));
            }
        }
        Ok(profile)
    }

    /// The files of a variant, by name.
    pub fn files_of(&self, variant: &ProfileVariant) -> BTreeMap<String, String> {
        let mut files = self.files.clone();
        for (name, text) in &variant.append {
            files.entry(name.clone()).or_default().push_str(text);
        }
        files
    }
}

impl ProfileVariant {
    /// What cases have to know of it.
    pub fn setting(&self) -> Setting {
        Setting {
            credentials: self.credentials.clone(),
            bad_password: self.bad_password.clone(),
            denied_topic: self.denied_topic.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_can_be_read() {
        for name in Profile::built_in() {
            let profile = Profile::load(name).expect("a built-in profile");
            assert_eq!(profile.name, name);
        }
    }

    #[test]
    fn errors_name_the_profile_and_the_way_out() {
        let error = Profile::load("mosquito").expect_err("misspelt").to_string();
        assert!(error.contains("profile mosquito") && error.contains("built in: mosquitto"), "{error}");
        let error = Profile::parse("x.toml", "name = 'x'\ncommand = ['x']\n[variants.nonsense]")
            .expect_err("no such variant")
            .to_string();
        assert!(error.contains("no variant `nonsense`") && error.contains("plain"), "{error}");
        let error = Profile::parse("x.toml", "name = 'x'\ncommand = ['x']\n[files]\n'../x' = ''")
            .expect_err("escapes")
            .to_string();
        assert!(error.contains("plain names only"), "{error}");
    }
}

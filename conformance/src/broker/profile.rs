//! Profiles: how a known broker is started, in which variants, and what it says of itself. TOML, in `brokers/`.
//!
//! In commands and files `{port}` and `{dir}` stand for the broker's own port and its own empty folder. A broker that
//! speaks each version on a port of its own has `{port-3.1.1}` and `{port-5}` instead.

use super::Setting;
use mqtt_assay_codec::Version;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Profiles that are built in.
const BUILT_IN: &[(&str, &str)] = &[
    ("aedes", include_str!("../../brokers/aedes.toml")),
    ("amqtt", include_str!("../../brokers/amqtt.toml")),
    ("iotcore", include_str!("../../brokers/iotcore.toml")),
    ("mosquitto", include_str!("../../brokers/mosquitto.toml")),
];

/// How a broker is started.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name in reports.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// The versions that it speaks, as `--mqtt` names them. Cases of others are *not offered*.
    #[serde(default = "every_version")]
    pub mqtt: Vec<String>,
    /// Whether each case gets a broker of its own: for brokers that one client can spoil for all others.
    #[serde(default)]
    pub fresh_for_each_case: bool,
    /// Files to write into its folder before it starts.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// How its version is learnt.
    pub version: Option<VersionQuestion>,
    /// Variants by name; `plain` is always there.
    #[serde(default)]
    pub variants: BTreeMap<String, ProfileVariant>,
}

/// The versions in which brokers are judged.
const VERSIONS: [Version; 2] = [Version::V3_1_1, Version::V5];

/// What a profile means that names no versions.
fn every_version() -> Vec<String> {
    VERSIONS.map(|version| version.name().to_owned()).to_vec()
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

    /// The profile of a broker of which only the command is known.
    pub fn of_command(name: String, command: Vec<String>) -> Self {
        let mqtt = every_version();
        let (files, variants) = (BTreeMap::new(), BTreeMap::new());
        Self { name, command, mqtt, fresh_for_each_case: false, files, version: None, variants }
    }

    fn parse(source: &str, text: &str) -> Result<Self, ProfileError> {
        let failed = |problem: String| ProfileError { source: source.to_owned(), problem };
        let profile: Self = toml::from_str(text).map_err(|error| failed(error.to_string().trim_end().to_owned()))?;
        if profile.command.is_empty() {
            return Err(failed("`command` is empty; write the program and its arguments".to_owned()));
        }
        profile.require_known_versions().map_err(failed)?;
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

    fn require_known_versions(&self) -> Result<(), String> {
        let known = every_version();
        if let Some(unknown) = self.mqtt.iter().find(|version| !known.contains(version)) {
            return Err(format!("`mqtt` names the version `{unknown}`; there are: {}", known.join(", ")));
        }
        if self.mqtt.is_empty() {
            return Err(format!("`mqtt` names no version; there are: {}", known.join(", ")));
        }
        Ok(())
    }

    /// The versions that the broker speaks, the oldest first.
    pub fn versions(&self) -> impl Iterator<Item = Version> {
        VERSIONS.into_iter().filter(|version| self.mqtt.iter().any(|name| name == version.name()))
    }

    /// What stands for the port of a version in commands and files.
    pub fn port_word(version: Version) -> String {
        format!("{{port-{}}}", version.name())
    }

    /// True where this version has a port of its own.
    pub fn has_own_port(&self, version: Version) -> bool {
        let word = Self::port_word(version);
        let texts = self.files.values().chain(self.variants.values().flat_map(|variant| variant.append.values()));
        self.command.iter().chain(texts).any(|text| text.contains(&word))
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
            ..Setting::default()
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
        assert!(
            error.contains("profile mosquito") && error.contains("built in: aedes, amqtt, iotcore, mosquitto"),
            "{error}"
        );
        let error = Profile::parse("x.toml", "name = 'x'\ncommand = ['x']\n[variants.nonsense]")
            .expect_err("no such variant")
            .to_string();
        assert!(error.contains("no variant `nonsense`") && error.contains("plain"), "{error}");
        let error = Profile::parse("x.toml", "name = 'x'\ncommand = ['x']\n[files]\n'../x' = ''")
            .expect_err("escapes")
            .to_string();
        assert!(error.contains("plain names only"), "{error}");
        for versions in ["['4']", "[]"] {
            let error = Profile::parse("x.toml", &format!("name = 'x'\ncommand = ['x']\nmqtt = {versions}"))
                .expect_err("no such version")
                .to_string();
            assert!(error.contains("there are: 3.1.1, 5"), "{error}");
        }
    }

    #[test]
    fn a_profile_says_which_versions_it_speaks_and_where() {
        let parse = |text: &str| Profile::parse("x.toml", &format!("name = 'x'\n{text}")).expect("a profile");
        let silent = parse("command = ['x', '{port}']");
        assert_eq!(silent.versions().collect::<Vec<_>>(), VERSIONS);
        assert!(!VERSIONS.into_iter().any(|version| silent.has_own_port(version)));
        let old = parse("command = ['x', '{port}']\nmqtt = ['3.1.1']");
        assert_eq!(old.versions().collect::<Vec<_>>(), [Version::V3_1_1]);
        let apart = parse("command = ['x']\n[files]\nf = '{port-3.1.1} {port-5}'");
        assert!(VERSIONS.into_iter().all(|version| apart.has_own_port(version)));
    }
}

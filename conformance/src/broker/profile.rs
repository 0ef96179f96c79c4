//! Profiles: how a known broker is started, in which variants, and what it says of itself. TOML, in `brokers/`.
//!
//! In commands and files `{port}` and `{dir}` stand for the broker's own port and its own empty folder. A broker that
//! speaks each version on a port of its own has `{port-3.1.1}` and `{port-5}` instead. What else it has to listen on gets
//! free ports by any other word: `{port-nodes}`. `{socket}` is the path of its unix socket; `{ca}`, `{cert}`, `{key}`,
//! `{client_cert}` and `{client_key}` are files with certificates and keys that are made for it.

use super::{Authentication, Carrier, Setting};
use crate::text::{short, visible};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::bounds;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// Profiles that are built in.
const BUILT_IN: &[(&str, &str)] = &[
    ("activemq", include_str!("../../brokers/activemq.toml")),
    ("aedes", include_str!("../../brokers/aedes.toml")),
    ("amqtt", include_str!("../../brokers/amqtt.toml")),
    ("ejabberd", include_str!("../../brokers/ejabberd.toml")),
    ("iotcore", include_str!("../../brokers/iotcore.toml")),
    ("mosquitto", include_str!("../../brokers/mosquitto.toml")),
    ("rabbitmq", include_str!("../../brokers/rabbitmq.toml")),
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
    /// How many seconds it may take until it answers its first CONNECT, where it needs more than most (`bounds::START`).
    pub start_seconds: Option<u64>,
    /// User name and password of ordinary connections, for a broker that takes nobody without: those of every variant
    /// that has none of its own.
    pub credentials: Option<(String, String)>,
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
    /// How a client authenticates with a method that the broker knows (5.0).
    pub authentication: Option<Authentication>,
    /// Why the broker has no such variant, in words.
    pub not_offered: Option<String>,
    /// The word of the port where this variant is reached: `web` for `{port-web}`. Without it that is the broker's own port.
    pub port: Option<String>,
    /// The path of its WebSockets, where that is not `/mqtt`.
    pub path: Option<String>,
    /// Records show its passwords.
    #[serde(skip)]
    pub shows_passwords: bool,
    /// What carries the bytes there.
    #[serde(skip)]
    pub carrier: Carrier,
}

/// Why a profile can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileError {
    source: String,
    problem: String,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile {}: {}", short(&self.source), visible(&self.problem))
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
                "there is none of this name; built in: {known}; or give a path (./{}.toml) or an address (mqtt://HOST:PORT)",
                short(name_or_path)
            )));
        }
        let text = std::fs::read_to_string(name_or_path).map_err(|error| failed(error.to_string()))?;
        Self::parse(name_or_path, &text)
    }

    /// The profile of a broker of which only the command is known.
    pub fn of_command(name: String, command: Vec<String>) -> Self {
        let mqtt = every_version();
        let (files, variants) = (BTreeMap::new(), BTreeMap::new());
        let (start_seconds, credentials, version) = (None, None, None);
        Self { name, command, mqtt, fresh_for_each_case: false, start_seconds, credentials, files, version, variants }
    }

    fn parse(source: &str, text: &str) -> Result<Self, ProfileError> {
        let failed = |problem: String| ProfileError { source: source.to_owned(), problem };
        let mut profile: Self = toml::from_str(text).map_err(|error| failed(in_words(&error, text)))?;
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
        profile.hand_credentials_down();
        Ok(profile)
    }

    /// Gives every variant without credentials those of the profile.
    fn hand_credentials_down(&mut self) {
        let Some(credentials) = &self.credentials else { return };
        self.variants.entry(super::Variant::PLAIN.name.to_owned()).or_default();
        for variant in self.variants.values_mut() {
            variant.credentials.get_or_insert_with(|| credentials.clone());
        }
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

    /// How long it may take until it answers its first CONNECT.
    pub fn start_limit(&self) -> Duration {
        self.start_seconds.map_or(bounds::START, Duration::from_secs)
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
        self.texts().any(|text| text.contains(&word))
    }

    /// What stands for ports that are no version's: those on which a broker's own parts find each other.
    pub fn other_port_words(&self) -> BTreeSet<String> {
        let of_versions = VERSIONS.map(Self::port_word);
        let words = self.texts().flat_map(|text| text.split("{port-").skip(1).filter_map(|rest| rest.split_once('}')));
        words.map(|(name, _)| format!("{{port-{name}}}")).filter(|word| !of_versions.contains(word)).collect()
    }

    /// A variant as it is started: what the broker is set up to be, reached by what the carrier's variant adds to it. The
    /// carrier's lines come first, for they often belong to a listener, and what follows is for that one.
    pub(super) fn effective(
        &self,
        variant: super::Variant,
        carrier: Option<super::Variant>,
    ) -> Result<ProfileVariant, String> {
        let (set_up, carrier) = match variant.carrier {
            Some(_) => (super::Variant::PLAIN, Some(variant)),
            None => (variant, carrier),
        };
        let none = ProfileVariant::default();
        let of = |wanted: super::Variant| match self.variants.get(wanted.name) {
            Some(ProfileVariant { not_offered: Some(why), .. }) => Err(why.clone()),
            Some(settings) => Ok(settings),
            None if wanted == super::Variant::PLAIN => Ok(&none),
            None => Err(format!("the profile {} has no variant {}", self.name, wanted.name)),
        };
        let set_up = of(set_up)?;
        match carrier {
            Some(carrier) => Ok(of(carrier)?.carrying(set_up, carrier.carrier.unwrap_or_default())),
            None => Ok(set_up.clone()),
        }
    }

    /// Everything in which words are filled in.
    fn texts(&self) -> impl Iterator<Item = &String> {
        let files = self.files.values().chain(self.variants.values().flat_map(|variant| variant.append.values()));
        self.command.iter().chain(files)
    }

    /// Everything in which words are filled in for this variant.
    pub(super) fn texts_of<'a>(&'a self, variant: &'a ProfileVariant) -> impl Iterator<Item = &'a String> {
        self.command.iter().chain(self.files.values()).chain(variant.append.values())
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

/// What is wrong with a profile, with the place; near a password nothing is quoted.
fn in_words(error: &toml::de::Error, text: &str) -> String {
    /// Lines of an array that may stand between its name and the mistake.
    const NEAR: usize = 4;
    let Some(span) = error.span() else { return error.message().to_owned() };
    let before = text.get(..span.start).unwrap_or_default().matches('\n').count();
    let until = text.get(..span.end).unwrap_or_default().matches('\n').count();
    let mut near = text.lines().take(until + 1).skip(before.saturating_sub(NEAR));
    if near.any(|line| ["credentials", "password", "authentication"].iter().any(|word| line.contains(word))) {
        let form = "credentials = [\"USER\", \"PASSWORD\"], bad_password = \"PASSWORD\"";
        return format!("line {}: not as it should be; what is near a password is not shown: {form}", before + 1);
    }
    error.to_string().trim_end().to_owned()
}

impl ProfileVariant {
    /// What is set up so, reached by this carrier.
    fn carrying(&self, set_up: &Self, carrier: Carrier) -> Self {
        let mut append = self.append.clone();
        for (name, text) in &set_up.append {
            append.entry(name.clone()).or_default().push_str(text);
        }
        let (port, path) = (self.port.clone(), self.path.clone());
        let credentials = set_up.credentials.clone().or_else(|| self.credentials.clone());
        Self { append, credentials, port, path, carrier, ..set_up.clone() }
    }

    /// What cases have to know of it.
    pub fn setting(&self) -> Setting {
        Setting {
            credentials: self.credentials.clone(),
            bad_password: self.bad_password.clone(),
            denied_topic: self.denied_topic.clone(),
            authentication: self.authentication.clone(),
            hides_passwords: !self.shows_passwords,
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
            error.contains("profile mosquito")
                && error.contains("built in: activemq, aedes, amqtt, ejabberd, iotcore, mosquitto, rabbitmq;"),
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
        for line in ["credentials = 'ann:s3cret'", "credentials = [\n'ann',\n's3cret]", "bad_password = 's3cret"] {
            let error = Profile::parse("x.toml", &format!("name = 'x'\ncommand = ['x']\n[variants.plain]\n{line}\n"))
                .expect_err("no such form")
                .to_string();
            assert!(error.contains("x.toml: line ") && !error.contains("s3cret"), "{error}");
        }
        let error = Profile::parse("x.toml", "name = 5").expect_err("no text").to_string();
        assert!(error.contains("name = 5"), "{error}");
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

    #[test]
    fn credentials_of_the_profile_are_those_of_every_variant_that_has_none() {
        let text = "name = 'x'\ncommand = ['x']\ncredentials = ['u', 'p']\n[variants.max-qos-1]\n\
                    [variants.with-access]\ncredentials = ['v', 'q']";
        let profile = Profile::parse("x.toml", text).expect("a profile");
        let of = |name: &str| profile.variants[name].credentials.clone().expect("credentials");
        let pair = |user: &str, password: &str| (user.to_owned(), password.to_owned());
        assert_eq!(of("plain"), pair("u", "p"), "also where the profile doesn't name the variant");
        assert_eq!(of("max-qos-1"), pair("u", "p"));
        assert_eq!(of("with-access"), pair("v", "q"));
    }

    #[test]
    fn a_profile_says_how_long_its_broker_may_take_to_start() {
        let limit = |text: &str| {
            let profile = Profile::parse("x.toml", &format!("name = 'x'\ncommand = ['x']\n{text}")).expect("a profile");
            profile.start_limit()
        };
        assert_eq!(limit(""), bounds::START);
        assert_eq!(limit("start_seconds = 90"), Duration::from_secs(90));
    }

    #[test]
    fn ports_that_are_no_versions_are_found_in_commands_and_files() {
        let text =
            "name = 'x'\ncommand = ['x', '{port-nodes}']\n[files]\nf = '{port} {port-5} {port-names} {port-nodes}'";
        let profile = Profile::parse("x.toml", text).expect("a profile");
        assert_eq!(profile.other_port_words().into_iter().collect::<Vec<_>>(), ["{port-names}", "{port-nodes}"]);
    }
}

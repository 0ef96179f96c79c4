//! Profiles: where a broker is or how it is started, in which variants, and what it says of itself. TOML; those of known
//! brokers are in `brokers/`.
//!
//! In commands and files `{port}` and `{dir}` stand for the broker's own port and its own empty folder. A broker that
//! speaks each version on a port of its own has `{port-3.1.1}` and `{port-5}` instead. What else it has to listen on gets
//! free ports by any other word: `{port-nodes}`. `{socket}` is the path of its unix socket; `{ca}`, `{cert}`, `{key}`,
//! `{client_cert}` and `{client_key}` are files with certificates and keys that are made for it.

mod forms;
mod keys;
mod reading;

pub use forms::Form;
pub use keys::{For, KEYS, Key, Section, WORDS};

use super::{Authentication, Carrier, Setting};
use crate::text::{short, visible};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::bounds;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Profiles that are built in.
const BUILT_IN: &[(&str, &str)] = &[
    ("activemq", include_str!("../../../brokers/activemq.toml")),
    ("aedes", include_str!("../../../brokers/aedes.toml")),
    ("amqtt", include_str!("../../../brokers/amqtt.toml")),
    ("ejabberd", include_str!("../../../brokers/ejabberd.toml")),
    ("emqx", include_str!("../../../brokers/emqx.toml")),
    ("flashmq", include_str!("../../../brokers/flashmq.toml")),
    ("hivemq-ce", include_str!("../../../brokers/hivemq-ce.toml")),
    ("iotcore", include_str!("../../../brokers/iotcore.toml")),
    ("mochi", include_str!("../../../brokers/mochi.toml")),
    ("mosquitto", include_str!("../../../brokers/mosquitto.toml")),
    ("nanomq", include_str!("../../../brokers/nanomq.toml")),
    ("rabbitmq", include_str!("../../../brokers/rabbitmq.toml")),
    ("vernemq", include_str!("../../../brokers/vernemq.toml")),
];

/// Those of them that were written after documentation and not run.
const UNTRIED: &[&str] = &["emqx", "flashmq", "hivemq-ce", "mochi", "nanomq", "vernemq"];

/// Where a broker is, or how it is started.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name in reports.
    pub name: String,
    /// Program and arguments; empty for a broker that is running already.
    #[serde(default)]
    pub command: Vec<String>,
    /// Where a broker is that is running already.
    pub address: Option<String>,
    /// The versions that it speaks, as `--mqtt` names them. Cases of others are *not offered*.
    #[serde(default = "every_version")]
    pub mqtt: Vec<String>,
    /// Variables of its environment, besides those of the suite.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Where it works, if not in its own folder.
    pub cwd: Option<String>,
    /// Whether each case gets a broker of its own: for brokers that one client can spoil for all others.
    #[serde(default)]
    pub fresh_for_each_case: bool,
    /// How many seconds it may take until it answers its first CONNECT, where it needs more than most (`bounds::START`).
    pub start_within: Option<u64>,
    /// How it is stopped in order.
    pub stop: Option<Stop>,
    /// What it promises to keep its state over.
    #[serde(default)]
    pub survives: Vec<Survived>,
    /// User name and password of ordinary connections, for a broker that takes nobody without: those of every variant
    /// that has none of its own.
    pub credentials: Option<(String, String)>,
    /// Files to write into its folder before it starts.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// How its version is learnt.
    pub version: Option<VersionQuestion>,
    /// What a run does where its command line says nothing.
    #[serde(default)]
    pub run: RunDefaults,
    /// Variants by name; `plain` is always there.
    #[serde(default)]
    pub variants: BTreeMap<String, ProfileVariant>,
}

/// How a broker is stopped in order.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Stop {
    /// By a signal to the command, by its name.
    Signal(String),
    /// By a command.
    Command(Vec<String>),
}

/// What a broker can keep its state over.
#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Survived {
    /// An orderly stop.
    Stop,
    /// The sudden end of its process.
    Kill,
}

/// What a run does where its command line says nothing.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct RunDefaults {
    /// As `--mqtt`.
    pub mqtt: Option<String>,
    /// As `--jobs`.
    pub jobs: Option<NumberOrText>,
    /// As `--patience`.
    pub patience: Option<NumberOrText>,
    /// As `--filter`.
    pub filter: Option<OneOrMore>,
    /// As `--baseline`.
    pub baseline: Option<PathBuf>,
}

/// A number, or a word in its place.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum NumberOrText {
    /// A number.
    Number(u32),
    /// A word.
    Text(String),
}

impl fmt::Display for NumberOrText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A text or several.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

impl OneOrMore {
    /// All of them.
    pub fn all(&self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text.clone()],
            Self::More(texts) => texts.clone(),
        }
    }
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
    /// Where a broker that is running already listens with this set-up.
    pub address: Option<String>,
    /// What it promises to keep its state over, where that is not what the profile says.
    pub survives: Option<Vec<Survived>>,
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

    /// Whether a built-in profile was written after documentation, and not run where the suite is developed.
    pub fn is_untried(name: &str) -> bool {
        UNTRIED.contains(&name)
    }

    /// The text of a built-in profile.
    pub fn text(name: &str) -> Option<&'static str> {
        BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// The built-in profile of this name, or the profile in this file.
    pub fn load(name_or_path: &str) -> Result<Self, ProfileError> {
        if let Some(text) = Self::text(name_or_path) {
            return Self::parse(name_or_path, text);
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
        Self { name, command, mqtt: every_version(), ..Self::default() }
    }

    pub(crate) fn parse(source: &str, text: &str) -> Result<Self, ProfileError> {
        let failed = |problem: String| ProfileError { source: source.to_owned(), problem };
        if let Some(mistake) = reading::mistake_in(text) {
            return Err(failed(mistake));
        }
        let mut profile: Self = toml::from_str(text).map_err(|error| failed(reading::in_words(&error, text)))?;
        profile.hand_credentials_down();
        Ok(profile)
    }

    /// True for a broker that is running already.
    pub fn is_running(&self) -> bool {
        self.command.is_empty()
    }

    /// Where the plain variant of a broker is that is running already.
    pub fn plain_address(&self) -> Option<&str> {
        let plain = self.variants.get(super::Variant::PLAIN.name).and_then(|plain| plain.address.as_deref());
        plain.or(self.address.as_deref())
    }

    /// Gives every variant what it says nothing of itself: the command line has it.
    pub fn fill_in(&mut self, setting: &Setting) {
        self.variants.entry(super::Variant::PLAIN.name.to_owned()).or_default();
        for variant in self.variants.values_mut() {
            variant.credentials = variant.credentials.take().or_else(|| setting.credentials.clone());
            variant.bad_password = variant.bad_password.take().or_else(|| setting.bad_password.clone());
            variant.denied_topic = variant.denied_topic.take().or_else(|| setting.denied_topic.clone());
            variant.authentication = variant.authentication.take().or_else(|| setting.authentication.clone());
            variant.shows_passwords = !setting.hides_passwords;
        }
    }

    /// How it is stopped where an orderly stop is wanted.
    pub fn orderly_stop(&self) -> Stop {
        self.stop.clone().unwrap_or_else(|| Stop::Signal("SIGTERM".to_owned()))
    }

    /// What it promises to keep its state over in this variant.
    pub fn survived_by(&self, variant: &ProfileVariant) -> Vec<Survived> {
        variant.survives.clone().unwrap_or_else(|| self.survives.clone())
    }

    /// Gives every variant without credentials those of the profile.
    fn hand_credentials_down(&mut self) {
        let Some(credentials) = &self.credentials else { return };
        self.variants.entry(super::Variant::PLAIN.name.to_owned()).or_default();
        for variant in self.variants.values_mut() {
            variant.credentials.get_or_insert_with(|| credentials.clone());
        }
    }

    /// How long it may take until it answers its first CONNECT.
    pub fn start_limit(&self) -> Duration {
        self.start_within.map_or(bounds::START, Duration::from_secs)
    }

    /// Whether the profile takes no version from it.
    pub fn speaks_every_version(&self) -> bool {
        self.versions().count() == VERSIONS.len()
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

    /// Everything in which words are filled in for this variant.
    pub(super) fn texts_of<'a>(&'a self, variant: &'a ProfileVariant) -> impl Iterator<Item = &'a String> {
        self.texts_of_all().chain(variant.append.values())
    }

    /// Everything in which words are filled in.
    fn texts(&self) -> impl Iterator<Item = &String> {
        self.texts_of_all().chain(self.variants.values().flat_map(|variant| variant.append.values()))
    }

    /// The same, whatever the variant.
    fn texts_of_all(&self) -> impl Iterator<Item = &String> {
        let stop = self.stop.iter().flat_map(|stop| match stop {
            Stop::Signal(_) => &[],
            Stop::Command(words) => words.as_slice(),
        });
        self.command.iter().chain(self.files.values()).chain(self.env.values()).chain(&self.cwd).chain(stop)
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
            assert_eq!(
                Profile::text(name).expect("its text").contains("Untried:"),
                Profile::is_untried(name),
                "{name}"
            );
        }
    }

    /// What the reader of profiles makes of them has the keys of the table, and no others.
    #[test]
    fn the_table_of_keys_is_what_a_profile_is_made_of() {
        fn known<'a, T: Deserialize<'a>>() -> BTreeSet<String> {
            let error = T::deserialize(toml::de::ValueDeserializer::parse("{ no-such-key = 1 }").expect("a table"));
            let error = error.err().expect("it is denied").to_string();
            let (_, names) = error.split_once("expected ").expect("it lists the others");
            names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
        }
        for (section, known) in [
            (Section::Profile, known::<Profile>()),
            (Section::Variant, known::<ProfileVariant>()),
            (Section::Version, known::<VersionQuestion>()),
            (Section::Run, known::<RunDefaults>()),
            (Section::Authentication, known::<Authentication>()),
        ] {
            let table: BTreeSet<String> = section.keys().map(|key| key.name.to_owned()).collect();
            assert_eq!(table, known, "{section:?}");
        }
    }

    #[test]
    fn every_example_of_the_table_can_be_read() {
        for key in KEYS {
            let place = if key.is_for == For::Address { "address = 'mqtt://h'" } else { "command = ['x']" };
            let given = ["name = 'x'", place, "command = ['x']\nafter = ''", "method = 'x'"];
            let head = if key.section == Section::Profile { "" } else { "name = 'x'\n" };
            let lines = match key.section {
                Section::Profile => given[..2].iter().filter(|line| !line.starts_with(key.name)).copied().collect(),
                Section::Version => given[2].lines().filter(|line| !line.starts_with(key.name)).collect(),
                Section::Authentication => {
                    given[3..].iter().filter(|line| !line.starts_with(key.name)).copied().collect()
                }
                Section::Variant | Section::Run => Vec::new(),
            };
            let place = if key.section == Section::Profile { "" } else { place };
            let heading = key.section.heading().replace("NAME", "with-access");
            let text = format!("{head}{place}\n{heading}\n{}\n{}\n", lines.join("\n"), key.example);
            Profile::parse("x.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        }
    }

    #[test]
    fn errors_name_the_profile_and_the_way_out() {
        let error = Profile::load("mosquito").expect_err("misspelt").to_string();
        assert!(
            error.contains("profile mosquito")
                && error.contains("built in: activemq, aedes, amqtt, ejabberd, emqx, flashmq, hivemq-ce,"),
            "{error}"
        );
        let error = Profile::parse("x.toml", "name = 'x'\ncommand = ['x']\n[variants.nonsense]")
            .expect_err("no such variant")
            .to_string();
        assert!(error.starts_with("profile x.toml: line 3: there is no variant `nonsense`"), "{error}");
        let error = Profile::parse("x.toml", "name = 'x'\nname = 'y'").expect_err("no TOML").to_string();
        assert!(error.contains("line 2") && error.contains("duplicate key"), "{error}");
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
        assert_eq!(limit("start_within = 90"), Duration::from_secs(90));
    }

    #[test]
    fn a_profile_says_how_its_broker_is_stopped_and_what_it_survives() {
        let parse =
            |text: &str| Profile::parse("x.toml", &format!("name = 'x'\ncommand = ['x']\n{text}")).expect("one");
        let silent = parse("");
        assert_eq!(silent.orderly_stop(), Stop::Signal("SIGTERM".to_owned()));
        assert_eq!(silent.survived_by(&ProfileVariant::default()), []);
        let both = parse("stop = ['ctl', 'stop']\nsurvives = ['stop', 'kill']\n[variants.plain]\nsurvives = ['stop']");
        assert_eq!(both.orderly_stop(), Stop::Command(vec!["ctl".to_owned(), "stop".to_owned()]));
        assert_eq!(both.survived_by(&ProfileVariant::default()), [Survived::Stop, Survived::Kill]);
        assert_eq!(both.survived_by(&both.variants["plain"]), [Survived::Stop]);
    }

    #[test]
    fn ports_that_are_no_versions_are_found_in_commands_and_files() {
        let text =
            "name = 'x'\ncommand = ['x', '{port-nodes}']\n[files]\nf = '{port} {port-5} {port-names} {port-nodes}'";
        let profile = Profile::parse("x.toml", text).expect("a profile");
        assert_eq!(profile.other_port_words().into_iter().collect::<Vec<_>>(), ["{port-names}", "{port-nodes}"]);
    }
}

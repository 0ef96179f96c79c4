//! Which broker is meant: the embedded one, an address, a profile, or a command to spawn.

use super::credentials::{CredentialArgs, Credentials};
use super::failure::Failure;
use super::reach::{INSECURE, ReachArgs};
use crate::broker::{
    AddressTarget, Authentication, Data, EmbeddedOptions, EmbeddedTarget, ListedTarget, Profile, RunDefaults, Setting,
    SpawnedTarget, Target, Variant,
};
use crate::text::{did_you_mean, quoted, shell, single_line, without_password};
use clap::Args;
use mqtt_assay_reference::{FaultOn, Quirk};
use std::io::Write as _;
use std::path::Path;

/// The name of the reference broker as a target.
const EMBEDDED: &str = "embedded";

/// What stands for the port in a command to spawn.
const PORT: &str = "{port}";

/// The arguments that say which broker is meant and how it is set up.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct BrokerArgs {
    /// mqtt://HOST:PORT (or mqtts:// ws:// wss:// unix:///PATH), or a profile by name (mosquitto) or path, or `embedded`,
    /// which is the default
    #[arg(value_name = "BROKER")]
    broker: Option<String>,

    /// Start a broker by a command, in the foreground; {port}: its port, {dir}: its own empty folder
    #[arg(long, value_name = "COMMAND", conflicts_with = "broker")]
    spawn: Option<String>,

    #[command(flatten)]
    pub(crate) credentials: CredentialArgs,

    #[command(flatten)]
    pub(crate) reach: ReachArgs,

    /// A topic that the user may neither publish nor subscribe to
    #[arg(long, value_name = "TOPIC", help_heading = "Set-up of the broker")]
    denied_topic: Option<String>,

    /// An authentication method that the broker knows, for the cases about AUTH
    #[arg(long, value_name = "NAME", help_heading = "Set-up of the broker")]
    auth_method: Option<String>,

    /// What a client says in that method, in hexadecimal: in CONNECT, and in each AUTH after it (repeatable)
    #[arg(long, value_name = "HEX", requires = "auth_method", help_heading = "Set-up of the broker")]
    auth_data: Vec<Data>,

    /// Make the embedded broker break the standard in this way, FAULT or FAULT@WAY (repeatable)
    #[arg(long, value_name = "FAULT", help_heading = "Embedded broker", value_parser = super::choices::fault)]
    fault: Vec<FaultOn>,

    /// Make the embedded broker use this freedom of the standard (repeatable)
    #[arg(long, value_name = "QUIRK", help_heading = "Embedded broker", value_parser = super::choices::quirk)]
    quirk: Vec<Quirk>,
}

/// A broker, and how it is written on a command line.
pub(crate) struct Broker {
    pub(crate) target: Target,
    /// For the command that repeats a case; passwords are left out.
    pub(crate) words: String,
    /// What stands before that command.
    pub(crate) before: String,
}

/// Whether a word that stands in the place of a command is meant for a broker.
pub(crate) fn looks_like_one(word: &str) -> bool {
    word == EMBEDDED || word.contains("://") || Profile::built_in().any(|name| name == word) || is_host_and_port(word)
}

impl BrokerArgs {
    /// The broker that a word names, without anything that is said about its set-up.
    pub(crate) fn named(word: &str) -> Self {
        Self { broker: Some(word.to_owned()), ..Self::default() }
    }

    /// True where nobody said which broker is meant.
    pub(crate) fn is_default(&self) -> bool {
        self.broker.is_none() && self.spawn.is_none()
    }

    /// The user of ordinary connections, where one is named.
    pub(crate) fn user(&self) -> Option<String> {
        let in_address = self.broker.as_deref().and_then(|broker| AddressTarget::credentials_in(broker).ok().flatten());
        self.credentials.user.clone().or(in_address.map(|(user, _)| user))
    }

    /// The command by which the broker is started, where the command line has it.
    pub(crate) fn command(&self) -> Option<Vec<String>> {
        shell::split(self.spawn.as_deref()?).ok()
    }

    /// What the profile says a run is to do where its command line says nothing; nothing where no profile is meant.
    pub(crate) fn run_defaults(&self) -> Result<RunDefaults, Failure> {
        Ok(self.profile()?.map(|profile| profile.run).unwrap_or_default())
    }

    /// Finds the broker; `patience` stretches the time that a spawned one may take to start. `carrier` is a variant by whose
    /// carrier all cases are to be run.
    pub(crate) fn resolve(&self, seed: u64, patience: u32, carrier: Option<Variant>) -> Result<Broker, Failure> {
        let address = self.broker.as_deref().filter(|broker| broker.contains("://"));
        let profile = self.profile()?;
        let running = profile.as_ref().filter(|profile| profile.is_running());
        let place = address.or(running.and_then(Profile::plain_address));
        self.reach.require_fitting(place.and_then(|address| address.split_once("://")).map(|(scheme, _)| scheme))?;
        if let (Some(_), Some(variant)) = (place, carrier) {
            let why = "an address says itself by what it is reached: write mqtts://, ws://, wss:// or unix://";
            return Err(Failure::usage(format!("--variant {}: {why}", variant.name)));
        }
        let credentials = if place.is_some() || self.spawn.is_some() {
            self.credentials.resolve(place)?
        } else {
            Credentials::default()
        };
        let target = match (&self.spawn, self.broker.as_deref()) {
            (Some(command), _) => Target::Spawned(
                SpawnedTarget::new(Self::spawned(command, self.setting(&credentials))?, patience).over(carrier),
            ),
            (None, None | Some(EMBEDDED)) => self.embedded(seed, carrier)?,
            (None, Some(address)) if address.contains("://") => {
                let (setting, reach) = (self.setting(&credentials), self.reach.resolve()?);
                Target::Address(Box::new(AddressTarget::parse(address, setting, reach).map_err(Failure::usage)?))
            }
            (None, Some(name)) => self.profiled(name, profile.unwrap_or_default(), &credentials, patience, carrier)?,
        };
        let is_changed = !self.fault.is_empty() || !self.quirk.is_empty();
        if is_changed && !target.is_embedded() {
            return Err(Failure::usage("--fault and --quirk are for the embedded broker only"));
        }
        if self.reach.is_insecure() {
            let _ = writeln!(anstream::stderr(), "WARNING: {INSECURE}");
        }
        let words = self.words(&target, &credentials, carrier);
        let before = credentials.before(self.credentials.show_passwords);
        Ok(Broker { target, words, before })
    }

    /// The profile that is meant, where one is.
    fn profile(&self) -> Result<Option<Profile>, Failure> {
        let is_name = |name: &&str| *name != EMBEDDED && !name.contains("://");
        self.broker.as_deref().filter(is_name).map(profile).transpose()
    }

    fn profiled(
        &self,
        name: &str,
        mut profile: Profile,
        credentials: &Credentials,
        patience: u32,
        carrier: Option<Variant>,
    ) -> Result<Target, Failure> {
        if profile.is_running() {
            profile.fill_in(&self.setting(credentials));
            let at = |why| Failure::usage(format!("profile {}: {why}", single_line(name)));
            return ListedTarget::new(profile, patience, &self.reach.resolve()?).map(Target::Listed).map_err(at);
        }
        self.require_none_of_setting("a profile with a command says so itself")?;
        let shows_passwords = self.credentials.show_passwords;
        profile.variants.values_mut().for_each(|variant| variant.shows_passwords = shows_passwords);
        Ok(Target::Spawned(SpawnedTarget::new(profile, patience).over(carrier)))
    }

    fn embedded(&self, seed: u64, carrier: Option<Variant>) -> Result<Target, Failure> {
        self.require_none_of_setting("the embedded broker sets itself up for the cases that need it")?;
        let options = EmbeddedOptions {
            faults: self.fault.clone(),
            quirks: self.quirk.clone(),
            seed,
            carrier: carrier.and_then(|variant| variant.carrier).unwrap_or_default(),
            ..EmbeddedOptions::default()
        };
        Ok(Target::Embedded(EmbeddedTarget::new(options)))
    }

    fn setting(&self, credentials: &Credentials) -> Setting {
        Setting {
            credentials: credentials.pair.clone(),
            bad_password: credentials.bad_password.clone(),
            denied_topic: self.denied_topic.clone(),
            authentication: self.authentication(),
            hides_passwords: !self.credentials.show_passwords,
            ..Setting::default()
        }
    }

    fn authentication(&self) -> Option<Authentication> {
        let method = self.auth_method.clone()?;
        Some(Authentication { method, data: self.auth_data.clone() })
    }

    fn require_none_of_setting(&self, why: &str) -> Result<(), Failure> {
        if self.credentials.are_none() && self.denied_topic.is_none() && self.auth_method.is_none() {
            return Ok(());
        }
        let options =
            "--user, --password, --password-file, --bad-password, --denied-topic, --auth-method and --auth-data";
        Err(Failure::usage(format!("{options} are for an address or --spawn; {why}")))
    }

    /// A profile made of a command: the plain variant, and that with access control where everything for it is given.
    fn spawned(command: &str, setting: Setting) -> Result<Profile, Failure> {
        let failed = |problem: &str| Failure::usage(format!("--spawn {}: {problem}", quoted(command)));
        let words = shell::split(command).map_err(|problem| failed(&problem))?;
        let program = words.first().ok_or_else(|| failed("names no program"))?;
        if !words.iter().any(|word| word.contains(PORT)) {
            return Err(failed("write {port} where the broker takes its port"));
        }
        let name =
            Path::new(program).file_name().map_or_else(|| program.clone(), |name| name.to_string_lossy().into_owned());
        let Setting { credentials, bad_password, denied_topic, authentication, hides_passwords, .. } = setting;
        let is_complete = credentials.is_some() && bad_password.is_some() && denied_topic.is_some();
        let mut profile = Profile::of_command(name, words);
        let plain = profile.variants.entry(Variant::PLAIN.name.to_owned()).or_default();
        (plain.credentials, plain.bad_password, plain.denied_topic) = (credentials, bad_password, denied_topic);
        plain.shows_passwords = !hides_passwords;
        let same = plain.clone();
        if authentication.is_some() {
            let mut with_method = same.clone();
            with_method.authentication = authentication;
            profile.variants.insert(Variant::WITH_AUTHENTICATION.name.to_owned(), with_method);
        }
        if is_complete {
            profile.variants.insert(Variant::WITH_ACCESS.name.to_owned(), same);
        }
        Ok(profile)
    }

    fn words(&self, target: &Target, credentials: &Credentials, carrier: Option<Variant>) -> String {
        let mut words = vec![match (&self.spawn, target) {
            (Some(command), _) => format!("--spawn {}", shell::for_shell(command)),
            // The address of a target has no password in it.
            (None, Target::Address(address)) => address.url(),
            (None, _) => shell::for_shell(self.broker.as_deref().unwrap_or(EMBEDDED)),
        }];
        words.extend(self.fault.iter().map(|fault| format!("--fault {}", fault.name())));
        words.extend(self.quirk.iter().map(|quirk| format!("--quirk {}", quirk.name())));
        words.extend(credentials.words(self.credentials.show_passwords));
        words.extend(self.reach.words(self.credentials.show_passwords));
        words.extend(carrier.map(|variant| format!("--variant {}", variant.name)));
        words.extend(self.auth_method.iter().map(|method| format!("--auth-method {}", shell::for_shell(method))));
        let shows = self.credentials.show_passwords;
        let data = |data: &Data| if shows { data.to_string() } else { "HEX".to_owned() };
        words.extend(self.auth_data.iter().map(|step| format!("--auth-data {}", data(step))));
        words.extend(self.denied_topic.iter().map(|topic| format!("--denied-topic {}", shell::for_shell(topic))));
        words.join(" ")
    }
}

fn profile(name: &str) -> Result<Profile, Failure> {
    let has_password = name.contains('@') && name.contains(':') && !name.contains(['/', '\\']);
    if is_host_and_port(name) || has_password {
        let name = single_line(&without_password(name));
        return Err(Failure::usage(format!("broker `{name}`: did you mean mqtt://{name}?")));
    }
    Profile::load(name).map_err(|error| {
        let near = did_you_mean(name, Profile::built_in().chain([EMBEDDED]));
        Failure::usage(format!("{error}{near}"))
    })
}

/// `localhost:1883`, where the scheme was forgotten.
fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok())
}

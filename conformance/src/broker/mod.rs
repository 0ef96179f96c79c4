//! Where the broker under test is: embedded in this process, at an address, or started from a profile; and the shell that
//! drives the reference broker over byte streams.
//!
//! Uses `wire` and `text`, and the reference broker. It knows nothing of cases.

mod address;
mod authentication;
mod command;
mod doors;
mod embedded;
mod endpoint;
mod family;
mod folders;
mod listed;
mod log;
mod ports;
mod processes;
mod profile;
mod restart;
mod set_up;
mod shell;
mod spawned;
mod stopping;
mod strangers;
mod supervisor;
mod tape;
mod variant;
mod version;

pub use address::{AddressTarget, Reach};
pub(crate) use address::{SCHEMES, percent_decoded, split_path};
pub use authentication::{Authentication, Data};
pub(crate) use command::{Command, CommandEnd, Output};
pub(crate) use embedded::manners;
pub use embedded::{EmbeddedOptions, EmbeddedTarget};
pub use endpoint::Endpoint;
pub(crate) use family::Family;
pub(crate) use folders::{Folder, remove_abandoned};
pub use listed::ListedTarget;
pub(crate) use log::is_telling;
pub use profile::{
    For, Form, KEYS, Key, Profile, ProfileError, ProfileVariant, RunDefaults, Section, Stop, Survived, WORDS,
};
pub(crate) use set_up::SetUp;
pub use shell::{Said, Shell};
pub use spawned::{Lease, SpawnedBroker, SpawnedTarget};
pub use strangers::Shown;
pub use variant::{Carrier, VARIANTS, Variant};

pub(crate) use restart::Restarts;
pub(crate) use shell::is_of_shell;
pub(crate) use supervisor::supervise;
pub(crate) use tape::Tape;

use crate::text::Secrets;
use mqtt_assay_codec::Version;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How a running broker is set up, as far as cases have to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    /// User name and password of ordinary connections.
    pub credentials: Option<(String, String)>,
    /// A password that the broker refuses for that user name.
    pub bad_password: Option<String>,
    /// A topic that an ordinary client may neither publish to nor subscribe to.
    pub denied_topic: Option<String>,
    /// How a client authenticates with a method that the broker knows (5.0).
    pub authentication: Option<Authentication>,
    /// The passwords are the user's, and records don't show them.
    pub hides_passwords: bool,
    /// How long after its SUBACK a subscription may not be known to other connections yet, as the run's beginning has shown;
    /// zero but in clusters.
    pub spreads_in: Duration,
    /// Why no client of the other version can be beside those of a case, where that is known.
    pub only_version: Option<String>,
    /// Which of the brokers that this process has to do with it is.
    pub broker: u64,
}

/// Ends all that was started and starts no more: for an end of the program that runs no destructors.
pub(crate) fn end_all() {
    command::end_all();
    processes::end_all();
}

/// A number that no other broker has.
pub(crate) fn next_broker() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

impl Setting {
    /// What records of cases don't show.
    pub(crate) fn secrets(&self) -> Secrets {
        let password = self.credentials.as_ref().map(|(_, password)| password);
        let passwords = password.into_iter().chain(&self.bad_password).map(String::as_bytes);
        let steps = self.authentication.iter().flat_map(|authentication| &authentication.data);
        let all = passwords.chain(steps.map(|data| &data.0[..]));
        Secrets::new(all.filter(|_| self.hides_passwords).map(<[u8]>::to_vec))
    }
}

/// A broker that is ready for the cases of one variant.
#[derive(Clone)]
pub struct Ready {
    /// Where it is.
    pub endpoint: Endpoint,
    /// How it is set up.
    pub setting: Setting,
    /// Its process, where the suite has started it.
    pub process: Option<SpawnedBroker>,
}

/// A running broker of one variant, and where it speaks which version.
pub struct Started {
    endpoints: Endpoints,
    setting: Setting,
    /// Where it is a process that this suite has started.
    spawned: Option<SpawnedBroker>,
}

enum Endpoints {
    /// One for all versions; which of them the broker speaks, it says itself.
    One(Endpoint),
    /// One for each version that the broker is known to speak.
    ByVersion(BTreeMap<Version, Endpoint>),
}

impl Started {
    pub(crate) fn one(ready: Ready) -> Self {
        Self { endpoints: Endpoints::One(ready.endpoint), setting: ready.setting, spawned: ready.process }
    }

    pub(crate) fn by_version(endpoints: BTreeMap<Version, Endpoint>, setting: Setting) -> Self {
        let setting = Setting { broker: next_broker(), ..setting };
        Self { endpoints: Endpoints::ByVersion(endpoints), setting, spawned: None }
    }

    /// The same, with its process.
    pub(crate) fn by(self, broker: SpawnedBroker) -> Self {
        Self { spawned: Some(broker), ..self }
    }

    /// The broker for cases of this version.
    pub fn ready(&self, version: Version) -> Result<Ready, Unready> {
        let endpoint = match &self.endpoints {
            Endpoints::One(endpoint) => Some(endpoint),
            Endpoints::ByVersion(endpoints) => endpoints.get(&version),
        };
        let mut setting = self.setting.clone();
        if let Endpoints::ByVersion(endpoints) = &self.endpoints
            && (endpoints.len() < 2 || !endpoints.values().all(|other| endpoint.is_some_and(|own| own.is(other))))
        {
            setting.only_version =
                Some(format!("only MQTT {version} is spoken where the cases of MQTT {version} are run"));
        }
        let none = || Unready::NotOffered(format!("the profile says that the broker does not speak MQTT {version}"));
        let process = self.spawned.clone();
        Ok(Ready { endpoint: endpoint.cloned().ok_or_else(none)?, setting, process })
    }
}

/// Why the cases of a variant can't be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unready {
    /// The target has no such variant; says why, and what would enable it.
    NotOffered(String),
    /// It should have, and it didn't work.
    Failed(String),
}

/// The broker under test.
pub enum Target {
    /// The reference broker in this process.
    Embedded(EmbeddedTarget),
    /// A broker that is already running.
    Address(Box<AddressTarget>),
    /// A broker that is already running, with the listeners that a profile names.
    Listed(ListedTarget),
    /// A broker that the suite starts and ends.
    Spawned(SpawnedTarget),
}

impl Target {
    /// Makes the broker ready for a variant: starts one, or says why not.
    pub async fn prepare(&self, variant: Variant) -> Result<Started, Unready> {
        match self {
            Self::Embedded(target) => target.prepare(variant).map(Started::one),
            Self::Address(target) => target.prepare(variant).map(Started::one),
            Self::Listed(target) => target.prepare(variant),
            Self::Spawned(target) => target.prepare(variant).await,
        }
    }

    /// What starts a broker for each case, where the profile wants that.
    pub(crate) fn fresh_for_each_case(&self) -> Option<&SpawnedTarget> {
        match self {
            Self::Spawned(target) if target.is_fresh_for_each_case() => Some(target),
            Self::Embedded(_) | Self::Address(_) | Self::Listed(_) | Self::Spawned(_) => None,
        }
    }

    /// Its name in reports.
    pub fn name(&self) -> String {
        match self {
            Self::Embedded(_) => "embedded".to_owned(),
            Self::Address(target) => target.url(),
            Self::Listed(target) => target.name(),
            Self::Spawned(target) => target.name(),
        }
    }

    /// Its address in reports; empty for the embedded broker.
    pub fn address(&self) -> String {
        match self {
            Self::Address(target) => target.url(),
            Self::Listed(target) => target.url(),
            Self::Embedded(_) | Self::Spawned(_) => String::new(),
        }
    }

    /// The variant by whose carrier it is reached, where that is not plain TCP.
    pub fn carrier(&self) -> Option<Variant> {
        let carrier = match self {
            Self::Embedded(target) => target.carrier(),
            Self::Address(target) => target.carrier(),
            Self::Listed(target) => target.carrier(),
            Self::Spawned(target) => target.carrier(),
        };
        VARIANTS.iter().copied().find(|variant| variant.carrier == Some(carrier))
    }

    /// The broker's version and how it was learnt, where it is known.
    pub fn version(&self) -> Option<(String, String)> {
        match self {
            Self::Embedded(_) => Some((env!("CARGO_PKG_VERSION").to_owned(), "built in".to_owned())),
            Self::Address(_) => None,
            Self::Listed(target) => target.version(),
            Self::Spawned(target) => target.version(),
        }
    }

    /// How the broker is started for each of these variants, where the suite starts it.
    pub(crate) fn set_ups(&self, variants: impl IntoIterator<Item = Variant>) -> BTreeMap<String, SetUp> {
        let Self::Spawned(target) = self else { return BTreeMap::new() };
        let set_up = |variant: Variant| Some((variant.name.to_owned(), target.set_up(variant)?));
        variants.into_iter().filter_map(set_up).collect()
    }

    /// Asks for the version where that takes a command: before [`version`](Self::version).
    pub async fn learn_version(&self) {
        match self {
            Self::Listed(target) => target.learn_version().await,
            Self::Spawned(target) => target.learn_version().await,
            Self::Embedded(_) | Self::Address(_) => {}
        }
    }

    /// True where the run uses a clock that jumps over waiting.
    pub fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded(_))
    }

    /// True where the broker goes on when the run is over, with all that is left on it.
    pub fn outlives_run(&self) -> bool {
        matches!(self, Self::Address(_) | Self::Listed(_))
    }

    /// True where nothing but this run uses the broker, so that intrusive cases harm nobody.
    pub fn is_private(&self) -> bool {
        match self {
            Self::Embedded(_) | Self::Spawned(_) => true,
            Self::Address(target) => target.is_loopback(),
            Self::Listed(target) => target.is_loopback(),
        }
    }
}

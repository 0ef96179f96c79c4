//! The asking of one broker: its brokers and connections, what was found so far, and whether it lives after each try.

use super::client::{Client, Gone, KEEP_ALIVE, Opening};
use super::finding::{Cell, Death, Findings, Group};
use super::search::Outcome;
use super::{features, limits, sessions, versions};
use crate::broker::{Ready, Started, Target, Unready, Variant};
use crate::text::single_line;
use mqtt_assay_codec::{Properties, PropertiesBuf, QoS, Version};
use mqtt_assay_standard::bounds;
use std::cell::RefCell;
use std::time::Duration;

/// How often a broker that died is started anew before the asking ends.
const LIVES: usize = 4;

/// How a broker is asked.
#[derive(Debug, Clone)]
pub struct ProbeOptions {
    /// The versions to ask in, of those that it speaks.
    pub versions: Vec<Version>,
    /// Look further than is kind to a broker.
    pub deep: bool,
    /// How the limits of time are stretched.
    pub patience: u32,
    /// What topics and client identifiers of this run have in them.
    pub run: String,
}

/// A question: its name, its group, its title.
pub(super) type Question = (&'static str, Group, &'static str);

/// Asks a broker everything; `found` grows as it goes, so that what an end from outside leaves is there. `on_step` is told what
/// is tried.
///
/// # Errors
///
/// If it can't be asked at all, and why.
pub async fn probe(
    target: &Target,
    options: &ProbeOptions,
    found: &RefCell<Findings>,
    on_step: impl Fn(&str),
) -> Result<(), String> {
    let started = target.prepare(Variant::PLAIN).await.map_err(in_words)?;
    let mut prober =
        Prober { target, options, found, on_step: &on_step, started, witness: None, lives: LIVES, client: 0 };
    let spoken = versions::find(&mut prober).await?;
    for version in spoken.into_iter().filter(|version| options.versions.contains(version)) {
        if let Err(Over) = ask_in(&mut prober, version).await {
            break;
        }
        prober.dismiss_witness().await;
    }
    Ok(())
}

/// All questions in one version, those that brokers die of last.
async fn ask_in(prober: &mut Prober<'_>, version: Version) -> Result<(), Over> {
    prober.call_witness(version).await?;
    features::ask(prober, version).await?;
    sessions::ask(prober, version).await?;
    limits::ask(prober, version).await
}

/// There is nobody left to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Over;

/// Who asks.
pub(super) struct Prober<'a> {
    target: &'a Target,
    pub(super) options: &'a ProbeOptions,
    pub(super) found: &'a RefCell<Findings>,
    on_step: &'a dyn Fn(&str),
    started: Started,
    /// A connection that is held for nothing else: if it ends, the broker has died, whoever answers then.
    witness: Option<Client>,
    lives: usize,
    /// How many connections there were.
    client: u64,
}

impl Prober<'_> {
    /// The broker, where it speaks the version.
    pub(super) fn ready(&self, version: Version) -> Result<Ready, String> {
        // Nothing is judged in 3.1, so no profile says where that is spoken.
        let place = if version == Version::V3_1 { Version::V3_1_1 } else { version };
        self.started.ready(place).map_err(in_words)
    }

    /// The limit of one answer.
    pub(super) fn limit(&self) -> Duration {
        bounds::PROBE_CONNECT * self.options.patience
    }

    /// Says what is tried now.
    pub(super) fn step(&self, version: Version, what: &str) {
        (self.on_step)(&format!("MQTT {version}: {what}"));
    }

    /// A topic of this run.
    pub(super) fn topic(&self, name: &str) -> String {
        format!("mqtt-assay/{}/{name}", self.options.run)
    }

    /// A client identifier that was not used yet, of letters and digits, at most 23.
    pub(super) fn client_id(&mut self) -> String {
        self.client += 1;
        format!("ma{}{}", self.options.run, self.client)
    }

    /// Connects as an ordinary client.
    pub(super) async fn connect(&mut self, version: Version) -> Result<Client, Gone> {
        self.connect_with(version, KEEP_ALIVE, PropertiesBuf::new()).await
    }

    /// Connects with a keep alive and properties.
    pub(super) async fn connect_with(
        &mut self,
        version: Version,
        keep_alive: u16,
        properties: PropertiesBuf,
    ) -> Result<Client, Gone> {
        let client_id = self.client_id();
        self.connect_as(version, &client_id, true, keep_alive, properties).await
    }

    /// Connects with all that a CONNECT can say.
    pub(super) async fn connect_as(
        &self,
        version: Version,
        client_id: &str,
        clean_start: bool,
        keep_alive: u16,
        properties: PropertiesBuf,
    ) -> Result<Client, Gone> {
        let ready = self.ready(version).map_err(Gone::Unreachable)?;
        let credentials = ready.setting.credentials.as_ref();
        let opening = Opening { client_id, clean_start, keep_alive, properties, credentials };
        Client::open(&ready.endpoint, version, self.limit(), opening).await
    }

    /// What the broker announced to the connection that is held for nothing else.
    pub(super) fn with_announced<T>(&self, of: impl Fn(&Properties<'_>) -> T) -> Option<T> {
        self.witness.as_ref().map(|witness| of(&witness.announced()))
    }

    /// True where nobody else uses the broker.
    pub(super) fn is_private(&self) -> bool {
        self.target.is_private()
    }

    /// The highest QoS that works, as far as it is known by now.
    pub(super) fn best_qos(&self, version: Version) -> QoS {
        let found = self.found.borrow();
        let works = |id| found.cell(id, version).and_then(Cell::value) != Some(&super::Value::Is(false));
        if works("qos-1") { QoS::AtLeastOnce } else { QoS::AtMostOnce }
    }

    pub(super) fn note(&self, version: Version, question: Question, cell: Cell) {
        self.found.borrow_mut().note(version, question, cell);
    }

    /// Opens the connection that is held for nothing else.
    pub(super) async fn call_witness(&mut self, version: Version) -> Result<(), Over> {
        match self.connect(version).await {
            Ok(witness) => {
                self.witness = Some(witness);
                Ok(())
            }
            Err(gone) => {
                let why = format!("MQTT {version}: an ordinary client is not let in: {}", gone.says(version));
                self.found.borrow_mut().unfinished = why;
                Err(Over)
            }
        }
    }

    async fn dismiss_witness(&mut self) {
        if let Some(witness) = self.witness.take() {
            witness.leave().await;
        }
    }

    /// What a try has come to, with a look at the broker; one that died is started anew, where it can be.
    pub(super) async fn outcome(
        &mut self,
        version: Version,
        what: &str,
        tried: Result<(), Gone>,
    ) -> Result<Outcome, Over> {
        if let Some(how) = self.death(version).await {
            self.bury(version, what, &how).await?;
            return Ok(Outcome::Died(format!("the broker died: {how}")));
        }
        Ok(match tried {
            Ok(()) => Outcome::Taken,
            Err(gone) => Outcome::Refused(single_line(&gone.says(version))),
        })
    }

    /// How the broker died, if it has.
    async fn death(&mut self, version: Version) -> Option<String> {
        if let Ok(ready) = self.ready(version)
            && let Some(process) = &ready.process
            && !process.is_running().await
        {
            let words = process.last_words();
            let ended = process.ended().unwrap_or_else(|| "it has ended".to_owned());
            return Some(if words.is_empty() { ended } else { format!("{ended}; it printed: {words}") });
        }
        let mut witness = self.witness.take()?;
        match witness.ping().await {
            Ok(()) => {
                self.witness = Some(witness);
                None
            }
            Err(gone) => {
                let how = format!("a connection that was held for nothing else: {}", gone.says(version));
                match self.connect(version).await {
                    // A keep alive of the broker's own may be shorter than a try of ours.
                    Ok(other) if witness.announced().server_keep_alive().is_some_and(|limit| limit < KEEP_ALIVE) => {
                        self.witness = Some(other);
                        None
                    }
                    Ok(other) => {
                        self.witness = Some(other);
                        Some(format!("{how}; a new one is served"))
                    }
                    Err(gone) => Some(format!("{how}; a new one: {}", gone.says(version))),
                }
            }
        }
    }

    /// Notes a death, and starts another broker in the place of the one that died.
    async fn bury(&mut self, version: Version, what: &str, how: &str) -> Result<(), Over> {
        let (mqtt, after, how) = (version.name(), what.to_owned(), single_line(how));
        self.found.borrow_mut().deaths.push(Death { mqtt, after, how });
        if self.witness.is_some() {
            return Ok(());
        }
        self.lives = self.lives.saturating_sub(1);
        let over = |why: String| {
            self.found.borrow_mut().unfinished = why;
            Over
        };
        if self.target.outlives_run() {
            return Err(over(format!("MQTT {version}: the broker is gone after {what}, and the suite can't start it")));
        }
        if self.lives == 0 {
            return Err(over(format!("the broker died {LIVES} times")));
        }
        if let Some(process) = self.ready(version).ok().and_then(|ready| ready.process) {
            process.end();
        }
        self.started = match self.target.prepare(Variant::PLAIN).await {
            Ok(started) => started,
            Err(unready) => return Err(over(in_words(unready))),
        };
        self.call_witness(version).await
    }
}

/// Why a broker can't be asked.
fn in_words(unready: Unready) -> String {
    match unready {
        Unready::NotOffered(why) | Unready::Failed(why) => why,
    }
}

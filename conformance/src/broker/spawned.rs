//! A broker that the suite starts from a profile and ends, whatever happens: own port, own folder, killed by pid.

use super::ports::Ports;
use super::processes::Process;
use super::profile::ProfileVariant;
use super::{Profile, Started, Unready, Variant};
use crate::wire::{Read, Tcp, read};
use mqtt_assay_codec::{Connect, Disconnect, Packet, Properties, ReasonCode, Version};
use mqtt_assay_standard::bounds;
use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// How often a starting broker is asked whether it answers.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// How many times a port is tried: another program may take it between our look and the broker's.
const PORT_TRIES: u32 = 3;

/// How long the broker may take to close the connection by which it was asked.
const LEAVE: Duration = Duration::from_millis(100);

/// How many brokers may be starting side by side: starting is work, and would disturb the cases that run.
const STARTING: usize = 2;

/// The file in the broker's folder that takes what it prints.
const LOG: &str = "output.log";

/// How much of a broker's output a message quotes, in lines.
const LOG_LINES: usize = 5;

/// How many bytes of a broker's output are looked at for its last words.
const LOG_END: u64 = 16 << 10;

/// A broker that the suite has started, as a process. It ends when the last of its handles is dropped.
#[derive(Clone)]
pub struct SpawnedBroker {
    process: Rc<Process>,
}

impl SpawnedBroker {
    /// How it ended, if it has: its exit status or the signal, in words. `None` while it runs.
    pub fn ended(&self) -> Option<String> {
        self.process.has_ended().map(|status| status.to_string())
    }

    /// Ends it, where it is of no use any more.
    pub fn end(&self) {
        self.process.end();
    }

    /// The last lines that it has printed, on one line, escaped; empty where there are none. It may be running.
    pub fn last_words(&self) -> String {
        last_lines(self.process.folder())
    }
}

/// A process that ends with the last case that holds it.
pub struct Lease {
    broker: SpawnedBroker,
}

impl Lease {
    /// The broker that ends with this.
    pub fn broker(&self) -> &SpawnedBroker {
        &self.broker
    }
}

/// A profile as a target.
#[derive(Clone)]
pub struct SpawnedTarget {
    profile: Rc<Profile>,
    patience: u32,
    /// How many may be starting at the same time.
    starting: Rc<Semaphore>,
    running: Rc<RefCell<Vec<SpawnedBroker>>>,
}

impl SpawnedTarget {
    /// A target that starts this broker; `patience` stretches the time that it may take.
    pub fn new(profile: Profile, patience: u32) -> Self {
        let starting = Rc::new(Semaphore::new(STARTING));
        Self { profile: Rc::new(profile), patience, starting, running: Rc::default() }
    }

    /// True where each case wants a broker of its own.
    pub fn is_fresh_for_each_case(&self) -> bool {
        self.profile.fresh_for_each_case
    }

    /// The profile's name.
    pub fn name(&self) -> String {
        self.profile.name.clone()
    }

    /// The broker's version and how it was learnt.
    pub fn version(&self) -> Option<(String, String)> {
        let question = self.profile.version.as_ref()?;
        let (program, arguments) = question.command.split_first()?;
        let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed);
        let (_, behind) = printed.split_once(&question.after)?;
        let version = behind.split_whitespace().next()?.trim_end_matches(['.', ',', ';']).to_owned();
        Some((version, question.command.join(" ")))
    }

    /// Starts a broker for this variant, which ends with the target, and waits until it answers a CONNECT.
    pub async fn prepare(&self, variant: Variant) -> Result<Started, Unready> {
        let (started, lease) = self.lease(variant).await?;
        self.running.borrow_mut().push(lease.broker);
        Ok(started)
    }

    /// Starts a broker for this variant, which ends with its lease, and waits until it answers a CONNECT.
    pub async fn lease(&self, variant: Variant) -> Result<(Started, Lease), Unready> {
        let none = ProfileVariant::default();
        let settings = match self.profile.variants.get(variant.name) {
            Some(settings) => settings,
            None if variant == Variant::PLAIN => &none,
            None => {
                return Err(Unready::NotOffered(format!(
                    "the profile {} has no variant {}",
                    self.profile.name, variant.name
                )));
            }
        };
        if let Some(why) = &settings.not_offered {
            return Err(Unready::NotOffered(why.clone()));
        }
        // The semaphore is never closed.
        let _permit = self.starting.acquire().await;
        let mut tries = 1;
        loop {
            match self.start(settings).await {
                Ok((process, ports)) => {
                    let broker = SpawnedBroker { process: Rc::new(process) };
                    return Ok((ports.started(settings).by(broker.clone()), Lease { broker }));
                }
                Err(_) if tries < PORT_TRIES => tries += 1,
                Err(why) => return Err(Unready::Failed(why)),
            }
        }
    }

    async fn start(&self, variant: &ProfileVariant) -> Result<(Process, Ports), String> {
        let in_words = |what: &str| format!("{}: {what}", self.profile.name);
        let folder =
            TempDir::with_prefix("mqtt-assay-").map_err(|error| in_words(&format!("no folder of its own: {error}")))?;
        let ports = Ports::choose(&self.profile).map_err(|error| in_words(&format!("no free port: {error}")))?;
        let fill = |text: &str| ports.fill(text).replace("{dir}", &folder.path().to_string_lossy());
        for (name, text) in self.profile.files_of(variant) {
            fs::write(folder.path().join(&name), fill(&text)).map_err(|error| in_words(&format!("{name}: {error}")))?;
        }
        let command: Vec<String> = self.profile.command.iter().map(|word| fill(word)).collect();
        let process = spawn(&command, folder)
            .map_err(|error| in_words(&format!("`{}`: {error}; is it installed?", command.join(" "))))?;
        self.wait_until_ready(&process, &ports, variant).await.map_err(|what| in_words(&what))?;
        Ok((process, ports))
    }

    /// Ends when every port answers a CONNECT of its version.
    async fn wait_until_ready(&self, process: &Process, ports: &Ports, variant: &ProfileVariant) -> Result<(), String> {
        let limit = bounds::START * self.patience;
        let deadline = Instant::now() + limit;
        let mut ask = interval(ASK_EVERY);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut to_ask = ports.to_ask();
        while let Some(&version) = to_ask.last() {
            ask.tick().await;
            if let Some(status) = process.has_ended() {
                return Err(format!("ended at once ({status}){}", last_words(process.folder())));
            }
            if answers(&ports.address(version), version, variant.credentials.as_ref()).await {
                to_ask.pop();
            } else if Instant::now() > deadline {
                return Err(format!("no CONNACK within {limit:?}{}", last_words(process.folder())));
            }
        }
        Ok(())
    }
}

fn spawn(command: &[String], folder: TempDir) -> io::Result<Process> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let log = File::create(folder.path().join(LOG))?;
    let errors = log.try_clone()?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder.path()).stdin(Stdio::null()).stdout(log).stderr(errors);
    Process::start(&mut command, folder)
}

/// True once something sends the first byte of a CONNACK: an open port alone is not readiness.
async fn answers(address: &str, version: Version, credentials: Option<&(String, String)>) -> bool {
    let ask = async {
        let mut stream = Tcp::connect(address).await.ok()?;
        let connect = Connect {
            clean_start: true,
            keep_alive: 60,
            properties: Properties::EMPTY,
            client_id: "mqttassayready",
            will: None,
            user_name: credentials.map(|(user, _)| user.as_str()),
            password: credentials.map(|(_, password)| password.as_bytes()),
        };
        stream.write_all(&Packet::Connect(connect).to_bytes(version).ok()?).await.ok()?;
        let mut first = [0; 1];
        let is_connack = read(&mut stream, &mut first).await == Read::Bytes(1) && first[0] == 0x20;
        is_connack.then_some(stream)
    };
    let Ok(Some(stream)) = timeout(bounds::OPEN, ask).await else { return false };
    take_leave(stream, version).await;
    true
}

/// Disconnects as a client should, and lets the broker close: one that is still busy with a client that broke off would
/// be met by the first case in a state that no case is about.
async fn take_leave(mut stream: Tcp, version: Version) {
    let disconnect = Packet::Disconnect(Disconnect { reason: ReasonCode::SUCCESS, properties: Properties::EMPTY });
    let leave = async {
        stream.write_all(&disconnect.to_bytes(version).ok()?).await.ok()?;
        let mut rest = [0; 256];
        while let Read::Bytes(_) = read(&mut stream, &mut rest).await {}
        Some(())
    };
    // A broker that leaves the closing to us is ready all the same.
    let _ = timeout(LEAVE, leave).await;
}

/// The last lines of its output behind a colon; nothing where it has printed nothing.
fn last_words(folder: &Path) -> String {
    let words = last_lines(folder);
    if words.is_empty() { words } else { format!("; it printed: {words}") }
}

fn last_lines(folder: &Path) -> String {
    let printed = end_of(&folder.join(LOG)).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed);
    let mut lines: Vec<&str> = printed.lines().rev().take(LOG_LINES).collect();
    lines.reverse();
    crate::text::single_line(&lines.join(" | "))
}

/// The end of a file, however long it is.
fn end_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_END)))?;
    let mut end = Vec::new();
    file.take(LOG_END).read_to_end(&mut end)?;
    Ok(end)
}

//! A broker that the suite starts from a profile and ends, whatever happens: own port, own folder, killed by pid.

use super::folders;
use super::ports::Ports;
use super::processes::{self, End, Process, found_from_here};
use super::profile::{ProfileVariant, VersionQuestion};
use super::set_up::SetUp;
use super::{Profile, Started, Unready, Variant};
use crate::text::{quoted, seconds, single_line};
use crate::wire::{Read, Tcp, read};
use mqtt_assay_codec::{Connect, Disconnect, Packet, Properties, ReasonCode, Version};
use mqtt_assay_standard::bounds;
use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};

/// How often a starting broker is asked whether it answers.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// How many times a port is tried: another program may take it between our look and the broker's.
const PORT_TRIES: u32 = 3;

/// How long the broker may take to close the connection by which it was asked.
const LEAVE: Duration = Duration::from_millis(100);

/// How many brokers may be starting side by side: starting is work, and would disturb the cases that run.
const STARTING: usize = 2;

/// A broker that the suite has started, as a process. It ends when the last of its handles is dropped.
#[derive(Clone)]
pub struct SpawnedBroker {
    process: Rc<Process>,
}

impl SpawnedBroker {
    /// How it ended, if it has: its exit status or the signal, in words. `None` while it runs.
    pub fn ended(&self) -> Option<String> {
        self.process.has_ended().map(|end| how_it_ended(&end))
    }

    /// Whether it runs, asked now: what ended before this call is seen, while [`ended`](Self::ended) may learn of it a
    /// moment later.
    pub async fn is_running(&self) -> bool {
        self.process.is_running().await
    }

    /// Ends it, where it is of no use any more.
    pub fn end(&self) {
        self.process.end();
    }

    /// The last lines that it has printed, on one line, escaped; empty where there are none. It may be running.
    pub fn last_words(&self) -> String {
        self.process.last_lines()
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
    /// The version and how it was learnt, once it was.
    version: Rc<RefCell<Option<(String, String)>>>,
}

impl SpawnedTarget {
    /// A target that starts this broker; `patience` stretches the time that it may take.
    pub fn new(profile: Profile, patience: u32) -> Self {
        folders::remove_abandoned();
        let starting = Rc::new(Semaphore::new(STARTING));
        Self { profile: Rc::new(profile), patience, starting, running: Rc::default(), version: Rc::default() }
    }

    /// True where each case wants a broker of its own.
    pub fn is_fresh_for_each_case(&self) -> bool {
        self.profile.fresh_for_each_case
    }

    /// The profile's name, escaped.
    pub fn name(&self) -> String {
        single_line(&self.profile.name)
    }

    /// The broker's version and how it was learnt, escaped, once [`learn_version`](Self::learn_version) has found it.
    pub fn version(&self) -> Option<(String, String)> {
        self.version.borrow().clone()
    }

    /// How a broker is started for this variant, without what is secret; none where there is no such variant.
    pub(super) fn set_up(&self, variant: Variant) -> Option<SetUp> {
        let none = ProfileVariant::default();
        let plain = (variant == Variant::PLAIN).then_some(&none);
        let settings = self.profile.variants.get(variant.name).or(plain)?;
        settings.not_offered.is_none().then(|| SetUp::of(&self.profile, settings))
    }

    /// Asks for the broker's version, as the profile says. What doesn't answer in the time that a start may take has none.
    pub async fn learn_version(&self) {
        let Some(question) = &self.profile.version else { return };
        let limit = bounds::START * self.patience;
        let learnt = timeout(limit, printed(question)).await.ok().and_then(Result::ok);
        let version = learnt.as_deref().and_then(|printed| version_in(printed, &question.after));
        *self.version.borrow_mut() = version.map(|version| (version, single_line(&question.command.join(" "))));
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
                let name = self.name();
                return Err(Unready::NotOffered(format!("the profile {name} has no variant {}", variant.name)));
            }
        };
        if let Some(why) = &settings.not_offered {
            return Err(Unready::NotOffered(single_line(why)));
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
                Err(failed) if failed.has_lost_its_port && tries < PORT_TRIES => tries += 1,
                Err(failed) => return Err(Unready::Failed(format!("{}: {}", self.name(), failed.why))),
            }
        }
    }

    async fn start(&self, variant: &ProfileVariant) -> Result<(Process, Ports), NotStarted> {
        let (folder, own) = processes::folder().map_err(|error| NotStarted::by(no_folder(&error)))?;
        let ports = Ports::choose(&self.profile).map_err(|error| NotStarted::by(format!("no free port: {error}")))?;
        let fill = |text: &str| ports.fill(text).replace("{dir}", &own.to_string_lossy());
        for (name, text) in self.profile.files_of(variant) {
            let written = fs::write(own.join(&name), fill(&text));
            written.map_err(|error| NotStarted::by(format!("{}: {error}", single_line(&name))))?;
        }
        let words: Vec<String> = self.profile.command.iter().map(|word| fill(word)).collect();
        let mut process = Process::start(for_the_system(&words), own, folder)
            .await
            .map_err(|error| NotStarted::by(not_started(&words, &error)))?;
        self.wait_until_ready(&mut process, &ports, variant).await?;
        Ok((process, ports))
    }

    /// Ends when every port accepts a CONNECT of its version. One that refuses is asked for a while longer: some brokers
    /// listen before they know their users. Whom it still refuses then is for the control to say.
    async fn wait_until_ready(
        &self,
        process: &mut Process,
        ports: &Ports,
        variant: &ProfileVariant,
    ) -> Result<(), NotStarted> {
        let begun = Instant::now();
        let deadline = begun + self.profile.start_limit() * self.patience;
        let mut ask = interval(ASK_EVERY);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut to_ask = ports.to_ask();
        let mut refused_until = None;
        loop {
            ask.tick().await;
            if let Some(end) = process.has_ended() {
                return Err(ended_early(process, &end, begun.elapsed(), ports));
            }
            let Some(&version) = to_ask.last() else {
                // What answers may be in the background, and the command gone.
                if process.is_running().await {
                    return Ok(());
                }
                continue;
            };
            let address = ports.address(version);
            let answer = timeout_at(deadline, answer(&address, version, variant.credentials.as_ref())).await;
            let is_settled = match answer {
                Ok(Answer::Accepted) => true,
                Ok(Answer::Refused) => Instant::now() > *refused_until.get_or_insert(Instant::now() + bounds::OPEN),
                Ok(Answer::Nothing) | Err(_) => false,
            };
            if is_settled {
                to_ask.pop();
            } else if Instant::now() >= deadline {
                let why = format!("no CONNACK on {address} within {}{}", seconds(begun.elapsed()), last_words(process));
                return Err(NotStarted::by(why));
            }
        }
    }
}

/// Why a broker does not run.
struct NotStarted {
    why: String,
    /// Somebody else has the port that was meant for it: another may be free.
    has_lost_its_port: bool,
}

impl NotStarted {
    fn by(why: String) -> Self {
        Self { why, has_lost_its_port: false }
    }
}

/// What is said of a command that ended before it was ready.
fn ended_early(process: &Process, end: &End, took: Duration, ports: &Ports) -> NotStarted {
    let words = last_words(process);
    if end.is_in_background() {
        let why = format!(
            "the command went into the background: it ended after {} and left running: {}; start the broker in the foreground{words}",
            seconds(took),
            end.left
        );
        return NotStarted::by(why);
    }
    let says_in_use = ["in use", "EADDRINUSE"].iter().any(|sign| words.contains(sign));
    let why = format!("ended after {} ({}){words}", seconds(took), how_it_ended(end));
    NotStarted { why, has_lost_its_port: says_in_use || !ports.are_free() }
}

fn how_it_ended(end: &End) -> String {
    let End { status, left } = end;
    if left.is_empty() { status.clone() } else { format!("{status}; it left running: {left}") }
}

/// The last lines of its output behind a colon; nothing where it has printed nothing.
fn last_words(process: &Process) -> String {
    let words = process.last_lines();
    if words.is_empty() { words } else { format!("; it printed: {words}") }
}

fn no_folder(error: &io::Error) -> String {
    let place = single_line(&std::env::temp_dir().to_string_lossy());
    format!("no folder for it among the temporary files in {place}: {error}; TMPDIR names another place")
}

fn not_started(words: &[String], error: &io::Error) -> String {
    let way_out = match error.kind() {
        ErrorKind::NotFound => "; is it installed?",
        ErrorKind::PermissionDenied => "; may it be executed?",
        _ => "",
    };
    format!("{}: {error}{way_out}", quoted(&words.join(" ")))
}

fn for_the_system(words: &[String]) -> Vec<OsString> {
    let (program, arguments) = words.split_first().map_or((None, words), |(program, rest)| (Some(program), rest));
    let program = program.map(|program| found_from_here(program));
    program.into_iter().chain(arguments.iter().map(OsString::from)).collect()
}

/// What the command prints that is to tell the version.
async fn printed(question: &VersionQuestion) -> io::Result<String> {
    let (folder, _) = processes::folder()?;
    let mut process = Process::start(for_the_system(&question.command), std::env::current_dir()?, folder).await?;
    process.wait().await;
    Ok(process.beginning())
}

/// The word behind this text.
fn version_in(printed: &str, after: &str) -> Option<String> {
    let (_, behind) = printed.split_once(after)?;
    let version = behind.split_whitespace().next()?.trim_end_matches(['.', ',', ';']);
    Some(single_line(version))
}

/// What a starting broker says to a CONNECT.
enum Answer {
    Nothing,
    Refused,
    Accepted,
}

/// Waits for a CONNACK: an open port alone is not readiness.
async fn answer(address: &str, version: Version, credentials: Option<&(String, String)>) -> Answer {
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
        let mut connack = Vec::new();
        while let None | Some(0x20) = connack.first() {
            if let Some(is_accepted) = is_accepted(&connack) {
                return Some((stream, is_accepted));
            }
            let mut next = [0; 1];
            let Read::Bytes(1) = read(&mut stream, &mut next).await else { return None };
            connack.extend(next);
        }
        None
    };
    match timeout(bounds::OPEN, ask).await {
        Ok(Some((stream, true))) => {
            take_leave(stream, version).await;
            Answer::Accepted
        }
        Ok(Some((_, false))) => Answer::Refused,
        Ok(None) | Err(_) => Answer::Nothing,
    }
}

/// What these bytes of a CONNACK say, once its code is among them: behind the length, which may be of several bytes, and
/// the flags.
fn is_accepted(connack: &[u8]) -> Option<bool> {
    let length = connack.iter().skip(1).position(|byte| byte & 0x80 == 0)? + 1;
    connack.get(1 + length + 1).map(|&code| code == 0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connack_accepts_by_its_code_behind_a_length_of_any_size() {
        assert_eq!(is_accepted(&[0x20, 2, 0]), None, "the code is still to come");
        assert_eq!(is_accepted(&[0x20, 2, 1, 0]), Some(true));
        assert_eq!(is_accepted(&[0x20, 2, 0, 5]), Some(false));
        assert_eq!(is_accepted(&[0x20, 0x83, 0x01, 0, 0x87]), Some(false));
    }
}

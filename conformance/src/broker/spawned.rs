//! A broker that the suite starts from a profile and ends, whatever happens: own port, own folder, killed by pid.

use super::doors::Doors;
use super::folders::Folder;
use super::ports::Ports;
use super::processes::{self, End, Process, found_from_here};
use super::profile::{ProfileVariant, Survived};
use super::restart::Again;
use super::set_up::SetUp;
use super::supervisor::Order;
use super::{Carrier, Endpoint, Profile, Started, Unready, Variant, folders, stopping, version};
use crate::text::{quoted, seconds, single_line};
use crate::wire::{Read, Transport, read};
use mqtt_assay_codec::{Connect, Disconnect, Packet, Properties, ReasonCode, Version};
use mqtt_assay_standard::bounds;
use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
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
    process: Rc<RefCell<Rc<Process>>>,
    /// Where a case may start it again.
    again: Option<Rc<Again>>,
}

/// Where a broker runs: its folder and the ways into it, which are the same when it is started again.
pub(super) struct Place {
    own: PathBuf,
    doors: Doors,
    /// Held, the folder stays: that of its process goes with the process.
    _store: Option<Folder>,
    /// How it is to end: in order where this says how, else at once.
    stop: Option<stopping::Stop>,
}

impl SpawnedBroker {
    /// How it ended, if it has: its exit status or the signal, in words. `None` while it runs.
    pub fn ended(&self) -> Option<String> {
        self.process.borrow().has_ended().map(|end| how_it_ended(&end))
    }

    /// Its number in the system.
    pub fn pid(&self) -> Option<u32> {
        self.process.borrow().pid()
    }

    /// Whether it runs, asked now: what ended before this call is seen, while [`ended`](Self::ended) may learn of it a
    /// moment later.
    pub async fn is_running(&self) -> bool {
        let process = Rc::clone(&self.process.borrow());
        process.is_running().await
    }

    /// Ends it, where it is of no use any more.
    pub fn end(&self) {
        self.process.borrow().end();
    }

    /// The last lines that it has printed, on one line, escaped; empty where there are none. It may be running.
    pub fn last_words(&self) -> String {
        self.process.borrow().last_lines()
    }

    /// Ends it as its lease says, and starts it again where it was.
    pub(super) async fn restart(&self) -> Result<(), String> {
        let again = self.again.as_ref().ok_or("it was not started to be started again")?;
        let process = Rc::clone(&self.process.borrow());
        process.end_meanwhile().await;
        let started = again.target.start_again(again).await.map_err(|failed| failed.why)?;
        *self.process.borrow_mut() = Rc::new(started);
        Ok(())
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
    /// The variant whose carrier all others are reached by.
    carrier: Option<Variant>,
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
        let (running, version) = (Rc::default(), Rc::default());
        Self { profile: Rc::new(profile), patience, carrier: None, starting, running, version }
    }

    /// The same, reached by the carrier of this variant.
    #[must_use]
    pub fn over(self, carrier: Option<Variant>) -> Self {
        Self { carrier, ..self }
    }

    /// What carries the bytes, where a variant doesn't say.
    pub fn carrier(&self) -> Carrier {
        self.carrier.and_then(|variant| variant.carrier).unwrap_or_default()
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
        Some(SetUp::of(&self.profile, &self.settings_of(variant).ok()?))
    }

    /// Asks for the broker's version, as the profile says. What doesn't answer in the time that a start may take has none.
    pub async fn learn_version(&self) {
        *self.version.borrow_mut() = version::learn(&self.profile, self.patience).await;
    }

    /// Starts a broker for this variant, which ends with the target, and waits until it answers a CONNECT.
    pub async fn prepare(&self, variant: Variant) -> Result<Started, Unready> {
        let (started, lease) = self.lease(variant).await?;
        self.running.borrow_mut().push(lease.broker);
        Ok(started)
    }

    /// Starts a broker for this variant, which ends with its lease, and waits until it answers a CONNECT.
    pub async fn lease(&self, variant: Variant) -> Result<(Started, Lease), Unready> {
        self.lease_in(variant, None).await
    }

    /// The same for a broker that will end in this way, which it promises to survive, and is started again.
    pub async fn lease_to_restart(&self, variant: Variant, manner: Survived) -> Result<(Started, Lease), Unready> {
        if !self.profile.survived_by(&self.settings_of(variant)?).contains(&manner) {
            let why = format!("the profile {} does not say that it survives a {}", self.name(), manner.word());
            return Err(Unready::NotOffered(why));
        }
        self.lease_in(variant, Some(manner)).await
    }

    async fn lease_in(&self, variant: Variant, manner: Option<Survived>) -> Result<(Started, Lease), Unready> {
        let settings = self.settings_of(variant)?;
        // The semaphore is never closed.
        let _permit = self.starting.acquire().await;
        let mut tries = 1;
        loop {
            match self.start(&settings, manner).await {
                Ok((process, place)) => {
                    let place = Rc::new(place);
                    let again = manner.map(|_| Again { target: self.clone(), variant, place: Rc::clone(&place) });
                    let process = Rc::new(RefCell::new(Rc::new(process)));
                    let broker = SpawnedBroker { process, again: again.map(Rc::new) };
                    let started = Started::by_version(place.doors.endpoints(), settings.setting());
                    return Ok((started.by(broker.clone()), Lease { broker }));
                }
                Err(failed) if failed.has_lost_its_port && tries < PORT_TRIES => tries += 1,
                Err(failed) => return Err(Unready::Failed(format!("{}: {}", self.name(), failed.why))),
            }
        }
    }

    /// What the profile says of this variant, reached as this target is, where it has it.
    fn settings_of(&self, variant: Variant) -> Result<ProfileVariant, Unready> {
        let effective = self.profile.effective(variant, self.carrier);
        effective.map_err(|why| Unready::NotOffered(single_line(&why)))
    }

    async fn start(&self, variant: &ProfileVariant, manner: Option<Survived>) -> Result<(Process, Place), NotStarted> {
        let failed = |error: io::Error| NotStarted::by(no_folder(&error));
        let (folder, own) = processes::folder().map_err(failed)?;
        let (store, own) = match manner {
            None => (None, own),
            Some(_) => processes::folder().map(|(store, own)| (Some(store), own)).map_err(failed)?,
        };
        let ports = Ports::choose(&self.profile).map_err(|error| NotStarted::by(format!("no free port: {error}")))?;
        let doors = Doors::make(&self.profile, variant, ports, &own).map_err(NotStarted::by)?;
        let mut place = Place { own, doors, _store: store, stop: None };
        place.stop = self.stop_in(&place, manner);
        let files = self.profile.files_of(variant).into_iter().map(|(name, text)| (name, place.fill(&text)));
        for (name, text) in files.chain(place.doors.files()) {
            let written = fs::write(place.own.join(&name), text);
            written.map_err(|error| NotStarted::by(format!("{}: {error}", single_line(&name))))?;
        }
        let process = self.start_in(&place, variant, folder).await?;
        Ok((process, place))
    }

    /// How a broker ends: as the profile says, but for one that a case is to kill; one that a case is to stop gets the usual
    /// signal where the profile says nothing.
    fn stop_in(&self, place: &Place, manner: Option<Survived>) -> Option<stopping::Stop> {
        let stop = self.profile.stop.as_ref().map(|stop| way_to_stop(stop, |text| place.fill(text)));
        match manner {
            None => stop,
            Some(Survived::Stop) => stop.or_else(|| Some(stopping::Stop::Signal("SIGTERM".to_owned()))),
            Some(Survived::Kill) => None,
        }
    }

    /// Starts the command in a place that is prepared.
    async fn start_in(&self, place: &Place, variant: &ProfileVariant, folder: Folder) -> Result<Process, NotStarted> {
        let words: Vec<String> = self.profile.command.iter().map(|word| place.fill(word)).collect();
        let cwd = self.profile.cwd.as_ref();
        let directory = cwd.map_or(Ok(place.own.clone()), |cwd| folder_to_work_in(&place.fill(cwd)));
        let order = Order {
            directory: directory.map_err(NotStarted::by)?,
            words: for_the_system(&words),
            environment: self.profile.env.iter().map(|(name, value)| (name.clone(), place.fill(value))).collect(),
            stop: place.stop.clone(),
            ..Order::default()
        };
        let mut process =
            Process::start(order, folder).await.map_err(|error| NotStarted::by(not_started(&words, &error)))?;
        self.wait_until_ready(&mut process, &place.doors, variant).await?;
        Ok(process)
    }

    /// Starts a broker again where it was.
    async fn start_again(&self, again: &Again) -> Result<Process, NotStarted> {
        let (folder, _) = processes::folder().map_err(|error| NotStarted::by(no_folder(&error)))?;
        let settings = self.settings_of(again.variant).unwrap_or_default();
        self.start_in(&again.place, &settings, folder).await
    }

    /// Ends when every port accepts a CONNECT of its version. One that refuses is asked for a while longer: some brokers
    /// listen before they know their users. Whom it still refuses then is for the control to say.
    async fn wait_until_ready(
        &self,
        process: &mut Process,
        doors: &Doors,
        variant: &ProfileVariant,
    ) -> Result<(), NotStarted> {
        let begun = Instant::now();
        let deadline = begun + self.profile.start_limit() * self.patience;
        let mut ask = interval(ASK_EVERY);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut to_ask = doors.ports.to_ask();
        let mut why_nothing = String::new();
        let mut refused_until = None;
        loop {
            ask.tick().await;
            if let Some(end) = process.has_ended() {
                return Err(ended_early(process, &end, begun.elapsed(), &doors.ports));
            }
            let Some(&version) = to_ask.last() else {
                // What answers may be in the background, and the command gone.
                if process.is_running().await {
                    return Ok(());
                }
                continue;
            };
            let (endpoint, address) = doors.of(version);
            let answer = timeout_at(deadline, answer(endpoint, version, variant.credentials.as_ref())).await;
            let is_settled = match answer {
                Ok(Answer::Accepted) => true,
                Ok(Answer::Refused) => Instant::now() > *refused_until.get_or_insert(Instant::now() + bounds::OPEN),
                Ok(Answer::Nothing(why)) => {
                    why_nothing = why;
                    false
                }
                Err(_) => false,
            };
            if is_settled {
                to_ask.pop();
            } else if Instant::now() >= deadline {
                let why = format!(
                    "no CONNACK on {address} within {}{why_nothing}{}",
                    seconds(begun.elapsed()),
                    last_words(process)
                );
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

impl Place {
    /// Puts ports and folder into a command or a file.
    fn fill(&self, text: &str) -> String {
        self.doors.fill(text).replace("{dir}", &self.own.to_string_lossy())
    }
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

/// The folder that the profile names, as it is found from here.
fn folder_to_work_in(cwd: &str) -> Result<PathBuf, String> {
    let shown = quoted(cwd);
    let folder = std::path::absolute(cwd).map_err(|error| format!("cwd {shown}: {error}"))?;
    if folder.is_dir() { Ok(folder) } else { Err(format!("cwd {shown}: there is no such folder")) }
}

fn way_to_stop(stop: &super::Stop, fill: impl Fn(&str) -> String) -> stopping::Stop {
    match stop {
        super::Stop::Signal(name) => stopping::Stop::Signal(name.clone()),
        super::Stop::Command(words) => {
            let words: Vec<String> = words.iter().map(|word| fill(word)).collect();
            stopping::Stop::Command(for_the_system(&words))
        }
    }
}

pub(super) fn for_the_system(words: &[String]) -> Vec<OsString> {
    let (program, arguments) = words.split_first().map_or((None, words), |(program, rest)| (Some(program), rest));
    let program = program.map(|program| found_from_here(program));
    program.into_iter().chain(arguments.iter().map(OsString::from)).collect()
}

/// What a starting broker says to a CONNECT.
enum Answer {
    /// Nothing; why, where TLS or WebSocket say it.
    Nothing(String),
    Refused,
    Accepted,
}

/// Waits for a CONNACK: an open port alone is not readiness.
async fn answer(endpoint: &Endpoint, version: Version, credentials: Option<&(String, String)>) -> Answer {
    let mut why_nothing = String::new();
    let ask = async {
        let mut stream = endpoint.open().await.map_err(|error| why_nothing = why_not_open(&error)).ok()?;
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
        stream.flush().await.ok()?;
        let mut connack = Vec::new();
        while let None | Some(0x20) = connack.first() {
            if let Some(is_accepted) = is_accepted(&connack) {
                return Some((stream, is_accepted));
            }
            let mut next = [0; 1];
            let Read::Bytes(1) = read(&mut *stream, &mut next).await else { return None };
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
        Ok(None) | Err(_) => Answer::Nothing(why_nothing),
    }
}

/// What is said of a connection that was not opened: that nobody listens yet is no news.
fn why_not_open(error: &io::Error) -> String {
    let why = error.to_string();
    if why.starts_with("TLS") || why.starts_with("WebSocket") {
        format!(": {}", single_line(&why))
    } else {
        String::new()
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
async fn take_leave(mut stream: Box<dyn Transport>, version: Version) {
    let disconnect = Packet::Disconnect(Disconnect { reason: ReasonCode::SUCCESS, properties: Properties::EMPTY });
    let leave = async {
        stream.write_all(&disconnect.to_bytes(version).ok()?).await.ok()?;
        stream.flush().await.ok()?;
        let mut rest = [0; 256];
        while let Read::Bytes(_) = read(&mut *stream, &mut rest).await {}
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

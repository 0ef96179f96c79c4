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
use std::io;
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

/// A process that ends with the last case that holds it.
pub struct Lease {
    process: Process,
}

/// A profile as a target.
#[derive(Clone)]
pub struct SpawnedTarget {
    profile: Rc<Profile>,
    patience: u32,
    /// How many may be starting at the same time.
    starting: Rc<Semaphore>,
    running: Rc<RefCell<Vec<Process>>>,
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
        self.running.borrow_mut().push(lease.process);
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
                Ok((process, ports)) => return Ok((ports.started(settings), Lease { process })),
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

    /// Ends when every port accepts a CONNECT of its version. One that refuses is asked for a while longer: some brokers
    /// listen before they know their users. Whom it still refuses then is for the control to say.
    async fn wait_until_ready(&self, process: &Process, ports: &Ports, variant: &ProfileVariant) -> Result<(), String> {
        let limit = self.profile.start_limit() * self.patience;
        let deadline = Instant::now() + limit;
        let mut ask = interval(ASK_EVERY);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut to_ask = ports.to_ask();
        let mut refused_until = None;
        while let Some(&version) = to_ask.last() {
            ask.tick().await;
            if let Some(status) = process.has_ended() {
                return Err(format!("ended at once ({status}){}", last_words(process.folder())));
            }
            let answer = answer(&ports.address(version), version, variant.credentials.as_ref()).await;
            let is_settled = match answer {
                Answer::Accepted => true,
                Answer::Refused => Instant::now() > *refused_until.get_or_insert(Instant::now() + bounds::OPEN),
                Answer::Nothing => false,
            };
            if is_settled {
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

fn last_words(folder: &Path) -> String {
    let printed = fs::read(folder.join(LOG)).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed);
    let mut lines: Vec<&str> = printed.lines().rev().take(LOG_LINES).collect();
    lines.reverse();
    if lines.is_empty() {
        String::new()
    } else {
        format!("; it printed: {}", crate::text::single_line(&lines.join(" | ")))
    }
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

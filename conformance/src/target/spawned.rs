//! A broker that the suite starts from a profile and ends, whatever happens: own port, own folder, killed by pid.

use super::profile::ProfileVariant;
use super::{Endpoint, Profile, Ready, Unready, Variant};
use crate::bounds;
use crate::wire::{Read, Tcp, read};
use mqtt_assay_codec::{Connect, Packet, Properties, Version};
use std::cell::RefCell;
use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// How often a starting broker is asked whether it answers.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// How many times a port is tried: another program may take it between our look and the broker's.
const PORT_TRIES: u32 = 3;

/// The file in the broker's folder that takes what it prints.
const LOG: &str = "output.log";

/// How much of a broker's output a message quotes, in lines.
const LOG_LINES: usize = 5;

/// A running broker process with its folder; both are gone when it is dropped.
struct Running {
    child: Child,
    folder: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A profile as a target.
pub struct SpawnedTarget {
    profile: Profile,
    patience: u32,
    running: RefCell<Vec<Running>>,
}

impl SpawnedTarget {
    /// A target that starts this broker; `patience` stretches the time it may take.
    pub fn new(profile: Profile, patience: u32) -> Self {
        Self { profile, patience, running: RefCell::default() }
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

    /// Starts a broker for this variant and waits until it answers a CONNECT.
    pub async fn prepare(&self, variant: Variant) -> Result<Ready, Unready> {
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
        let mut tries = 1;
        loop {
            match self.start(settings).await {
                Ok((running, address)) => {
                    self.running.borrow_mut().push(running);
                    return Ok(Ready { endpoint: Endpoint::Tcp(address), setting: settings.setting() });
                }
                Err(_) if tries < PORT_TRIES => tries += 1,
                Err(why) => return Err(Unready::Failed(why)),
            }
        }
    }

    async fn start(&self, variant: &ProfileVariant) -> Result<(Running, String), String> {
        let in_words = |what: &str| format!("{}: {what}", self.profile.name);
        let folder =
            TempDir::with_prefix("mqtt-assay-").map_err(|error| in_words(&format!("no folder of its own: {error}")))?;
        let port = free_port().map_err(|error| in_words(&format!("no free port: {error}")))?;
        let fill =
            |text: &str| text.replace("{port}", &port.to_string()).replace("{dir}", &folder.path().to_string_lossy());
        for (name, text) in self.profile.files_of(variant) {
            fs::write(folder.path().join(&name), fill(&text)).map_err(|error| in_words(&format!("{name}: {error}")))?;
        }
        let command: Vec<String> = self.profile.command.iter().map(|word| fill(word)).collect();
        let child = spawn(&command, folder.path())
            .map_err(|error| in_words(&format!("`{}`: {error}; is it installed?", command.join(" "))))?;
        let mut running = Running { child, folder };
        let address = format!("127.0.0.1:{port}");
        let deadline = Instant::now() + bounds::START * self.patience;
        let mut ask = interval(ASK_EVERY);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ask.tick().await;
            if let Ok(Some(status)) = running.child.try_wait() {
                return Err(in_words(&format!("ended at once ({status}){}", last_words(running.folder.path()))));
            }
            if answers(&address).await {
                return Ok((running, address));
            }
            if Instant::now() > deadline {
                let limit = bounds::START * self.patience;
                return Err(in_words(&format!("no CONNACK within {limit:?}{}", last_words(running.folder.path()))));
            }
        }
    }
}

fn spawn(command: &[String], folder: &Path) -> io::Result<Child> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let log = File::create(folder.join(LOG))?;
    let errors = log.try_clone()?;
    Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(log).stderr(errors).spawn()
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// True once something sends the first byte of a CONNACK: an open port alone is not readiness.
async fn answers(address: &str) -> bool {
    let ask = async {
        let mut stream = Tcp::connect(address).await.ok()?;
        let connect = Connect {
            clean_start: true,
            keep_alive: 60,
            properties: Properties::EMPTY,
            client_id: "mqttassayready",
            will: None,
            user_name: None,
            password: None,
        };
        stream.write_all(&Packet::Connect(connect).to_bytes(Version::V3_1_1).ok()?).await.ok()?;
        let mut first = [0; 1];
        (read(&mut stream, &mut first).await == Read::Bytes(1) && first[0] == 0x20).then_some(())
    };
    timeout(bounds::OPEN, ask).await.ok().flatten().is_some()
}

fn last_words(folder: &Path) -> String {
    let printed = fs::read(folder.join(LOG)).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed);
    let mut lines: Vec<&str> = printed.lines().rev().take(LOG_LINES).collect();
    lines.reverse();
    if lines.is_empty() {
        String::new()
    } else {
        format!("; it printed: {}", crate::transcript::single_line(&lines.join(" | ")))
    }
}

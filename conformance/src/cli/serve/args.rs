//! The arguments of `serve`, and what they mean for the broker.

use super::certificates::TlsArgs;
use crate::cli::choices;
use crate::cli::failure::Failure;
use crate::text::{HIDDEN, did_you_mean, quoted, single_line};
use clap::Args;
use mqtt_assay_reference::{Access, BrokerLimits, FaultOn, Quirk, Settings, User};
use std::ffi::OsString;
use std::path::PathBuf;

const EXAMPLES: &str = "\
A tool for people who write clients, no product: nothing outlives the process. Its log has one line
for each connection, one for each end that the broker decides (a client that is silent or takes
nothing, no room), and one for each breach: connection, client identifier, rule, what the rule says,
what the client did, [the bytes of its packet]; with -v also each packet and each end with its
reason. At its end stands what each client broke. `mqtt-assay explain RULE` says more,
`mqtt-assay decode --from client 'BYTES'` explains the packet field by field. If nobody reads that,
lines are left out, and counted.

With a command it ends when the command does. The command finds the first address in MQTT_URL,
MQTT_HOST and MQTT_PORT (MQTT_SOCKET for unix://), and all of them in MQTT_URLS, with a blank
between; what it prints goes through, and the log goes to standard error. Exit code 1: a client
broke a rule. 9: none did, and the command failed. 1 comes first where both are so, since a
breach may be why the command failed. Rules that are only implied or only a SHOULD are named, and
count with --strict alone. What the command leaves running is ended with it, and so is the command
by Ctrl-C.

For mqtts:// and wss:// without --cert a certificate is made, for localhost and what --listen
names, and the certificate of its authority is written to a file, which the log and MQTT_CA name;
with --mutual-tls so are the client's certificate and key (MQTT_CERT, MQTT_KEY). A handshake that
fails is logged with its reason. ws:// and wss:// take clients at the path that stands behind the
port, without one at every path. unix:// without a path takes a socket in a folder of its own; a
socket that nobody listens at any more makes room, and each is removed at the end.

With --each it runs the command beside a sound broker first, then once beside each broker with one
fault or quirk, each where --listen says (without it on a free port), and prints a table: passes
(exit code 0), fails, hangs (longer than --each-timeout), and which rules the client breaks that it
keeps beside the sound one. The standard permits every quirk, so who doesn't pass beside one relies
on more than it promises: exit code 1, as for a broken rule. Beside a fault it may fail. Exit code
9: it doesn't pass beside the sound broker.

A client that reads slowly gets everything, more slowly; those who publish to it are slowed too.
Memory: max-stored-bytes for what is kept and max-unsent-bytes for what is written out (256 and 64
MiB), and up to 128 KiB for each connection. What is too much is refused or ends the connection,
with reason code 0x97 in MQTT 5.

Examples:
  mqtt-assay serve                                    on 127.0.0.1:1883
  mqtt-assay serve -- npm test                        on a free port, as long as the tests run
  mqtt-assay serve --strict --json breaches.json -- pytest
  mqtt-assay serve --each quirk --jobs 4 -- ./test.sh
  mqtt-assay serve --each 'retain*' -- ./test.sh      faults and quirks with such names
  mqtt-assay serve --listen 127.0.0.1:0               on a free port, which the first line names
  mqtt-assay serve --listen mqtt://127.0.0.1:1883 --listen wss://127.0.0.1:8084/mqtt
  mqtt-assay serve --listen mqtts://127.0.0.1:0 -- ./test.sh    which finds MQTT_URL and MQTT_CA
  mqtt-assay serve --listen mqtts://0.0.0.0 --cert b.pem --key b.key --client-ca ca.pem
  mqtt-assay serve --listen unix:///tmp/mqtt.sock
  mqtt-assay serve --limit max-qos=1 --limit retain=no
  mqtt-assay serve --user ann --password secret --denied-topic 'secret/#'
  mqtt-assay serve --fault drops-binary               see what your client does with a broken broker

Names: mqtt-assay explain limits, faults, quirks. Without a command Ctrl-C ends it, with exit
code 0.";

/// Where assigned client identifiers start, and what decides the delays of quirks.
const SEED: u64 = 1;

/// Serve the reference broker: strict, in memory, naming each rule that a client breaks
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Where to listen: ADDRESS:PORT, mqtt://, mqtts://, ws://, wss:// or unix://; port 0 takes a free one (repeatable) [default: 127.0.0.1:1883, with a command 127.0.0.1:0]
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<String>,

    /// Break the standard in this way, FAULT or FAULT@WAY (repeatable)
    #[arg(long, value_name = "FAULT", value_parser = choices::fault)]
    pub(super) fault: Vec<FaultOn>,

    /// Use this freedom of the standard (repeatable)
    #[arg(long, value_name = "QUIRK", value_parser = choices::quirk)]
    pub(super) quirk: Vec<Quirk>,

    /// Set a limit (repeatable)
    #[arg(long, value_name = "NAME=VALUE")]
    limit: Vec<String>,

    /// Let in only this user
    #[arg(long, value_name = "NAME", requires = "password")]
    user: Option<String>,

    /// The password of the user
    #[arg(long, value_name = "PASSWORD", requires = "user")]
    password: Option<String>,

    /// Topics that nobody may publish or subscribe to
    #[arg(long, value_name = "FILTER")]
    denied_topic: Option<String>,

    /// Rules count too that are only implied, or only a SHOULD
    #[arg(long)]
    pub(super) strict: bool,

    /// Write what each client did and broke as JSON; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,

    /// Log each packet, and each end of a connection with its reason
    #[arg(short, long)]
    pub(super) verbose: bool,

    /// Run the command once for each of these, and say which it survives: fault, quirk, or a glob over their names (repeatable)
    #[arg(long, value_name = "FILTER", requires = "command")]
    pub(super) each: Vec<String>,

    /// How many seconds a run of --each may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30, requires = "each", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) each_timeout: u64,

    /// How many runs of --each go side by side
    #[arg(long, value_name = "N", default_value_t = 1, requires = "each", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(super) jobs: u16,

    /// Run this command, and end with it
    #[arg(last = true, value_name = "CMD")]
    pub(super) command: Vec<OsString>,

    #[command(flatten)]
    pub(super) tls: TlsArgs,
}

impl ServeArgs {
    /// Where to listen.
    pub(super) fn addresses(&self) -> Vec<String> {
        if !self.listen.is_empty() {
            return self.listen.clone();
        }
        let port = if self.command.is_empty() { 1883 } else { 0 };
        vec![format!("127.0.0.1:{port}")]
    }

    /// What one broker of `--each` is to be.
    pub(super) fn settings_with(&self, fault: Option<FaultOn>, quirks: &[Quirk]) -> Result<Settings, Failure> {
        let settings = self.settings()?;
        let faults = self.fault.iter().copied().chain(fault).collect();
        Ok(Settings { faults, quirks: quirks.iter().copied().collect(), ..settings })
    }

    /// What the broker is to be.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let mut limits = BrokerLimits::default();
        for limit in &self.limit {
            set(&mut limits, limit)?;
        }
        let users: Vec<User> = self
            .user
            .iter()
            .zip(&self.password)
            .map(|(name, password)| User { name: name.clone(), password: password.clone().into_bytes() })
            .collect();
        Ok(Settings {
            limits,
            access: Access { anonymous: users.is_empty(), users, denied_topic: self.denied_topic.clone() },
            faults: self.fault.iter().copied().collect(),
            quirks: self.quirk.iter().copied().collect(),
            seed: SEED,
            planted: None,
        })
    }

    /// The words of the command, without the password that this program knows.
    pub(super) fn shown_command(&self) -> Vec<String> {
        let words = self.command.iter().map(|word| single_line(&word.to_string_lossy()));
        let password = self.password.as_deref().filter(|password| !password.is_empty());
        words.map(|word| password.map_or(word.clone(), |password| word.replace(password, HIDDEN))).collect()
    }
}

fn set(limits: &mut BrokerLimits, text: &str) -> Result<(), Failure> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| Failure::usage(format!("--limit {}: write NAME=VALUE, as in max-qos=1", quoted(text))))?;
    if !BrokerLimits::NAMES.iter().any(|limit| limit.name == name) {
        let near = did_you_mean(name, BrokerLimits::NAMES.iter().map(|limit| limit.name));
        let message =
            format!("--limit {}: there is no such limit (`mqtt-assay explain limits` lists them){near}", quoted(name));
        return Err(Failure::usage(message));
    }
    limits.set(name, value).map_err(|problem| Failure::usage(format!("--{}", single_line(&problem))))
}

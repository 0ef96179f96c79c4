//! `mqtt-assay serve`: the reference broker on a socket, which names each rule that a client breaks.

use super::exit::Exit;
use super::failure::Failure;
use super::guard::Signals;
use super::output::print;
use super::serve_log::Log;
use crate::broker::{Said, Shell};
use crate::run::clock;
use crate::text::{did_you_mean, quoted, single_line};
use crate::wire::Tcp;
use clap::Args;
use mqtt_assay_codec::Version;
use mqtt_assay_reference::{Access, Breach, BrokerLimits, FaultOn, Machine, Note, Quirk, Settings, User};
use mqtt_assay_standard as standard;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{MissedTickBehavior, interval};

const EXAMPLES: &str = "\
A tool for people who write clients, no product: nothing outlives the process. On standard output
one line for each connection, one for each end that the broker decides (a client that is silent or
takes nothing, no room), and one for each breach: connection, client identifier, rule, what the rule
says, what the client did, [the bytes of its packet]. `mqtt-assay explain RULE` says more,
`mqtt-assay decode --from client 'BYTES'` explains the packet field by field. If nobody reads that,
lines are left out, and counted.

A client that reads slowly gets everything, more slowly; those who publish to it are slowed too.
Memory: max-stored-bytes for what is kept and max-unsent-bytes for what is written out (256 and 64
MiB), and up to 64 KiB for each connection. What is too much is refused or ends the connection, with
reason code 0x97 in MQTT 5.

Examples:
  mqtt-assay serve                                    on 127.0.0.1:1883
  mqtt-assay serve --listen 127.0.0.1:0               on a free port, which the first line names
  mqtt-assay serve --limit max-qos=1 --limit retain=no
  mqtt-assay serve --user ann --password secret --denied-topic 'secret/#'
  mqtt-assay serve --fault drops-binary               see what your client does with a broken broker

Names: mqtt-assay explain limits, faults, quirks. Ctrl-C ends it, with a count
of the broken rules and exit code 0.";

/// Where assigned client identifiers start, and what decides the delays of quirks.
const SEED: u64 = 1;

/// How often at most a connection may fail while it is taken: out of file descriptors it would fail on and on.
const RETRY: Duration = Duration::from_millis(100);

/// Serve the reference broker: strict, in memory, naming each rule that a client breaks
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:1883")]
    listen: String,

    /// Break the standard in this way, FAULT or FAULT@WAY (repeatable)
    #[arg(long, value_name = "FAULT", value_parser = super::choices::fault)]
    fault: Vec<FaultOn>,

    /// Use this freedom of the standard (repeatable)
    #[arg(long, value_name = "QUIRK", value_parser = super::choices::quirk)]
    quirk: Vec<Quirk>,

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
}

impl ServeArgs {
    fn settings(&self) -> Result<Settings, Failure> {
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
        })
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

/// Serves until it is interrupted.
pub(crate) fn serve(args: &ServeArgs) -> Result<Exit, Failure> {
    let settings = args.settings()?;
    clock::real(listen(args, settings)).map_err(|error| Failure::new(Exit::OurBug, format!("no runtime: {error}")))?
}

async fn listen(args: &ServeArgs, settings: Settings) -> Result<Exit, Failure> {
    let failed = |error: Error| not_listening(&args.listen, &error);
    let listener = TcpListener::bind(&args.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let mut signals =
        Signals::new().map_err(|error| Failure::new(Exit::OurBug, format!("no signal handler: {error}")))?;
    print(&format!("listening on mqtt://{address}; Ctrl-C ends\n"))?;
    let seed = settings.seed;
    let broken = Rc::new(RefCell::new(BTreeMap::new()));
    let tally = Rc::clone(&broken);
    let log = Log::start().map_err(|error| Failure::new(Exit::OurBug, format!("no thread for the log: {error}")))?;
    let lines = log.clone();
    let shell = Shell::start(Machine::new(settings), &args.quirk, seed, move |said| match said {
        Said::Note(note) => lines.line(&note_line(note)),
        Said::Breach(breach) => {
            *tally.borrow_mut().entry((breach.version, breach.rule)).or_default() += 1;
            lines.line(&breach_line(breach));
        }
    });
    tokio::select! {
        biased;
        () = signals.next() => {}
        () = accept(&listener, &shell, &log) => {}
    }
    log.end(&summary(&broken.borrow()))?;
    Ok(Exit::Success)
}

/// How often each rule was broken: one line each.
fn summary(broken: &BTreeMap<(Version, &str), u64>) -> String {
    if broken.is_empty() {
        return "no rule was broken by a client\n".to_owned();
    }
    let line = |((version, rule), count): (&(Version, &str), &u64)| {
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        format!("{rule} of MQTT {version} was broken {times}\n")
    };
    broken.iter().map(line).collect()
}

/// Why nothing can be served there, and what can be done about it.
fn not_listening(address: &str, error: &Error) -> Failure {
    let way_out = match error.kind() {
        ErrorKind::AddrInUse => {
            "; another program listens there: end it, or take a free port with --listen 127.0.0.1:0"
        }
        ErrorKind::PermissionDenied => "; ports below 1024 are often for administrators only: choose a higher one",
        ErrorKind::AddrNotAvailable => "; this machine has no such address: try 127.0.0.1, or 0.0.0.0 for all it has",
        ErrorKind::InvalidInput => "; write ADDRESS:PORT, as in 127.0.0.1:1883",
        _ => "",
    };
    Failure::usage(format!("--listen {}: {error}{way_out}", quoted(address)))
}

/// Takes connections for ever. One that fails while it is taken is the client's affair, and logged.
async fn accept(listener: &TcpListener, shell: &Shell, log: &Log) {
    let mut count = 0_u64;
    let mut retries = interval(RETRY);
    retries.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        match listener.accept().await.and_then(|(stream, from)| opened(stream, from, count, log)) {
            Ok(stream) => {
                shell.accept(Box::new(stream));
                count += 1;
            }
            Err(error) => {
                log.line(&format!("a connection failed: {error}"));
                retries.tick().await;
            }
        }
    }
}

fn opened(stream: TcpStream, from: SocketAddr, number: u64, log: &Log) -> std::io::Result<Tcp> {
    let stream = Tcp::new(stream)?;
    log.line(&format!("connection {number} from {from}"));
    Ok(stream)
}

/// Connection, client, rule, what the rule says, what the client did, and its packet: on one line.
fn breach_line(breach: &Breach) -> String {
    let client = client_of(breach.client_id.as_deref());
    let says = standard::find(breach.version, breach.rule).map_or("", |rule| rule.rule().says);
    let Breach { connection, rule, version, .. } = breach;
    // The codec's errors begin with the rule, which stands here already.
    let codec = breach.detail.strip_prefix(rule).and_then(|rest| rest.split_once("): "));
    let detail = codec.map_or(breach.detail.as_str(), |(_, detail)| detail);
    let packet = packet_bytes(breach);
    single_line(&format!(
        "connection {}{client}: breaks {rule} of MQTT {version}: {says} ({detail}){packet}",
        connection.0
    ))
}

/// The bytes of the packet, as `mqtt-assay decode` reads them.
fn packet_bytes(breach: &Breach) -> String {
    if breach.packet.is_empty() {
        return String::new();
    }
    let bytes: Vec<String> = breach.packet.iter().map(|byte| format!("{byte:02x}")).collect();
    let (shown, whole) = (breach.packet.len(), breach.packet_len);
    let cut = if shown < whole { format!("; {shown} of {whole} bytes") } else { String::new() };
    format!(" [{}{cut}]", bytes.join(" "))
}

/// Connection, client, what happened: on one line.
fn note_line(note: &Note) -> String {
    let client = client_of(note.client_id.as_deref());
    single_line(&format!("connection {}{client}: {}", note.connection.0, note.text))
}

fn client_of(client_id: Option<&str>) -> String {
    client_id.map_or_else(String::new, |id| format!(", client {}", crate::link::describe::quoted(id.as_bytes())))
}

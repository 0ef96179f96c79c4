//! What the log says: one line for each thing, whatever a client has put into it.

use super::breach::{Breach, counts, level};
use super::clients::{End, Ledger};
use crate::link::describe;
use crate::text::single_line;
use crate::watch::Passing;
use mqtt_assay_codec::{Sender, Version};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How many clients the summary lists.
const LISTED: usize = 50;

/// Connection and client, as each line begins.
pub(super) fn who(connection: u64, client: Option<&str>) -> String {
    client.map_or_else(|| format!("connection {connection}"), |id| format!("connection {connection}, {}", named(id)))
}

fn named(client: &str) -> String {
    format!("client {}", describe::quoted(client.as_bytes()))
}

/// Connection, client, rule, what the rule says, what the client did, and its packet.
pub(super) fn breach(breach: &Breach, client: Option<&str>) -> String {
    let Breach { connection, version, rule, did, .. } = breach;
    let level = breach.level();
    let weak = if level.is_weak() { format!(" ({})", level.word()) } else { String::new() };
    let says = breach.says();
    let line = format!("{}: breaks {rule} of MQTT {version}{weak}: {says} ({did})", who(*connection, client));
    single_line(&format!("{line}{}", packet_bytes(breach)))
}

/// The bytes of the packet, as `mqtt-assay decode` reads them.
fn packet_bytes(breach: &Breach) -> String {
    if breach.bytes.is_empty() {
        return String::new();
    }
    let (shown, whole) = (breach.bytes.len(), breach.length);
    let cut = if shown < whole { format!("; {shown} of {whole} bytes") } else { String::new() };
    format!(" [{}{cut}]", hex(&breach.bytes))
}

/// Pairs of digits, parted by blanks.
pub(super) fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

/// Connection, client, what the broker did by itself.
pub(super) fn note(connection: u64, client: Option<&str>, text: &str) -> String {
    single_line(&format!("{}: {text}", who(connection, client)))
}

/// One packet: its direction, and what it says.
pub(super) fn packet(passing: &Passing<'_>, client: Option<&str>) -> String {
    let arrow = if passing.from == Sender::Client { "->" } else { "<-" };
    let says = match &passing.packet {
        Some(packet) => describe::packet(packet),
        None => format!("a packet of {} bytes, which is not looked at", passing.length),
    };
    let left = passing.length.saturating_sub(passing.bytes.len());
    let more = if passing.packet.is_some() && left > 0 { format!(" and {left} bytes of it") } else { String::new() };
    single_line(&format!("{} {arrow} {says}{more}", who(passing.connection, client)))
}

/// A connection that never became one.
pub(super) fn no_handshake(connection: u64, why: &str) -> String {
    single_line(&format!("{}: no client: {why}", who(connection, None)))
}

/// The end of a connection.
pub(super) fn end(connection: u64, client: Option<&str>, end: &End) -> String {
    single_line(&format!("{} ended by the {}: {}", who(connection, client), end.by, end.why))
}

/// What each client broke, and how often each rule was broken.
pub(super) fn summary(ledger: &Ledger, strict: bool) -> String {
    let mut out = String::new();
    let clients = ledger.clients();
    for client in clients.iter().take(LISTED) {
        let name = client.id.map_or_else(|| "without a client identifier".to_owned(), named);
        let mut versions: Vec<Version> = client.connections.iter().filter_map(|record| record.version).collect();
        versions.sort_unstable();
        versions.dedup();
        let spoken: Vec<String> = versions.iter().map(|version| format!(", MQTT {version}")).collect();
        let connections = crate::text::counted(client.connections.len(), "connection");
        let broken = if client.broken.is_empty() { "breaks no rule".to_owned() } else { rules(&client.broken) };
        let line = format!("{name}{}: {connections}, {broken}", spoken.concat());
        let _ = writeln!(out, "{}", single_line(&line));
    }
    if clients.len() > LISTED {
        let _ = writeln!(out, "and {} more clients", clients.len() - LISTED);
    }
    if ledger.handshakes_failed > 0 {
        let failed = crate::text::counted(ledger.handshakes_failed, "connection");
        let _ = writeln!(out, "{failed} did not come through the handshake of TLS or WebSocket");
    }
    if ledger.by_rule.is_empty() {
        return out + "no rule was broken by a client\n";
    }
    for ((version, rule), count) in &ledger.by_rule {
        let weak = if level(*version, rule).is_weak() {
            format!(" ({})", level(*version, rule).word())
        } else {
            String::new()
        };
        let ignored = if counts(*version, rule, strict) { "" } else { ", which counts with --strict" };
        let _ = writeln!(out, "{rule} of MQTT {version}{weak} was broken {}{ignored}", times(*count));
    }
    out
}

fn rules(broken: &BTreeMap<(Version, &'static str), u64>) -> String {
    let each: Vec<String> = broken.iter().map(|((_, rule), count)| format!("{rule} {}", times(*count))).collect();
    format!("breaks {}", each.join(", "))
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// How much was broken, for the reason of the exit code.
pub(super) fn broken(ledger: &Ledger, strict: bool) -> String {
    let (all, counted): (u64, u64) = (ledger.by_rule.values().sum(), ledger.counted(strict));
    match (counted, all - counted) {
        (0, 0) => "no client broke a rule".to_owned(),
        (0, weak) => format!("no client broke a rule of a MUST ({weak} others)"),
        (counted, _) => format!("clients broke {} {}", rules_in_words(ledger, strict), times(counted)),
    }
}

fn rules_in_words(ledger: &Ledger, strict: bool) -> String {
    let counted = ledger.by_rule.keys().filter(|(version, rule)| counts(*version, rule, strict)).count();
    crate::text::counted(counted, "rule")
}

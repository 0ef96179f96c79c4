//! The JSON report of `serve`, schema 1: what each client did and broke. Fields are only ever added.

use super::args::ServeArgs;
use super::breach::{Breach, counts, level};
use super::clients::{Client, End, Ledger, Record};
use super::lines::hex;
use crate::cli::exit::Exit;
use mqtt_assay_codec::Version;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

/// The schema's number; it changes when a field changes its meaning or goes.
pub(super) const SCHEMA: u32 = 1;

/// What a report is made from.
pub(super) struct Facts<'a> {
    pub(super) args: &'a ServeArgs,
    pub(super) listening: Vec<String>,
    /// UTC, RFC 3339.
    pub(super) started: &'a str,
    pub(super) took: Duration,
    pub(super) command: Option<CommandReport>,
    pub(super) ledger: &'a Ledger,
}

/// The command, and how it ended; neither status nor exit code where it was interrupted.
#[derive(Debug, Serialize)]
pub(super) struct CommandReport {
    pub(super) words: Vec<String>,
    pub(super) status: Option<String>,
    pub(super) exit: Option<i32>,
}

/// This program.
#[derive(Serialize)]
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
}

/// As each report of it says.
pub(super) const TOOL: Tool = Tool { name: "mqtt-assay", version: env!("CARGO_PKG_VERSION") };

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    tool: Tool,
    listening: &'a [String],
    faults: Vec<String>,
    quirks: Vec<&'static str>,
    started: &'a str,
    took_ms: u128,
    command: Option<&'a CommandReport>,
    strict: bool,
    exit: u8,
    why: &'a str,
    summary: Summary,
    clients: Vec<ClientReport<'a>>,
}

#[derive(Serialize)]
struct Summary {
    clients: usize,
    connections: u64,
    connections_left_out: u64,
    /// Connections that did not come through the handshake of TLS or WebSocket.
    handshakes_failed: usize,
    breaches: u64,
    breaches_left_out: u64,
    /// Those that make the exit code 1.
    counted: u64,
    rules: Vec<RuleReport>,
}

/// How often a rule was broken.
#[derive(Debug, Serialize)]
pub(super) struct RuleReport {
    mqtt: String,
    rule: &'static str,
    level: &'static str,
    counts: bool,
    times: u64,
}

#[derive(Serialize)]
struct ClientReport<'a> {
    client: Option<&'a str>,
    mqtt: Vec<String>,
    connections: Vec<ConnectionReport<'a>>,
    rules: Vec<RuleReport>,
    breaches: Vec<BreachReport<'a>>,
}

#[derive(Serialize)]
struct ConnectionReport<'a> {
    connection: u64,
    from: &'a str,
    by: &'static str,
    mqtt: Option<String>,
    packets_received: u64,
    packets_sent: u64,
    breaches: u64,
    end: Option<&'a End>,
}

#[derive(Serialize)]
struct BreachReport<'a> {
    connection: u64,
    mqtt: String,
    rule: &'static str,
    level: &'static str,
    counts: bool,
    says: &'static str,
    did: &'a str,
    packet: Option<PacketReport>,
}

#[derive(Serialize)]
struct PacketReport {
    number: u64,
    length: usize,
    bytes: String,
}

/// Writes the report.
pub(super) fn write(facts: &Facts<'_>, exit: Exit, why: &str, out: &mut dyn Write) -> io::Result<()> {
    let Facts { args, listening, started, took, command, ledger } = facts;
    let strict = args.strict;
    let report = Report {
        schema: SCHEMA,
        tool: TOOL,
        listening,
        faults: args.fault.iter().map(|fault| fault.name()).collect(),
        quirks: args.quirk.iter().map(|quirk| quirk.name()).collect(),
        started,
        took_ms: took.as_millis(),
        command: command.as_ref(),
        strict,
        exit: exit.code(),
        why,
        summary: summary(ledger, strict),
        clients: ledger.clients().iter().map(|client| client_report(client, strict)).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)?;
    out.flush()
}

fn summary(ledger: &Ledger, strict: bool) -> Summary {
    Summary {
        clients: ledger.clients().len(),
        connections: ledger.connections,
        connections_left_out: ledger.connections_left_out,
        handshakes_failed: ledger.handshakes_failed,
        breaches: ledger.by_rule.values().sum(),
        breaches_left_out: ledger.breaches_left_out,
        counted: ledger.counted(strict),
        rules: rules(&ledger.by_rule, strict),
    }
}

/// Rules with how often they were broken.
pub(super) fn rules(broken: &BTreeMap<(Version, &'static str), u64>, strict: bool) -> Vec<RuleReport> {
    let report = |((version, rule), times): (&(Version, &'static str), &u64)| RuleReport {
        mqtt: version.to_string(),
        rule,
        level: level(*version, rule).word(),
        counts: counts(*version, rule, strict),
        times: *times,
    };
    broken.iter().map(report).collect()
}

fn client_report<'a>(client: &Client<'a>, strict: bool) -> ClientReport<'a> {
    let mut versions: Vec<Version> = client.connections.iter().filter_map(|record| record.version).collect();
    versions.sort_unstable();
    versions.dedup();
    ClientReport {
        client: client.id,
        mqtt: versions.iter().map(ToString::to_string).collect(),
        connections: client.connections.iter().map(|record| connection_report(record)).collect(),
        rules: rules(&client.broken, strict),
        breaches: client.breaches.iter().map(|breach| breach_report(breach, strict)).collect(),
    }
}

fn connection_report(record: &Record) -> ConnectionReport<'_> {
    ConnectionReport {
        connection: record.number,
        from: &record.from,
        by: record.by,
        mqtt: record.version.map(|version| version.to_string()),
        packets_received: record.packets_received,
        packets_sent: record.packets_sent,
        breaches: record.breaches,
        end: record.end.as_ref(),
    }
}

fn breach_report(breach: &Breach, strict: bool) -> BreachReport<'_> {
    let packet =
        PacketReport { number: breach.number, length: breach.length, bytes: hex(&breach.bytes).replace(' ', "") };
    BreachReport {
        connection: breach.connection,
        mqtt: breach.version.to_string(),
        rule: breach.rule,
        level: breach.level().word(),
        counts: counts(breach.version, breach.rule, strict),
        says: breach.says(),
        did: &breach.did,
        packet: Some(packet).filter(|_| breach.number > 0),
    }
}

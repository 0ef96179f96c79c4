//! The deciding step about something forbidden that was sent: the broker ends the connection.
//!
//! Only what comes after the offending packet counts. A close before it is no reaction; an acknowledgement of it is no
//! refusal. On a connection that was let in, a PINGREQ that is answered shows that the broker went on. Before that nothing
//! can be asked without giving the broker another reason to close: there only waiting decides.

use super::awaited;
use crate::link::{Arrival, Arrived, Remark, describe};
use crate::scenario::client::{Client, describe_end};
use crate::scenario::context::Deciding;
use crate::scenario::draft::pingreq;
use crate::scenario::pattern::codes;
use crate::scenario::rules::StepRules;
use crate::scenario::verdict::{Evidence, Stop};
use mqtt_assay_codec::{OwnedPacket, Packet, PacketType, ReasonCode, Suback, Version};
use mqtt_assay_standard::bounds;
use tokio::time::Instant;

/// See [`Client::expect_refusal`].
#[must_use = "a deciding step decides when it is awaited"]
pub struct ExpectRefusal<'a> {
    client: &'a mut Client,
    codes: &'a [ReasonCode],
    rules: Option<StepRules>,
    connack_forbidden: bool,
    suback_is_weak: bool,
}

impl<'a> ExpectRefusal<'a> {
    pub(super) fn new(client: &'a mut Client, codes: &'a [ReasonCode]) -> Self {
        Self { client, codes, rules: None, connack_forbidden: false, suback_is_weak: false }
    }

    /// Names the rules that the step decides.
    pub fn decides(mut self, rules: StepRules) -> Self {
        self.rules = Some(rules);
        self
    }

    /// In 3.1.1 the close must come without any CONNACK before it ([MQTT-3.1.4-1]). One that refuses counts against the
    /// rule that the step decides, not against those that the case breaks: they got their close.
    pub fn without_connack(mut self) -> Self {
        self.connack_forbidden = true;
        self
    }

    /// A refusal of the topic filter in SUBACK, with the connection kept, is weak: many brokers answer so where the text
    /// asks for a close.
    pub fn suback_is_weak(mut self) -> Self {
        self.suback_is_weak = true;
        self
    }

    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client, codes, rules, connack_forbidden, suback_is_weak } = self;
        let context = client.context();
        let connack_forbidden = connack_forbidden && client.version() != Version::V5;
        let only_decided = context.deciding(rules, false);
        let deciding = context.deciding(rules, true);
        let deciding = deciding.as_ref();
        let expected = in_words(client, codes);
        let offence = Offence::of(client);
        let grace = context.patient(bounds::GRACE);
        let start = Instant::now();
        let is_let_in = client.link().accepted_line().is_some();
        let mut probe_at = is_let_in.then(|| start + context.patient(bounds::PROBE));
        let mut probe_line = None;
        client.say(Remark::Expects, expected.as_str());
        let mut answered: Option<OwnedPacket> = None;
        loop {
            let until = probe_at.unwrap_or(start + grace);
            // Nobody reads on after a goodbye: bytes behind it that are no packet stand for nothing.
            let is_over = is_goodbye(answered.as_ref());
            let is_unread = |arrived: &Arrived| is_over && matches!(arrived.what, Arrival::Unreadable(_));
            let wanted = |arrived: &Arrived| !is_unread(arrived) && offence.is_answered_by(arrived, probe_line);
            let Some(arrived) = client.next(until, wanted).await else {
                // Once the broker has said goodbye, nothing more is asked of it.
                if probe_at.take().is_some() && answered.is_none() {
                    client.send(pingreq())?;
                    probe_line = Some(client.link().last_line());
                    continue;
                }
                if Instant::now() < start + grace {
                    continue;
                }
                let seen = format!("neither a close nor an answer within {grace:?}");
                let line = client.say(Remark::Notes, seen.as_str());
                return client.broken(deciding, &expected, &seen, line, None);
            };
            let line = arrived.line;
            let packet = match &arrived.what {
                Arrival::Packet(packet) => packet,
                Arrival::Ended(_) if said_goodbye_before(client, &offence) => {
                    let why = client.administrative_farewell().map(|(_, why)| why).unwrap_or_default();
                    let end = describe_end(&arrived.what);
                    let why = format!("{}: {end} {why}, before the packet that was to be refused", client.link().label);
                    return Err(Stop::Inconclusive { why, line: Some(line) });
                }
                Arrival::Ended(_) if line < offence.line => {
                    let why = format!(
                        "{}: {} before the packet that was to be refused",
                        client.link().label,
                        describe_end(&arrived.what)
                    );
                    return Err(Stop::Inconclusive { why, line: Some(line) });
                }
                Arrival::Ended(_) => {
                    return Ok(judge_code(client, deciding, &expected, codes, answered.as_ref(), &arrived));
                }
                other => return Err(Stop::Inconclusive { why: describe_end(other), line: Some(line) }),
            };
            let seen = describe::owned(packet);
            match packet.packet() {
                Packet::Disconnect(_) => answered = Some(packet.clone()),
                // What comes behind a goodbye breaks another rule; the close is still to come.
                _ if is_goodbye(answered.as_ref()) => {}
                Packet::Connack(connack) if connack.reason.0 != 0 && !offence.on_accepted_connection => {
                    if connack_forbidden {
                        let seen = format!("{seen} before the close");
                        return client.broken(only_decided.as_ref(), &expected, &seen, line, Some(packet.clone()));
                    }
                    answered = Some(packet.clone());
                }
                // To say why is no service: the close is still to come. That in 5.0 there is but one CONNACK is another rule.
                Packet::Connack(connack) if connack.reason.0 != 0 => {}
                Packet::Suback(suback) if is_refused(&suback, suback_is_weak) => {
                    if suback_is_weak {
                        return Ok(client.weak(deciding, &expected, &seen, line, Some(packet.clone())));
                    }
                }
                Packet::Pingresp if probe_line.is_some() => {
                    let seen = "the broker went on: it answered a PINGREQ sent after it";
                    return client.broken(deciding, &expected, seen, line, None);
                }
                _ => {
                    let seen = format!("{seen}: the broker acted on it");
                    return client.broken(deciding, &expected, &seen, line, Some(packet.clone()));
                }
            }
        }
    }
}

awaited!(ExpectRefusal);

/// Whether a SUBACK grants nothing; where one filter of several was wrong, and that one may be refused there, not everything.
fn is_refused(suback: &Suback<'_>, in_part: bool) -> bool {
    let mut codes = suback.reasons.iter();
    if in_part { codes.any(ReasonCode::is_error) } else { codes.all(ReasonCode::is_error) }
}

/// True where the broker had ended the connection for reasons of its own before the packet was written.
fn said_goodbye_before(client: &Client, offence: &Offence) -> bool {
    client.administrative_farewell().is_some_and(|(line, _)| line < offence.line)
}

fn is_goodbye(answered: Option<&OwnedPacket>) -> bool {
    matches!(answered.map(OwnedPacket::packet), Some(Packet::Disconnect(_)))
}

/// The packet that is to be refused: the last that the case sent.
struct Offence {
    line: u32,
    packet_type: Option<PacketType>,
    packet_id: u16,
    /// It came on a connection whose CONNECT was accepted before.
    on_accepted_connection: bool,
}

impl Offence {
    fn of(client: &Client) -> Self {
        let link = client.link();
        let (line, packet_type, packet_id) = link.last_sent();
        let on_accepted_connection = link.accepted_line().is_some_and(|accepted| accepted < line);
        Self { line, packet_type, packet_id, on_accepted_connection }
    }

    /// True for what tells how the broker took it: the end, a goodbye, a CONNACK or an acknowledgement for it, the answer
    /// to a probe.
    fn is_answered_by(&self, arrived: &Arrived, probe_line: Option<u32>) -> bool {
        let Arrival::Packet(packet) = &arrived.what else { return true };
        if arrived.line < self.line {
            return false;
        }
        let packet = packet.packet();
        match &packet {
            Packet::Disconnect(_) => true,
            // One that comes late, or a second one to a CONNECT accepted before, is no answer.
            Packet::Connack(_) => !self.on_accepted_connection || self.packet_type == Some(PacketType::Connect),
            Packet::Pingresp => match probe_line {
                Some(probe) => arrived.line > probe && arrived.pings_open == 0,
                None => self.packet_type == Some(PacketType::Pingreq) && arrived.pings_open == 0,
            },
            Packet::Puback(ack) | Packet::Pubrec(ack) => {
                self.is(PacketType::Publish, ack.packet_id.get()) && !ack.reason.is_error()
            }
            Packet::Pubrel(ack) => self.is(PacketType::Pubrec, ack.packet_id.get()) && !ack.reason.is_error(),
            Packet::Auth(_) => matches!(self.packet_type, Some(PacketType::Auth | PacketType::Connect)),
            Packet::Pubcomp(ack) => self.is(PacketType::Pubrel, ack.packet_id.get()) && !ack.reason.is_error(),
            Packet::Suback(ack) => self.is(PacketType::Subscribe, ack.packet_id.get()),
            Packet::Unsuback(ack) => {
                self.is(PacketType::Unsubscribe, ack.packet_id.get()) && !ack.reasons.iter().any(ReasonCode::is_error)
            }
            _ => false,
        }
    }

    fn is(&self, packet_type: PacketType, packet_id: u16) -> bool {
        self.packet_type == Some(packet_type) && self.packet_id == packet_id
    }
}

fn in_words(client: &Client, codes: &[ReasonCode]) -> String {
    if codes.is_empty() || client.version() != Version::V5 {
        return "the broker closes the connection".to_owned();
    }
    let codes: Vec<String> = codes.iter().map(|code| format!("0x{:02x}", code.0)).collect();
    format!("the broker closes the connection, preferably after code {}", codes.join(" or "))
}

/// The connection is closed; in 5.0 the reason code before it may be less than recommended.
fn judge_code(
    client: &Client,
    deciding: Option<&Deciding>,
    expected: &str,
    wanted: &[ReasonCode],
    answered: Option<&OwnedPacket>,
    end: &Arrived,
) -> Evidence {
    let closed = describe_end(&end.what);
    let code = answered.and_then(|packet| codes(&packet.packet()).first().copied());
    let looked_at = client.version() == Version::V5 && !wanted.is_empty();
    let seen = match (answered, code) {
        (Some(packet), Some(_)) => format!("{}, then {closed}", describe::owned(packet)),
        _ => closed,
    };
    // A CONNACK before the close of a bad CONNECT is a MAY (5.0 section 4.13.1); a DISCONNECT is a SHOULD.
    let code_is_optional = client.link().accepted_line().is_none();
    let right = match code {
        Some(code) => wanted.contains(&code),
        None => code_is_optional,
    };
    if looked_at && !right {
        return client.weak(deciding, expected, &seen, end.line, answered.cloned());
    }
    client.kept(deciding, expected, &seen, end.line, answered.cloned())
}

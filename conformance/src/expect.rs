//! The deciding steps. Each names the rules that it decides (without `decides`: the first group that its case
//! proves), looks at what arrives, and writes a verdict with its line into the ledger. Nothing else makes evidence.
//!
//! What decides is always something that was seen: a packet, an end of the stream, a fence, or a limit of time that
//! stands in [`crate::bounds`]. A step that ends without any of these is inconclusive.

use crate::bounds;
use crate::case::StepRules;
use crate::client::{Client, describe_end};
use crate::describe;
use crate::draft::{Draft, Topic, connect, pingreq, publish, pubrel};
use crate::link::{Arrival, Arrived};
use crate::pattern::{Pattern, a_pingresp, a_puback, a_pubcomp, a_pubrec, codes};
use crate::subject::Deciding;
use crate::transcript::Remark;
use crate::verdict::{Evidence, Seen, Stop};
use mqtt_assay_codec::{OwnedPacket, Packet, PacketType, QoS, ReasonCode, Version};
use std::future::IntoFuture;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

type Step<'a> = Pin<Box<dyn Future<Output = Result<Evidence, Stop>> + 'a>>;

impl Client {
    /// Decides: this packet comes, and it is right.
    pub fn expect(&mut self, pattern: Pattern) -> Expect<'_> {
        self.expect_all([pattern])
    }

    /// Decides: all these packets come, in any order, and each is right.
    pub fn expect_all(&mut self, patterns: impl IntoIterator<Item = Pattern>) -> Expect<'_> {
        Expect { client: self, patterns: patterns.into_iter().collect(), rules: None, ordered: false, next: false, window: None, recommended: false }
    }

    /// Decides: these packets come in this order. Others may come in between.
    pub fn expect_in_order(&mut self, patterns: impl IntoIterator<Item = Pattern>) -> Expect<'_> {
        Expect { client: self, patterns: patterns.into_iter().collect(), rules: None, ordered: true, next: false, window: None, recommended: false }
    }

    /// Decides: a packet that a step before has brought is right in this respect too.
    pub fn expect_right<'a>(&'a mut self, seen: &'a impl Seen, pattern: Pattern) -> ExpectRight<'a> {
        ExpectRight { client: self, line: seen.line(), packet: seen.owned(), pattern, rules: None, recommended: false }
    }

    /// Decides: the broker refuses what was sent, that is, it ends the connection. Where 5.0 recommends a reason code
    /// before the close, any of `codes` is right and none or another is weak; empty: no code is looked at.
    pub fn expect_refusal<'a>(&'a mut self, codes: &'a [ReasonCode]) -> ExpectRefusal<'a> {
        ExpectRefusal { client: self, codes, rules: None, connack_forbidden: false, suback_is_weak: false }
    }

    /// Decides: the broker ends the connection of its own accord, for something that is not on this connection.
    pub fn expect_close<'a>(&'a mut self) -> ExpectClose<'a> {
        ExpectClose { client: self, codes: &[], code_rules: None, rules: None, due: Duration::ZERO, not_before: None }
    }

    /// Decides: the connection is still served, as a PINGREQ shows.
    pub fn expect_open(&mut self) -> ExpectOpen<'_> {
        ExpectOpen { client: self, rules: None }
    }

    /// Decides: no message with this payload comes (or comes again).
    pub fn expect_no_message<'a>(&'a mut self, payload: &'a [u8]) -> ExpectNone<'a> {
        let forbidden = Forbidden::Payload(payload.to_vec());
        ExpectNone { client: self, forbidden, rules: None, fence: Fence::Ping }
    }

    /// Decides: no packet of this type comes (or comes again).
    pub fn expect_no_packet(&mut self, packet_type: PacketType) -> ExpectNone<'_> {
        ExpectNone { client: self, forbidden: Forbidden::Type(packet_type), rules: None, fence: Fence::Ping }
    }

    fn say(&self, remark: Remark, text: impl Into<String>) -> u32 {
        self.context().say(&self.link().label, remark, text)
    }

    fn kept(
        &self,
        deciding: Option<&Deciding>,
        expected: &str,
        seen: &str,
        line: u32,
        packet: Option<OwnedPacket>,
    ) -> Evidence {
        self.context().kept(&self.link().label, deciding, expected, seen, line);
        Evidence::new(line, packet)
    }

    fn broken(&self, deciding: Option<&Deciding>, expected: &str, seen: &str, line: u32) -> Result<Evidence, Stop> {
        self.context().broken(&self.link().label, deciding, expected, seen, line)?;
        Ok(Evidence::new(line, None))
    }

    /// Broken, or weak where the step is only recommended.
    fn short_of(
        &self,
        recommended: bool,
        deciding: Option<&Deciding>,
        expected: &str,
        seen: &str,
        line: u32,
    ) -> Result<Evidence, Stop> {
        if !recommended {
            return self.broken(deciding, expected, seen, line);
        }
        self.context().weak(&self.link().label, deciding, expected, seen, line);
        Ok(Evidence::new(line, None))
    }
}

/// See [`Client::expect`].
#[must_use = "a deciding step decides when it is awaited"]
pub struct Expect<'a> {
    client: &'a mut Client,
    patterns: Vec<Pattern>,
    rules: Option<StepRules>,
    ordered: bool,
    next: bool,
    window: Option<Window>,
    recommended: bool,
}

/// When something is due: counted from a moment on some connection.
struct Window {
    since: Instant,
    not_before: Duration,
    due: Duration,
}

impl Window {
    fn too_early(&self, at: Instant) -> Option<String> {
        let after = at.duration_since(self.since);
        (after < self.not_before).then(|| format!("after {:.3} s, {:?} too early", after.as_secs_f64(), self.not_before - after))
    }
}

impl<'a> Expect<'a> {
    /// Names the rules that the step decides.
    pub fn decides(mut self, rules: StepRules) -> Self {
        self.rules = Some(rules);
        self
    }

    /// It must be the very next packet, whatever else might come.
    pub fn as_next(mut self) -> Self {
        self.next = true;
        self
    }

    /// The standard leaves room for less: then the rule is weak, whatever its level.
    pub fn recommended(mut self) -> Self {
        self.recommended = true;
        self
    }

    /// It is due this long after `since`, and earlier would be a breach; up to [`bounds::GRACE`] later is in time.
    pub fn due_after(mut self, since: Instant, due: Duration) -> Self {
        self.window = Some(Window { since, not_before: due, due });
        self
    }

    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client, patterns: mut remaining, rules, ordered, next, window, recommended } = self;
        let deciding = client.context().deciding(rules, false);
        let expected =
            remaining.iter().map(Pattern::describe).collect::<Vec<_>>().join(if ordered { ", then " } else { " and " });
        client.say(Remark::Expects, expected.as_str());
        let grace = client.context().patient(bounds::GRACE);
        let until = window.as_ref().map_or_else(Instant::now, |window| window.since + window.due) + grace;
        let mut last = None;
        while !remaining.is_empty() {
            let arrived =
                if next { client.next(until, |_| true).await } else { client.next_about(&remaining, until).await };
            let Some(arrived) = arrived else {
                let line = client.say(Remark::Notes, nothing_came(client, &remaining));
                return client.short_of(recommended, deciding.as_ref(), &expected, &nothing_came(client, &remaining), line);
            };
            match match_one(client, &mut remaining, &arrived, ordered) {
                Ok(packet) => {
                    if let Some(early) = window.as_ref().and_then(|window| window.too_early(arrived.at)) {
                        let seen = format!("{}: {early}", describe::packet(&packet.packet()));
                        return client.short_of(recommended, deciding.as_ref(), &expected, &seen, arrived.line);
                    }
                    last = Some((arrived.line, packet));
                }
                Err(Mismatch::Wrong(seen)) => return client.short_of(recommended, deciding.as_ref(), &expected, &seen, arrived.line),
                Err(Mismatch::NotOurs(why)) => return Err(Stop::Inconclusive { why, line: Some(arrived.line) }),
            }
        }
        let Some((line, packet)) = last else { return Err(defect("expects nothing")) };
        let seen = describe::packet(&packet.packet());
        Ok(client.kept(deciding.as_ref(), &expected, &seen, line, Some(packet)))
    }
}

fn defect(what: &str) -> Stop {
    Stop::Inconclusive { why: format!("defect of the case: a step {what}"), line: None }
}

enum Mismatch {
    Wrong(String),
    NotOurs(String),
}

/// Strikes the pattern that an arrival fulfils off the list.
fn match_one(
    client: &Client,
    remaining: &mut Vec<Pattern>,
    arrived: &Arrived,
    ordered: bool,
) -> Result<OwnedPacket, Mismatch> {
    let packet = match &arrived.what {
        Arrival::Packet(packet) => packet,
        Arrival::Ended(_) => return Err(Mismatch::Wrong(describe_end(&arrived.what))),
        // A breach of another rule, which the invariants report; what this case asks was not answered.
        other => return Err(Mismatch::NotOurs(format!("{}: {}", client.link().label, describe_end(other)))),
    };
    let names = client.context().names();
    let candidates = if ordered { 1 } else { remaining.len() };
    let fulfilled = remaining.iter().take(candidates).position(|pattern| {
        pattern.is_about(&packet.packet()) && pattern.mismatches(&packet.packet(), names).is_empty()
    });
    if let Some(place) = fulfilled {
        remaining.remove(place);
        return Ok(packet.clone());
    }
    let seen = describe::packet(&packet.packet());
    let about = remaining.iter().take(candidates).find(|pattern| pattern.is_about(&packet.packet()));
    Err(Mismatch::Wrong(match about {
        Some(pattern) => format!("{seen}: {}", pattern.mismatches(&packet.packet(), names).join(", ")),
        None => format!("{seen} came out of turn"),
    }))
}

fn nothing_came(client: &Client, remaining: &[Pattern]) -> String {
    let limit = client.context().patient(bounds::GRACE);
    let missing = remaining.iter().map(Pattern::describe).collect::<Vec<_>>().join(" and ");
    let instead: Vec<String> = client
        .link()
        .pending()
        .iter()
        .map(|arrived| format!("{} (line {})", describe_end(&arrived.what), arrived.line))
        .collect();
    if instead.is_empty() {
        format!("no {missing} within {limit:?}")
    } else {
        format!("no {missing} within {limit:?}; unread: {}", instead.join("; "))
    }
}

/// See [`Client::expect_right`].
#[must_use = "a deciding step decides when it is awaited"]
pub struct ExpectRight<'a> {
    client: &'a mut Client,
    line: u32,
    packet: Option<&'a OwnedPacket>,
    pattern: Pattern,
    rules: Option<StepRules>,
    recommended: bool,
}

impl<'a> ExpectRight<'a> {
    /// Names the rules that the step decides.
    pub fn decides(mut self, rules: StepRules) -> Self {
        self.rules = Some(rules);
        self
    }

    /// The standard leaves room for less: then the rule is weak, whatever its level.
    pub fn recommended(mut self) -> Self {
        self.recommended = true;
        self
    }

    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client, line, packet, pattern, rules, recommended } = self;
        let deciding = client.context().deciding(rules, false);
        let expected = pattern.describe();
        client.say(Remark::Expects, format!("{expected} (line {line})"));
        let Some(packet) = packet else { return Err(defect("looks at evidence that is no packet")) };
        if !pattern.is_about(&packet.packet()) {
            return Err(defect("looks at a packet that its pattern is not about"));
        }
        let seen = describe::packet(&packet.packet());
        let wrong = pattern.mismatches(&packet.packet(), client.context().names());
        if wrong.is_empty() {
            return Ok(client.kept(deciding.as_ref(), &expected, &seen, line, Some(packet.clone())));
        }
        client.short_of(recommended, deciding.as_ref(), &expected, &format!("{seen}: {}", wrong.join(", ")), line)
    }
}

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
        let without_breaks = client.context().deciding(rules, false);
        let connack_forbidden = connack_forbidden && client.context().version() != Version::V5;
        let deciding = client.context().deciding(rules, true);
        let deciding = deciding.as_ref();
        let expected = refusal_in_words(client, codes);
        client.say(Remark::Expects, expected.as_str());
        let start = Instant::now();
        let grace = start + client.context().patient(bounds::GRACE);
        let mut probe_at = Some(start + client.context().patient(bounds::PROBE));
        let mut answered = None;
        loop {
            let until = probe_at.unwrap_or(grace);
            let wanted = |arrival: &Arrival| is_answer(arrival) || suback_is_weak && is_suback(arrival);
            let Some(arrived) = client.next(until, wanted).await else {
                if probe_at.take().is_some() {
                    client.send(probe(client))?;
                    continue;
                }
                let seen =
                    format!("neither a close nor an answer within {:?}", client.context().patient(bounds::GRACE));
                let line = client.say(Remark::Notes, seen.as_str());
                return client.broken(deciding, &expected, &seen, line);
            };
            match &arrived.what {
                Arrival::Packet(packet) => match packet.packet() {
                    Packet::Connack(connack) if !connack.reason.is_error() && connack.reason.0 == 0 => {
                        let seen = format!("{}: the broker accepted it", describe::packet(&packet.packet()));
                        return client.broken(deciding, &expected, &seen, arrived.line);
                    }
                    Packet::Connack(_) if connack_forbidden => {
                        let seen = format!("{} before the close", describe::packet(&packet.packet()));
                        return client.broken(without_breaks.as_ref(), &expected, &seen, arrived.line);
                    }
                    Packet::Connack(_) | Packet::Disconnect(_) => answered = Some(packet.clone()),
                    Packet::Suback(suback) => {
                        let seen = describe::packet(&packet.packet());
                        if suback.reasons.iter().any(|code| !code.is_error()) {
                            return client.broken(deciding, &expected, &format!("{seen}: granted"), arrived.line);
                        }
                        client.context().weak(&client.link().label, deciding, &expected, &seen, arrived.line);
                        return Ok(Evidence::new(arrived.line, Some(packet.clone())));
                    }
                    _ => {
                        let seen = "the broker went on: it answered a PINGREQ sent after it";
                        return client.broken(deciding, &expected, seen, arrived.line);
                    }
                },
                Arrival::Ended(_) => {
                    return judge_code(client, deciding, &expected, codes, answered.as_ref(), &arrived);
                }
                other => return Err(Stop::Inconclusive { why: describe_end(other), line: Some(arrived.line) }),
            }
        }
    }
}

fn refusal_in_words(client: &Client, codes: &[ReasonCode]) -> String {
    if codes.is_empty() || client.context().version() != Version::V5 {
        return "the broker closes the connection".to_owned();
    }
    let codes: Vec<String> = codes.iter().map(|code| format!("0x{:02x}", code.0)).collect();
    format!("the broker closes the connection, preferably after code {}", codes.join(" or "))
}

fn is_answer(arrival: &Arrival) -> bool {
    match arrival {
        Arrival::Packet(packet) => {
            matches!(packet.packet(), Packet::Connack(_) | Packet::Disconnect(_) | Packet::Pingresp)
        }
        _ => true,
    }
}

fn is_suback(arrival: &Arrival) -> bool {
    matches!(arrival, Arrival::Packet(packet) if matches!(packet.packet(), Packet::Suback(_)))
}

/// What asks whether the broker goes on. Before CONNECT a PINGREQ would be a reason to close in itself; a broker that has
/// dropped what came before accepts a CONNECT.
fn probe(client: &Client) -> Draft {
    if client.link().connected.get() { pingreq() } else { connect() }
}

/// The connection is closed; in 5.0 the reason code before it may be less than recommended.
fn judge_code(
    client: &Client,
    deciding: Option<&Deciding>,
    expected: &str,
    wanted: &[ReasonCode],
    answered: Option<&OwnedPacket>,
    end: &Arrived,
) -> Result<Evidence, Stop> {
    let closed = describe_end(&end.what);
    let code = answered.and_then(|packet| codes(&packet.packet()).first().copied());
    let looked_at = client.context().version() == Version::V5 && !wanted.is_empty();
    let seen = match (answered, code) {
        (Some(packet), Some(_)) => format!("{}, then {closed}", describe::packet(&packet.packet())),
        _ => closed,
    };
    // A CONNACK before the close of a bad CONNECT is a MAY (5.0 section 4.13.1); a DISCONNECT is a SHOULD.
    let code_is_optional = !client.link().connected.get();
    let right = match code {
        Some(code) => wanted.contains(&code),
        None => code_is_optional,
    };
    if looked_at && !right {
        client.context().weak(&client.link().label, deciding, expected, &seen, end.line);
        return Ok(Evidence::new(end.line, answered.cloned()));
    }
    Ok(client.kept(deciding, expected, &seen, end.line, answered.cloned()))
}

/// See [`Client::expect_close`].
#[must_use = "a deciding step decides when it is awaited"]
pub struct ExpectClose<'a> {
    client: &'a mut Client,
    codes: &'a [ReasonCode],
    code_rules: Option<StepRules>,
    rules: Option<StepRules>,
    due: Duration,
    not_before: Option<Duration>,
}

impl<'a> ExpectClose<'a> {
    /// Names the rules that the step decides.
    pub fn decides(mut self, rules: StepRules) -> Self {
        self.rules = Some(rules);
        self
    }

    /// In 5.0 a DISCONNECT with one of these codes should come before the close. It is judged apart from the close, for
    /// `rules`; without it they are weak.
    pub fn code(mut self, codes: &'a [ReasonCode], rules: StepRules) -> Self {
        self.codes = codes;
        self.code_rules = Some(rules);
        self
    }

    /// The close is due this long after our last packet was sent; up to [`bounds::GRACE`] later is in time.
    pub fn due(mut self, after: Duration) -> Self {
        self.due = after;
        self
    }

    /// A close earlier than this after our last packet was sent is a breach; only where the text forbids it.
    pub fn not_before(mut self, after: Duration) -> Self {
        self.not_before = Some(after);
        self
    }

    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client, codes: wanted, code_rules, rules, due, not_before } = self;
        let deciding = client.context().deciding(rules, false);
        let deciding = deciding.as_ref();
        let since = client.link().last_write();
        let latest = due + client.context().patient(bounds::GRACE);
        let expected = if due.is_zero() {
            "the broker closes the connection".to_owned()
        } else {
            format!("the broker closes the connection {due:?} after our last packet, at most {latest:?}")
        };
        client.say(Remark::Expects, expected.as_str());
        let mut answered = None;
        loop {
            let wanted_arrival = |arrival: &Arrival| !matches!(arrival, Arrival::Packet(packet) if !matches!(packet.packet(), Packet::Disconnect(_)));
            let Some(arrived) = client.next(since + latest, wanted_arrival).await else {
                let seen = format!("still open {latest:?} after our last packet");
                let line = client.say(Remark::Notes, seen.as_str());
                return client.broken(deciding, &expected, &seen, line);
            };
            match &arrived.what {
                Arrival::Packet(packet) => answered = Some(packet.clone()),
                Arrival::Ended(_) => {
                    let after = arrived.at.duration_since(since);
                    let seen =
                        format!("{} {:.3} s after our last packet", describe_end(&arrived.what), after.as_secs_f64());
                    if not_before.is_some_and(|earliest| after < earliest) {
                        return client.broken(deciding, &expected, &format!("{seen}: too early"), arrived.line);
                    }
                    judge_farewell(client, code_rules, wanted, answered.as_ref(), arrived.line);
                    return Ok(client.kept(deciding, &expected, &seen, arrived.line, answered));
                }
                other => return Err(Stop::Inconclusive { why: describe_end(other), line: Some(arrived.line) }),
            }
        }
    }
}

/// Judges the reason code that came, or didn't, before a close of the broker's own accord.
fn judge_farewell(client: &Client, rules: Option<StepRules>, wanted: &[ReasonCode], answered: Option<&OwnedPacket>, line: u32) {
    let Some(rules) = rules.filter(|rules| rules.of(client.context().version()).is_some()) else { return };
    let deciding = client.context().deciding(Some(rules), false);
    let code = answered.and_then(|packet| codes(&packet.packet()).first().copied());
    let label = &client.link().label;
    let expected = format!("DISCONNECT with {} before the close", wanted.iter().map(|code| format!("0x{:02x}", code.0)).collect::<Vec<_>>().join(" or "));
    match code {
        Some(code) if wanted.contains(&code) => {
            client.context().kept(label, deciding.as_ref(), &expected, &format!("DISCONNECT 0x{:02x}", code.0), line);
        }
        Some(code) => client.context().weak(label, deciding.as_ref(), &expected, &format!("DISCONNECT 0x{:02x}", code.0), line),
        None => client.context().weak(label, deciding.as_ref(), &expected, "a close without a DISCONNECT", line),
    }
}

/// See [`Client::expect_open`].
#[must_use = "a deciding step decides when it is awaited"]
pub struct ExpectOpen<'a> {
    client: &'a mut Client,
    rules: Option<StepRules>,
}

impl<'a> ExpectOpen<'a> {
    /// Names the rules that the step decides.
    pub fn decides(mut self, rules: StepRules) -> Self {
        self.rules = Some(rules);
        self
    }

    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client, rules } = self;
        client.send(pingreq())?;
        Expect { client, patterns: vec![a_pingresp()], rules, ordered: false, next: false, window: None, recommended: false }.run().await
    }
}

/// What must not come, told by what it carries, never by topic alone.
#[derive(Clone)]
enum Forbidden {
    Payload(Vec<u8>),
    Type(PacketType),
}

impl Forbidden {
    fn is(&self, packet: &Packet<'_>) -> bool {
        match (self, packet) {
            (Self::Payload(payload), Packet::Publish(publish)) => publish.payload == &payload[..],
            (Self::Payload(_), _) => false,
            (Self::Type(forbidden), packet) => packet.packet_type() == *forbidden,
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Payload(payload) => format!("no message with payload {}", describe::quoted(payload)),
            Self::Type(packet_type) => format!("no {}", packet_type.name()),
        }
    }
}

/// What marks the moment up to which nothing forbidden has come.
enum Fence<'a> {
    /// PINGREQ and PINGRESP on the connection itself.
    Ping,
    /// A message with a nonce from this client on this topic.
    Message(&'a mut Client, Topic),
}

/// See [`Client::expect_no_message`] and [`Client::expect_no_packet`].
#[must_use = "a deciding step decides when it is awaited"]
pub struct ExpectNone<'a> {
    client: &'a mut Client,
    forbidden: Forbidden,
    rules: Option<StepRules>,
    fence: Fence<'a>,
}

impl<'a> ExpectNone<'a> {
    /// Names the rules that the step decides.
    pub fn decides(mut self, rules: StepRules) -> Self {
        self.rules = Some(rules);
        self
    }

    /// The fence is a message from `publisher` on `topic`, which this client is subscribed to.
    ///
    /// It is proof where the forbidden message was sent by the same connection on the same topic with the same QoS:
    /// then the standard fixes the order ([MQTT-4.6.0-6]). Anywhere else it is evidence, and this connection is
    /// watched until the run ends.
    pub fn before_message(mut self, publisher: &'a mut Client, topic: impl Into<Topic>) -> Self {
        self.fence = Fence::Message(publisher, topic.into());
        self
    }

    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client, forbidden, rules, fence } = self;
        let deciding = client.context().deciding(rules, false);
        let expected = forbidden.describe();
        let mut proof = false;
        let mut nonce = None;
        match fence {
            Fence::Ping => {
                client.say(
                    Remark::Expects,
                    format!("{expected} before a PINGRESP (fence: evidence, watched until the run ends)"),
                );
                client.send(pingreq())?;
            }
            Fence::Message(publisher, topic) => {
                let (kind, qos) = fence_kind(client, publisher, &forbidden, &topic);
                proof = kind;
                let strength = if proof { "proof" } else { "evidence, watched until the run ends" };
                client.say(Remark::Expects, format!("{expected} before a later message (fence: {strength})"));
                let payload = client.context().names().nonce();
                send_fence(publisher, &topic, &payload, qos).await?;
                nonce = Some(payload);
            }
        }
        let until = Instant::now() + client.context().patient(bounds::SET_UP);
        loop {
            let looked_for = |arrival: &Arrival| match arrival {
                Arrival::Packet(packet) => {
                    forbidden.is(&packet.packet()) || is_fence(&packet.packet(), nonce.as_deref())
                }
                _ => true,
            };
            let Some(arrived) = client.next(until, looked_for).await else {
                let why = format!("{}: the fence did not come", client.link().label);
                return Err(Stop::Inconclusive { why, line: None });
            };
            let Arrival::Packet(packet) = &arrived.what else {
                let why = format!("{}: no fence, for {}", client.link().label, describe_end(&arrived.what));
                return Err(Stop::Inconclusive { why, line: Some(arrived.line) });
            };
            if forbidden.is(&packet.packet()) {
                let seen = describe::packet(&packet.packet());
                return client.broken(deciding.as_ref(), &expected, &seen, arrived.line);
            }
            if is_fence(&packet.packet(), nonce.as_deref()) {
                if !proof {
                    watch(client, forbidden, deciding.clone());
                }
                let seen = format!("the fence came first: {}", describe::packet(&packet.packet()));
                return Ok(client.kept(deciding.as_ref(), &expected, &seen, arrived.line, Some(packet.clone())));
            }
        }
    }
}

/// Whether the fence is proof, and the QoS that it goes out with.
fn fence_kind(client: &Client, publisher: &Client, forbidden: &Forbidden, topic: &Topic) -> (bool, QoS) {
    let Forbidden::Payload(payload) = forbidden else { return (false, QoS::AtLeastOnce) };
    let Some(cause) = client.context().publication(payload) else { return (false, QoS::AtLeastOnce) };
    let same = cause.link == publisher.link().label && cause.topic == client.context().names().topic(topic);
    (same, if same { cause.qos } else { QoS::AtLeastOnce })
}

async fn send_fence(publisher: &mut Client, topic: &Topic, nonce: &[u8], qos: QoS) -> Result<(), Stop> {
    let id = publisher.send(publish(topic, nonce).qos(qos))?;
    match qos {
        QoS::AtMostOnce => {}
        QoS::AtLeastOnce => {
            publisher.receive(a_puback(id)).await?;
        }
        QoS::ExactlyOnce => {
            publisher.receive(a_pubrec(id)).await?;
            publisher.send(pubrel(id))?;
            publisher.receive(a_pubcomp(id)).await?;
        }
    }
    Ok(())
}

/// The message with the nonce, or without one a PINGRESP.
fn is_fence(packet: &Packet<'_>, nonce: Option<&[u8]>) -> bool {
    match (packet, nonce) {
        (Packet::Publish(publish), Some(nonce)) => publish.payload == nonce,
        (Packet::Pingresp, None) => true,
        _ => false,
    }
}

/// From now on until the run ends, a forbidden packet on this connection turns the verdict.
fn watch(client: &Client, forbidden: Forbidden, deciding: Option<Deciding>) {
    let context = Rc::downgrade(client.context());
    let label = client.link().label.clone();
    let on_straggler = move |line: u32, packet: &Packet<'_>| {
        if let Some(context) = context.upgrade() {
            let seen = format!("{} came after the fence", describe::packet(packet));
            context.straggler(&label, deciding.as_ref(), &seen, line);
        }
    };
    client.link().watch(Box::new(move |packet| forbidden.is(packet)), Box::new(on_straggler));
}

macro_rules! awaited {
    ($($step:ident),*) => {$(
        impl<'a> IntoFuture for $step<'a> {
            type Output = Result<Evidence, Stop>;
            type IntoFuture = Step<'a>;

            fn into_future(self) -> Step<'a> {
                Box::pin(self.run())
            }
        }
    )*};
}

awaited!(Expect, ExpectRight, ExpectRefusal, ExpectClose, ExpectOpen, ExpectNone);

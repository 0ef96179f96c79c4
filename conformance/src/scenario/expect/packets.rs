//! Deciding steps about packets that must come, and must be right.

use super::{awaited, defect};
use crate::link::{Arrival, Arrived, Remark, breach_of_form, describe};
use crate::scenario::client::{Client, describe_end};
use crate::scenario::context::Deciding;
use crate::scenario::draft::pingreq;
use crate::scenario::pattern::Pattern;
use crate::scenario::rules::StepRules;
use crate::scenario::verdict::{Evidence, Seen, Stop};
use mqtt_assay_codec::{OwnedPacket, Packet, Rule, Version};
use mqtt_assay_standard::bounds;
use std::time::Duration;
use tokio::time::Instant;

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
    reaction: bool,
    /// What comes after it has come.
    is_overtaken: bool,
    about: Option<String>,
}

/// When something is due: counted from a moment on some connection.
struct Window {
    since: Instant,
    not_before: Duration,
    due: Duration,
}

impl Window {
    fn too_early(&self, at: Instant) -> Option<String> {
        let Some(after) = at.checked_duration_since(self.since) else { return Some("before its cause".to_owned()) };
        let early = self.not_before.checked_sub(after).filter(|early| !early.is_zero())?;
        Some(format!("after {:.3} s, {early:?} too early", after.as_secs_f64()))
    }
}

impl<'a> Expect<'a> {
    pub(super) fn new(client: &'a mut Client, patterns: impl IntoIterator<Item = Pattern>, ordered: bool) -> Self {
        let patterns = patterns.into_iter().collect();
        Self {
            client,
            patterns,
            rules: None,
            about: None,
            ordered,
            next: false,
            window: None,
            recommended: false,
            reaction: false,
            is_overtaken: false,
        }
    }

    /// It isn't waited for: a later message of the same publisher, topic and QoS has come, before which it was due.
    pub fn by_now(mut self) -> Self {
        self.is_overtaken = true;
        self
    }

    /// What it shows, in words, put before what is expected: for one of many that look alike.
    pub fn about(mut self, what: impl Into<String>) -> Self {
        self.about = Some(what.into());
        self
    }

    /// Names the rules that the step decides.
    pub fn decides(mut self, rules: StepRules) -> Self {
        self.rules = Some(rules);
        self
    }

    /// It must be the very next packet; in 5.0 AUTH may come before. No packet at all is no wrong one: inconclusive.
    pub fn as_next(mut self) -> Self {
        self.next = true;
        self
    }

    /// The standard leaves room for less: then the rule is weak, whatever its level.
    pub fn recommended(mut self) -> Self {
        self.recommended = true;
        self
    }

    /// It is the reaction to what the case broke on purpose, so it decides those rules too.
    pub fn as_reaction(mut self) -> Self {
        self.reaction = true;
        self
    }

    /// It is due this long after `since`, and earlier would be a breach; up to [`bounds::GRACE`] later is in time.
    pub fn due_after(mut self, since: Instant, due: Duration) -> Self {
        self.window = Some(Window { since, not_before: due, due });
        self
    }

    async fn run(self) -> Result<Evidence, Stop> {
        let Self {
            client,
            patterns: mut remaining,
            rules,
            ordered,
            next,
            window,
            recommended,
            reaction,
            is_overtaken,
            about,
        } = self;
        let deciding = client.context().deciding(rules, reaction);
        let expected =
            remaining.iter().map(Pattern::describe).collect::<Vec<_>>().join(if ordered { ", then " } else { " and " });
        let expected = super::with_subject(about, expected);
        client.say(Remark::Expects, expected.as_str());
        let grace = if is_overtaken { Duration::ZERO } else { client.context().patient(bounds::GRACE) };
        let mut until = window.as_ref().map_or_else(Instant::now, |window| window.since + window.due) + grace;
        let mut last = None;
        while !remaining.is_empty() {
            let arrived =
                if next { client.next(until, is_first).await } else { client.next_about(&remaining, until).await };
            let Some(arrived) = arrived.filter(|arrived| !next || matches!(arrived.what, Arrival::Packet(_))) else {
                let seen = nothing_came(client, &remaining, is_overtaken);
                let line = client.say(Remark::Notes, seen.as_str());
                if let Some(why) = client.need_not_come(&remaining) {
                    return Err(excused(client, &seen, &why, line));
                }
                if next {
                    return Err(Stop::Inconclusive { why: seen, line: Some(line) });
                }
                return short_of(client, recommended, deciding.as_ref(), &expected, &seen, line, None);
            };
            let line = arrived.line;
            if is_end_before_all_of(client, &remaining, &arrived) {
                let (label, end) = (&client.link().label, describe_end(&arrived.what));
                let reasons = client.administrative_farewell().map(|(_, why)| format!(" {why}")).unwrap_or_default();
                let why = format!("{label}: {end}{reasons} before what it was to get was sent");
                return Err(Stop::Inconclusive { why, line: Some(line) });
            }
            match match_one(client, &mut remaining, &arrived, ordered) {
                Ok(packet) => {
                    if let Some(early) = window.as_ref().and_then(|window| window.too_early(arrived.at)) {
                        let seen = format!("{}: {early}", describe::owned(&packet));
                        return short_of(client, recommended, deciding.as_ref(), &expected, &seen, line, Some(packet));
                    }
                    last = Some((line, packet));
                    // A slow broker is not late as long as what is expected of it keeps coming.
                    if window.is_none() {
                        until = until.max(Instant::now() + grace);
                    }
                }
                Err(Mismatch::Wrong(seen)) => {
                    if let Some(why) = excuse_for(client, &remaining, &arrived) {
                        return Err(excused(client, &seen, &why, line));
                    }
                    return short_of(client, recommended, deciding.as_ref(), &expected, &seen, line, arrived.packet());
                }
                Err(Mismatch::NotOurs(why)) => return Err(Stop::Inconclusive { why, line: Some(line) }),
            }
        }
        let Some((line, packet)) = last else { return Err(defect("expects nothing")) };
        let seen = describe::owned(&packet);
        client.let_spread(&packet.packet()).await;
        Ok(client.kept(deciding.as_ref(), &expected, &seen, line, Some(packet)))
    }
}

awaited!(Expect);

/// Broken, or weak where the step is only recommended.
fn short_of(
    client: &Client,
    recommended: bool,
    deciding: Option<&Deciding>,
    expected: &str,
    seen: &str,
    line: u32,
    packet: Option<OwnedPacket>,
) -> Result<Evidence, Stop> {
    if recommended {
        return Ok(client.weak(deciding, expected, seen, line, packet));
    }
    client.broken(deciding, expected, seen, line, packet)
}

/// Anything but an AUTH, which 5.0 lets come before all else.
fn is_first(arrived: &Arrived) -> bool {
    !matches!(&arrived.what, Arrival::Packet(packet)
        if packet.version() == Version::V5 && matches!(packet.packet(), Packet::Auth(_)))
}

/// True for an end that came before any of the messages that are waited for was sent. To a client that is gone a broker
/// owes none of them.
fn is_end_before_all_of(client: &Client, remaining: &[Pattern], arrived: &Arrived) -> bool {
    let sent_later = |pattern: &Pattern| {
        let publication = pattern.wanted_payload().and_then(|payload| client.context().recorder().publication(payload));
        publication.is_some_and(|publication| publication.line > arrived.line)
    };
    matches!(arrived.what, Arrival::Ended(_)) && remaining.iter().all(sent_later)
}

/// Why what is not as it was waited for breaks nothing: a message that is missing was refused, or the broker has ended the
/// connection for reasons of its own. Where it does so in answer to a packet of this connection, the end counts.
fn excuse_for(client: &Client, remaining: &[Pattern], arrived: &Arrived) -> Option<String> {
    if let Some(refused) = remaining.iter().find_map(|pattern| client.was_refused(pattern)) {
        return Some(refused);
    }
    if !matches!(arrived.what, Arrival::Ended(_)) {
        return None;
    }
    let (farewell, why) = client.administrative_farewell()?;
    let waits_for_others = remaining.iter().any(Pattern::tells_by_payload);
    (waits_for_others || farewell < client.link().last_line()).then_some(why)
}

fn excused(client: &Client, seen: &str, why: &str, line: u32) -> Stop {
    Stop::Inconclusive { why: format!("{}: {seen}; {why}", client.link().label), line: Some(line) }
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
    if let Some(why) = hides_properties(packet, remaining.iter().filter(|pattern| pattern.is_about(&packet.packet()))) {
        return Err(Mismatch::NotOurs(format!("{}: {why}", client.link().label)));
    }
    let names = client.context().names();
    let candidates = if ordered { 1 } else { remaining.len() };
    let fulfilled = remaining.iter().take(candidates).position(|pattern| {
        pattern.is_about(&packet.packet()) && pattern.mismatches(&packet.packet(), names).is_empty()
    });
    if let Some(place) = fulfilled {
        remaining.remove(place);
        return Ok(packet.clone());
    }
    let seen = describe::owned(packet);
    let about = remaining.iter().take(candidates).find(|pattern| pattern.is_about(&packet.packet()));
    Err(Mismatch::Wrong(match about {
        Some(pattern) => format!("{seen}: {}", pattern.mismatches(&packet.packet(), names).join(", ")),
        None => format!("{seen} came out of turn"),
    }))
}

/// Why the properties that these patterns look at can't be judged: what stands behind an unknown one can't be read.
fn hides_properties<'a>(packet: &OwnedPacket, mut patterns: impl Iterator<Item = &'a Pattern>) -> Option<String> {
    let error = breach_of_form(packet).filter(|error| error.rule == Rule::UnknownProperty)?;
    patterns.any(Pattern::looks_at_properties).then(|| format!("its properties can't be read to their end: {error}"))
}

fn nothing_came(client: &Client, remaining: &[Pattern], is_overtaken: bool) -> String {
    let limit = match client.context().patient(bounds::GRACE) {
        _ if is_overtaken => "before the message behind it".to_owned(),
        limit => format!("within {limit:?}"),
    };
    let missing = remaining.iter().map(Pattern::describe).collect::<Vec<_>>().join(" and ");
    let instead: Vec<String> = client
        .link()
        .pending()
        .iter()
        .map(|arrived| format!("{} (line {})", describe_end(&arrived.what), arrived.line))
        .collect();
    if instead.is_empty() {
        format!("no {missing} {limit}")
    } else {
        format!("no {missing} {limit}; what came instead: {}", instead.join("; "))
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
    pub(super) fn new(client: &'a mut Client, seen: &'a impl Seen, pattern: Pattern) -> Self {
        Self { client, line: seen.line(), packet: seen.owned(), pattern, rules: None, recommended: false }
    }

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

    #[expect(clippy::unused_async, reason = "every step is awaited, this one too")]
    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client, line, packet, pattern, rules, recommended } = self;
        let deciding = client.context().deciding(rules, false);
        let expected = pattern.describe();
        client.say(Remark::Expects, format!("{expected} (line {line})"));
        // The step before was only weak for want of a packet: there is nothing to look at.
        let Some(packet) = packet else { return Ok(Evidence::new(line, None)) };
        if !pattern.is_about(&packet.packet()) {
            return Err(defect("looks at a packet that its pattern is not about"));
        }
        if let Some(why) = hides_properties(packet, std::iter::once(&pattern)) {
            return Err(Stop::Inconclusive { why: format!("{}: {why}", client.link().label), line: Some(line) });
        }
        let seen = describe::owned(packet);
        let wrong = pattern.mismatches(&packet.packet(), client.context().names());
        if wrong.is_empty() {
            return Ok(client.kept(deciding.as_ref(), &expected, &seen, line, Some(packet.clone())));
        }
        short_of(
            client,
            recommended,
            deciding.as_ref(),
            &expected,
            &format!("{seen}: {}", wrong.join(", ")),
            line,
            Some(packet.clone()),
        )
    }
}

awaited!(ExpectRight);

/// See [`Client::expect_open`].
#[must_use = "a deciding step decides when it is awaited"]
pub struct ExpectOpen<'a> {
    client: &'a mut Client,
    rules: Option<StepRules>,
}

impl<'a> ExpectOpen<'a> {
    pub(super) fn new(client: &'a mut Client) -> Self {
        Self { client, rules: None }
    }

    /// Names the rules that the step decides.
    pub fn decides(mut self, rules: StepRules) -> Self {
        self.rules = Some(rules);
        self
    }

    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client, rules } = self;
        let deciding = client.context().deciding(rules, false);
        let expected = "PINGRESP";
        client.say(Remark::Expects, expected);
        let until = Instant::now() + client.context().patient(bounds::GRACE);
        let before = client.link().last_line();
        client.send(pingreq())?;
        let Some(arrived) = client.pong(until).await else {
            let seen = format!("no PINGRESP within {:?}", client.context().patient(bounds::GRACE));
            let line = client.say(Remark::Notes, seen.as_str());
            return client.broken(deciding.as_ref(), expected, &seen, line, None);
        };
        let seen = describe_end(&arrived.what);
        match arrived.what {
            Arrival::Packet(packet) => {
                Ok(client.kept(deciding.as_ref(), expected, expected, arrived.line, Some(packet)))
            }
            Arrival::Ended(_) => match client.administrative_farewell().filter(|(line, _)| *line < before) {
                Some((_, why)) => Err(excused(client, &seen, &why, arrived.line)),
                None => client.broken(deciding.as_ref(), expected, &seen, arrived.line, None),
            },
            _ => {
                let why = format!("{}: {seen}", client.link().label);
                Err(Stop::Inconclusive { why, line: Some(arrived.line) })
            }
        }
    }
}

awaited!(ExpectOpen);

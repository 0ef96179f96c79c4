//! The deciding step about a connection that the broker ends of its own accord.

use super::awaited;
use crate::link::{Arrival, Arrived, Remark, describe};
use crate::scenario::client::{Client, describe_end};
use crate::scenario::pattern::codes;
use crate::scenario::rules::StepRules;
use crate::scenario::verdict::{Evidence, Stop};
use mqtt_assay_codec::{OwnedPacket, Packet, ReasonCode};
use mqtt_assay_standard::bounds;
use std::time::Duration;
use tokio::time::Instant;

/// See [`Client::expect_close`].
#[must_use = "a deciding step decides when it is awaited"]
pub struct ExpectClose<'a> {
    client: &'a mut Client,
    codes: &'a [ReasonCode],
    code_rules: Option<StepRules>,
    rules: Option<StepRules>,
    due: Duration,
    not_before: Option<Duration>,
    early: Option<(&'a [ReasonCode], Duration)>,
}

impl<'a> ExpectClose<'a> {
    pub(super) fn new(client: &'a mut Client) -> Self {
        let due = Duration::ZERO;
        Self { client, codes: &[], code_rules: None, rules: None, due, not_before: None, early: None }
    }

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

    /// A DISCONNECT with one of these codes earlier than this after our last packet is a breach, even where the close
    /// itself may come at any time.
    pub fn code_not_before(mut self, codes: &'a [ReasonCode], after: Duration) -> Self {
        self.early = Some((codes, after));
        self
    }

    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client, codes: wanted, code_rules, rules, due, not_before, early } = self;
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
        let sent = client.link().last_line();
        let until = if due.is_zero() { Instant::now() } else { since } + latest;
        let mut answered = None;
        loop {
            let Some(arrived) = client.next(until, is_goodbye_or_end).await else {
                let seen = format!("still open {latest:?} after our last packet");
                let line = client.say(Remark::Notes, seen.as_str());
                return client.broken(deciding, &expected, &seen, line, None);
            };
            match &arrived.what {
                Arrival::Packet(packet) => {
                    let after = arrived.at.duration_since(since);
                    let too_early = early.is_some_and(|(early, earliest)| {
                        after < earliest && codes(&packet.packet()).iter().any(|code| early.contains(code))
                    });
                    if too_early {
                        let seen = describe::owned(packet);
                        let seen = format!("{seen} {:.3} s after our last packet: too early", after.as_secs_f64());
                        return client.broken(deciding, &expected, &seen, arrived.line, Some(packet.clone()));
                    }
                    answered = Some(packet.clone());
                }
                Arrival::Ended(_) if arrived.line < sent => {
                    let why = format!("{}: {} before it was due", client.link().label, describe_end(&arrived.what));
                    return Err(Stop::Inconclusive { why, line: Some(arrived.line) });
                }
                Arrival::Ended(_) => {
                    let after = arrived.at.duration_since(since);
                    let seen =
                        format!("{} {:.3} s after our last packet", describe_end(&arrived.what), after.as_secs_f64());
                    if not_before.is_some_and(|earliest| after < earliest) {
                        return client.broken(
                            deciding,
                            &expected,
                            &format!("{seen}: too early"),
                            arrived.line,
                            answered,
                        );
                    }
                    judge_farewell(client, code_rules, wanted, answered.as_ref(), arrived.line);
                    return Ok(client.kept(deciding, &expected, &seen, arrived.line, answered));
                }
                other => return Err(Stop::Inconclusive { why: describe_end(other), line: Some(arrived.line) }),
            }
        }
    }
}

awaited!(ExpectClose);

/// Everything but packets other than DISCONNECT.
fn is_goodbye_or_end(arrived: &Arrived) -> bool {
    match &arrived.what {
        Arrival::Packet(packet) => matches!(packet.packet(), Packet::Disconnect(_)),
        _ => true,
    }
}

/// Judges the reason code that came, or didn't, before a close of the broker's own accord.
fn judge_farewell(
    client: &Client,
    rules: Option<StepRules>,
    wanted: &[ReasonCode],
    answered: Option<&OwnedPacket>,
    line: u32,
) {
    let Some(rules) = rules.filter(|rules| rules.of(client.context().version()).is_some()) else { return };
    let deciding = client.context().deciding(Some(rules), false);
    let code = answered.and_then(|packet| codes(&packet.packet()).first().copied());
    let label = &client.link().label;
    let codes: Vec<String> = wanted.iter().map(|code| format!("0x{:02x}", code.0)).collect();
    let expected = format!("DISCONNECT with {} before the close", codes.join(" or "));
    match code {
        Some(code) if wanted.contains(&code) => {
            client.context().kept(label, deciding.as_ref(), &expected, &format!("DISCONNECT 0x{:02x}", code.0), line);
        }
        Some(code) => {
            client.context().weak(label, deciding.as_ref(), &expected, &format!("DISCONNECT 0x{:02x}", code.0), line);
        }
        None => client.context().weak(label, deciding.as_ref(), &expected, "a close without a DISCONNECT", line),
    }
}

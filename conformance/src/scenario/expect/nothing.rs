//! The deciding step about what must not come: fences, and the watch behind them.

use super::awaited;
use crate::link::{Arrival, Arrived, Remark, describe};
use crate::scenario::client::{Client, describe_end};
use crate::scenario::context::Deciding;
use crate::scenario::draft::{pingreq, publish};
use crate::scenario::names::Topic;
use crate::scenario::rules::StepRules;
use crate::scenario::verdict::{Evidence, Stop};
use mqtt_assay_codec::{Packet, PacketType, QoS};
use mqtt_assay_standard::bounds;
use std::rc::Rc;
use tokio::time::Instant;

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
    for_now: bool,
    about: Option<String>,
}

impl<'a> ExpectNone<'a> {
    pub(super) fn message(client: &'a mut Client, payload: &[u8]) -> Self {
        let forbidden = Forbidden::Payload(payload.to_vec());
        Self { client, forbidden, rules: None, fence: Fence::Ping, for_now: false, about: None }
    }

    pub(super) fn packet(client: &'a mut Client, packet_type: PacketType) -> Self {
        Self {
            client,
            forbidden: Forbidden::Type(packet_type),
            rules: None,
            fence: Fence::Ping,
            for_now: false,
            about: None,
        }
    }

    /// What it shows, in words, put before what is expected: for one of many that look alike.
    pub fn about(mut self, what: impl Into<String>) -> Self {
        self.about = Some(what.into());
        self
    }

    /// Only up to the fence: later it may come, so nobody watches for it.
    pub fn for_now(mut self) -> Self {
        self.for_now = true;
        self
    }

    /// Names the rules that the step decides.
    pub fn decides(mut self, rules: StepRules) -> Self {
        self.rules = Some(rules);
        self
    }

    /// The fence is a message from `publisher` on `topic`, which this client is subscribed to.
    ///
    /// It is proof where the forbidden message was sent by the same connection on the same topic with the same QoS, and
    /// not retained: then the standard fixes the order ([MQTT-4.6.0-6]). Anywhere else it is evidence. Either way this
    /// connection is watched until the run ends, for the broker under test may not keep that order.
    pub fn before_message(mut self, publisher: &'a mut Client, topic: impl Into<Topic>) -> Self {
        self.fence = Fence::Message(publisher, topic.into());
        self
    }

    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client, forbidden, rules, fence, for_now, about } = self;
        let deciding = match rules {
            // What a case breaks must have no effect: that is judged for the rules that it breaks.
            None => client.context().deciding_breaks(),
            named => client.context().deciding(named, false),
        };
        let expected = super::with_subject(about, forbidden.describe());
        let watched = if for_now { "for now" } else { "watched until the run ends" };
        let deadline = Instant::now() + client.context().patient(bounds::SET_UP);
        let mut marks = Marks::default();
        let arrived = match fence {
            Fence::Ping => {
                client.say(Remark::Expects, format!("{expected} before a PINGRESP (fence: evidence, {watched})"));
                client.send(pingreq())?;
                marks.ping_line = Some(client.link().last_line());
                next_of(client, &forbidden, &marks, deadline).await
            }
            Fence::Message(publisher, topic) => {
                let (proof, qos) = fence_kind(client, publisher, &forbidden, &topic);
                let strength = if proof { "proof" } else { "evidence" };
                client
                    .say(Remark::Expects, format!("{expected} before a later message (fence: {strength}, {watched})"));
                let may_be_lost = client.may_lose(&client.context().names().topic(&topic), qos);
                loop {
                    let payload = client.context().names().nonce();
                    publisher.publish_draft(publish(&topic, &payload).qos(qos)).await?;
                    marks.nonces.push(payload);
                    let until = if may_be_lost { client.until_next_trial(deadline) } else { deadline };
                    let arrived = next_of(client, &forbidden, &marks, until).await;
                    if arrived.is_some() || Instant::now() >= deadline {
                        break arrived;
                    }
                }
            }
        };
        let Some(arrived) = arrived else {
            let why = format!("{}: the fence did not come", client.link().label);
            return Err(Stop::Inconclusive { why, line: None });
        };
        let Arrival::Packet(packet) = &arrived.what else {
            let why = format!("{}: no fence, for {}", client.link().label, describe_end(&arrived.what));
            return Err(Stop::Inconclusive { why, line: Some(arrived.line) });
        };
        let seen = describe::owned(packet);
        if !marks.are_in(&arrived) {
            return client.broken(deciding.as_ref(), &expected, &seen, arrived.line, Some(packet.clone()));
        }
        if !for_now {
            watch(client, forbidden, deciding.clone());
        }
        let seen = format!("the fence came first: {seen}");
        Ok(client.kept(deciding.as_ref(), &expected, &seen, arrived.line, Some(packet.clone())))
    }
}

awaited!(ExpectNone);

/// See [`Client::expect_nothing_after`] and [`Client::expect_end_without`].
#[must_use = "a deciding step decides when it is awaited"]
pub struct ExpectNothingAfter<'a> {
    client: &'a mut Client,
    line: u32,
    only: Option<PacketType>,
    rules: Option<StepRules>,
}

impl<'a> ExpectNothingAfter<'a> {
    pub(super) fn new(client: &'a mut Client, line: u32, only: Option<PacketType>) -> Self {
        Self { client, line, only, rules: None }
    }

    /// Names the rules that the step decides.
    pub fn decides(mut self, rules: StepRules) -> Self {
        self.rules = Some(rules);
        self
    }

    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client, line, only, rules } = self;
        let deciding = client.context().deciding(rules, false);
        let expected = match only {
            None => format!("nothing but the end of the connection after line {line}"),
            Some(packet_type) => format!("the end of the connection, and no {} before it", packet_type.name()),
        };
        client.say(Remark::Expects, expected.as_str());
        let until = Instant::now() + client.context().patient(bounds::SET_UP);
        let end = client.next(until, |arrived| !matches!(arrived.what, Arrival::Packet(_))).await;
        let Some(end) = end.filter(|end| matches!(end.what, Arrival::Ended(_))) else {
            let why = format!("{}: the connection has not ended in order", client.link().label);
            return Err(Stop::Inconclusive { why, line: None });
        };
        let is_about = |arrived: &Arrived| match (&arrived.what, only) {
            (Arrival::Packet(packet), Some(only)) => packet.packet().packet_type() == only,
            _ => true,
        };
        let between = |arrived: &Arrived| line < arrived.line && arrived.line < end.line;
        match client.link().pending().into_iter().find(|arrived| between(arrived) && is_about(arrived)) {
            Some(later) => {
                let seen = describe_end(&later.what);
                client.broken(deciding.as_ref(), &expected, &seen, later.line, None)
            }
            None => Ok(client.kept(deciding.as_ref(), &expected, &describe_end(&end.what), end.line, None)),
        }
    }
}

awaited!(ExpectNothingAfter);

/// Whether the fence is proof, and the QoS that it goes out with.
fn fence_kind(client: &Client, publisher: &Client, forbidden: &Forbidden, topic: &Topic) -> (bool, QoS) {
    let Forbidden::Payload(payload) = forbidden else { return (false, QoS::AtLeastOnce) };
    let Some(cause) = client.context().recorder().publication(payload) else { return (false, QoS::AtLeastOnce) };
    let same = cause.link == publisher.link().label && cause.topic == client.context().names().topic(topic);
    (same && cause.is_plain, if same { cause.qos } else { QoS::AtLeastOnce })
}

/// What tells a fence: the nonces of its messages, of which some may be lost, or the line of its PINGREQ.
#[derive(Default)]
struct Marks {
    nonces: Vec<Vec<u8>>,
    ping_line: Option<u32>,
}

impl Marks {
    fn are_in(&self, arrived: &Arrived) -> bool {
        let Arrival::Packet(packet) = &arrived.what else { return false };
        match packet.packet() {
            Packet::Publish(publish) => self.nonces.iter().any(|nonce| publish.payload == &nonce[..]),
            Packet::Pingresp => self.ping_line.is_some_and(|line| arrived.line > line) && arrived.pings_open == 0,
            _ => false,
        }
    }
}

/// The fence, or what must not come before it, or the end of the stream.
async fn next_of(client: &Client, forbidden: &Forbidden, marks: &Marks, until: Instant) -> Option<Arrived> {
    let looked_for = |arrived: &Arrived| match &arrived.what {
        Arrival::Packet(packet) => marks.are_in(arrived) || forbidden.is(&packet.packet()),
        _ => true,
    };
    client.next(until, looked_for).await
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

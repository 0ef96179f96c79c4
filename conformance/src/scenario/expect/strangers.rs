//! The deciding steps about the door for TLS: who is not let in, what is not spoken there, and that nobody is kept out by what
//! others leave half done.
//!
//! An alert, the end of the connection and a refusal in CONNACK are refusals. A silence is none: where a client that comes
//! later is served meanwhile, it is weak, since nobody was let in and nobody was told. That the broker lives behind a refusal
//! the run asks for by itself.

use crate::broker::Shown;
use crate::link::{Arrival, Arrived, Link, Remark, describe};
use crate::scenario::below::{Below, Heard, ended, is_reached_by_tls};
use crate::scenario::client::{Client, describe_end};
use crate::scenario::context::CASE;
use crate::scenario::draft::connect;
use crate::scenario::subject::Subject;
use crate::scenario::verdict::{Evidence, Stop};
use crate::wire::{Answer, Offered, Transport, was_ended_by_broker};
use mqtt_assay_codec::{Packet, PacketType, QoS, ReasonCode};
use mqtt_assay_standard::bounds;
use std::io;
use std::rc::Rc;
use tokio::time::{Instant, timeout};

/// How often another client has to be served: what one has to spare may do for one more.
const TIMES: usize = 2;

impl Subject {
    /// Decides: a client that shows this in place of its own certificate is not let in. In TLS 1.3 its handshake may be over
    /// before the broker has looked at the certificate, so that its CONNECT decides.
    pub async fn expect_shut_out(&self, role: &'static str, shown: Shown) -> Result<Evidence, Stop> {
        let context = self.context();
        is_reached_by_tls(context)?;
        if !context.ready.endpoint.knows_stranger(shown) {
            return Err(Stop::NotOffered(format!(
                "nobody has {}: the suite makes it only for brokers that it starts with certificates of its own",
                shown.says()
            )));
        }
        let label = context.label(role);
        let expected = "no CONNACK that accepts: an alert, the end of the connection, or a refusal";
        context.say(&label, Remark::Expects, format!("{} is shown: {expected}", shown.says()));
        let limit = context.patient(bounds::GRACE);
        match timeout(limit, context.ready.endpoint.open_showing(shown)).await {
            Ok(Ok(stream)) => self.shut_out_behind_handshake(role, label, stream, expected).await,
            Ok(Err(error)) => self.shut_out_in_handshake(&label, &error, expected),
            Err(_) => {
                self.connect("bystander").await?;
                let seen = format!("its handshake is left without an answer for {limit:?}; another client is served");
                let line = context.say(&label, Remark::Notes, seen.as_str());
                context.weak(&label, context.deciding(None, false).as_ref(), expected, &seen, line);
                Ok(Evidence::new(line, None))
            }
        }
    }

    fn shut_out_in_handshake(&self, label: &str, error: &io::Error, expected: &str) -> Result<Evidence, Stop> {
        let context = self.context();
        let seen = format!("in the handshake: {error}");
        let line = context.say(label, Remark::Notes, seen.as_str());
        if !was_ended_by_broker(error) {
            return Err(Stop::Inconclusive { why: format!("{label}: {seen}"), line: Some(line) });
        }
        context.kept(label, context.deciding(None, false).as_ref(), expected, &seen, line);
        Ok(Evidence::new(line, None))
    }

    async fn shut_out_behind_handshake(
        &self,
        role: &'static str,
        label: String,
        stream: Box<dyn Transport>,
        expected: &str,
    ) -> Result<Evidence, Stop> {
        let context = Rc::clone(self.context());
        let link = Link::start(stream, None, label, self.version(), Rc::clone(context.recorder()));
        context.links.borrow_mut().push(Rc::clone(&link));
        let mut client = Client::new(role, link, Rc::clone(&context));
        client.send(connect())?;
        let deciding = context.deciding(None, false);
        let limit = context.patient(bounds::GRACE);
        let Some(arrived) = client.next(Instant::now() + limit, is_answer).await else {
            self.connect("bystander").await?;
            let seen = format!("no answer to its CONNECT within {limit:?}; another client is served");
            let line = client.say(Remark::Notes, seen.as_str());
            return Ok(client.weak(deciding.as_ref(), expected, &seen, line, None));
        };
        match &arrived.what {
            Arrival::Packet(packet) if is_let_in(&packet.packet()) => {
                let seen = format!("it is let in: {}", describe::packet(&packet.packet()));
                client.broken(deciding.as_ref(), expected, &seen, arrived.line, Some(packet.clone()))
            }
            Arrival::Packet(packet) => {
                let seen = describe::packet(&packet.packet());
                Ok(client.kept(deciding.as_ref(), expected, &seen, arrived.line, Some(packet.clone())))
            }
            Arrival::Ended(_) => {
                let why = client.link().why_ended().map(|why| format!(" ({why})")).unwrap_or_default();
                let seen = format!("{}{why}", describe_end(&arrived.what));
                Ok(client.kept(deciding.as_ref(), expected, &seen, arrived.line, None))
            }
            other => Err(Stop::Inconclusive { why: describe_end(other), line: Some(arrived.line) }),
        }
    }

    /// Decides: clients that come now are let in, and get their messages.
    pub async fn expect_served(&self) -> Result<Evidence, Stop> {
        let (context, expected) = (self.context(), "another client is let in, and its message comes");
        let deciding = context.deciding(None, false);
        context.say(CASE, Remark::Expects, expected);
        // One that is late for other reasons is tried once more.
        let (mut served, mut why) = (0, None);
        while served < TIMES {
            match (self.round_trip(served).await, why.is_some()) {
                (Ok(()), _) => served += 1,
                (Err(Stop::Inconclusive { why: first, .. }), false) => why = Some(first),
                (Err(Stop::Inconclusive { why: second, .. }), true) => {
                    let seen = format!("it is not: {}; and again: {second}", why.unwrap_or_default());
                    let line = context.say(CASE, Remark::Notes, seen.as_str());
                    context.broken(CASE, deciding.as_ref(), expected, &seen, line)?;
                    return Ok(Evidence::new(line, None));
                }
                (Err(stop), _) => return Err(stop),
            }
        }
        let seen = format!("{TIMES} clients were let in one after the other, and their messages came");
        let line = context.say(CASE, Remark::Notes, seen.as_str());
        context.kept(CASE, deciding.as_ref(), expected, &seen, line);
        Ok(Evidence::new(line, None))
    }

    /// A client that comes now, and a message on a topic that nobody has used yet.
    async fn round_trip(&self, which: usize) -> Result<(), Stop> {
        let topic = format!("bystander-{which}");
        let mut client = self.connect("bystander").await?;
        client.subscribe_tried(topic.as_str(), topic.as_str(), QoS::AtLeastOnce).await?;
        client.disconnect().await
    }
}

impl Below {
    /// Set-up: the broker answers the greeting that was sent by its choice of a version. Says which.
    pub async fn hears_a_choice(&mut self) -> Result<(), Stop> {
        let limit = self.context().patient(bounds::SET_UP);
        let (heard, line) = self.hear(limit, |heard| Answer::read(heard).is_some()).await;
        match Answer::read(self.heard()) {
            Some(answer @ Answer::Hello(version)) if !version.is_given_up() => {
                self.note(format!("that is {answer}"));
                Ok(())
            }
            answer => {
                let said = answer.map_or_else(|| in_words(heard), |answer| answer.to_string());
                let why = format!("{}: a greeting with TLS 1.2 and 1.3 is answered by {said}", self.label());
                Err(Stop::Inconclusive { why, line: Some(line) })
            }
        }
    }

    /// Decides: the broker does not go on with the version that the greeting offered.
    pub async fn expect_version_refused(&mut self, broker: &Subject, offered: Offered) -> Result<Evidence, Stop> {
        let expected = format!("no TLS: {offered} was offered; an alert, or the end of the connection");
        self.say(Remark::Expects, expected.as_str());
        let limit = self.context().patient(bounds::GRACE);
        let (heard, line) = self.hear(limit, |heard| Answer::read(heard).is_some()).await;
        let Some(answer) = Answer::read(self.heard()) else {
            return self.end_or_silence(broker, heard, &expected, line).await;
        };
        let seen = answer.to_string();
        match answer {
            Answer::Alert(_) => Ok(self.kept(&expected, &seen, line)),
            Answer::Hello(_) => self.broken(&expected, &seen, line),
            Answer::Other => {
                Err(Stop::Inconclusive { why: format!("{}: {seen} came", self.label()), line: Some(line) })
            }
        }
    }

    /// Decides: a CONNECT that was sent as it is gets no CONNACK.
    pub async fn expect_no_connack(&mut self, broker: &Subject) -> Result<Evidence, Stop> {
        let expected = "no CONNACK without TLS: an alert, or the end of the connection";
        self.say(Remark::Expects, expected);
        let limit = self.context().patient(bounds::GRACE);
        let is_alert = |heard: &[u8]| matches!(Answer::read(heard), Some(Answer::Alert(_)));
        let (heard, line) = self.hear(limit, |heard| is_alert(heard) || is_connack(heard)).await;
        if is_connack(self.heard()) {
            return self.broken(expected, "a CONNACK came without TLS", line);
        }
        match Answer::read(self.heard()).filter(|answer| matches!(answer, Answer::Alert(_))) {
            Some(alert) => Ok(self.kept(expected, &alert.to_string(), line)),
            None => self.end_or_silence(broker, heard, expected, line).await,
        }
    }

    /// No answer that tells: its end keeps it; silence, while another client is served, is weak.
    async fn end_or_silence(
        &self,
        broker: &Subject,
        heard: Heard,
        expected: &str,
        line: u32,
    ) -> Result<Evidence, Stop> {
        let seen = match heard {
            Heard::Ended(ending) => return Ok(self.kept(expected, ended(ending), line)),
            Heard::Enough => {
                let why = format!("{}: more came than is read, and nothing that tells", self.label());
                return Err(Stop::Inconclusive { why, line: Some(line) });
            }
            Heard::Silence => "neither, while another client is served",
        };
        broker.connect("bystander").await?;
        let deciding = self.context().deciding(None, false);
        self.context().weak(self.label(), deciding.as_ref(), expected, seen, line);
        Ok(Evidence::new(line, None))
    }

    fn kept(&self, expected: &str, seen: &str, line: u32) -> Evidence {
        let deciding = self.context().deciding(None, false);
        self.context().kept(self.label(), deciding.as_ref(), expected, seen, line);
        Evidence::new(line, None)
    }

    fn broken(&self, expected: &str, seen: &str, line: u32) -> Result<Evidence, Stop> {
        let deciding = self.context().deciding(None, false);
        self.context().broken(self.label(), deciding.as_ref(), expected, seen, line)?;
        Ok(Evidence::new(line, None))
    }
}

fn in_words(heard: Heard) -> String {
    match heard {
        Heard::Ended(ending) => ended(ending).to_owned(),
        Heard::Enough => "more bytes than are read".to_owned(),
        Heard::Silence => "nothing".to_owned(),
    }
}

/// The beginning of a CONNACK: its type without flags, and behind its length the flag of the session.
fn is_connack(bytes: &[u8]) -> bool {
    matches!(*bytes, [0x20, length, session, ..] if length >= 2 && session <= 1)
}

fn is_answer(arrived: &Arrived) -> bool {
    match &arrived.what {
        Arrival::Packet(packet) => packet.packet().packet_type() == PacketType::Connack,
        _ => true,
    }
}

fn is_let_in(packet: &Packet<'_>) -> bool {
    matches!(packet, Packet::Connack(connack) if connack.reason == ReasonCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::is_connack;

    #[test]
    fn a_connack_is_told_from_the_bytes_of_other_protocols() {
        for connack in [&[0x20, 2, 0, 0][..], &[0x20, 2, 1, 0], &[0x20, 2, 0, 5], &[0x20, 8, 0, 0x8A, 5, 0x21]] {
            assert!(is_connack(connack), "{connack:02x?}");
        }
        for other in [&b""[..], &[0x20, 2], b" HTTP", &[21, 3, 1, 0, 2, 2, 70], &[0x30, 2, 0, 0], &[0x20, 1, 0]] {
            assert!(!is_connack(other), "{other:02x?}");
        }
    }
}

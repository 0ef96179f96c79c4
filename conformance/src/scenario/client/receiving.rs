//! Set-up steps that wait: for a packet, or for one of several, and what was there instead; and looks at what waits unread.

use super::Client;
use crate::link::{Arrival, Arrived};
use crate::scenario::pattern::{Pattern, any};
use crate::scenario::verdict::{Received, Seen, Stop};
use crate::wire::Ending;
use mqtt_assay_codec::{Packet, PacketType};
use mqtt_assay_standard::bounds;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

impl Client {
    /// Set-up: the packet that the pattern is about, as it should be.
    pub async fn receive(&mut self, pattern: Pattern) -> Result<Received, Stop> {
        let limit = self.context().patient(bounds::SET_UP);
        self.receive_within(pattern, limit).await
    }

    /// Set-up: a message that comes while another one is unacknowledged. A broker may send them one by one; then what the
    /// case asks is not exercised.
    pub async fn receive_also(&mut self, pattern: Pattern) -> Result<Received, Stop> {
        match self.receive(pattern).await {
            Err(Stop::Inconclusive { line: None, .. }) => {
                Err(Stop::NotExercised("the broker has one message on its way at a time".to_owned()))
            }
            received => received,
        }
    }

    pub(crate) async fn receive_within(&mut self, pattern: Pattern, limit: Duration) -> Result<Received, Stop> {
        self.receive_one_of(std::slice::from_ref(&pattern), Instant::now() + limit).await
    }

    /// Set-up: a packet that one of the patterns is about, as it should be.
    pub(crate) async fn receive_one_of(&self, patterns: &[Pattern], until: Instant) -> Result<Received, Stop> {
        let limit = until.saturating_duration_since(Instant::now());
        let expected = patterns.iter().map(Pattern::describe).collect::<Vec<_>>().join(" or ");
        let failed = |why: String, line| Err(Stop::Inconclusive { why, line });
        let label = self.link.label.clone();
        let Some(arrived) = self.next_about(patterns, until).await else {
            let why = match (self.link.unfinished(), patterns.iter().find_map(|pattern| self.was_refused(pattern))) {
                (_, Some(refused)) => format!("; {refused}"),
                (0, None) => String::new(),
                (count, None) => format!(", but the first {count} bytes of a packet whose rest never came"),
            };
            return failed(format!("{label}: no {expected} within {}{why}", in_short(limit)), None);
        };
        let line = Some(arrived.line);
        match arrived.what {
            Arrival::Packet(packet) => {
                let names = self.context().names();
                let about = patterns.iter().filter(|pattern| pattern.is_about(&packet.packet()));
                let wrong: Vec<Vec<String>> =
                    about.map(|pattern| pattern.mismatches(&packet.packet(), names)).collect();
                match wrong.first() {
                    Some(first) if wrong.iter().all(|wrong| !wrong.is_empty()) => {
                        failed(format!("{label}: expected {expected}: {}", first.join(", ")), line)
                    }
                    _ => {
                        self.let_spread(&packet.packet()).await;
                        Ok(Received { line: arrived.line, packet })
                    }
                }
            }
            other => {
                let farewell = self.farewell().map(|(line, code)| format!(" after DISCONNECT {code} (line {line})"));
                let end = describe_end(&other) + &farewell.unwrap_or_default();
                failed(format!("{label}: expected {expected}, but {end}"), line)
            }
        }
    }

    /// Set-up: a packet that a step before has brought is right in this respect too.
    pub fn receive_right(&self, seen: &impl Seen, pattern: &Pattern) -> Result<(), Stop> {
        let wrong = match seen.owned() {
            Some(packet) => pattern.mismatches(&packet.packet(), self.context().names()),
            None => vec!["there is no packet".to_owned()],
        };
        if wrong.is_empty() {
            return Ok(());
        }
        let why = format!("{}: expected {}: {}", self.link.label, pattern.describe(), wrong.join(", "));
        Err(Stop::Inconclusive { why, line: Some(seen.line()) })
    }

    /// Set-up: the packet that the pattern is about, as it should be, or nothing where the broker has ended the connection
    /// without it.
    pub async fn receive_or_end(&mut self, pattern: Pattern) -> Result<Option<Received>, Stop> {
        let received = self.receive(pattern).await;
        let is_packet = |arrived: &Arrived| matches!(arrived.what, Arrival::Packet(_));
        let stands = self.link.pending().into_iter().find(|arrived| !is_packet(arrived));
        match (received, stands) {
            (Err(_), Some(end)) if is_end(&end) => Ok(None),
            (received, _) => received.map(Some),
        }
    }

    /// The next packet that one of the patterns is about, or the end of the stream.
    pub(crate) async fn next_about(&self, patterns: &[Pattern], until: Instant) -> Option<Arrived> {
        let link = Rc::clone(&self.link);
        self.next(until, |arrived| match &arrived.what {
            Arrival::Packet(packet) => patterns.iter().any(|pattern| {
                // A message is told by its payload; an acknowledgement may belong to another exchange of ours.
                let ids = pattern.wanted_id().filter(|_| !pattern.tells_by_payload()).zip(packet.packet().packet_id());
                let is_others = ids.is_some_and(|(wanted, got)| link.belongs_to_another(got.get(), wanted));
                !is_others && pattern.is_about(&packet.packet())
            }),
            _ => true,
        })
        .await
    }

    /// The next arrival that is wanted. A packet that is still under way extends the wait, as long as its bytes make progress
    /// within the limit.
    pub(crate) async fn next(&self, mut until: Instant, wanted: impl Fn(&Arrived) -> bool) -> Option<Arrived> {
        let limit = until.saturating_duration_since(Instant::now());
        loop {
            if let Some(arrived) = self.link.take(&wanted) {
                return Some(arrived);
            }
            if timeout_at(until, self.link.arrival()).await.is_err() {
                // After a stall of this process the limit may be over before the reader has had its turn.
                for _ in 0..2 {
                    tokio::task::yield_now().await;
                }
                if let Some(arrived) = self.link.take(&wanted) {
                    return Some(arrived);
                }
                let later = self.link.flow.progress().map(|progress| progress + limit);
                until = later.filter(|later| *later > Instant::now())?;
            }
        }
    }

    /// The PINGRESP to the last PINGREQ, not one that answers an earlier PINGREQ, or the end of the stream.
    pub(crate) async fn pong(&self, until: Instant) -> Option<Arrived> {
        let ping_line = self.link.last_line();
        self.next(until, |arrived| match &arrived.what {
            Arrival::Packet(packet) => {
                let answers = arrived.line > ping_line && arrived.pings_open == 0;
                answers && matches!(packet.packet(), Packet::Pingresp)
            }
            _ => true,
        })
        .await
    }

    /// Whether a packet that the pattern is about waits unread; looks, and judges nothing.
    pub fn waits_for(&self, pattern: &Pattern) -> bool {
        let is_it =
            |arrival: &Arrival| matches!(arrival, Arrival::Packet(packet) if pattern.is_about(&packet.packet()));
        self.link.pending().iter().any(|arrived| is_it(&arrived.what))
    }

    /// How many packets of this type wait unread; for steps that count without judging.
    pub fn waiting(&self, packet_type: PacketType) -> usize {
        self.waiting_behind(packet_type, 0)
    }

    /// The same for those that came after this line of the transcript.
    pub fn waiting_behind(&self, packet_type: PacketType, line: u32) -> usize {
        let about = any(packet_type);
        self.link
            .pending()
            .iter()
            .filter(|arrived| arrived.line > line)
            .filter(|arrived| matches!(&arrived.what, Arrival::Packet(packet) if about.is_about(&packet.packet())))
            .count()
    }
}

/// A limit as people write it: what is left of it may have many digits.
fn in_short(limit: Duration) -> String {
    let tenths = (limit.as_secs_f64() * 10.0).round() / 10.0;
    format!("{tenths}s")
}

pub(super) fn is_end(arrived: &Arrived) -> bool {
    matches!(arrived.what, Arrival::Ended(_))
}

/// What stands in the way of a packet, in words.
pub(crate) fn describe_end(arrival: &Arrival) -> String {
    match arrival {
        Arrival::Ended(Ending::Fin) => "the broker closed the connection (FIN)".to_owned(),
        Arrival::Ended(Ending::Reset) => "the broker reset the connection (RST)".to_owned(),
        Arrival::Unreadable(error) => format!("the broker sent bytes that are no packet: {error}"),
        Arrival::TooLarge(most) => format!("the broker began a packet larger than the {most} bytes that are read"),
        Arrival::Flood => "the broker never stopped sending: more came than is kept".to_owned(),
        Arrival::Packet(packet) => crate::link::describe::owned(packet),
    }
}

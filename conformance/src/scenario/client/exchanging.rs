//! Set-up steps of a question and its answer: subscriptions, messages up to their last acknowledgement, pings.

use super::{Client, describe_end};
use crate::link::{Arrival, Arrived};
use crate::scenario::draft::{Draft, pingreq, publish, pubrel, subscribe, unsubscribe};
use crate::scenario::names::Topic;
use crate::scenario::pattern::{a_puback, a_pubcomp, a_pubrec, a_suback, an_unsuback, codes};
use crate::scenario::verdict::{Received, Stop};
use mqtt_assay_codec::{Packet, QoS, ReasonCode, SubscriptionOptions};
use mqtt_assay_standard::bounds;
use std::time::Duration;
use tokio::time::Instant;

/// SUBACK codes by which a 5.0 broker says that it hasn't what was asked for.
const NOT_OFFERED: [ReasonCode; 3] = [
    ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
    ReasonCode::SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED,
    ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,
];

impl Client {
    /// Set-up: a subscription granted as asked. One that is granted lower leaves the case not exercised.
    pub async fn subscribe(
        &mut self,
        filter: impl Into<Topic>,
        options: impl Into<SubscriptionOptions>,
    ) -> Result<(), Stop> {
        let options = options.into();
        let qos = options.qos;
        let id = self.send(subscribe(filter, options))?;
        let suback = self.receive(a_suback(id)).await?;
        let code = match suback.packet() {
            Packet::Suback(ack) => ack.reasons.iter().next(),
            _ => None,
        };
        match code {
            Some(code) if code.0 == qos as u8 => Ok(()),
            Some(code) if code.0 < qos as u8 => Err(Stop::NotExercised(format!(
                "the subscription was granted QoS {}, the case needs {}",
                code.0, qos as u8
            ))),
            Some(code) if NOT_OFFERED.contains(&code) => Err(Stop::NotOffered(format!("SUBACK: {code}"))),
            other => {
                let code = other.map_or_else(|| "none".to_owned(), |code| format!("0x{:02x}", code.0));
                let why = format!("{}: the subscription was not granted as asked (code {code})", self.link.label);
                Err(Stop::Inconclusive { why, line: Some(suback.line) })
            }
        }
    }

    /// Set-up: a message published, and its exchange with the broker completed.
    pub async fn publish(&mut self, topic: impl Into<Topic>, payload: impl AsRef<[u8]>, qos: QoS) -> Result<(), Stop> {
        self.publish_draft(publish(topic, payload).qos(qos)).await
    }

    /// Set-up: a message published as drafted, and its exchange with the broker completed. It waits for room, where the broker
    /// has stated a Receive Maximum.
    pub async fn publish_draft(&mut self, draft: Draft) -> Result<(), Stop> {
        self.try_paths().await?;
        self.wait_for_room(&draft).await;
        self.exchange(draft).await
    }

    /// Set-up: messages published as drafted, as many of them in one write as the broker's Receive Maximum has room for, and
    /// their exchanges completed.
    pub async fn publish_together(&mut self, drafts: impl IntoIterator<Item = Draft>) -> Result<(), Stop> {
        self.try_paths().await?;
        let mut drafts = drafts.into_iter().peekable();
        while drafts.peek().is_some() {
            let mut exchanges = Vec::new();
            for draft in drafts.by_ref().take(self.room()) {
                let qos = draft.published_qos().unwrap_or(QoS::AtMostOnce);
                exchanges.push((self.send(draft)?, qos));
            }
            self.complete(&exchanges).await?;
        }
        Ok(())
    }

    /// Sends a message, and completes its exchange.
    pub(crate) async fn exchange(&mut self, draft: Draft) -> Result<(), Stop> {
        let qos = draft.published_qos().unwrap_or(QoS::AtMostOnce);
        let id = self.send(draft)?;
        self.complete(&[(id, qos)]).await
    }

    /// Set-up: completes the exchanges of these messages, which were sent: all first steps before all second ones.
    pub async fn complete(&mut self, exchanges: &[(u16, QoS)]) -> Result<(), Stop> {
        for &(id, qos) in exchanges.iter().filter(|(_, qos)| *qos != QoS::AtMostOnce) {
            let first = if qos == QoS::AtLeastOnce { a_puback(id) } else { a_pubrec(id) };
            let answer = self.receive(first).await?;
            self.require_accepted(&answer)?;
        }
        let in_two_steps = || exchanges.iter().filter(|(_, qos)| *qos == QoS::ExactlyOnce).map(|(id, _)| *id);
        self.send_together(in_two_steps().map(pubrel))?;
        for id in in_two_steps() {
            self.receive(a_pubcomp(id)).await?;
        }
        Ok(())
    }

    /// The code of 0x80 or above with which an acknowledgement refuses a message.
    pub fn refusal_in(acknowledgement: &Received) -> Option<ReasonCode> {
        codes(&acknowledgement.packet()).first().copied().filter(|code| code.is_error())
    }

    /// An acknowledgement with an error code: the broker has not taken the message.
    fn require_accepted(&self, acknowledgement: &Received) -> Result<(), Stop> {
        match Self::refusal_in(acknowledgement) {
            Some(code) => {
                let why = format!("{}: the message was refused ({code})", self.link.label);
                Err(Stop::Inconclusive { why, line: Some(acknowledgement.line) })
            }
            None => Ok(()),
        }
    }

    /// Set-up: topic filters unsubscribed, and the broker says that it has done so.
    pub async fn unsubscribe(&mut self, filter: impl Into<Topic>) -> Result<(), Stop> {
        let id = self.send(unsubscribe([filter.into()]))?;
        let unsuback = self.receive(an_unsuback(id)).await?;
        self.require_accepted(&unsuback)
    }

    /// PINGREQ and PINGRESP.
    pub(crate) async fn ping(&mut self, limit: Duration) -> Result<(), Stop> {
        self.send(pingreq())?;
        let label = &self.link.label;
        match self.pong(Instant::now() + limit).await {
            Some(Arrived { what: Arrival::Packet(_), .. }) => Ok(()),
            Some(Arrived { what, line, .. }) => Err(Stop::Inconclusive {
                why: format!("{label}: no PINGRESP, for {}", describe_end(&what)),
                line: Some(line),
            }),
            None => Err(Stop::Inconclusive { why: format!("{label}: no PINGRESP within {limit:?}"), line: None }),
        }
    }

    /// Set-up: the connection is served, as a PINGREQ shows.
    pub async fn serves(&mut self) -> Result<(), Stop> {
        self.ping(self.context().patient(bounds::SET_UP)).await
    }
}

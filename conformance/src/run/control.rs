//! The control: a plain connect, subscribe, publish and receive. Only a broker that gets through it is judged; what its
//! CONNACK says it lacks is remembered, so that cases that need it are *not offered*.

use super::begin::begin;
use super::options::RunOptions;
use crate::broker::Ready;
use crate::link::{Transcript, What};
use crate::scenario::pattern::properties;
use crate::scenario::{
    Case, CaseRules, Common, Evidence, Instance, Invariants, Method, Outcome, Running, Stop, Subject, draft, pattern,
};
use mqtt_assay_codec::{Packet, Property, QoS, ReasonCode, Version};
use mqtt_assay_standard::bounds;
use std::cell::RefCell;
use std::rc::Rc;
use tokio::time::timeout;

/// What a broker says in its CONNACK that it lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    lacking: Vec<(&'static str, String)>,
}

impl Offer {
    /// Why a feature is not there, if the broker says so.
    pub(crate) fn lacks(&self, feature: &str) -> Option<&str> {
        self.lacking.iter().find(|(known, _)| *known == feature).map(|(_, why)| why.as_str())
    }

    fn of_connack(packet: &Packet<'_>) -> Self {
        let lacking = properties(packet)
            .iter()
            .filter_map(|property| Some((lacking(property)?, format!("CONNACK: {property:?}"))))
            .collect();
        Self { lacking }
    }
}

fn lacking(property: &Property<'_>) -> Option<&'static str> {
    match property {
        Property::MaximumQoS(_) => Some("qos2"),
        Property::RetainAvailable(0) => Some("retain"),
        Property::WildcardSubscriptionAvailable(0) => Some("wildcard"),
        Property::SubscriptionIdentifierAvailable(0) => Some("subscription-identifiers"),
        Property::SharedSubscriptionAvailable(0) => Some("shared-subscriptions"),
        _ => None,
    }
}

pub(super) static CONTROL: Case =
    Case::new("control", "", "a client connects, subscribes, publishes and receives", Method::Steps(never));

/// The control's steps are taken here, not by a run.
fn never(_: &Subject) -> Running<'_> {
    Box::pin(async { Err(Stop::NotExercised("the control is no case".to_owned())) })
}

/// It decides no rule.
pub(super) static RULES: CaseRules = CaseRules { breaks: &[], proves: &[] };

/// Tries the control in one version.
pub(crate) async fn try_out(
    ready: &Ready,
    version: Version,
    options: &RunOptions,
    invariants: &Rc<Invariants>,
) -> Result<Offer, Stop> {
    let instance = Instance { chapter: "control", case: &CONTROL, version, rules: &RULES };
    let subject = begin(instance, ready.clone(), options, invariants, &Common::default());
    let offer = RefCell::new(Offer::default());
    let limit = bounds::CASE * options.patience;
    let outcome = timeout(limit, steps(&subject, &offer)).await;
    subject.close().await;
    subject.release();
    let transcript = subject.context().transcript();
    match outcome {
        Ok(Ok(_)) => Ok(offer.into_inner()),
        Ok(Err(stop)) => Err(explain(stop, &transcript, version)),
        Err(_) => Err(Stop::Inconclusive { why: format!("the control did not finish within {limit:?}"), line: None }),
    }
}

async fn steps(broker: &Subject, offer: &RefCell<Offer>) -> Outcome {
    let mut client = broker.open("control").await?;
    client.send(draft::connect())?;
    let connack = client.receive(pattern::a_connack().code(&[ReasonCode::SUCCESS])).await?;
    *offer.borrow_mut() = Offer::of_connack(&connack.packet());
    // QoS 1, for QoS 0 may be lost; a broker that has nothing else has said so, and is asked until a message comes through.
    let has_qos1 = !matches!(connack.packet(), Packet::Connack(connack) if connack.properties.maximum_qos() == Some(0));
    let qos = if has_qos1 { QoS::AtLeastOnce } else { QoS::AtMostOnce };
    client.subscribe_tried("control", "control", qos).await?;
    Ok(Evidence::new(0, None))
}

/// What listens there, told by its first bytes, where that is no MQTT.
fn other_protocol(transcript: &Transcript) -> Option<&'static str> {
    let received = transcript.lines.iter().find_map(|line| match &line.what {
        What::Received(bytes) => Some(bytes),
        _ => None,
    })?;
    match received.as_ref() {
        [b'H', b'T', b'T', b'P', b'/', ..] => Some("HTTP"),
        [b'S', b'S', b'H', b'-', ..] => Some("SSH"),
        // A record of TLS: an alert or a part of a handshake.
        [0x15 | 0x16, 3, 0..=4, ..] => Some("TLS"),
        _ => None,
    }
}

/// A broker that does not speak the version says so with a CONNACK, in its own form, or just closes.
fn explain(stop: Stop, transcript: &Transcript, version: Version) -> Stop {
    let refused = transcript.lines.iter().any(|line| match &line.what {
        What::Received(bytes) => matches!(bytes.as_ref(), [0x20, 2, 0, 1] | [0x20, _, 0, 0x84, ..]),
        _ => false,
    });
    if let Some(protocol) = other_protocol(transcript) {
        return Stop::Inconclusive { why: format!("what listens there speaks {protocol}, not MQTT"), line: None };
    }
    match stop {
        _ if refused => Stop::NotOffered(format!("the broker does not speak MQTT {version}")),
        Stop::Inconclusive { why, line } => Stop::Inconclusive { why: format!("the control failed: {why}"), line },
        other => other,
    }
}

//! The control: a plain connect, subscribe, publish and receive. Only a broker that gets through it is judged; what its
//! CONNACK says that it lacks is remembered, and what it is seen to lack.

use super::begin::begin;
use super::offer::Offer;
use super::options::RunOptions;
use crate::broker::Ready;
use crate::link::{Remark, Transcript, What};
use crate::scenario::{
    Case, CaseRules, Client, Common, Evidence, Instance, Invariants, Method, Outcome, Received, Running, Stop, Subject,
    draft, pattern,
};
use mqtt_assay_codec::{Packet, QoS, ReasonCode, Version};
use mqtt_assay_standard::bounds;
use std::cell::RefCell;
use std::rc::Rc;
use tokio::time::timeout;

pub(super) static CONTROL: Case =
    Case::new("control", "", "a client connects, subscribes, publishes and receives", Method::Steps(never));

/// The control's steps are taken here, not by a run.
fn never(_: &Subject) -> Running<'_> {
    Box::pin(async { Err(Stop::NotExercised("the control is no case".to_owned())) })
}

/// It decides no rule.
pub(super) static RULES: CaseRules = CaseRules { breaks: &[], proves: &[] };

/// Why a broker can't be judged in a version.
pub(crate) struct Untried {
    pub(crate) stop: Stop,
    /// It ended the connection with no CONNACK of that version: so does one that doesn't speak it.
    pub(super) is_unspoken: bool,
}

/// Features that a broker may be without and not say so, and the case that judges each.
pub(super) const JUDGED_BY: [(&str, &str); 2] =
    [("qos2", "qos/qos2-handshake"), ("retain", "retain/retained-for-new-subscriber")];

/// Tries the control in one version.
pub(crate) async fn try_out(
    ready: &Ready,
    version: Version,
    options: &RunOptions,
    invariants: &Rc<Invariants>,
    common: &Common,
) -> Result<Offer, Untried> {
    let instance = Instance { chapter: "control", case: &CONTROL, version, rules: &RULES };
    let subject = begin(instance, ready.clone(), options, invariants, common);
    let offer = RefCell::new(Offer::default());
    let limit = bounds::CASE * options.patience;
    let outcome = timeout(limit, steps(&subject, &offer)).await;
    let transcript = subject.context().transcript();
    if matches!(outcome, Ok(Ok(_))) {
        // Whatever comes of these, the broker can be judged.
        let _ = timeout(limit, look_for_features(&subject, &offer)).await;
    }
    subject.close().await;
    subject.clean_up().await;
    subject.release();
    match outcome {
        Ok(Ok(_)) => Ok(offer.into_inner()),
        Ok(Err(stop)) => Err(explain(stop, &transcript, version)),
        Err(_) => {
            let why = format!("the control did not finish within {limit:?}");
            Err(Untried { stop: Stop::Inconclusive { why, line: None }, is_unspoken: false })
        }
    }
}

/// What a broker states in the CONNACK of 5.0, where no case of 5.0 is to be run.
pub(super) async fn stated(ready: &Ready, options: &RunOptions, invariants: &Rc<Invariants>) -> Option<Offer> {
    let instance = Instance { chapter: "control", case: &CONTROL, version: Version::V5, rules: &RULES };
    let subject = begin(instance, ready.clone(), options, invariants, &Common::default());
    let connected = timeout(bounds::CASE * options.patience, connected(&subject)).await;
    subject.close().await;
    subject.release();
    connected.ok()?.ok().map(|(_, connack)| Offer::of_connack(&connack.packet()))
}

async fn connected(broker: &Subject) -> Result<(Client, Received), Stop> {
    let mut client = broker.open("control").await?;
    client.send(draft::connect())?;
    let connack = client.receive(pattern::a_connack().code(&[ReasonCode::SUCCESS])).await?;
    Ok((client, connack))
}

async fn steps(broker: &Subject, offer: &RefCell<Offer>) -> Outcome {
    let (mut client, connack) = connected(broker).await?;
    *offer.borrow_mut() = Offer::of_connack(&connack.packet());
    // QoS 1, for QoS 0 may be lost; a broker that has nothing else has said so, and is asked until a message comes through.
    let has_qos1 = !matches!(connack.packet(), Packet::Connack(connack) if connack.properties.maximum_qos() == Some(0));
    let qos = if has_qos1 { QoS::AtLeastOnce } else { QoS::AtMostOnce };
    client.subscribe_tried("control", "control", qos).await?;
    Ok(Evidence::new(0, None))
}

/// Looks for what half a suite of cases needs and a broker may lack without a word: one case is to fail by it, not all.
async fn look_for_features(broker: &Subject, offer: &RefCell<Offer>) -> Result<(), Stop> {
    let [(qos2, judges_qos2), (retain, judges_retain)] = JUDGED_BY;
    if !offer.borrow().states_lack(qos2) && !takes_qos2(broker).await? {
        offer.borrow_mut().misses(qos2, "no PUBREC comes for a PUBLISH of QoS 2", judges_qos2);
    }
    if !offer.borrow().states_lack(retain) && !keeps_retained(broker).await? {
        offer.borrow_mut().misses(retain, "no retained message comes to a new subscriber", judges_retain);
    }
    Ok(())
}

async fn takes_qos2(broker: &Subject) -> Result<bool, Stop> {
    let mut client = broker.connect("qos2").await?;
    let id = client.send(draft::publish("control-qos2", b"exactly once").qos(QoS::ExactlyOnce))?;
    let answer = client.receive(pattern::a_pubrec(id)).await;
    if answer.is_ok() {
        client.send(draft::pubrel(id))?;
    }
    Ok(answer.is_ok())
}

async fn keeps_retained(broker: &Subject) -> Result<bool, Stop> {
    let topic = "control-retained";
    let mut client = broker.connect("keeper").await?;
    client.subscribe(topic, QoS::AtLeastOnce).await?;
    let kept = draft::publish(topic, b"kept").qos(QoS::AtLeastOnce).retain();
    if client.publish_draft(kept).await.is_err() {
        return Ok(false);
    }
    // A broker may acknowledge a message before it does anything with it. Whether this copy comes is judged elsewhere.
    let _ = client.receive(pattern::a_message(topic, b"kept")).await;
    let mut subscriber = broker.connect("subscriber").await?;
    subscriber.subscribe(topic, QoS::AtLeastOnce).await?;
    Ok(subscriber.receive(pattern::a_message(topic, b"kept")).await.is_ok())
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

/// What an alert of TLS said that ended a connection: in TLS 1.3 a broker looks at the client's certificate only when the
/// client is through the handshake.
fn ended_by_tls(transcript: &Transcript) -> Option<String> {
    transcript.lines.iter().find_map(|line| match &line.what {
        What::Said(Remark::Notes, text) if text.starts_with("TLS: ") => Some(text.clone()),
        _ => None,
    })
}

/// A broker that does not speak the version says so with a CONNACK, in its own form, or just closes.
fn explain(stop: Stop, transcript: &Transcript, version: Version) -> Untried {
    let received = || {
        transcript.lines.iter().filter_map(|line| match &line.what {
            What::Received(bytes) => Some(bytes.as_ref()),
            _ => None,
        })
    };
    let is_refused = received().any(|bytes| matches!(bytes, [0x20, 2, 0, 1] | [0x20, _, 0, 0x84, ..]));
    let is_ended = transcript.lines.iter().any(|line| matches!(line.what, What::Ended(_)));
    let is_unspoken = is_refused || is_ended && received().next().is_none();
    if let Some(why) = ended_by_tls(transcript) {
        return Untried { stop: Stop::Inconclusive { why, line: None }, is_unspoken: false };
    }
    if let Some(protocol) = other_protocol(transcript) {
        let why = format!("what listens there speaks {protocol}, not MQTT");
        return Untried { stop: Stop::Inconclusive { why, line: None }, is_unspoken: false };
    }
    let stop = match stop {
        _ if is_refused => Stop::NotOffered(format!("the broker does not speak MQTT {version}")),
        Stop::Inconclusive { why, line } => Stop::Inconclusive { why: format!("the control failed: {why}"), line },
        other => other,
    };
    Untried { stop, is_unspoken }
}

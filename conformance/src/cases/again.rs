//! Set-up steps of several chapters: clients that come back, and that leave unacknowledged what they get.

use super::prelude::*;
use crate::scenario::{Client, Received};

/// Set-up: a client let in by this CONNECT that acknowledges nothing by itself, not even what comes right behind the CONNACK.
pub(super) async fn holding(broker: &Subject, role: &'static str, draft: Draft) -> Result<Client, Stop> {
    let mut client = broker.open(role).await?;
    client.hold_acknowledgements();
    client.send(draft)?;
    client.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    Ok(client)
}

/// Set-up: a client that comes back to the session it left, and acknowledges nothing by itself. It is owed what it left only
/// where its session is present; whether that is so rightly is a case of its own.
pub(super) async fn back_holding(broker: &Subject, role: &'static str, draft: Draft) -> Result<Client, Stop> {
    let client = holding(broker, role, draft).await?;
    in_kept_session(client)
}

/// Set-up: the same for a client that acknowledges what comes.
pub(super) async fn back(broker: &Subject, role: &'static str, draft: Draft) -> Result<Client, Stop> {
    let mut client = broker.open(role).await?;
    client.send(draft)?;
    client.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    in_kept_session(client)
}

fn in_kept_session(client: Client) -> Result<Client, Stop> {
    if client.session_is_present() {
        return Ok(client);
    }
    let why = format!("{}: CONNACK says Session Present 0, where a session was left", client.role());
    Err(Stop::Inconclusive { why, line: None })
}

/// Set-up: these messages on `news`, published at this QoS, come to a client that acknowledges none of them. A broker that
/// has one on its way at a time leaves nothing to see.
pub(super) async fn left_open(
    client: &mut Client,
    publisher: &mut Client,
    payloads: &[&[u8]],
    qos: QoS,
) -> Result<Vec<Received>, Stop> {
    for payload in payloads {
        publisher.publish("news", payload, qos).await?;
    }
    let mut received = Vec::new();
    for (place, payload) in payloads.iter().enumerate() {
        let message = a_message("news", payload).qos(qos);
        let step = if place == 0 { client.receive(message).await } else { client.receive_also(message).await };
        received.push(step?);
    }
    Ok(received)
}

/// The QoS that the last part of a member's name tells.
pub(super) fn level_in(member: &str) -> QoS {
    if member.ends_with("qos1") { AtLeastOnce } else { ExactlyOnce }
}

/// Decides: these messages on `news`, which must have come for anything to be judged, have come in this order.
pub(super) async fn come_in_order(client: &mut Client, payloads: &[&[u8]]) -> Outcome {
    let mut received = Vec::new();
    for payload in payloads {
        received.push(client.receive(a_message("news", payload)).await?);
    }
    in_order(client, received, payloads).await
}

/// Decides: what was received, whatever the order in which it was taken, arrived in this order.
pub(super) async fn in_order<P: AsRef<[u8]>>(
    client: &mut Client,
    mut received: Vec<Received>,
    payloads: &[P],
) -> Outcome {
    received.sort_by_key(|message| message.line);
    let mut decided = None;
    for (message, payload) in received.iter().zip(payloads) {
        decided = Some(client.expect_right(message, any(PacketType::Publish).reads(payload)).await?);
    }
    decided.ok_or(Stop::NotExercised("no message has come".to_owned()))
}

/// How often a session was resumed that has more than ten connections behind it.
const MANY: usize = 10;

/// Set-up: a client on a connection to which it has come in this way; `last` is what its CONNECT has beyond those before it.
pub(super) async fn come_by(
    broker: &Subject,
    way: &str,
    role: &'static str,
    last: impl FnOnce(Draft) -> Draft,
) -> Result<Client, Stop> {
    let kept = || connect().persistent();
    let times = match way {
        "taken-over" => 0,
        "taken-over-clean" => {
            let mut first = broker.connect(role).await?;
            let second = broker.connect_as(role, last(connect())).await?;
            return first.ended().await.map(|()| second);
        }
        "resumed" => 1,
        "second-time" => 2,
        "third-time" => 3,
        "many-times" => MANY,
        _ => return broker.connect_as(role, last(connect())).await,
    };
    let mut client = broker.connect_as(role, kept()).await?;
    // There are brokers that keep no session for a client without subscriptions.
    client.subscribe("mail", AtLeastOnce).await?;
    for _ in 1..times {
        client.disconnect().await?;
        client = back(broker, role, kept()).await?;
    }
    if times > 0 {
        client.disconnect().await?;
        return back(broker, role, last(kept())).await;
    }
    let second = back(broker, role, last(kept())).await?;
    client.ended().await.map(|()| second)
}

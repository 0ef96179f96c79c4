//! Keep alive: PINGREQ, and clients that fall silent.

use super::prelude::*;
use crate::link::breach_of_form;
use crate::scenario::Client;
use mqtt_assay_codec::Packet;

pub(super) const CASES: &[Case] = &[
    case!(ping_is_answered: "A PINGREQ is answered with a PINGRESP",
        v311: proves ["MQTT-3.12.4-1"],
        v5: proves ["MQTT-3.12.4-1"],
        caught: [Fault::PingUnanswered]),
    case!(silent_client_is_closed: "A client that is silent for 1.5 times its keep alive is disconnected",
        v311: proves ["MQTT-3.1.2-24" = "MQTT-3.1.2-23"],
        v5: proves ["MQTT-3.1.2-22" = "MQTT-3.1.2-20"],
        caught: [Fault::KeepAliveNotEnforced, Fault::KeepAliveEarly],
        waits: 2),
    case!(silent_client_is_closed["by-its-own-value"]: "A broker that states no keep alive of its own goes by the client's",
        v5: proves ["MQTT-3.2.2-22"],
        caught: [Fault::KeepAliveNotEnforced, Fault::KeepAliveEarly],
        waits: 2),
    case!(silent_client_is_closed["after-6-s"]: "A client that is silent for 1.5 times a keep alive of 4 s is disconnected",
        v311: proves ["MQTT-3.1.2-24" = "MQTT-3.1.2-23"],
        v5: proves ["MQTT-3.1.2-22" = "MQTT-3.1.2-20"],
        caught: [Fault::KeepAliveNotEnforced, Fault::KeepAliveEarly],
        waits: 6),
    case!(counts_after["resume"]: "After a resume the keep alive of the new CONNECT counts",
        v311: proves ["MQTT-3.1.2-24" = "MQTT-3.1.2-23"],
        v5: proves ["MQTT-3.1.2-22" = "MQTT-3.1.2-20"],
        caught: [Fault::KeepAliveNotEnforced],
        waits: 2),
    case!(counts_after["takeover"]: "After a takeover the keep alive of the new CONNECT counts",
        v311: proves ["MQTT-3.1.2-24" = "MQTT-3.1.2-23"],
        v5: proves ["MQTT-3.1.2-22" = "MQTT-3.1.2-20"],
        caught: [Fault::KeepAliveNotEnforced],
        waits: 2),
    case!(counts_after["ping"]: "A client that falls silent after its PINGREQ is disconnected like any other",
        v311: proves ["MQTT-3.1.2-24" = "MQTT-3.1.2-23"],
        v5: proves ["MQTT-3.1.2-22" = "MQTT-3.1.2-20"],
        caught: [Fault::PingEndsKeepAlive, Fault::KeepAliveNotEnforced],
        waits: 2),
    case!(not_prolonged: "What the broker sends does not prolong the keep alive of a silent client",
        v311: proves ["MQTT-3.1.2-24" = "MQTT-3.1.2-23"],
        v5: proves ["MQTT-3.1.2-22" = "MQTT-3.1.2-20"],
        caught: [Fault::KeepAliveProlonged, Fault::KeepAliveNotEnforced],
        waits: 2),
    case!(will_of_silent_client: "The will of a client is published when the broker closes for keep alive",
        v311: proves ["MQTT-3.1.2-24" = "MQTT-3.1.2-23", "MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.1.2-22" = "MQTT-3.1.2-20", "MQTT-3.1.2-8"],
        caught: [Fault::KeepAliveNotEnforced, Fault::NoWillOnKeepAlive, Fault::WillNotSent],
        needs: &["will"], waits: 2),
    case!(will_of_silent_client["long"]: "A will of 300 bytes is published when the broker closes for keep alive",
        v311: proves ["MQTT-3.1.2-24" = "MQTT-3.1.2-23", "MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.1.2-22" = "MQTT-3.1.2-20", "MQTT-3.1.2-8"],
        caught: [Fault::KeepAliveNotEnforced, Fault::NoWillOnKeepAlive, Fault::WillNotSent],
        needs: &["will"], waits: 2),
    case!(server_keep_alive_counts: "A broker that states a keep alive of its own goes by that one",
        v5: proves ["MQTT-3.2.2-21" = "MQTT-3.1.2-21"],
        caught: [Fault::ServerKeepAliveIgnored],
        variant: Variant::SERVER_KEEP_ALIVE, waits: 2),
    case!(keep_alive_is_explained: "A close for keep alive may come with DISCONNECT 0x8D before it",
        v5: proves ["U5-050"],
        caught: [],
        waits: 2),
    case!(no_keep_alive: "With keep alive 0 a silent client need not be closed",
        v311: proves ["U3-05"],
        caught: [],
        waits: 2),
    case!(each_ping_is_answered: "Of several PINGREQs that come together each is answered with a PINGRESP",
        v311: proves ["MQTT-3.12.4-1"],
        v5: proves ["MQTT-3.12.4-1"],
        caught: [Fault::PingUnanswered, Fault::AnswersOnePingOfSegment]),
];

/// What a DISCONNECT says that must not come early.
const TIMEOUT: &[ReasonCode] = &[ReasonCode::KEEP_ALIVE_TIMEOUT];

/// A client that falls silent with a keep alive of one second. A broker that sets another is not what the case is about.
pub(super) async fn silent_client(broker: &Subject, draft: Draft) -> Result<Client, Stop> {
    silent_client_for(broker, draft, 1).await
}

/// The same with a keep alive of so many seconds.
async fn silent_client_for(broker: &Subject, draft: Draft, seconds: u16) -> Result<Client, Stop> {
    let silent = broker.connect_as("silent", draft.keep_alive(seconds)).await?;
    // What stands in a CONNACK that breaks a rule of form is no statement.
    let is_well_formed = silent.connack().is_some_and(|connack| breach_of_form(&connack).is_none());
    match stated_keep_alive(&silent).filter(|&stated| is_well_formed && stated != seconds) {
        Some(stated) => Err(Stop::NotExercised(format!("the broker set a keep alive of {stated} s"))),
        None => Ok(silent),
    }
}

/// The keep alive that the broker stated in place of the client's.
fn stated_keep_alive(client: &Client) -> Option<u16> {
    let connack = client.connack()?;
    match connack.packet() {
        Packet::Connack(connack) => connack.properties.server_keep_alive(),
        _ => None,
    }
}

fn one_and_a_half(seconds: u16) -> Duration {
    Duration::from_millis(1500) * u32::from(seconds)
}

async fn ping_is_answered(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;

    client.expect_open().await
}

async fn silent_client_is_closed(broker: &Subject) -> Outcome {
    let seconds = if broker.member() == "after-6-s" { 4 } else { 1 };
    let mut silent = silent_client_for(broker, connect(), seconds).await?;

    let due = one_and_a_half(seconds);
    silent.expect_close().due(due).code_not_before(TIMEOUT, due).await
}

pub(super) async fn counts_after(broker: &Subject) -> Outcome {
    let mut silent = match broker.member() {
        "ping" => {
            let mut silent = silent_client(broker, connect()).await?;
            silent.serves().await?;
            silent
        }
        before => {
            // A keep alive of 600 s, as all clients have it that are about something else.
            let mut first = broker.connect_as("silent", connect().persistent()).await?;
            if before == "resume" {
                first.disconnect().await?;
            }
            silent_client(broker, connect().persistent()).await?
        }
    };

    silent.expect_close().due(one_and_a_half(1)).await
}

/// How often a message goes to the client that is silent.
const CHATTER: Duration = Duration::from_millis(500);

pub(super) async fn not_prolonged(broker: &Subject) -> Outcome {
    // First, or a slow CONNACK would use up the other's keep alive.
    let mut publisher = broker.connect("publisher").await?;
    let mut silent = silent_client(broker, connect()).await?;
    // Not a word of it, whatever comes.
    silent.hold_acknowledgements();
    silent.subscribe("news", AtMostOnce).await?;

    let chatter = async {
        loop {
            match publisher.publish("news", b"chatter", AtMostOnce).await {
                Ok(()) => broker.wait(CHATTER).await,
                Err(stop) => return stop,
            }
        }
    };
    tokio::select! {
        biased;
        closed = silent.expect_close().due(one_and_a_half(1)) => closed,
        stop = chatter => Err(stop),
    }
}

async fn will_of_silent_client(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("status", "status", AtLeastOnce).await?;
    let gone = if broker.member() == "long" { format!("{:.<300}", "gone") } else { "gone".to_owned() };
    let status = will("status", &gone).qos(AtLeastOnce);
    let mut silent = silent_client(broker, connect().will(status)).await?;

    let _ = silent.expect_close().due(one_and_a_half(1)).await?;

    watcher.expect(a_message("status", &gone)).decides(rule!(v311 "MQTT-3.1.2-8", v5 "MQTT-3.1.2-8")).await
}

pub(super) async fn server_keep_alive_counts(broker: &Subject) -> Outcome {
    let mut silent = broker.connect_as("silent", connect().keep_alive(600)).await?;
    let Some(stated) = stated_keep_alive(&silent).filter(|stated| (1..60).contains(stated)) else {
        return Err(Stop::NotExercised("the broker stated no short keep alive of its own".to_owned()));
    };

    silent.expect_close().due(one_and_a_half(stated)).await
}

async fn keep_alive_is_explained(broker: &Subject) -> Outcome {
    let mut silent = silent_client(broker, connect()).await?;

    silent.ended().await?;

    let said = if silent.waiting(PacketType::Disconnect) > 0 { "with" } else { "without" };
    Ok(broker.observe(rule!(v5 "U5-050"), &format!("closed for keep alive {said} a DISCONNECT")))
}

async fn no_keep_alive(broker: &Subject) -> Outcome {
    let mut silent = silent_client(broker, connect()).await?;
    let mut unlimited = broker.open("unlimited").await?;
    unlimited.send(connect().keep_alive(0))?;
    if unlimited.receive_or_end(a_connack().code(&[ReasonCode::SUCCESS])).await?.is_none() {
        // A server may have restrictions of its own on a CONNECT (3.1.1 section 3.1.4).
        return Err(Stop::NotExercised("the broker refuses keep alive 0".to_owned()));
    }

    silent.ended().await?;

    let seen = if unlimited.serves().await.is_ok() { "served" } else { "closed" };
    Ok(broker.observe(rule!(v311 "U3-05"), &format!("{seen} after the silence that closed a client with keep alive 1")))
}

pub(super) async fn each_ping_is_answered(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;

    client.send_together([pingreq(), pingreq(), pingreq()])?;

    client.expect_all([a_pingresp(), a_pingresp(), a_pingresp()]).await
}

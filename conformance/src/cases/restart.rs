//! Chapter `restart`: what a broker keeps when it is stopped or killed and started again. No statement of the standard says
//! that it must; its profile says what it promises (`survives`), and that is what it is held to.

use super::prelude::*;
use crate::broker::Survived;
use crate::scenario::Client;

/// The cases for an orderly stop and those for a kill.
macro_rules! survived {
    ($(($function:ident $title:literal $rule:literal $fault:ident $needs:tt))*) => {
        &[$(
            survived!(@ $function "stop" $title "an orderly stop" $rule $fault Stop $needs),
            survived!(@ $function "kill" $title "a kill" $rule $fault Kill $needs),
        )*]
    };
    (@ $function:ident $member:literal $title:literal $end:literal $rule:literal $fault:ident $manner:ident $needs:tt) => {
        case!($function[$member]: concat!($title, " when the broker is started again after ", $end),
            v311: proves [$rule],
            v5: proves [$rule],
            caught: [Fault::$fault],
            variant: Variant::PERSISTENT, needs: &$needs, restarts: Some(Survived::$manner))
    };
}

pub(super) const CASES: &[Case] = survived![
    (session_is_present "CONNACK says that a session is present" "RESTART-1" LosesSessionsAtRestart [])
    (subscription_works "The subscription of a session works" "RESTART-1" LosesSessionsAtRestart [])
    (waiting_at_qos1 "A message of QoS 1 that waited for its receiver comes" "RESTART-2" LosesQueuesAtRestart [])
    (waiting_at_qos2 "A message of QoS 2 that waited for its receiver comes" "RESTART-2" LosesQueuesAtRestart ["qos2"])
    (under_way "A message of QoS 1 that was sent and not acknowledged comes again" "RESTART-2" LosesQueuesAtRestart [])
    (exchange_goes_on "A message of QoS 2 whose exchange was not over comes once" "RESTART-3" LosesReceivedAtRestart ["qos2"])
    (retained "A retained message is there" "RESTART-4" LosesRetainedAtRestart ["retain"])
];

/// How the broker ends in this case.
fn manner(broker: &Subject) -> Survived {
    if broker.member() == "kill" { Survived::Kill } else { Survived::Stop }
}

/// Set-up: `sleeper` has a session that lasts, with a subscription to `news`. What is expected behind the start was seen to come
/// without one, twice: where the session isn't kept anyway, a start is not what ends it.
async fn left_session(broker: &Subject, qos: QoS) -> Result<(), Stop> {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe_tried("news", "news", qos).await?;
    sleeper.disconnect().await?;
    let mut control = broker.connect("control").await?;
    for payload in [b"first", b"again"] {
        control.publish("news", payload, qos).await?;
        let mut sleeper = broker.open("sleeper").await?;
        sleeper.send(connect().persistent())?;
        sleeper.receive(a_connack().code(&[ReasonCode::SUCCESS]).session_present(true)).await?;
        sleeper.receive(a_message("news", payload).qos(qos)).await?;
        sleeper.disconnect().await?;
    }
    Ok(())
}

async fn session_is_present(broker: &Subject) -> Outcome {
    left_session(broker, AtLeastOnce).await?;
    broker.restart(manner(broker)).await?;

    let mut sleeper = broker.open("sleeper").await?;
    sleeper.send(connect().persistent())?;
    let accepted = sleeper.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;

    sleeper.expect_right(&accepted, a_connack().session_present(true)).await
}

async fn subscription_works(broker: &Subject) -> Outcome {
    left_session(broker, AtLeastOnce).await?;
    broker.restart(manner(broker)).await?;

    let mut sleeper = broker.resume("sleeper").await?;
    broker.connect("publisher").await?.publish("news", b"behind the start", AtLeastOnce).await?;

    sleeper.expect(a_message("news", b"behind the start")).await
}

async fn waiting_at_qos1(broker: &Subject) -> Outcome {
    waiting(broker, AtLeastOnce).await
}

async fn waiting_at_qos2(broker: &Subject) -> Outcome {
    waiting(broker, ExactlyOnce).await
}

async fn waiting(broker: &Subject, qos: QoS) -> Outcome {
    left_session(broker, qos).await?;
    broker.connect("publisher").await?.publish("news", b"before the end", qos).await?;
    broker.restart(manner(broker)).await?;

    let mut sleeper = broker.resume("sleeper").await?;

    sleeper.expect(a_message("news", b"before the end").qos(qos)).await
}

/// It comes again without a start, too: a lost connection comes first.
async fn under_way(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    sleeper.hold_acknowledgements();
    broker.connect("publisher").await?.publish("news", b"not acknowledged", AtLeastOnce).await?;
    sleeper.receive(a_message("news", b"not acknowledged").qos(AtLeastOnce)).await?;
    sleeper.drop_connection().await;
    let mut sleeper = broker.open("sleeper").await?;
    sleeper.hold_acknowledgements();
    sleeper.send(connect().persistent())?;
    sleeper.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    sleeper.receive(a_message("news", b"not acknowledged").qos(AtLeastOnce)).await?;
    broker.restart(manner(broker)).await?;

    let mut sleeper = broker.resume("sleeper").await?;

    sleeper.expect(a_message("news", b"not acknowledged")).await
}

/// The same exchange is taken up after a lost connection first, without a start.
async fn exchange_goes_on(broker: &Subject) -> Outcome {
    left_session(broker, ExactlyOnce).await?;
    let mut publisher = half_of(broker, b"control").await?;
    publisher.drop_connection().await;
    let mut publisher = rest_of(broker, b"control").await?;
    let mut sleeper = broker.resume("sleeper").await?;
    sleeper.receive(a_message("news", b"control").qos(ExactlyOnce)).await?;
    publisher.publish("news", b"fence", ExactlyOnce).await?;
    sleeper.receive(a_message("news", b"fence")).await?;
    if sleeper.waits_for(&a_message("news", b"control")) {
        let why = "a message of QoS 2 comes twice, without a start".to_owned();
        return Err(Stop::Inconclusive { why, line: None });
    }
    sleeper.disconnect().await?;
    publisher.disconnect().await?;
    half_of(broker, b"half of it").await?;
    broker.restart(manner(broker)).await?;

    let mut publisher = rest_of(broker, b"half of it").await?;
    let mut sleeper = broker.resume("sleeper").await?;
    sleeper.receive(a_message("news", b"half of it")).await?;

    sleeper.expect_no_message(b"half of it").before_message(&mut publisher, "news").await
}

/// The identifier of every exchange in these cases.
const EXCHANGE: u16 = 7;

/// Set-up: `publisher` has a session that lasts, and has sent this message and got its PUBREC.
async fn half_of(broker: &Subject, payload: &[u8]) -> Result<Client, Stop> {
    let mut publisher = broker.connect_as("publisher", connect().persistent()).await?;
    publisher.send(publish("news", payload).qos(ExactlyOnce).id(EXCHANGE))?;
    publisher.receive(a_pubrec(EXCHANGE)).await?;
    Ok(publisher)
}

/// Set-up: `publisher` has come back, and has gone through the exchange once more from its beginning.
async fn rest_of(broker: &Subject, payload: &[u8]) -> Result<Client, Stop> {
    let mut publisher = broker.resume("publisher").await?;
    publisher.send(publish("news", payload).qos(ExactlyOnce).id(EXCHANGE).dup())?;
    publisher.receive(a_pubrec(EXCHANGE)).await?;
    publisher.send(pubrel(EXCHANGE))?;
    publisher.receive(a_pubcomp(EXCHANGE)).await?;
    Ok(publisher)
}

async fn retained(broker: &Subject) -> Outcome {
    let mut witness = broker.witness(["news"]).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish_draft(publish("news", b"kept").qos(AtLeastOnce).retain()).await?;
    witness.receive(a_message("news", b"kept")).await?;
    publisher.disconnect().await?;
    let mut early = broker.connect("early").await?;
    early.subscribe("news", AtLeastOnce).await?;
    early.receive(a_message("news", b"kept").retain(true)).await?;
    broker.restart(manner(broker)).await?;

    let mut late = broker.connect("late").await?;
    late.subscribe("news", AtLeastOnce).await?;

    late.expect(a_message("news", b"kept").retain(true)).await
}

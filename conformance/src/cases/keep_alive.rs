//! Keep alive: PINGREQ, and clients that fall silent.

use super::prelude::*;

pub(super) const CASES: &[Case] = &[
    case!(ping_is_answered: "A PINGREQ is answered with a PINGRESP",
        v311: proves ["MQTT-3.12.4-1"],
        v5: proves ["MQTT-3.12.4-1"],
        caught: [Fault::PingUnanswered]),
    case!(silent_client_is_closed: "A client that is silent for 1.5 times its keep alive is disconnected",
        v311: proves ["MQTT-3.1.2-24"],
        v5: proves ["MQTT-3.1.2-22"],
        caught: [Fault::KeepAliveNotEnforced],
        waits: 12),
];

async fn ping_is_answered(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;

    client.expect_open().await
}

async fn silent_client_is_closed(broker: &Subject) -> Outcome {
    let mut silent = broker.connect_as("silent", connect().keep_alive(1)).await?;

    silent.expect_close().due(Duration::from_millis(1500)).await
}

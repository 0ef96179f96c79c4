//! Packets that break their own form: legal ones with exactly one thing wrong, by a named mutation.

use super::prelude::*;

pub(super) const CASES: &[Case] = &[
    case!(reserved_flags["subscribe"]: "A SUBSCRIBE with wrong fixed header flags is refused",
        v311: proves ["MQTT-3.8.1-1" = "MQTT-2.2.2-2"],
        v5: proves ["MQTT-3.8.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags)]),
    case!(reserved_flags["pingreq"]: "A PINGREQ with wrong fixed header flags is refused",
        v311: proves ["MQTT-2.2.2-2"],
        v5: breaks ["U5-018", "MQTT-2.1.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags)]),
];

/// A legal packet of the kind that the case's member names.
fn legal(broker: &Subject) -> Draft {
    match broker.member() {
        "subscribe" => subscribe("news", AtMostOnce),
        _ => pingreq(),
    }
}

async fn reserved_flags(broker: &Subject) -> Outcome {
    let mut control = broker.connect("control").await?;
    control.send(legal(broker))?;
    control.serves().await?;
    let mut rogue = broker.connect("rogue").await?;

    rogue.send(legal(broker).with("flags.reserved.1"))?;

    rogue.expect_refusal(&[ReasonCode::MALFORMED_PACKET]).await
}

//! rumqttc against a broker: what it gets is asserted, line by line.
//!
//! usage: rumqttc-client PORT 3.1.1|5
//!
//! Ends with 1 and a line that says what differed, as soon as something does. Nothing sleeps: each step polls the event
//! loop of its client until what it waits for is there, with a deadline, and a client that no step waits for rests. That
//! something does not come is told by a message that the same publisher sends after it to the same topic with the same
//! QoS, where the standard gives an order.

mod checks;
mod client;
mod link;
mod properties;

use client::{Broker, Checked, Differs};
use std::process::ExitCode;
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(port), Some(version)) = (arguments.next().and_then(|port| port.parse().ok()), arguments.next()) else {
        eprintln!("usage: rumqttc-client PORT 3.1.1|5");
        return ExitCode::from(2);
    };
    let deadline = std::env::var("DEADLINE").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(10);
    let broker = Broker { port, is_v5: version == "5", deadline: Duration::from_secs(deadline) };
    match all(broker).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Differs(difference)) => {
            eprintln!("differs: rumqttc {version}: {difference}");
            ExitCode::FAILURE
        }
    }
}

async fn all(broker: Broker) -> Checked {
    checks::all(broker).await?;
    if broker.is_v5 { properties::all(broker).await } else { Ok(()) }
}

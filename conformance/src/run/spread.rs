//! Whether a subscription works as soon as it is acknowledged: a cluster may answer before its other nodes know of it.
//! Cases then wait for as long after each SUBACK, and judge no message that was published before.

use super::begin::begin;
use super::control::{CONTROL, RULES};
use super::options::RunOptions;
use crate::broker::Ready;
use crate::scenario::draft::publish;
use crate::scenario::pattern::with_payload;
use crate::scenario::{Client, Common, Instance, Invariants, Stop, Subject};
use mqtt_assay_codec::{QoS, Version};
use mqtt_assay_standard::bounds;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How many connections publish to a subscription just made, one after the other: they may come to different nodes.
const PUBLISHERS: [&str; 3] = ["one", "two", "three"];

/// How long a message is waited for before the next is published.
const PAUSE: Duration = Duration::from_millis(20);

/// How much longer than it was seen to take is waited for.
const TIMES: u32 = 2;

/// The time to wait after a SUBACK; zero where every subscription works at once, and where this can't be told.
pub(super) async fn measure(
    ready: &Ready,
    version: Version,
    options: &RunOptions,
    invariants: &Rc<Invariants>,
) -> Duration {
    let instance = Instance { chapter: "control", case: &CONTROL, version, rules: &RULES };
    let subject = begin(instance, ready.clone(), options, invariants, &Common::default());
    let longest = timeout(bounds::CASE * options.patience, longest(&subject)).await;
    subject.close().await;
    subject.release();
    longest.ok().and_then(Result::ok).unwrap_or_default() * TIMES
}

async fn longest(broker: &Subject) -> Result<Duration, Stop> {
    let mut watcher = broker.connect("control").await?;
    let mut longest = Duration::ZERO;
    for role in PUBLISHERS {
        let mut publisher = broker.connect(role).await?;
        watcher.subscribe(role, QoS::AtLeastOnce).await?;
        longest = longest.max(time_until_heard(&mut publisher, &watcher, role).await?);
    }
    Ok(longest)
}

/// How long after now the first message was published that came through; zero for the very first. Of one publisher they come
/// in order ([MQTT-4.6.0-6]), so what came later than another was not on its way.
async fn time_until_heard(publisher: &mut Client, watcher: &Client, topic: &str) -> Result<Duration, Stop> {
    let start = Instant::now();
    let deadline = start + watcher.context().patient(bounds::SET_UP);
    let mut sent = Vec::new();
    loop {
        let nonce = watcher.context().names().nonce();
        sent.push((start.elapsed(), with_payload(&nonce)));
        publisher.publish_draft(publish(topic, &nonce).qos(QoS::AtLeastOnce)).await?;
        let patterns: Vec<_> = sent.iter().map(|(_, pattern)| pattern.clone()).collect();
        let until = deadline.min(Instant::now() + PAUSE);
        match watcher.receive_one_of(&patterns, until).await {
            Ok(first) => {
                let came = sent.iter().position(|(_, pattern)| pattern.is_about(&first.packet()));
                return Ok(came.filter(|&place| place > 0).map_or(Duration::ZERO, |place| sent[place].0));
            }
            Err(Stop::Inconclusive { line: None, .. }) if Instant::now() < deadline => {}
            Err(stop) => return Err(stop),
        }
    }
}

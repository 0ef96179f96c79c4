//! Sessions: whether and how long they are kept, and how long a client may be silent.

use super::client::{Client, Gone, KEEP_ALIVE};
use super::finding::{Cell, Group, Value};
use super::prober::{Over, Prober, Question};
use super::search::Outcome;
use mqtt_assay_codec::{PropertiesBuf, Property, Version};

const KEPT: Question = ("session-kept", Group::Features, "keeps sessions");
const EXPIRY_NEVER: Question = ("session-expiry-never", Group::Limits, "session expiry, asked: never");
const EXPIRY_HOUR: Question = ("session-expiry-hour", Group::Limits, "session expiry, asked: 3600 s");

/// Keep alives that are asked for: none at all, the shortest, the longest.
const KEEP_ALIVES: [(u16, Question); 3] = [
    (0, ("keep-alive-0", Group::Limits, "keep alive, asked: none")),
    (1, ("keep-alive-1", Group::Limits, "keep alive, asked: 1 s")),
    (u16::MAX, ("keep-alive-65535", Group::Limits, "keep alive, asked: 65535 s")),
];

/// An expiry that means that a session never ends.
const NEVER: u32 = u32::MAX;
const HOUR: u32 = 3600;

/// Asks for all of it.
pub(super) async fn ask(prober: &mut Prober<'_>, version: Version) -> Result<(), Over> {
    prober.step(version, KEPT.2);
    let tried = is_kept(prober, version).await;
    let cell = match prober.outcome(version, KEPT.2, tried).await? {
        Outcome::Taken => Cell::tried(Value::Is(true), ""),
        Outcome::Refused(why) | Outcome::Died(why) => Cell::tried(Value::Is(false), why),
    };
    prober.note(version, KEPT, cell);
    if version == Version::V5 {
        for (question, seconds) in [(EXPIRY_HOUR, HOUR), (EXPIRY_NEVER, NEVER)] {
            prober.step(version, question.2);
            let properties = PropertiesBuf::new().with(Property::SessionExpiryInterval(seconds));
            let came = prober.connect_with(version, KEEP_ALIVE, properties).await;
            let granted = |client: &Client| client.announced().session_expiry_interval().map(in_seconds);
            granted_instead(prober, version, question, came, granted).await?;
        }
    }
    for (seconds, question) in KEEP_ALIVES {
        prober.step(version, question.2);
        let came = prober.connect_with(version, seconds, PropertiesBuf::new()).await;
        let granted = |client: &Client| client.announced().server_keep_alive().map(|limit| format!("{limit} s"));
        granted_instead(prober, version, question, came, granted).await?;
    }
    Ok(())
}

fn in_seconds(seconds: u32) -> String {
    if seconds == NEVER { "never".to_owned() } else { format!("{seconds} s") }
}

/// Notes whether what was asked for is granted, or what is in its place.
async fn granted_instead(
    prober: &mut Prober<'_>,
    version: Version,
    question: Question,
    came: Result<Client, Gone>,
    granted: impl Fn(&Client) -> Option<String>,
) -> Result<(), Over> {
    let (cell, tried) = match came {
        Ok(client) => {
            let cell = match granted(&client) {
                Some(other) => Cell::announced(Value::Words(other)),
                None => Cell::tried(Value::Words("as asked".to_owned()), ""),
            };
            client.leave().await;
            (Some(cell), Ok(()))
        }
        Err(gone) => (None, Err(gone)),
    };
    let cell = match (cell, prober.outcome(version, question.2, tried).await?) {
        (Some(cell), Outcome::Taken | Outcome::Refused(_)) => cell,
        (_, Outcome::Died(why) | Outcome::Refused(why)) => Cell::tried(Value::Words("refused".to_owned()), why),
        (None, Outcome::Taken) => return Ok(()),
    };
    prober.note(version, question, cell);
    Ok(())
}

/// Whether a client that comes back finds its session. It is removed again.
async fn is_kept(prober: &mut Prober<'_>, version: Version) -> Result<(), Gone> {
    let client_id = prober.client_id();
    let properties = || match version {
        Version::V5 => PropertiesBuf::new().with(Property::SessionExpiryInterval(HOUR)),
        _ => PropertiesBuf::new(),
    };
    let mut client = prober.connect_as(version, &client_id, false, KEEP_ALIVE, properties()).await?;
    let topic = prober.topic("kept");
    client.subscribe_to(&topic, prober.best_qos(version)).await?;
    client.leave_session().await;
    let back = prober.connect_as(version, &client_id, false, KEEP_ALIVE, properties()).await?;
    let is_present = back.session_present();
    back.leave().await;
    // In 3.1.1 only a clean session ends it.
    prober.connect_as(version, &client_id, true, KEEP_ALIVE, PropertiesBuf::new()).await?.leave().await;
    if is_present { Ok(()) } else { Err(Gone::Otherwise("Session Present is 0".to_owned())) }
}

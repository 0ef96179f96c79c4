//! Which versions are spoken: a CONNECT of each.

use super::client::{Client, Gone, KEEP_ALIVE, Opening};
use super::finding::VersionFound;
use super::prober::Prober;
use crate::text::single_line;
use mqtt_assay_codec::{PropertiesBuf, Version};

/// All that the codec knows.
const VERSIONS: [Version; 3] = [Version::V3_1, Version::V3_1_1, Version::V5];

/// The versions in which the broker can be asked. 3.1 is looked for, and nothing is asked in it.
///
/// # Errors
///
/// If it speaks none of them; what came in each.
pub(super) async fn find(prober: &mut Prober<'_>) -> Result<Vec<Version>, String> {
    let mut spoken = Vec::new();
    for version in VERSIONS {
        prober.step(version, "CONNECT");
        let found = match prober.ready(version) {
            Err(why) => VersionFound { mqtt: version.name(), spoken: false, note: single_line(&why) },
            Ok(_) => tried(prober, version).await,
        };
        if found.spoken {
            spoken.push(version);
        }
        prober.found.borrow_mut().versions.push(found);
    }
    spoken.retain(|version| *version != Version::V3_1);
    if spoken.is_empty() {
        let found = prober.found.borrow();
        let told = found.versions.iter().map(|found| format!("MQTT {}: {}", found.mqtt, found.note));
        return Err(told.collect::<Vec<_>>().join("; "));
    }
    Ok(spoken)
}

async fn tried(prober: &mut Prober<'_>, version: Version) -> VersionFound {
    let note = match connected(prober, version).await {
        Ok(client) => {
            client.leave().await;
            return VersionFound { mqtt: version.name(), spoken: true, note: String::new() };
        }
        Err(gone) => single_line(&gone.says(version)),
    };
    VersionFound { mqtt: version.name(), spoken: false, note }
}

async fn connected(prober: &mut Prober<'_>, version: Version) -> Result<Client, Gone> {
    let client_id = prober.client_id();
    let ready = prober.ready(version).map_err(Gone::Unreachable)?;
    let credentials = ready.setting.credentials.as_ref();
    let properties = PropertiesBuf::new();
    let opening = Opening { client_id: &client_id, clean_start: true, keep_alive: KEEP_ALIVE, properties, credentials };
    Client::open(&ready.endpoint, version, prober.limit(), opening).await
}

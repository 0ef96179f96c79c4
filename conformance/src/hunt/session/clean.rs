//! Takes away what a session has left on the broker: sessions under its client identifiers, and retained messages.

use crate::hunt::login::known;
use crate::hunt::pace::Pace;
use crate::hunt::road::{Came, Road};
use crate::hunt::trial::Trial;
use crate::wire::Ending;
use mqtt_assay_codec::{Connect, Packet, Publish, Version};
use std::collections::BTreeSet;

/// Nobody judges this; `trial` takes it into its record. What can't be taken away stays.
pub(super) fn clean(
    road: &mut dyn Road,
    (pace, version): (Pace, Version),
    (clients, retained): (&BTreeSet<String>, &BTreeSet<String>),
    mut trial: Option<&mut Trial>,
) {
    for (place, client) in clients.iter().enumerate() {
        let connect = Connect { client_id: client, clean_start: true, keep_alive: 60, ..Connect::default() };
        let mut bytes = encoded(version, &Packet::Connect(known(connect, road.login())));
        if place == 0 {
            for topic in retained {
                bytes.extend(encoded(version, &Packet::Publish(Publish { topic, retain: true, ..Publish::default() })));
            }
        }
        bytes.extend_from_slice(&[0xC0, 0, 0xE0, 0]);
        let Ok(connection) = road.open() else { return };
        let at = road.now();
        let mut inbox = Vec::new();
        if road.write(connection, &bytes) {
            while road.read(connection, &mut inbox, pace.wait) == Came::Bytes && !inbox.ends_with(&[0xD0, 0]) {}
        }
        if let Some(trial) = trial.as_deref_mut() {
            trial.cleaned((at, road.now()), version, &bytes, &inbox);
        }
        road.close(connection, Ending::Fin);
    }
}

fn encoded(version: Version, packet: &Packet<'_>) -> Vec<u8> {
    packet.to_bytes(version).map(Vec::from).unwrap_or_default()
}

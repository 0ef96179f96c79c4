//! Who takes part in what.

use mqtt_assay_codec::Version;

use super::mqtt5_protocol::Level;
use super::ours::{AS_IT_COMES, IN_FULL, Ours, VISITED};
use super::{
    Case, Entry, Way, cases, job, mqtt_protocol_core, mqttbytes, mqttrs, mqttrs2, mqute, ntex, rmqtt, rumqttc,
};

/// Whether an entry is this project's; those come first.
pub(super) fn is_ours(codec: &str) -> bool {
    codec.starts_with("ours")
}

/// Cases that are shown in one table.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) cases: Vec<Case>,
}

/// All cases: what is read first, in both versions.
pub(crate) fn groups() -> Vec<Group> {
    let group = |title, version, ways: &[Way]| Group {
        title,
        cases: ways.iter().flat_map(|&way| cases::cases(version, way)).collect(),
    };
    let read = [Way::Decode, Way::Stream];
    vec![
        group("decode 3.1.1", Version::V3_1_1, &read),
        group("decode 5.0", Version::V5, &read),
        group("encode 3.1.1", Version::V3_1_1, &[Way::Encode]),
        group("encode 5.0", Version::V5, &[Way::Encode]),
    ]
}

/// All codecs at a case, this project's first: in its two readings, or encoding with the payload apart and in place.
pub(crate) fn entries(case: &Case) -> Vec<Entry> {
    let encodes = matches!(case.way, Way::Encode);
    let [first, second] = if encodes { ["ours, payload apart", "ours"] } else { ["ours, lists unread", "ours"] };
    if case.version == Version::V5 {
        let visited = (!encodes).then(|| job::<Ours<true, VISITED>>("ours, visited", case));
        let mut entries = vec![
            job::<Ours<true, AS_IT_COMES>>(first, case),
            job::<Ours<true, IN_FULL>>(second, case),
            job::<rumqttc::V5>("rumqttc", case),
            job::<mqttbytes::V5>("mqttbytes", case),
            job::<ntex::V5>("ntex-mqtt", case),
            job::<mqtt_protocol_core::V5>("mqtt-protocol-core", case),
            job::<Level<5>>("mqtt5-protocol", case),
            job::<rmqtt::V5>("rmqtt-codec", case),
            job::<mqute::V5>("mqute-codec", case),
        ];
        if let Some(visited) = visited {
            entries.insert(2, visited);
        }
        entries
    } else {
        vec![
            job::<Ours<false, AS_IT_COMES>>(first, case),
            job::<Ours<false, IN_FULL>>(second, case),
            job::<rumqttc::V4>("rumqttc", case),
            job::<mqttbytes::V4>("mqttbytes", case),
            job::<ntex::V4>("ntex-mqtt", case),
            job::<mqtt_protocol_core::V4>("mqtt-protocol-core", case),
            job::<Level<4>>("mqtt5-protocol", case),
            job::<rmqtt::V4>("rmqtt-codec", case),
            job::<mqute::V4>("mqute-codec", case),
            job::<mqttrs::V4>("mqttrs", case),
            job::<mqttrs2::V4>("mqttrs2", case),
        ]
    }
}

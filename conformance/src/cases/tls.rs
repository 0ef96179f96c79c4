//! Chapter `tls`: what who operates a broker by TLS relies on, and no statement of the standard says: which clients are not let
//! in, which versions are not spoken, that the door for TLS serves nothing else, and that it stands open whatever others leave
//! half done.

use super::prelude::*;
use crate::broker::Shown;
use crate::wire::{Offered, TlsVersion, client_hello};

pub(super) const CASES: &[Case] = &[
    case!(certificate["missing"]: "A client without a certificate is not let in where one is demanded",
        v311: proves ["TLS-1"],
        v5: proves ["TLS-1"],
        caught: [Fault::TlsWantsNoCertificate, Fault::TlsRefusesInSilence],
        variant: Variant::MUTUAL_TLS),
    case!(certificate["foreign"]: "A client with a certificate of an unknown authority is not let in",
        v311: proves ["TLS-2"],
        v5: proves ["TLS-2"],
        caught: [Fault::TlsTakesForeignCertificates, Fault::TlsRefusesInSilence],
        variant: Variant::MUTUAL_TLS),
    case!(certificate["expired"]: "A client with a certificate that has expired is not let in",
        v311: proves ["TLS-3"],
        v5: proves ["TLS-3"],
        caught: [Fault::TlsTakesExpiredCertificates, Fault::TlsRefusesInSilence],
        variant: Variant::MUTUAL_TLS),
    case!(old_version["1.0"]: "A client that offers TLS 1.0 and nothing above it is refused",
        v311: proves ["TLS-4"],
        v5: proves ["TLS-4"],
        caught: [Fault::TlsSpeaksOldVersions, Fault::TlsRefusesInSilence],
        variant: Variant::TLS),
    case!(old_version["1.1"]: "A client that offers TLS 1.1 and nothing above it is refused",
        v311: proves ["TLS-4"],
        v5: proves ["TLS-4"],
        caught: [Fault::TlsSpeaksOldVersions, Fault::TlsRefusesInSilence],
        variant: Variant::TLS),
    case!(plain_mqtt: "A CONNECT without TLS gets no CONNACK at the door for TLS",
        v311: proves ["TLS-5"],
        v5: proves ["TLS-5"],
        caught: [Fault::TlsServesPlainMqtt, Fault::TlsRefusesInSilence],
        variant: Variant::TLS),
    case!(handshake_left["closed-at-once"]: "Connections that are closed before a greeting harm no other client",
        v311: proves ["TLS-6"],
        v5: proves ["TLS-6"],
        caught: [Fault::TlsDoorClosesAtFailure],
        variant: Variant::TLS),
    case!(handshake_left["closed-in-greeting"]: "Connections that are closed in the middle of a greeting harm no other client",
        v311: proves ["TLS-6"],
        v5: proves ["TLS-6"],
        caught: [Fault::TlsDoorClosesAtFailure],
        variant: Variant::TLS),
    case!(handshake_left["closed-behind-greeting"]: "Connections that are closed behind a greeting harm no other client",
        v311: proves ["TLS-6"],
        v5: proves ["TLS-6"],
        caught: [Fault::TlsDoorClosesAtFailure],
        variant: Variant::TLS),
    case!(handshake_left["reset-behind-greeting"]: "Connections that are reset behind a greeting harm no other client",
        v311: proves ["TLS-6"],
        v5: proves ["TLS-6"],
        caught: [Fault::TlsDoorClosesAtFailure],
        variant: Variant::TLS),
    case!(handshake_left["open-before-greeting"]: "Connections that are left open before a greeting harm no other client",
        v311: proves ["TLS-6"],
        v5: proves ["TLS-6"],
        caught: [Fault::TlsOneHandshakeAtATime],
        variant: Variant::TLS),
    case!(handshake_left["open-in-greeting"]: "Connections that are left open in the middle of a greeting harm no other client",
        v311: proves ["TLS-6"],
        v5: proves ["TLS-6"],
        caught: [Fault::TlsOneHandshakeAtATime],
        variant: Variant::TLS),
    case!(handshake_left["open-behind-greeting"]: "Connections that are left open behind a greeting harm no other client",
        v311: proves ["TLS-6"],
        v5: proves ["TLS-6"],
        caught: [Fault::TlsOneHandshakeAtATime],
        variant: Variant::TLS),
];

/// How many connections are left half-way at once.
const LEFT: usize = 3;

/// Set-up: an ordinary client, with all that it needs to be let in, is served.
async fn is_served(broker: &Subject) -> Result<(), Stop> {
    let mut control = broker.connect("control").await?;
    control.subscribe_tried("news", "news", AtLeastOnce).await?;
    control.disconnect().await
}

async fn certificate(broker: &Subject) -> Outcome {
    is_served(broker).await?;
    let shown = match broker.member() {
        "missing" => Shown::Nothing,
        "foreign" => Shown::Foreign,
        _ => Shown::Expired,
    };

    broker.expect_shut_out("stranger", shown).await
}

/// The greeting that differs in its versions, and what comes with them, is answered first: nothing else is wrong with it.
async fn old_version(broker: &Subject) -> Outcome {
    is_served(broker).await?;
    let name = broker.server_name();
    let mut control = broker.open_below("greeter").await?;
    control.send(&client_hello(Offered::Current, name.as_deref()), "a greeting with TLS 1.2 and 1.3").await;
    control.hears_a_choice().await?;
    control.close().await;
    let offered = Offered::Only(if broker.member() == "1.0" { TlsVersion::V1_0 } else { TlsVersion::V1_1 });
    let mut stranger = broker.open_below("stranger").await?;
    let words = format!("a greeting with {offered}");

    stranger.send(&client_hello(offered, name.as_deref()), &words).await;

    stranger.expect_version_refused(broker, offered).await
}

async fn plain_mqtt(broker: &Subject) -> Outcome {
    is_served(broker).await?;
    let mut stranger = broker.open_below("stranger").await?;

    stranger.send(&broker.bare_connect("stranger")?, "a CONNECT without TLS").await;

    stranger.expect_no_connack(broker).await
}

async fn handshake_left(broker: &Subject) -> Outcome {
    is_served(broker).await?;
    let greeting = client_hello(Offered::Current, broker.server_name().as_deref());
    let (end, place) = broker.member().split_once('-').unwrap_or_default();
    let sent = match place {
        "in-greeting" => &greeting[..greeting.len() / 2],
        "behind-greeting" => &greeting[..],
        _ => &[],
    };
    let mut left = Vec::new();
    for which in 0..LEFT {
        let mut stranger = broker.open_below("stranger").await?;
        if !sent.is_empty() {
            let words = if sent.len() < greeting.len() { "the first half of a greeting" } else { "a greeting" };
            stranger.send(sent, words).await;
        }
        // Only of the first one it is sure that nobody was kept out before.
        if place == "behind-greeting" && which == 0 {
            stranger.hears_a_choice().await?;
        }
        match end {
            "closed" => stranger.close().await,
            "reset" => stranger.reset(),
            _ => left.push(stranger),
        }
    }

    let served = broker.expect_served().await;
    drop(left);
    served
}

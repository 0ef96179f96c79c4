//! Where the hunt goes: the broker that is meant, started where it is to be, and whether it may be hunted at all.

use super::args::FuzzArgs;
use crate::broker::{SpawnedBroker, Started, Target, Unready, Variant};
use crate::cli::broker::BrokerArgs;
use crate::cli::choices::Versions;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::hunt::{Broker, Ground, Login, Other};
use crate::text::Secrets;
use mqtt_assay_codec::Version;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

/// A broker that runs.
pub(super) struct Place {
    pub(super) address: SocketAddr,
    /// The versions that are asked for.
    pub(super) versions: Vec<Version>,
    /// As whom the hunt connects.
    pub(super) login: Option<Login>,
    /// What no record shows.
    pub(super) secrets: Secrets,
    /// Its process, where the hunt has started it.
    pub(super) process: Option<SpawnedBroker>,
    /// Held, it goes on running.
    _started: Started,
}

impl Place {
    /// The same, to be hunted; with the number of its process, where somebody knows better.
    pub(super) fn broker(&self, pid: Option<u32>) -> Broker {
        Broker::at(self.address, &self.versions, pid.or(self.pid()), self.login.clone())
    }

    /// The number of its process in the system, where the hunt has started it.
    pub(super) fn pid(&self) -> Option<u32> {
        self.process.as_ref()?.pid()
    }
}

/// Starts it, or finds it.
pub(super) async fn find(target: &Target, versions: Versions) -> Result<Place, Failure> {
    let started = target.prepare(Variant::PLAIN).await.map_err(|unready| unready_to(&unready))?;
    let versions = versions.list();
    let ready = versions.iter().rev().find_map(|version| started.ready(*version).ok());
    let ready = ready.ok_or_else(|| Failure::new(Exit::NothingJudged, unspoken(&versions)))?;
    if ready.endpoint.is_tls() || ready.endpoint.is_web_socket() {
        return Err(Failure::usage(
            "the hunt can't go over TLS or WebSocket: its loop writes and reads plain TCP. Name a plain listener of the \
             same broker, mqtt://HOST:PORT, or a profile that has one; `mqtt-assay run` judges the other carriers",
        ));
    }
    let place = ready.endpoint.tcp_address().ok_or_else(|| Failure::usage("the hunt goes over TCP alone"))?;
    let failed = |why: String| Failure::new(Exit::NothingJudged, format!("{place}: {why}"));
    let mut addresses = place.to_socket_addrs().map_err(|error| failed(error.to_string()))?;
    let address = addresses.next().ok_or_else(|| failed("the name has no address".to_owned()))?;
    let secrets = ready.setting.secrets();
    let login = ready.setting.credentials.map(|(user, password)| Login { user, password });
    Ok(Place { address, versions, login, secrets, process: ready.process, _started: started })
}

fn unspoken(versions: &[Version]) -> String {
    let names: Vec<String> = versions.iter().map(ToString::to_string).collect();
    format!("the broker does not speak MQTT {}", names.join(" or "))
}

/// Another broker, and what keeps it running where it was started.
pub(super) type OtherAndPlace = (Arc<Other>, Option<Place>);

/// Other brokers, and what keeps them running.
pub(super) fn others(
    args: &FuzzArgs,
    hunted: &Target,
    seed: u64,
    runtime: &Runtime,
) -> Result<Vec<OtherAndPlace>, Failure> {
    let other = |word: &String| {
        let target = BrokerArgs::named(word).resolve(seed, 1, None)?.target;
        require_leave(args, &target)?;
        if target.is_embedded() != hunted.is_embedded() {
            return Err(Failure::usage(format!(
                "--against {word}: the built-in broker has a clock of its own, so that what it does in time can't be \
                 compared; `mqtt-assay serve` is the same broker at an address"
            )));
        }
        if let Target::Embedded(embedded) = &target {
            let ground = Ground::Inside(embedded.maker().map_err(Failure::usage)?);
            return Ok((Arc::new(Other { name: target.name(), ground }), None));
        }
        let place = LocalSet::new().block_on(runtime, async {
            target.learn_version().await;
            find(&target, args.mqtt).await
        })?;
        let version = target.version().map_or_else(String::new, |(version, _)| format!(" {version}"));
        let ground = Ground::Broker(place.broker(None));
        Ok((Arc::new(Other { name: format!("{}{version}", target.name()), ground }), Some(place)))
    };
    args.against.iter().map(other).collect()
}

fn unready_to(unready: &Unready) -> Failure {
    let (Unready::NotOffered(why) | Unready::Failed(why)) = unready;
    Failure::new(Exit::NothingJudged, why.clone())
}

/// Refuses a broker of somebody else, unless somebody says that he may.
pub(super) fn require_leave(args: &FuzzArgs, target: &Target) -> Result<(), Failure> {
    if target.is_private() {
        return Ok(());
    }
    let address = target.address();
    let host = host_of(&address);
    match &args.i_am_authorised {
        Some(named) if named == host => Ok(()),
        Some(named) => {
            Err(Failure::usage(format!("--i-am-authorised {named} is not for {host}, which is what {address} names")))
        }
        None => Err(Failure::usage(format!(
            "{address} is not this machine: a hunt can end a broker and what depends on it. If it is yours to hunt, \
             say so: --i-am-authorised {host}"
        ))),
    }
}

/// Of `mqtt://user@host:port`.
fn host_of(address: &str) -> &str {
    let place = address.split_once("://").map_or(address, |(_, rest)| rest);
    let place = place.split('/').next().unwrap_or(place);
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    let host = place.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(place, |(host, _)| host);
    host.trim_matches(['[', ']'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_found_in_an_address() {
        let hosts = ["mqtt://user@example.org:1883", "mqtt://example.org", "mqtt://[::1]:1883", "mqtt://a:1/x"];
        assert_eq!(hosts.map(host_of), ["example.org", "example.org", "::1", "a"]);
    }
}

//! Where `serve` listens: addresses of the command line become sockets here, and nowhere else.

use super::serving::Serving;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::text::quoted;
use crate::wire::Tcp;
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval};

/// How often at most a connection may fail while it is taken: out of file descriptors it would fail on and on.
const RETRY: Duration = Duration::from_millis(100);

/// All sockets that listen.
pub(super) struct Listeners(Vec<(Rc<TcpListener>, SocketAddr)>);

impl Listeners {
    /// Listens at all of these; at least one.
    pub(super) async fn bind(addresses: &[String]) -> Result<Self, Failure> {
        let mut all = Vec::with_capacity(addresses.len());
        for address in addresses {
            let failed = |error: Error| not_listening(address, &error);
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            let local = listener.local_addr().map_err(failed)?;
            all.push((Rc::new(listener), local));
        }
        Ok(Self(all))
    }

    /// Their addresses.
    pub(super) fn urls(&self) -> Vec<String> {
        self.0.iter().map(|(_, address)| format!("mqtt://{address}")).collect()
    }

    /// What is told first.
    pub(super) fn greeting(&self, has_command: bool) -> String {
        let ends = if has_command { "ends with the command" } else { "Ctrl-C ends" };
        format!("listening on {}; {ends}", self.urls().join(", "))
    }

    /// Where a client of this machine finds the first of them, as names of the environment.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        let Some((_, address)) = self.0.first() else { return Vec::new() };
        let reached = SocketAddr::new(reachable(address.ip()), address.port());
        vec![
            ("MQTT_URL", format!("mqtt://{reached}")),
            ("MQTT_HOST", reached.ip().to_string()),
            ("MQTT_PORT", reached.port().to_string()),
        ]
    }

    /// Takes connections from now on.
    pub(super) fn serve(&self, serving: &Rc<Serving>) {
        for (listener, _) in &self.0 {
            tokio::task::spawn_local(accept(Rc::clone(listener), Rc::clone(serving)));
        }
    }
}

/// All addresses of a machine are reached by its own.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

/// Why nothing can be served there, and what can be done about it.
fn not_listening(address: &str, error: &Error) -> Failure {
    let way_out = match error.kind() {
        ErrorKind::AddrInUse => {
            "; another program listens there: end it, or take a free port with --listen 127.0.0.1:0"
        }
        ErrorKind::PermissionDenied => "; ports below 1024 are often for administrators only: choose a higher one",
        ErrorKind::AddrNotAvailable => "; this machine has no such address: try 127.0.0.1, or 0.0.0.0 for all it has",
        ErrorKind::InvalidInput => "; write ADDRESS:PORT, as in 127.0.0.1:1883",
        _ => "",
    };
    Failure::new(Exit::Usage, format!("--listen {}: {error}{way_out}", quoted(address)))
}

/// Takes connections for ever. One that fails while it is taken is the client's affair, and logged.
async fn accept(listener: Rc<TcpListener>, serving: Rc<Serving>) {
    let mut retries = interval(RETRY);
    retries.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let taken = listener.accept().await.and_then(|(stream, from)| Ok((Tcp::new(stream)?, from)));
        match taken {
            Ok((stream, from)) => serving.accept(Box::new(stream), &from.to_string()),
            Err(error) => {
                serving.line(&format!("a connection failed: {error}"));
                retries.tick().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::clock;

    #[test]
    fn a_command_is_told_an_address_that_it_can_reach() {
        let names = clock::real(async {
            let listeners = Listeners::bind(&["0.0.0.0:0".to_owned(), "127.0.0.1:0".to_owned()]).await;
            listeners.map(|listeners| listeners.environment())
        });
        let names = names.expect("a runtime").expect("it listens");
        let [(_, url), (_, host), (_, port)] = &names[..] else { panic!("{names:?}") };
        assert_eq!(host, "127.0.0.1");
        assert_eq!(*url, format!("mqtt://127.0.0.1:{port}"));
    }
}

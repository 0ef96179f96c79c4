//! The ports of a broker that is about to start. The broker binds them itself, a moment after they were chosen; until it
//! has, they are kept from every other broker that this suite starts, in this process or in another: a case that met
//! somebody else's broker would judge that one.

use super::{Profile, profile::ProfileVariant};
use mqtt_assay_codec::Version;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

/// How many ports are looked at before there is none: others may use the same number for something else.
const TRIES: usize = 100;

/// Which port of 127.0.0.1 is for which version: one for all, or one for each.
pub(super) struct Ports {
    by_version: BTreeMap<Version, u16>,
    /// What else the broker listens on, by the word that stands for it.
    others: BTreeMap<String, u16>,
    /// Held, the ports are ours.
    _marks: Vec<UdpSocket>,
}

impl Ports {
    /// Free ports, as many as the profile asks for. They are kept from others until this is dropped.
    pub(super) fn choose(profile: &Profile) -> io::Result<Self> {
        let versions: Vec<Version> = profile.versions().collect();
        let free: Vec<(u16, UdpSocket)> = versions.iter().map(|_| free()).collect::<io::Result<_>>()?;
        let common = free.first().map_or(0, |(port, _)| *port);
        let port_of = |(version, (own, _)): (Version, &(u16, UdpSocket))| {
            (version, if profile.has_own_port(version) { *own } else { common })
        };
        let by_version = versions.into_iter().zip(&free).map(port_of).collect();
        let mut marks: Vec<UdpSocket> = free.into_iter().map(|(_, mark)| mark).collect();
        let mut others = BTreeMap::new();
        for word in profile.other_port_words() {
            let (port, mark) = self::free()?;
            others.insert(word, port);
            marks.push(mark);
        }
        Ok(Self { by_version, others, _marks: marks })
    }

    /// One version for each port.
    pub(super) fn to_ask(&self) -> Vec<Version> {
        let mut versions: Vec<Version> = self.by_version.keys().copied().collect();
        versions.dedup_by_key(|version| self.by_version[version]);
        versions
    }

    /// Whether nobody listens on any of them.
    pub(super) fn are_free(&self) -> bool {
        self.by_version.values().all(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
    }

    /// Where each version is spoken in this variant.
    pub(super) fn addresses(&self, variant: &ProfileVariant) -> Result<BTreeMap<Version, String>, String> {
        let own = match &variant.port {
            Some(name) => {
                let word = format!("{{port-{name}}}");
                let port = self.others.get(&word);
                Some(*port.ok_or_else(|| format!("`port = \"{name}\"`, but {word} stands in no command and no file"))?)
            }
            None => None,
        };
        let address = |(&version, &port): (&Version, &u16)| (version, format!("127.0.0.1:{}", own.unwrap_or(port)));
        Ok(self.by_version.iter().map(address).collect())
    }

    /// Puts the ports into a command or a file.
    pub(super) fn fill(&self, text: &str) -> String {
        let common = self.by_version.values().next().map(u16::to_string).unwrap_or_default();
        let text = text.replace("{port}", &common);
        let words = self.by_version.iter().map(|(&version, port)| (Profile::port_word(version), port));
        let others = self.others.iter().map(|(word, port)| (word.clone(), port));
        words.chain(others).fold(text, |text, (word, port)| text.replace(&word, &port.to_string()))
    }
}

/// A port on which nobody listens, and the mark that it is taken. The mark is the same number among the ports of UDP, which
/// a broker of TCP doesn't use: it goes with its process, and leaves nothing on the disk.
fn free() -> io::Result<(u16, UdpSocket)> {
    for _ in 0..TRIES {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        match UdpSocket::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(mark) => return Ok((port, mark)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_port_is_given_once_as_long_as_its_mark_is_held() {
        let free: Vec<(u16, UdpSocket)> = (0..300).map(|_| free().expect("a free port")).collect();
        let ports: BTreeSet<u16> = free.iter().map(|(port, _)| *port).collect();
        assert_eq!(ports.len(), free.len());
        for port in ports {
            assert!(UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_err(), "{port} is marked");
        }
    }
}

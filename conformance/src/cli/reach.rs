//! What reaching an address takes beyond the address: whose certificates are believed, which one the client shows, what
//! stands in the handshake of a WebSocket.

use super::failure::Failure;
use crate::broker::Reach;
use crate::text::{shell, single_line};
use crate::wire::{Identity, Trust};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

/// What is said on standard error, and in the header of the report.
pub(crate) const INSECURE: &str =
    "--insecure: the broker's certificate is NOT CHECKED, so that nobody knows who it is that answers";

/// The arguments about TLS and WebSocket.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "TLS and WebSocket")]
pub(crate) struct ReachArgs {
    /// File with the certificates of the authorities that are trusted, in place of this machine's
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    ca: Option<PathBuf>,

    /// File with the client's certificate, for a broker that wants one
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// File with the private key of that certificate
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// The name that the broker's certificate is to be for, where that is not the host of the address
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,

    /// Take any certificate of the broker for good
    #[arg(long)]
    insecure: bool,

    /// A header of the handshake of a WebSocket (repeatable)
    #[arg(long, value_name = "NAME:VALUE", value_parser = header)]
    header: Vec<Header>,
}

/// A header; its value may be a secret.
#[derive(Clone)]
pub(crate) struct Header {
    name: String,
    value: String,
}

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.name.fmt(f)
    }
}

impl ReachArgs {
    /// Refuses what an address of this scheme, or a broker that is no address, has no use for.
    pub(crate) fn require_fitting(&self, scheme: Option<&str>) -> Result<(), Failure> {
        let is_one_of = |schemes: &[&str]| {
            scheme.is_some_and(|scheme| schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known)))
        };
        let of_tls = [
            (self.ca.is_some(), "--ca"),
            (self.cert.is_some(), "--cert"),
            (self.server_name.is_some(), "--server-name"),
            (self.insecure, "--insecure"),
        ];
        let of_web_socket = [(!self.header.is_empty(), "--header")];
        for (given, schemes, form) in [
            (&of_tls[..], ["mqtts", "wss"], "mqtts:// or wss://"),
            (&of_web_socket[..], ["ws", "wss"], "ws:// or wss://"),
        ] {
            if let Some((_, option)) = given.iter().find(|(is_given, _)| *is_given && !is_one_of(&schemes)) {
                let why = "profiles and the embedded broker see to it themselves";
                return Err(Failure::usage(format!("{option} is for an address that begins with {form}; {why}")));
            }
        }
        Ok(())
    }

    /// Reads the files.
    pub(crate) fn resolve(&self) -> Result<Reach, Failure> {
        let trust = match &self.ca {
            _ if self.insecure => Trust::Anybody,
            Some(path) => Trust::from_pem(&read("--ca", path)?).map_err(|why| wrong("--ca", path, &why))?,
            None => Trust::System,
        };
        let identity = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => {
                let pair = Identity::from_pem(&read("--cert", cert)?, &read("--key", key)?);
                Some(pair.map_err(|why| wrong("--cert", cert, &why))?)
            }
            _ => None,
        };
        let headers = self.header.iter().map(|Header { name, value }| (name.clone(), value.clone())).collect();
        Ok(Reach { trust, identity, server_name: self.server_name.clone(), headers })
    }

    /// Whether the broker's certificate is not looked at.
    pub(crate) fn is_insecure(&self) -> bool {
        self.insecure
    }

    /// The files that are read.
    pub(crate) fn files(&self) -> [(&'static str, Option<&Path>); 3] {
        [("--ca", self.ca.as_deref()), ("--cert", self.cert.as_deref()), ("--key", self.key.as_deref())]
    }

    /// The options that say the same again; values of headers only where they may be shown.
    pub(crate) fn words(&self, shows_secrets: bool) -> Vec<String> {
        let path = |(option, path): (&str, Option<&Path>)| {
            Some(format!("{option} {}", shell::for_shell(&path?.to_string_lossy())))
        };
        let mut words: Vec<String> = self.files().into_iter().filter_map(path).collect();
        words.extend(self.server_name.iter().map(|name| format!("--server-name {}", shell::for_shell(name))));
        words.extend(self.insecure.then(|| "--insecure".to_owned()));
        words.extend(self.header.iter().map(|Header { name, value }| {
            let value = if shows_secrets { value } else { "VALUE" };
            format!("--header {}", shell::for_shell(&format!("{name}:{value}")))
        }));
        words
    }
}

fn read(option: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| wrong(option, path, &error.to_string()))
}

fn wrong(option: &str, path: &Path, why: &str) -> Failure {
    Failure::usage(format!("{option} {}: {why}", single_line(&path.to_string_lossy())))
}

/// For clap: a header. What is wrong with it is said without its value.
fn header(text: &str) -> Result<Header, String> {
    let (name, value) = text.split_once(':').ok_or("a name, a colon and a value, such as X-Team:assay")?;
    Ok(Header { name: name.trim().to_owned(), value: value.trim().to_owned() })
}

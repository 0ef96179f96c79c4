//! How `serve` speaks TLS: by certificates of the user's, or by such as are made for the occasion and written where clients
//! find them.

use super::address::{Address, Spot};
use crate::broker::Folder;
use crate::cli::failure::Failure;
use crate::text::single_line;
use crate::wire::{Authority, Holder, Identity, Papers, TlsServer, Trust};
use clap::Args;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::net::ToSocketAddrs as _;
use std::path::{Path, PathBuf};

/// The files that are written, and the name of the environment under which a command finds each.
const AUTHORITY: (&str, &str) = ("assay-ca.pem", "MQTT_CA");
const CLIENT: (&str, &str) = ("assay-client.pem", "MQTT_CERT");
const CLIENT_KEY: (&str, &str) = ("assay-client-key.pem", "MQTT_KEY");

/// Files by the names of the environment.
type Made = Vec<(&'static str, PathBuf)>;

/// The arguments about TLS.
#[derive(Debug, Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArgs {
    /// File with the broker's certificate [default: one is made, and the file of its authority named]
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// File with the private key of that certificate
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Let in only clients with a certificate of the authorities in this file
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,

    /// Let in only clients with the certificate that is made for them
    #[arg(long, conflicts_with = "client_ca")]
    mutual_tls: bool,

    /// A name that the certificate is made for, beside localhost and what --listen names (repeatable)
    #[arg(long, value_name = "NAME", conflicts_with = "cert")]
    server_name: Vec<String>,

    /// The folder for what is made [default: a temporary one, removed at the end]
    #[arg(long, value_name = "FOLDER")]
    certs: Option<PathBuf>,
}

/// How TLS is spoken.
pub(super) struct Tls {
    pub(super) server: TlsServer,
    /// Files that were made, by the names of the environment.
    pub(super) made: Made,
    /// Removed with it.
    _folder: Option<Folder>,
}

impl TlsArgs {
    /// Reads or makes the certificates, where one of the addresses wants TLS.
    pub(super) fn prepare(&self, addresses: &[Address]) -> Result<Option<Tls>, Failure> {
        if !addresses.iter().any(|address| address.carrier.has_tls()) {
            return self.require_none().map(|()| None);
        }
        let clients = self.client_ca.as_deref().map(authorities).transpose()?;
        let authority = (self.cert.is_none() || self.mutual_tls).then(Authority::new).transpose();
        let Some(authority) = authority.map_err(Failure::usage)? else {
            self.require_nothing_made()?;
            let server = self.server(self.own_identity()?, clients.as_deref())?;
            return Ok(Some(Tls { server, made: Vec::new(), _folder: None }));
        };
        let identity = match self.cert {
            Some(_) => self.own_identity()?,
            None => authority
                .sign_for(&self.names(addresses))
                .and_then(|papers| papers.identity())
                .map_err(Failure::usage)?,
        };
        let own = self.mutual_tls.then(|| authority.certificate().as_bytes());
        let server = self.server(identity, own.or(clients.as_deref()))?;
        let (made, folder) = self.write(&authority)?;
        Ok(Some(Tls { server, made, _folder: folder }))
    }

    /// Refuses what is about TLS where nothing speaks it.
    fn require_none(&self) -> Result<(), Failure> {
        let given = [
            (self.cert.is_some(), "--cert"),
            (self.client_ca.is_some(), "--client-ca"),
            (self.mutual_tls, "--mutual-tls"),
            (!self.server_name.is_empty(), "--server-name"),
            (self.certs.is_some(), "--certs"),
        ];
        match given.iter().find(|(is_given, _)| *is_given) {
            Some((_, option)) => Err(Failure::usage(format!(
                "{option} is for TLS, and nothing listens by it: write --listen mqtts://127.0.0.1:8883, or wss://"
            ))),
            None => Ok(()),
        }
    }

    fn require_nothing_made(&self) -> Result<(), Failure> {
        match &self.certs {
            Some(_) => {
                Err(Failure::usage("--certs: with --cert and without --mutual-tls nothing is made to be put there"))
            }
            None => Ok(()),
        }
    }

    /// The certificate and key of the user's files.
    fn own_identity(&self) -> Result<Identity, Failure> {
        // Each requires the other.
        let (cert, key) = (self.cert.as_deref().unwrap_or(Path::new("")), self.key.as_deref().unwrap_or(Path::new("")));
        let read = Identity::from_pem(&read("--cert", cert)?, &read("--key", key)?);
        read.map_err(|why| wrong("--cert", cert, &why))
    }

    fn server(&self, identity: Identity, clients: Option<&[u8]>) -> Result<TlsServer, Failure> {
        TlsServer::new(identity, clients).map_err(|why| match &self.cert {
            Some(cert) => wrong("--cert", cert, &why),
            None => Failure::usage(format!("TLS can't be spoken: {why}")),
        })
    }

    /// What clients may call the broker.
    fn names(&self, addresses: &[Address]) -> Vec<String> {
        let mut names = self.server_name.clone();
        for address in addresses.iter().filter(|address| address.carrier.has_tls()) {
            let Spot::Tcp(host, _) = &address.spot else { continue };
            let host = host.trim_matches(['[', ']']);
            names.push(host.to_owned());
            // A command is told the address of a host. One that has none can't be listened at, and that is said then.
            let found = (host, 0).to_socket_addrs().into_iter().flatten();
            names.extend(found.map(|address| address.ip().to_string()));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Writes what clients need, into the folder of the user's or one of our own.
    fn write(&self, authority: &Authority) -> Result<(Made, Option<Folder>), Failure> {
        let folder = match &self.certs {
            Some(_) => None,
            None => Some(Folder::create().map_err(|error| Failure::usage(no_folder(&error)))?),
        };
        let place = folder.as_ref().map(Folder::path).or(self.certs.as_deref()).unwrap_or(Path::new("."));
        let client = self.mutual_tls.then(|| authority.sign(Holder::Client)).transpose().map_err(Failure::usage)?;
        let made =
            made(place, authority, client.as_ref()).map_err(|error| wrong("--certs", place, &error.to_string()))?;
        Ok((made, folder))
    }
}

fn no_folder(error: &io::Error) -> String {
    let place = std::env::temp_dir();
    format!("no folder for certificates can be made in {}: {error}; name one by --certs", place.display())
}

/// Writes the authority's certificate, and what is made for clients.
fn made(folder: &Path, authority: &Authority, client: Option<&Papers>) -> io::Result<Made> {
    fs::create_dir_all(folder)?;
    let folder = fs::canonicalize(folder)?;
    let mut made = Vec::new();
    let mut put = |(name, variable): (&str, &'static str), text: &str, is_secret: bool| -> io::Result<()> {
        let path = folder.join(name);
        file(&path, is_secret)?.write_all(text.as_bytes())?;
        made.push((variable, path));
        Ok(())
    };
    put(AUTHORITY, authority.certificate(), false)?;
    if let Some(Papers { certificate, key }) = client {
        put(CLIENT, certificate, false)?;
        put(CLIENT_KEY, key, true)?;
    }
    Ok(made)
}

/// An empty file; a secret one is for its owner alone, whatever it was before.
fn file(path: &Path, is_secret: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if is_secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let file = options.open(path)?;
    #[cfg(unix)]
    if is_secret {
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}

fn authorities(path: &Path) -> Result<Vec<u8>, Failure> {
    let pem = read("--client-ca", path)?;
    Trust::from_pem(&pem).map_err(|why| wrong("--client-ca", path, &why))?;
    Ok(pem)
}

fn read(option: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| wrong(option, path, &error.to_string()))
}

fn wrong(option: &str, path: &Path, why: &str) -> Failure {
    Failure::usage(format!("{option} {}: {why}", single_line(&path.to_string_lossy())))
}

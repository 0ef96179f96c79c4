//! Certificates and keys as they stand in files, and whose word is taken for a broker's.

use std::io;
use std::sync::{Arc, OnceLock};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, RootCertStore};

/// A certificate, with those between it and its authority behind it, and its private key.
pub struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads both from PEM. What is wrong is said without a byte of either.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, String> {
        let chain = certificates(chain)?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| "no private key in PEM form (-----BEGIN PRIVATE KEY-----) is in the file of the key")?;
        Ok(Self { chain, key })
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

/// Whose signature makes a broker's certificate one to believe.
#[derive(Clone, Default)]
pub enum Trust {
    /// The authorities that this machine trusts.
    #[default]
    System,
    /// These and no other.
    Only(Arc<RootCertStore>),
    /// Nobody is asked: any certificate will do.
    Anybody,
}

impl Trust {
    /// Trust in the authorities of a file in PEM form, and in no other.
    pub fn from_pem(authorities: &[u8]) -> Result<Self, String> {
        Ok(Self::Only(Arc::new(roots(authorities)?)))
    }
}

/// The authorities in this PEM.
pub(super) fn roots(authorities: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(authorities)? {
        roots.add(certificate).map_err(|error| format!("a certificate in it is none that can be trusted: {error}"))?;
    }
    Ok(roots)
}

/// The authorities that this machine trusts, read once: a team's own authority is among them, where a list that is built in
/// would know the public ones alone, as they were on the day of the build.
pub(super) fn roots_of_the_system() -> io::Result<Arc<RootCertStore>> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    });
    if roots.is_empty() {
        return Err(io::Error::other("TLS: this machine names no authority that it trusts"));
    }
    Ok(Arc::clone(roots))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, rustls::pki_types::pem::Error> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(read) if !read.is_empty() => Ok(read),
        _ => Err("no certificate in PEM form (-----BEGIN CERTIFICATE-----) is in it".to_owned()),
    }
}

//! A certificate authority of a moment: it signs for the broker that the suite starts and for the client that meets it, and
//! is gone with them.

use super::{Identity, TlsClient, TlsManners, TlsServer, Trust};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use std::collections::BTreeMap;
use std::io;

/// The names of a broker that the suite starts.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The files by the words that stand for their paths in commands and files of profiles.
const FILES: [(&str, &str); 5] = [
    ("{ca}", "assay-ca.pem"),
    ("{cert}", "assay-broker.pem"),
    ("{key}", "assay-broker-key.pem"),
    ("{client_cert}", "assay-client.pem"),
    ("{client_key}", "assay-client-key.pem"),
];

/// Files by the words that stand for their paths: the name of each, and what stands in it.
pub(crate) type Files = BTreeMap<&'static str, (&'static str, String)>;

/// Whom a certificate is for, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The broker.
    Broker,
    /// A broker whose certificate has expired long ago.
    ExpiredBroker,
    /// A client.
    Client,
    /// A client whose certificate has expired long ago.
    ExpiredClient,
}

/// A certificate and its private key, in PEM form.
#[derive(Clone)]
pub struct Papers {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Papers {
    /// The same, as TLS uses it.
    pub fn identity(&self) -> Result<Identity, String> {
        Identity::from_pem(self.certificate.as_bytes(), self.key.as_bytes())
    }
}

/// An authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    /// A new one, of which nobody has heard.
    pub fn new() -> Result<Self, String> {
        Self::made().map_err(|error| format!("no certificates can be made: {error}"))
    }

    fn made() -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "mqtt-assay's authority of a moment");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// Its own certificate, in PEM form.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A certificate that it has signed.
    pub fn sign(&self, holder: Holder) -> Result<Papers, String> {
        self.signed(holder, &[]).map_err(|error| format!("no certificate can be made: {error}"))
    }

    /// A certificate of a broker that has these names, of the DNS or addresses, beside those of this machine.
    pub fn sign_for(&self, names: &[String]) -> Result<Papers, String> {
        self.signed(Holder::Broker, names)
            .map_err(|error| format!("no certificate can be made for {}: {error}", names.join(", ")))
    }

    fn signed(&self, holder: Holder, further: &[String]) -> Result<Papers, rcgen::Error> {
        let (names, name, usage) = match holder {
            Holder::Broker | Holder::ExpiredBroker => {
                let mut names = NAMES.map(str::to_owned).to_vec();
                names.extend(further.iter().filter(|name| !NAMES.contains(&name.as_str())).cloned());
                (names, "localhost", ExtendedKeyUsagePurpose::ServerAuth)
            }
            Holder::Client | Holder::ExpiredClient => (Vec::new(), "mqtt-assay", ExtendedKeyUsagePurpose::ClientAuth),
        };
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        if matches!(holder, Holder::ExpiredClient | Holder::ExpiredBroker) {
            (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
        }
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Papers { certificate, key: key.serialize_pem() })
    }

    /// A client that trusts this authority alone.
    pub fn client(&self, identity: Option<Identity>) -> io::Result<TlsClient> {
        let trust = Trust::from_pem(self.certificate.as_bytes()).map_err(io::Error::other)?;
        TlsClient::new(&trust, identity, NAMES[0])
    }

    /// A broker with a certificate of this authority, which wants one of its clients where `asks` says so.
    pub fn server(&self, asks: bool) -> Result<TlsServer, String> {
        self.server_with(asks, TlsManners::default())
    }

    /// The same, with manners of its own.
    pub fn server_with(&self, asks: bool, manners: TlsManners) -> Result<TlsServer, String> {
        let identity = self.sign(Holder::Broker)?.identity()?;
        TlsServer::with(identity, asks.then_some(self.certificate.as_bytes()), manners)
    }

    /// All that a broker and its client need, and the client's part of it.
    pub(crate) fn files(&self) -> Result<(Files, Papers), String> {
        let (broker, client) = (self.sign(Holder::Broker)?, self.sign(Holder::Client)?);
        let texts =
            [&self.certificate, &broker.certificate, &broker.key, &client.certificate, &client.key].map(Clone::clone);
        let files = FILES.into_iter().zip(texts).map(|((word, name), text)| (word, (name, text)));
        Ok((files.collect(), client))
    }

    /// True for a text that has one of the words.
    pub(crate) fn is_wanted_by(text: &str) -> bool {
        FILES.iter().any(|(word, _)| text.contains(word))
    }
}

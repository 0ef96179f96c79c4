//! What went wrong in TLS, in words that say which of the few usual things it was.

use std::fmt;
use std::io::{self, ErrorKind};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error};

/// A handshake that did not come about, in words.
#[derive(Debug)]
struct NoHandshake {
    says: String,
    /// The other side has ended it, by an alert or by ending the connection.
    is_of_peer: bool,
}

impl fmt::Display for NoHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.says)
    }
}

impl std::error::Error for NoHandshake {}

/// Whether it was the broker that ended a client's handshake, by an alert or by ending the connection.
pub fn was_ended_by_broker(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<NoHandshake>()).is_some_and(|failed| failed.is_of_peer)
}

/// Why a client's handshake failed.
pub(super) fn handshake_failed(error: &io::Error, name: &ServerName<'_>) -> io::Error {
    let is_of_peer = match tls_error(error) {
        Some(known) => matches!(known, Error::AlertReceived(_)),
        None => is_end(error),
    };
    let why = match tls_error(error) {
        Some(Error::InvalidCertificate(problem)) => certificate(problem, &name.to_str()),
        Some(Error::AlertReceived(alert)) => alerted(*alert),
        Some(Error::PeerIncompatible(problem)) => {
            format!("broker and suite have no way to speak TLS in common: {problem:?}")
        }
        Some(Error::InvalidMessage(_) | Error::InappropriateMessage { .. }) => NOT_TLS.to_owned(),
        Some(Error::NoCertificatesPresented) => "the broker shows no certificate".to_owned(),
        Some(other) => other.to_string(),
        None if is_end(error) => "the connection was ended in the handshake".to_owned(),
        None => error.to_string(),
    };
    io::Error::new(error.kind(), NoHandshake { says: format!("TLS: {why}"), is_of_peer })
}

/// Why a handshake with a client failed, as the broker sees it.
pub(super) fn client_failed(error: &io::Error) -> io::Error {
    let why = match tls_error(error) {
        Some(Error::AlertReceived(alert)) => refused_by_client(*alert),
        Some(Error::NoCertificatesPresented) => "the client shows no certificate".to_owned(),
        Some(Error::InvalidCertificate(problem)) => certificate_of_client(problem),
        Some(Error::PeerIncompatible(problem)) => {
            format!("client and broker have no way to speak TLS in common: {problem:?}")
        }
        Some(Error::InvalidMessage(_) | Error::InappropriateMessage { .. }) => {
            "what the client sends is no TLS".to_owned()
        }
        Some(other) => other.to_string(),
        None if is_end(error) => {
            "the client ended the connection; it may not trust the broker's certificate".to_owned()
        }
        None => error.to_string(),
    };
    io::Error::new(error.kind(), format!("TLS handshake: {why}"))
}

fn refused_by_client(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnknownCA | AlertDescription::CertificateUnknown => {
            format!("the client does not trust the broker's certificate (alert {alert:?})")
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::DecryptError => {
            format!("the client does not take the broker's certificate (alert {alert:?})")
        }
        other => format!("the client ended it with the alert {other:?}"),
    }
}

fn certificate_of_client(problem: &CertificateError) -> String {
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the client's certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the client's certificate is not valid yet".to_owned()
        }
        CertificateError::BadSignature | CertificateError::UnknownIssuer => {
            "none of the authorities of clients has signed the client's certificate".to_owned()
        }
        other => format!("the client's certificate can't be used: {other}"),
    }
}

fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

/// What the peer says in the alert that ended the stream.
pub(super) fn alert_in(error: &io::Error) -> Option<String> {
    match tls_error(error)? {
        Error::AlertReceived(alert) => Some(format!("TLS: {}", alerted(*alert))),
        other => Some(format!("TLS: {other}")),
    }
}

const NOT_TLS: &str = "what listens there does not speak TLS";

fn tls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

fn certificate(problem: &CertificateError, name: &str) -> String {
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the broker's certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the broker's certificate is not valid yet".to_owned()
        }
        CertificateError::NotValidForName => format!("the broker's certificate is not for {name}"),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = if presented.is_empty() {
                "no name at all".to_owned()
            } else {
                presented.iter().map(|name| bare(name)).collect::<Vec<_>>().join(", ")
            };
            format!("the broker's certificate is not for {name}; it is for: {names}")
        }
        CertificateError::BadSignature => {
            "nobody who is trusted has signed the broker's certificate; one of the same name is, with another key"
                .to_owned()
        }
        CertificateError::UnknownIssuer => "nobody who is trusted has signed the broker's certificate".to_owned(),
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "the broker shows the certificate of an authority (CA:TRUE) as its own".to_owned()
        }
        other => format!("the broker's certificate can't be used: {other}"),
    }
}

/// A name as it stands in the certificate: `DnsName("x")` is x.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, behind)| behind.strip_suffix(')'));
    inner.map_or(name, |inner| inner.trim_matches('"'))
}

fn alerted(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => "the broker wants a client certificate".to_owned(),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError
        | AlertDescription::UnknownCA => format!("the broker does not take the client certificate (alert {alert:?})"),
        AlertDescription::HandshakeFailure => {
            "the broker refuses the handshake; it may want a client certificate (alert HandshakeFailure)".to_owned()
        }
        AlertDescription::ProtocolVersion => "the broker speaks neither TLS 1.2 nor 1.3".to_owned(),
        AlertDescription::UnrecognisedName => "the broker does not know itself by that name".to_owned(),
        other => format!("the broker ended it with the alert {other:?}"),
    }
}

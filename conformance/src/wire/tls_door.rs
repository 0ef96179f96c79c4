//! How the broker that is built in lets clients in by TLS: by what its faults make of it, and its quirks.

use super::Transport;
use super::ahead::Ahead;
use super::below::Below;
use super::greeting::{Greeted, TlsVersion, server_hello};
use super::held_back::{HeldBack, Holding};
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Mutex;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

/// How a broker treats clients that come by TLS; the usual manners break nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TlsManners {
    /// Lets in clients without a certificate although it asks for one.
    pub wants_no_certificate: bool,
    /// Takes a certificate of whatever authority.
    pub takes_foreign: bool,
    /// Takes a certificate that has expired.
    pub takes_expired: bool,
    /// Answers a greeting of TLS 1.0 or 1.1 with a ServerHello of the same.
    pub greets_old_versions: bool,
    /// Serves MQTT without TLS too.
    pub speaks_plain: bool,
    /// Keeps the connections open of those that it does not let in, and says nothing to them.
    pub refuses_in_silence: bool,
    /// Goes through one handshake at a time.
    pub one_at_a_time: bool,
    /// Lets nobody in any more once a handshake has failed.
    pub closes_at_failure: bool,
    /// Ends a handshake that fails without an alert.
    pub sends_no_alert: bool,
    /// Begins each handshake a second late.
    pub is_late: bool,
    /// Speaks TLS 1.2 alone.
    pub only_1_2: bool,
}

/// How long a broker that is late is so.
const LATE: Duration = Duration::from_secs(1);

/// The door of one broker.
#[derive(Default)]
struct State {
    handshake: Mutex<()>,
    is_closed: AtomicBool,
}

/// The door to a broker by TLS.
#[derive(Clone, Default)]
pub(super) struct Door {
    pub(super) manners: TlsManners,
    state: Arc<State>,
}

/// What came of a client at the door.
pub(super) enum Entered {
    /// It speaks TLS.
    Tls(Box<tokio_rustls::server::TlsStream<Below>>),
    /// It speaks MQTT without TLS, and is let in all the same.
    Plain(Box<dyn Transport>),
}

impl Door {
    pub(super) fn new(manners: TlsManners) -> Self {
        Self { manners, state: Arc::default() }
    }

    /// Lets a client through its handshake.
    pub(super) async fn enter(&self, acceptor: &TlsAcceptor, stream: Box<dyn Transport>) -> io::Result<Entered> {
        let _turn = if self.manners.one_at_a_time { Some(self.state.handshake.lock().await) } else { None };
        if self.state.is_closed.load(Ordering::Relaxed) {
            // The client is connected, and nobody looks after it.
            let _unheard = stream;
            return std::future::pending().await;
        }
        let entered = self.greet(acceptor, stream).await;
        if entered.is_err() && self.manners.closes_at_failure {
            self.state.is_closed.store(true, Ordering::Relaxed);
        }
        entered
    }

    async fn greet(&self, acceptor: &TlsAcceptor, stream: Box<dyn Transport>) -> io::Result<Entered> {
        let manners = self.manners;
        if manners.is_late {
            sleep(LATE).await;
        }
        if !manners.speaks_plain && !manners.greets_old_versions {
            return self.go_through_handshake(acceptor, stream).await;
        }
        let ahead = Ahead::look(stream, |seen| Greeted::read(seen) != Greeted::Unfinished).await?;
        match (Greeted::read(ahead.seen()), ahead.seen().first()) {
            (_, Some(&CONNECT)) if manners.speaks_plain => Ok(Entered::Plain(Box::new(ahead))),
            (Greeted::With(old), _) if manners.greets_old_versions && old.is_given_up() => {
                Err(speak_old(Box::new(ahead), old).await)
            }
            _ => self.go_through_handshake(acceptor, Box::new(ahead)).await,
        }
    }

    async fn go_through_handshake(
        &self,
        acceptor: &TlsAcceptor,
        mut stream: Box<dyn Transport>,
    ) -> io::Result<Entered> {
        let holds = Rc::new(Cell::new(Holding::Nothing));
        if self.manners.sends_no_alert || self.manners.refuses_in_silence {
            holds.set(Holding::LastWords);
            stream = Box::new(HeldBack::new(stream, Rc::clone(&holds)));
        }
        match acceptor.accept(Below::new(stream)).into_fallible().await {
            Ok(accepted) => {
                holds.set(Holding::Nothing);
                Ok(Entered::Tls(Box::new(accepted)))
            }
            Err((_, stream)) if self.manners.refuses_in_silence => {
                holds.set(Holding::Silence);
                Err(keep_open(stream).await)
            }
            Err((error, _)) => Err(error),
        }
    }
}

/// The first byte of a CONNECT.
const CONNECT: u8 = 0x10;

/// Reads what the client sends until it has had enough.
async fn keep_open(mut stream: Below) -> io::Error {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) => return io::ErrorKind::UnexpectedEof.into(),
            Ok(_) => {}
            Err(error) => return error,
        }
    }
}

/// Goes on in the old version, as far as to the choice of it.
async fn speak_old(mut stream: Box<dyn Transport>, version: TlsVersion) -> io::Error {
    let chosen = async {
        stream.write_all(&server_hello(version)).await?;
        stream.flush().await
    };
    match chosen.await {
        Ok(()) => keep_open(Below::new(stream)).await,
        Err(error) => error,
    }
}

/// Takes certificates that it ought not to take.
#[derive(Debug)]
pub(super) struct Lenient {
    pub(super) verifier: Arc<dyn ClientCertVerifier>,
    pub(super) manners: TlsManners,
}

impl ClientCertVerifier for Lenient {
    fn client_auth_mandatory(&self) -> bool {
        self.verifier.client_auth_mandatory() && !self.manners.wants_no_certificate
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verifier.verify_client_cert(end_entity, intermediates, now).or_else(|error| match &error {
            Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. })
                if self.manners.takes_expired =>
            {
                Ok(ClientCertVerified::assertion())
            }
            // An authority of the same name and another key has signed what the own one has not.
            Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)
                if self.manners.takes_foreign =>
            {
                Ok(ClientCertVerified::assertion())
            }
            _ => Err(error),
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

//! TLS 1.2 and 1.3 over any other stream, both sides of it.
//!
//! A close_notify is an orderly end. A stream that ends without one is judged by the end of the stream below: many brokers
//! leave close_notify out, and that is no reset. An alert is an abortive end, and says why.

use super::below::Below;
use super::certificates::{Identity, Trust, roots, roots_of_the_system};
use super::tls_door::{Door, Entered, Lenient, TlsManners};
use super::tls_trouble::{alert_in, client_failed, handshake_failed};
use super::{Ending, Transport};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::TLS12;
use tokio_rustls::rustls::{
    ALL_VERSIONS, ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig, SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

/// How a client speaks TLS with one broker. One serves all connections.
pub struct TlsClient {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsClient {
    /// A client that trusts these authorities, shows this certificate if the broker asks for one, and expects a broker of
    /// this name.
    pub fn new(trust: &Trust, identity: Option<Identity>, name: &str) -> io::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(io::Error::other)?;
        let builder = match trust {
            Trust::System => builder.with_root_certificates(roots_of_the_system()?),
            Trust::Only(roots) => builder.with_root_certificates(Arc::clone(roots)),
            Trust::Anybody => builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider))),
        };
        let mut config = match identity {
            Some(Identity { chain, key }) => builder.with_client_auth_cert(chain, key).map_err(|error| {
                io::Error::other(format!("the client certificate and its key can't be used: {error}"))
            })?,
            None => builder.with_no_client_auth(),
        };
        // Each connection of a case is as a new client's.
        config.resumption = Resumption::disabled();
        let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned())
            .map_err(|_| io::Error::other("the name of the server is no host name and no address"))?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// The name that the broker is asked for, where it is one that a greeting can have: no address.
    pub fn server_name(&self) -> Option<String> {
        match &self.name {
            ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
            _ => None,
        }
    }

    /// Begins TLS on a stream.
    pub async fn connect(&self, stream: Box<dyn Transport>) -> io::Result<Box<dyn Transport>> {
        let connected = self.connector.connect(self.name.clone(), Below::new(stream)).await;
        let stream = connected.map_err(|error| handshake_failed(&error, &self.name))?;
        Ok(Box::new(Tls { stream: stream.into(), alert: None }))
    }
}

/// How a broker speaks TLS.
#[derive(Clone)]
pub struct TlsServer {
    acceptor: TlsAcceptor,
    door: Door,
}

impl TlsServer {
    /// A broker with this certificate. With authorities, in PEM form, it lets in only clients with a certificate of theirs.
    pub fn new(identity: Identity, client_authorities: Option<&[u8]>) -> Result<Self, String> {
        Self::with(identity, client_authorities, TlsManners::default())
    }

    /// The same, with manners of its own.
    pub fn with(identity: Identity, client_authorities: Option<&[u8]>, manners: TlsManners) -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let versions = if manners.only_1_2 { &[&TLS12][..] } else { ALL_VERSIONS };
        let builder = builder.with_protocol_versions(versions).map_err(|error| error.to_string())?;
        let builder = match client_authorities.map(roots).transpose()? {
            Some(roots) => {
                let verifier = client_verifier(roots, provider)?;
                builder.with_client_cert_verifier(Arc::new(Lenient { verifier, manners }))
            }
            None => builder.with_no_client_auth(),
        };
        let Identity { chain, key } = identity;
        let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
            Error::InconsistentKeys(_) => "the key is not that of the certificate".to_owned(),
            other => other.to_string(),
        })?;
        // Nobody resumes a session, and a ticket that is left unread would turn an orderly end of TCP into a reset.
        config.send_tls13_tickets = 0;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), door: Door::new(manners) })
    }

    /// Begins TLS on an accepted stream.
    pub async fn accept(&self, stream: Box<dyn Transport>) -> io::Result<Box<dyn Transport>> {
        let entered = self.door.enter(&self.acceptor, stream).await;
        match entered.map_err(|error| client_failed(&error))? {
            Entered::Tls(stream) => Ok(Box::new(Tls { stream: (*stream).into(), alert: None })),
            Entered::Plain(stream) => Ok(stream),
        }
    }
}

fn client_verifier(
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn tokio_rustls::rustls::server::danger::ClientCertVerifier>, String> {
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    builder.build().map_err(|error| error.to_string())
}

/// One end of a TLS connection.
struct Tls {
    stream: TlsStream<Below>,
    /// The alert that ended it.
    alert: Option<String>,
}

impl Transport for Tls {
    fn acknowledge_quickly(&self) {
        self.stream.get_ref().0.acknowledge_quickly();
    }

    fn reset(self: Box<Self>) {
        match self.stream {
            TlsStream::Client(stream) => stream.into_inner().0.reset(),
            TlsStream::Server(stream) => stream.into_inner().0.reset(),
        }
    }

    fn why_ended(&self) -> Option<String> {
        self.alert.clone()
    }
}

impl AsyncRead for Tls {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let done = ready!(Pin::new(&mut self.stream).poll_read(context, into));
        Poll::Ready(done.or_else(|error| {
            let is_cut_short = error.kind() == ErrorKind::UnexpectedEof;
            if is_cut_short && self.stream.get_ref().0.ended() == Some(Ending::Fin) {
                return Ok(());
            }
            self.alert = self.alert.take().or_else(|| alert_in(&error));
            Err(error)
        }))
    }
}

impl AsyncWrite for Tls {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Takes any certificate; the handshake itself still has to be signed by its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

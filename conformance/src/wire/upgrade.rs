//! The handshake that makes a stream a WebSocket: an HTTP request to upgrade, and the answer.
//!
//! The client's side is written here, for its library refuses an answer without the subprotocol before anybody can judge it.

use super::Transport;
use super::below::Below;
use super::web_socket::{Manners, SUBPROTOCOL, WebSocket, config};
use std::cell::Cell;
use std::fmt;
use std::io::{self, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::Role;

/// The longest answer to the handshake, in bytes, and the most headers in it.
const LONGEST_ANSWER: usize = 16 << 10;
const MOST_HEADERS: usize = 100;

const PROTOCOL_HEADER: &str = "Sec-WebSocket-Protocol";

/// What a client asks a broker for.
#[derive(Debug, Clone)]
pub struct WebSocketClient {
    /// Host and port, as in the address.
    host: String,
    path: String,
    headers: Vec<(String, String)>,
}

impl WebSocketClient {
    /// A client of this host and path, which sends these headers beside its own.
    ///
    /// # Errors
    ///
    /// What would make another request of it: a space or the end of a line in the path, a header that is none or is the
    /// handshake's own.
    pub fn new(host: &str, path: &str, headers: Vec<(String, String)>) -> Result<Self, String> {
        if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the path has a character that has to be written as %XX".to_owned());
        }
        for (name, value) in &headers {
            require_usable(name, value)?;
        }
        Ok(Self { host: host.to_owned(), path: path.to_owned(), headers })
    }

    /// Makes a WebSocket of a stream.
    pub async fn connect(&self, stream: Box<dyn Transport>) -> io::Result<Box<dyn Transport>> {
        let key = generate_key();
        let mut stream = Below::new(stream);
        let asked = async {
            stream.write_all(self.request(&key).as_bytes()).await?;
            stream.flush().await?;
            read_answer(&mut stream).await
        };
        let (answer, behind) = asked.await.map_err(|error| match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => ended_early(),
            _ => error,
        })?;
        let subprotocol =
            judge(&answer, &key).map_err(|why| io::Error::other(format!("WebSocket handshake: {why}")))?;
        let stream = WebSocketStream::from_partially_read(stream, behind, Role::Client, Some(config())).await;
        Ok(Box::new(WebSocket::client(stream, subprotocol)))
    }

    fn request(&self, key: &str) -> String {
        let Self { host, path, headers } = self;
        let mut request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{PROTOCOL_HEADER}: {SUBPROTOCOL}\r\n"
        );
        for (name, value) in headers {
            for part in [name, ": ", value, "\r\n"] {
                request.push_str(part);
            }
        }
        request + "\r\n"
    }
}

/// Whether a header can stand beside those of the handshake. Its value may be a secret, and is not shown.
fn require_usable(name: &str, value: &str) -> Result<(), String> {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let is_reserved = ["host", "connection", "upgrade", "content-length", "transfer-encoding"]
        .contains(&name.to_ascii_lowercase().as_str())
        || name.to_ascii_lowercase().starts_with("sec-websocket-");
    if name.is_empty() || !name.bytes().all(is_of_name) {
        return Err("a header has a name that can't be one; write NAME:VALUE".to_owned());
    }
    if is_reserved {
        return Err(format!("the header {name} is the handshake's own"));
    }
    if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return Err(format!("the value of the header {name} has a control character"));
    }
    Ok(())
}

/// The answer up to its empty line, and what came behind it.
async fn read_answer(stream: &mut Below) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut answer = Vec::new();
    let mut chunk = [0; 2048];
    loop {
        let count = stream.read(&mut chunk).await?;
        if count == 0 {
            return Err(ended_early());
        }
        answer.extend_from_slice(&chunk[..count]);
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            let behind = answer.split_off(end + 4);
            return Ok((answer, behind));
        }
        let is_http = answer.iter().zip(b"HTTP/").all(|(is, should)| is == should);
        if !is_http || answer.len() > LONGEST_ANSWER {
            let why = "WebSocket handshake: what listens there does not speak HTTP";
            return Err(io::Error::new(ErrorKind::InvalidData, why));
        }
    }
}

fn ended_early() -> io::Error {
    io::Error::new(
        ErrorKind::UnexpectedEof,
        "WebSocket handshake: the connection ended before the answer to the upgrade",
    )
}

/// The subprotocol of an answer that agrees to the upgrade.
fn judge(answer: &[u8], key: &str) -> Result<Option<String>, String> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    response.parse(answer).map_err(|error| format!("the answer is no HTTP: {error}"))?;
    let all = |name: &str| {
        let of_name = response.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        of_name.map(|header| String::from_utf8_lossy(header.value).trim().to_owned()).collect::<Vec<_>>()
    };
    if let Some(code) = response.code.filter(|&code| code != 101) {
        let elsewhere = all("location").first().map_or_else(String::new, |place| format!(" to {place}"));
        let reason = response.reason.unwrap_or_default();
        return Err(format!("the broker answers HTTP {code} {reason}{elsewhere} in place of 101"));
    }
    if all("sec-websocket-accept") != [derive_accept_key(key.as_bytes())] {
        return Err("the Sec-WebSocket-Accept of the answer is not that of our key".to_owned());
    }
    let subprotocols = all(PROTOCOL_HEADER);
    Ok((!subprotocols.is_empty()).then(|| subprotocols.join(", ")))
}

/// How a broker takes WebSockets.
#[derive(Debug, Clone, Default)]
pub struct WebSocketServer {
    /// How it keeps the rules about them.
    pub manners: Manners,
    /// The one path where MQTT is; without one it is at every path.
    pub path: Option<String>,
}

/// A client does not offer the subprotocol of MQTT, which is why a handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSubprotocol {
    /// What it offers; empty where it offers none.
    pub offered: String,
}

impl fmt::Display for NoSubprotocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebSocket handshake: the client offers ")?;
        if self.offered.is_empty() {
            f.write_str("no subprotocol")
        } else {
            write!(f, "the subprotocol {}", self.offered)
        }
    }
}

impl std::error::Error for NoSubprotocol {}

/// Why a broker refuses an upgrade.
enum Refused {
    Subprotocol(NoSubprotocol),
    /// The path that was asked for.
    Path(String),
}

impl WebSocketServer {
    /// Makes a WebSocket of an accepted stream. A client that does not offer the subprotocol is refused, and so is one that
    /// asks for another path.
    ///
    /// # Errors
    ///
    /// The handshake failed; for lack of the subprotocol the error within is a [`NoSubprotocol`].
    pub async fn accept(&self, stream: Box<dyn Transport>) -> io::Result<Box<dyn Transport>> {
        let refused = Cell::new(None);
        #[expect(clippy::result_large_err, reason = "the library's own type")]
        let answer = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            self.answer(request, response).map_err(|why| {
                let refusal = refusal(&why);
                refused.set(Some(why));
                refusal
            })
        };
        let accepted =
            tokio_tungstenite::accept_hdr_async_with_config(Below::new(stream), answer, Some(config())).await;
        let stream = accepted.map_err(|error| match (refused.take(), self.path.as_deref()) {
            (Some(Refused::Subprotocol(why)), _) => io::Error::new(ErrorKind::InvalidData, why),
            (Some(Refused::Path(asked)), path) => {
                let is_at = path.unwrap_or_default();
                io::Error::other(format!("WebSocket handshake: the client asks for {asked}, and MQTT is at {is_at}"))
            }
            (None, _) => client_failed(&error),
        })?;
        Ok(Box::new(WebSocket::server(stream, self.manners)))
    }

    fn answer(&self, request: &Request, mut response: Response) -> Result<Response, Refused> {
        let asked = request.uri().path();
        if self.path.as_deref().is_some_and(|path| path != asked) {
            return Err(Refused::Path(asked.to_owned()));
        }
        let offered = offered(request);
        if !offered.split(',').any(|name| name.trim() == SUBPROTOCOL) {
            return Err(Refused::Subprotocol(NoSubprotocol { offered }));
        }
        let Manners { no_subprotocol, other_subprotocol, .. } = self.manners;
        let name = if other_subprotocol { "amqp" } else { SUBPROTOCOL };
        if !no_subprotocol {
            response.headers_mut().insert(PROTOCOL_HEADER, HeaderValue::from_static(name));
        }
        Ok(response)
    }
}

/// The subprotocols that a client offers, parted by commas.
fn offered(request: &Request) -> String {
    let offers = request.headers().get_all(PROTOCOL_HEADER).iter().filter_map(|value| value.to_str().ok());
    offers.collect::<Vec<_>>().join(",")
}

fn refusal(why: &Refused) -> ErrorResponse {
    let (status, text) = match why {
        Refused::Subprotocol(_) => (StatusCode::BAD_REQUEST, "a client offers the subprotocol mqtt [MQTT-6.0.0-3]\n"),
        Refused::Path(_) => (StatusCode::NOT_FOUND, "MQTT is at another path\n"),
    };
    let mut refusal = ErrorResponse::new(Some(text.to_owned()));
    *refusal.status_mut() = status;
    refusal
}

/// Why a handshake with a client failed, as the broker sees it.
fn client_failed(error: &Error) -> io::Error {
    let why = match error {
        Error::Protocol(ProtocolError::HttparseError(_)) => "what the client sends is no HTTP".to_owned(),
        Error::Protocol(ProtocolError::HandshakeIncomplete) => "the client ended the connection".to_owned(),
        Error::Io(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
            "the client ended the connection".to_owned()
        }
        Error::Protocol(other) => format!("the client's request is none for a WebSocket: {other}"),
        other => other.to_string(),
    };
    io::Error::other(format!("WebSocket handshake: {why}"))
}

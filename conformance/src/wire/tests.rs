//! Every layer over memory pipes, both sides of it: bytes there and back, each kind of end, and what a handshake says that
//! does not come about.

use super::*;
use bytes::Bytes;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Stream = Box<dyn Transport>;

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(test);
}

/// Everything that a client may put on a stream, with what a broker puts on its end.
fn all() -> Vec<(&'static str, Option<TlsClient>, Option<WebSocketClient>, Layers)> {
    let authority = Authority::new().expect("an authority");
    let tls = || Some(authority.client(None).expect("a client"));
    let server = || Some(authority.server(false).expect("a server"));
    let web_socket = || Some(WebSocketClient::new("localhost", "/mqtt", Vec::new()).expect("a client"));
    let socket_server = || Some(WebSocketServer::default());
    vec![
        ("nothing", None, None, Layers::default()),
        ("tls", tls(), None, Layers { tls: server(), web_socket: None }),
        ("web socket", None, web_socket(), Layers { tls: None, web_socket: socket_server() }),
        ("both", tls(), web_socket(), Layers { tls: server(), web_socket: socket_server() }),
    ]
}

async fn met(tls: Option<&TlsClient>, web_socket: Option<&WebSocketClient>, layers: &Layers) -> (Stream, Stream) {
    // Less than a record of TLS: writers have to wait for readers.
    let (near, far) = pipe(1000);
    let client = async {
        let mut stream: Stream = Box::new(near);
        if let Some(tls) = tls {
            stream = tls.connect(stream).await.expect("a handshake of TLS");
        }
        if let Some(web_socket) = web_socket {
            stream = web_socket.connect(stream).await.expect("a handshake of WebSocket");
        }
        stream
    };
    let (near, far) = tokio::join!(client, layers.put_on(Box::new(far)));
    (near, far.expect("the broker's handshakes"))
}

async fn end_of(stream: &mut Stream) -> Ending {
    let mut buffer = [0; 64];
    loop {
        if let Read::Ended(ending) = read(&mut **stream, &mut buffer).await {
            return ending;
        }
    }
}

#[test]
fn bytes_go_both_ways_through_every_layer_however_many() {
    run(async {
        for (name, tls, web_socket, layers) in all() {
            let (mut near, mut far) = met(tls.as_ref(), web_socket.as_ref(), &layers).await;
            let sent: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
            let (mut there, mut back) = (vec![0; sent.len()], [0; 5]);
            let writes = async {
                near.write_all(&sent).await.expect("the broker reads");
                near.flush().await.expect("the broker reads");
                near.read_exact(&mut back).await.expect("an answer");
            };
            let answers = async {
                far.read_exact(&mut there).await.expect("all of it");
                far.write_all(b"there").await.expect("the client reads");
                far.flush().await.expect("the client reads");
            };
            tokio::join!(writes, answers);
            assert!(there == sent && &back == b"there", "{name}");
        }
    });
}

#[test]
fn an_orderly_end_and_a_reset_are_told_apart_through_every_layer() {
    run(async {
        for (name, tls, web_socket, layers) in all() {
            let (mut near, mut far) = met(tls.as_ref(), web_socket.as_ref(), &layers).await;
            far.shutdown().await.expect("an orderly end");
            assert_eq!(end_of(&mut near).await, Ending::Fin, "{name}: in order");
            let (mut near, far) = met(tls.as_ref(), web_socket.as_ref(), &layers).await;
            far.reset();
            assert_eq!(end_of(&mut near).await, Ending::Reset, "{name}: reset");
            let (mut near, far) = met(tls.as_ref(), web_socket.as_ref(), &layers).await;
            // No close_notify and no close frame: the stream below ends in order, and so does this one.
            drop(far);
            assert_eq!(end_of(&mut near).await, Ending::Fin, "{name}: cut short in order");
            let (mut near, mut far) = met(tls.as_ref(), web_socket.as_ref(), &layers).await;
            near.shutdown().await.expect("an orderly end");
            assert_eq!(end_of(&mut far).await, Ending::Fin, "{name}: of the client");
        }
    });
}

/// What a client says of a broker with this certificate.
async fn refused(client: TlsClient, server: TlsServer) -> String {
    let (near, far) = pipe(64 << 10);
    let (near, far) = tokio::join!(client.connect(Box::new(near)), server.accept(Box::new(far)));
    match (near, far) {
        (Err(error), _) => error.to_string(),
        // In TLS 1.3 the client is through before the broker looks at its certificate.
        (Ok(mut near), _) => {
            end_of(&mut near).await;
            near.why_ended().expect("an alert")
        }
    }
}

#[test]
fn what_fails_in_a_handshake_is_named() {
    run(async {
        let (ours, theirs) = (Authority::new().expect("an authority"), Authority::new().expect("another"));
        let server = |asks| ours.server(asks).expect("a server");
        let foreign = theirs.client(None).expect("a client");
        let said = refused(foreign, server(false)).await;
        assert!(said.starts_with("TLS: nobody who is trusted has signed the broker's certificate"), "{said}");
        let trust = Trust::from_pem(ours.certificate().as_bytes()).expect("an authority");
        let elsewhere = TlsClient::new(&trust, None, "broker.example").expect("a client");
        let said = refused(elsewhere, server(false)).await;
        assert!(said.starts_with("TLS: the broker's certificate is not for broker.example; it is for: "), "{said}");
        let nameless = ours.client(None).expect("a client");
        assert_eq!(refused(nameless, server(true)).await, "TLS: the broker wants a client certificate");
        let identity = |authority: &Authority, holder| authority.sign(holder).and_then(|papers| papers.identity()).ok();
        for identity in [identity(&theirs, Holder::Client), identity(&ours, Holder::ExpiredClient)] {
            let said = refused(ours.client(identity).expect("a client"), server(true)).await;
            assert!(said.starts_with("TLS: the broker does not take the client certificate"), "{said}");
        }
        let expired = identity(&ours, Holder::ExpiredClient).expect("an identity");
        // Whom it is for is seen after whether it is valid.
        let said =
            refused(ours.client(None).expect("a client"), TlsServer::new(expired, None).expect("a server")).await;
        assert_eq!(said, "TLS: the broker's certificate has expired");
        let anybody = TlsClient::new(&Trust::Anybody, None, "whatever.example").expect("a client");
        let (near, far) = pipe(64 << 10);
        let server = server(false);
        let (near, far) = tokio::join!(anybody.connect(Box::new(near)), server.accept(Box::new(far)));
        assert!(near.is_ok() && far.is_ok(), "--insecure looks at no certificate");
    });
}

#[test]
fn what_speaks_no_tls_and_no_http_is_said_to() {
    run(async {
        let client = Authority::new().expect("an authority").client(None).expect("a client");
        let socket = Arc::new(WebSocketClient::new("localhost", "/mqtt", Vec::new()).expect("a client"));
        for (answer, of_tls, of_socket) in [
            (&b"\x20\x02\x00\x00"[..], "does not speak TLS", "does not speak HTTP"),
            (b"", "connection was ended in the handshake", "ended before the answer to the upgrade"),
            (b"HTTP/1.1 404 Not Found\r\n\r\n", "does not speak TLS", "answers HTTP 404 Not Found in place of 101"),
            (b"HTTP/1.1 101 X\r\nSec-WebSocket-Accept: x\r\n\r\n", "does not speak TLS", "not that of our key"),
        ] {
            for (is_tls, sign) in [(true, of_tls), (false, of_socket)] {
                let (near, mut far) = pipe(64 << 10);
                let answers = async {
                    let _ = far.read(&mut [0; 4096]).await;
                    far.write_all(answer).await.expect("room");
                    far.shutdown().await.expect("an end");
                };
                let connected = async {
                    let near: Stream = Box::new(near);
                    if is_tls { client.connect(near).await } else { socket.connect(near).await }
                };
                let (connected, ()) = tokio::join!(connected, answers);
                let error = connected.err().expect("no handshake").to_string();
                assert!(error.contains(sign), "{error} has no {sign:?}");
            }
        }
    });
}

async fn sockets(manners: Manners) -> (Stream, Stream) {
    let client = WebSocketClient::new("localhost", "/", Vec::new()).expect("a client");
    met(None, Some(&client), &Layers { tls: None, web_socket: Some(WebSocketServer { manners, path: None }) }).await
}

async fn send(stream: &mut Stream, frames: &[Frame]) {
    for frame in frames {
        let socket = stream.web_socket().expect("a WebSocket");
        poll_fn(|context| socket.poll_send(context, frame)).await.expect("sent");
    }
}

#[test]
fn frames_and_fragments_carry_one_stream_of_bytes_and_text_ends_it() {
    run(async {
        let (mut near, mut far) = sockets(Manners::default()).await;
        assert_eq!(near.web_socket().and_then(|socket| socket.subprotocol()), Some(SUBPROTOCOL));
        let bytes = Bytes::from_static(b"abcdefgh");
        let frames = [
            Frame::part(FrameKind::Binary, bytes.slice(..2)),
            Frame::whole(FrameKind::Ping, Bytes::new()),
            Frame::whole(FrameKind::Continuation, bytes.slice(2..5)),
            Frame::whole(FrameKind::Binary, Bytes::new()),
            Frame::whole(FrameKind::Binary, bytes.slice(5..)),
        ];
        send(&mut near, &frames).await;
        let mut got = [0; 8];
        far.read_exact(&mut got).await.expect("the bytes");
        assert_eq!(&got, b"abcdefgh");
        send(&mut near, &[Frame::whole(FrameKind::Text, Bytes::from_static(b"text"))]).await;
        assert_eq!(end_of(&mut far).await, Ending::Reset, "the broker has done with it");
        assert_eq!(end_of(&mut near).await, Ending::Fin);
        assert!(near.why_ended().is_some_and(|why| why.contains("code 1003")), "{:?}", near.why_ended());
    });
}

#[test]
fn text_from_a_broker_is_read_and_known_for_text() {
    run(async {
        let (mut near, mut far) = sockets(Manners { sends_text: true, ..Manners::default() }).await;
        let mut got = [0; 4];
        for (sent, kind) in [(b"text", FrameKind::Text), (&[0xD0, 0, 0xD0, 0], FrameKind::Binary)] {
            far.write_all(sent).await.expect("room");
            far.flush().await.expect("room");
            near.read_exact(&mut got).await.expect("the bytes");
            assert_eq!((&got, near.web_socket().and_then(|socket| socket.last_kind())), (sent, Some(kind)));
        }
    });
}

#[test]
fn a_client_without_the_subprotocol_is_refused_and_a_broker_without_it_is_not() {
    run(async {
        for (manners, answered) in [
            (Manners { no_subprotocol: true, ..Manners::default() }, None),
            (Manners { other_subprotocol: true, ..Manners::default() }, Some("amqp")),
        ] {
            let (mut near, _) = sockets(manners).await;
            assert_eq!(near.web_socket().and_then(|socket| socket.subprotocol()), answered);
        }
        let (mut near, far) = pipe(64 << 10);
        let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        near.write_all(request).await.expect("room");
        let accepted = WebSocketServer::default().accept(Box::new(far)).await;
        assert!(accepted.is_err());
        let mut answer = String::new();
        near.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("MQTT-6.0.0-3"), "{answer}");
    });
}

#[test]
fn listeners_of_both_kinds_accept_and_a_path_goes_with_its_listener() {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(async {
        let listener = Listener::tcp("127.0.0.1:0").await.expect("a port");
        let Place::Tcp(address) = listener.place().expect("a place") else { panic!("no port") };
        let (near, far) = tokio::join!(Tcp::connect(address), listener.accept());
        assert!(near.is_ok() && far.is_ok());
        #[cfg(unix)]
        {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("broker.sock");
            let listener = Listener::unix(path.clone()).expect("a path");
            let (near, far) = tokio::join!(Unix::connect(&path), listener.accept());
            let (mut near, (mut far, peer)) = (near.expect("a client"), far.expect("a connection"));
            assert_eq!(
                Some(peer),
                listener.knock().expect("a descriptor").map(|knock| knock.peer()),
                "it is this process"
            );
            far.write_all(b"x").await.expect("room");
            assert_eq!(near.read_u8().await.expect("a byte"), b'x');
            drop(listener);
            assert!(!path.exists());
        }
    });
}

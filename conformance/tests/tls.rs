//! Brokers at an address that are reached by TLS: what is said of their own certificates, and which cases of chapter `tls`
//! they can be tried by.

mod common;

use common::mqtt_assay;
use mqtt_assay::broker::Shell;
use mqtt_assay::wire::{Authority, Holder, Layers, Listener, Place, TlsServer};
use mqtt_assay_reference::{Machine, Settings};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::rc::Rc;
use std::sync::mpsc;

/// The reference broker at a port of this machine, behind TLS with this server; it goes with the test.
fn serve(server: impl FnOnce() -> TlsServer + Send + 'static) -> u16 {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        tokio::task::LocalSet::new().block_on(&runtime, accept_all(server(), tell));
    });
    told.recv().expect("it listens")
}

async fn accept_all(server: TlsServer, tell: mpsc::Sender<u16>) {
    let listener = Listener::tcp("127.0.0.1:0").await.expect("a port");
    let Place::Tcp(address) = listener.place().expect("a place") else { panic!("no port") };
    tell.send(address.port()).expect("somebody listens");
    let layers = Layers { tls: Some(server), web_socket: None };
    let shell = Rc::new(Shell::start(Machine::new(Settings::default()), &[], 1, |_| {}));
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let (shell, layers) = (Rc::clone(&shell), layers.clone());
        tokio::task::spawn_local(async move {
            if let Ok(stream) = layers.put_on(stream).await {
                shell.accept(stream);
            }
        });
    }
}

/// A file of this folder, with this text in it.
fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).expect("room");
    path
}

/// A run of these cases on a broker at this port.
fn run(port: u16, filter: &str, arguments: &[(&str, &Path)], further: &[&str]) -> Output {
    let address = format!("mqtts://localhost:{port}");
    let mut all = vec!["run", &address, "-f", filter];
    for (flag, path) in arguments {
        all.extend([flag, path.to_str().expect("a path that is text")]);
    }
    all.extend(further);
    mqtt_assay(&all).output().expect("the program is there")
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn what_is_wrong_with_the_brokers_certificate_is_said_and_nothing_is_judged() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, theirs) = (Authority::new().expect("an authority"), Authority::new().expect("another"));
    let ca = file(folder.path(), "ca.pem", ours.certificate());
    let other = file(folder.path(), "other.pem", theirs.certificate());
    let server = |holder| {
        let papers = ours.sign(holder).expect("a certificate");
        serve(move || TlsServer::new(papers.identity().expect("an identity"), None).expect("a server"))
    };
    let (valid, expired) = (server(Holder::Broker), server(Holder::ExpiredBroker));
    let tried = |port, ca: &Path, further: &[&str]| run(port, "5/connect/connack-first", &[("--ca", ca)], further);
    for (output, said) in [
        (tried(expired, &ca, &[]), "the broker's certificate has expired"),
        (tried(valid, &ca, &["--server-name", "broker.example"]), "the broker's certificate is not for broker.example"),
        (tried(valid, &other, &[]), "nobody who is trusted has signed the broker's certificate"),
    ] {
        let text = both(&output);
        assert!(text.contains(said), "{said} is not in: {text}");
        assert_eq!(output.status.code(), Some(3), "{text}");
    }
}

#[test]
fn a_broker_at_an_address_is_tried_by_all_that_can_be_tried_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new().expect("an authority");
    let client = authority.sign(Holder::Client).expect("a certificate");
    let ca = file(folder.path(), "ca.pem", authority.certificate());
    let cert = file(folder.path(), "client.pem", &client.certificate);
    let key = file(folder.path(), "client-key.pem", &client.key);
    let papers = authority.sign(Holder::Broker).expect("a certificate");
    let trusted = authority.certificate().to_owned();
    let port = serve(move || {
        TlsServer::new(papers.identity().expect("an identity"), Some(trusted.as_bytes())).expect("a server")
    });
    let output = run(port, "chapter(tls)", &[("--ca", &ca), ("--cert", &cert), ("--key", &key)], &["--mqtt", "5"]);
    let text = both(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("MQTT 5: 13 cases: 12 pass, 1 not offered"), "{text}");
    assert!(text.contains("nobody has a certificate that has expired"), "{text}");
}

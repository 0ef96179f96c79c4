//! `serve` by every transport, met by this suite's own client and by clients that know no better; what is told of handshakes
//! that fail; what is said of places where it can't listen.

mod common;
#[path = "common/schema.rs"]
mod schema;

use common::Served;
use mqtt_assay::wire::{Authority, Holder};
#[cfg(unix)]
use schema::{Walk, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// How long an answer may take before a test gives up: no measure of anything.
const PATIENCE: Duration = Duration::from_mins(1);

/// Exit code, standard output, standard error.
fn ended(arguments: &[&str]) -> (Option<i32>, String, String) {
    let ended = common::mqtt_assay(arguments).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

/// A command for `sh`: this suite against the broker that it is told of, on one case that breaks a rule on purpose.
#[cfg(unix)]
const SUITE: &str = r#"case $MQTT_URL in mqtts:*|wss:*) set -- --ca "$MQTT_CA" ${MQTT_CERT:+--cert "$MQTT_CERT" --key "$MQTT_KEY"};; esac
exec "$0" run "$MQTT_URL" "$@" --quiet -f 5/publish/topic-with-wildcard"#;

#[cfg(unix)]
fn served_to_suite(arguments: &[&str]) -> (Option<i32>, String, String) {
    let command = ["--", "sh", "-c", SUITE, env!("CARGO_BIN_EXE_mqtt-assay")];
    ended(&[&["serve"], arguments, &command].concat())
}

#[cfg(unix)]
#[test]
fn a_breach_is_named_by_every_transport() {
    for (address, more) in [
        ("mqtt://127.0.0.1:0", &[][..]),
        ("mqtts://127.0.0.1:0", &[]),
        ("mqtts://localhost:0", &["--mutual-tls"]),
        ("ws://127.0.0.1:0", &[]),
        ("wss://[::1]:0/deep/er", &["--mutual-tls"]),
        ("unix://", &[]),
    ] {
        let (code, out, log) = served_to_suite(&[&["--listen", address, "--json", "-"], more].concat());
        let from = out.find("{\n").expect("a report behind what the command prints");
        assert!(out[..from].contains("Result: pass"), "{address}: {out}{log}");
        let report: serde_json::Value = serde_json::from_str(&out[from..]).expect("JSON");
        let scheme = address.split_once("://").expect("an address").0;
        assert_eq!(code, Some(1), "{address}: {log}");
        assert!(log.contains(&format!("listening on {scheme}://")), "{address}: {log}");
        assert!(log.contains("breaks MQTT-3.3.2-2 of MQTT 5"), "{address}: {log}");
        assert_eq!(report["summary"]["rules"][0]["rule"], "MQTT-3.3.2-2", "{address}");
        assert_eq!(report["clients"][0]["connections"][0]["by"], scheme);
        assert_eq!(report["summary"]["handshakes_failed"], 0, "{address}: {log}");
    }
}

#[cfg(unix)]
#[test]
fn each_fault_is_met_by_every_transport() {
    for address in ["wss://127.0.0.1:0", "unix://"] {
        let arguments = ["--listen", address, "--each", "acts-on:topic-name-wildcard", "--each", "single-byte-writes"];
        let (code, out, log) = served_to_suite(&[&arguments[..], &["--jobs", "2"]].concat());
        assert_eq!(code, Some(1), "{address}: the case breaks a rule: {out}{log}");
        let outcome =
            |name| out.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_whitespace().nth(1));
        assert_eq!(outcome("acts-on:topic-name-wildcard"), Some("fails"), "{address}: {out}");
        assert_eq!(outcome("single-byte-writes"), Some("passes"), "{address}: {out}");
    }
}

/// The schema of this name, as it is published.
#[cfg(unix)]
fn published(name: &str) -> Walk {
    Walk::new(&ended(&["explain", "schemas", name]).1)
}

#[cfg(unix)]
#[test]
fn what_machines_read_of_clients_is_what_the_schemas_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let [one, each] = ["one.json", "each.json"].map(|name| folder.path().join(name).to_string_lossy().into_owned());
    let written = |path: &str| json(&std::fs::read_to_string(path).expect("it was asked for"));
    let faults = ["--fault", "drops-binary", "--quirk", "extra-copies"];
    served_to_suite(&[&faults[..], &["--json", &one]].concat());
    let mut walk = published("serve");
    walk.hold(&written(&one));
    walk.require_all_but("");
    // Its client breaks a rule where the acknowledgement has another identifier than the packet.
    let script = r"exec 3<>/dev/tcp/$MQTT_HOST/$MQTT_PORT
        printf '\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a\x32\x06\x00\x01t\x10\x07x' >&3
        got=$(head -c 8 <&3 | od -An -tx1 | tr -d ' \n'); [ ${got#????????} = 40021007 ] || printf '\xc1\x00' >&3
        printf '\xe0\x00' >&3; cat <&3 >/dev/null";
    let arguments = ["--each", "wrong-puback-id", "--json", &each, "--", "bash", "-c", script];
    let (code, out, log) = ended(&[&["serve"], &faults[2..], &arguments].concat());
    assert_eq!(code, Some(1), "{out}{log}");
    let mut walk = published("serve-each");
    walk.hold(&written(&each));
    walk.require_all_but("");
}

/// Host and port of an address.
fn place(url: &str) -> &str {
    url.split("://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address")
}

/// Sends this, and waits until the broker ends the connection.
fn send(url: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(place(url)).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout that is not 0");
    stream.write_all(bytes).expect("it reads");
    stream.shutdown(std::net::Shutdown::Write).expect("it is open");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn upgrade(path: &str, subprotocol: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{subprotocol}\r\n"
    )
}

/// Comes through the handshake, sends a text frame, masked by zeros, and waits until the broker ends the connection.
fn send_text(url: &str) {
    let mut stream = TcpStream::connect(place(url)).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout that is not 0");
    stream.write_all(upgrade("/mqtt?x", "Sec-WebSocket-Protocol: mqtt\r\n").as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer");
        answer.push(byte[0]);
    }
    stream.write_all(b"\x81\x82\0\0\0\0hi").expect("it reads");
    let _ = stream.read_to_end(&mut answer);
}

#[test]
fn who_does_not_come_through_a_handshake_is_told_of_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().to_string_lossy();
    let others = Authority::new().expect("an authority");
    let foreign = Path::new(&*folder).join("foreign.pem");
    std::fs::write(&foreign, others.certificate()).expect("can be written");
    let addresses = ["ws://127.0.0.1:0/mqtt", "mqtts://127.0.0.1:0"];
    let (mut served, urls) = Served::at(&addresses, &["--mutual-tls", "--certs", &folder]);
    let mut log = served.line();
    send(&urls[0], b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a");
    send(&urls[0], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    send(&urls[0], b"");
    let not_found = send(&urls[0], upgrade("/elsewhere", "Sec-WebSocket-Protocol: mqtt\r\n").as_bytes());
    assert!(not_found.starts_with("HTTP/1.1 404 "), "{not_found}");
    send(&urls[0], upgrade("/mqtt", "Sec-WebSocket-Protocol: amqp, mqttv3.1\r\n").as_bytes());
    send_text(&urls[0]);
    send(&urls[1], b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a");
    let authority = Path::new(&*folder).join("assay-ca.pem");
    for ca in [&foreign, &authority] {
        let (code, ..) =
            ended(&["run", &urls[1], "--ca", &ca.to_string_lossy(), "-f", "5/publish/topic-with-wildcard"]);
        assert_eq!(code, Some(3), "nothing is judged");
    }
    while !log.contains("shows no certificate") {
        log += &served.line();
    }
    let mut settings = common::settings();
    settings.add_filter(&regex_escaped(&folder), "[folder]");
    // An alert may be overtaken by the end of the connection.
    settings.add_filter(
        "the client (ended the connection; it may not trust|does not take) the broker's certificate.*",
        "[distrust]",
    );
    settings.bind(|| insta::assert_snapshot!("handshakes", log));
}

fn regex_escaped(text: &str) -> String {
    text.replace('.', r"\.")
}

#[test]
fn certificates_of_the_users_own_are_used_and_wrong_ones_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, theirs) = (Authority::new().expect("an authority"), Authority::new().expect("another"));
    let (broker, client) = (ours.sign(Holder::Broker).expect("one"), ours.sign(Holder::Client).expect("one"));
    let foreign = theirs.sign(Holder::Client).expect("one");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("can be written");
        path.to_string_lossy().into_owned()
    };
    let (ca, cert, key) =
        (file("ca.pem", ours.certificate()), file("b.pem", &broker.certificate), file("b.key", &broker.key));
    let of = [("good", &client), ("foreign", &foreign)].map(|(name, papers)| {
        [file(&format!("{name}.pem"), &papers.certificate), file(&format!("{name}.key"), &papers.key)]
    });
    let listen = ["mqtts://127.0.0.1:0"];
    let (mut served, urls) = Served::at(&listen, &["--cert", &cert, "--key", &key, "--client-ca", &ca]);
    for ([cert, key], expected) in of.iter().zip([0, 3]) {
        let client = ["--ca", &ca, "--cert", cert, "--key", key];
        let (code, out, log) =
            ended(&[&["run", &urls[0], "-f", "5/publish/topic-with-wildcard"], &client[..]].concat());
        assert_eq!(code, Some(expected), "{out}{log}");
    }
    let refused = std::iter::repeat_with(|| served.line()).find(|line| line.contains("no client: ")).expect("a line");
    assert!(refused.contains("none of the authorities of clients has signed the client's certificate"), "{refused}");
    let mut settings = common::settings();
    settings.add_filter(&regex_escaped(&folder.path().to_string_lossy()), "[folder]");
    let not_there = folder.path().join("not-there.pem").to_string_lossy().into_owned();
    let said: Vec<String> = [
        &["--cert", &cert][..],
        &["--cert", &cert, "--key", &of[0][1]],
        &["--cert", &key, "--key", &key],
        &["--cert", &cert, "--key", &cert],
        &["--cert", &not_there, "--key", &key],
        &["--client-ca", &key],
        &["--client-ca", &ca, "--mutual-tls"],
        &["--cert", &cert, "--key", &key, "--certs", "x"],
        &["--certs", &cert],
        &["--server-name", "not a name \u{e9}"],
    ]
    .iter()
    .map(|arguments| ended(&[&["serve", "--listen", "mqtts://127.0.0.1:0"], *arguments].concat()))
    .chain([ended(&["serve", "--mutual-tls"]), ended(&["serve", "--cert", &cert, "--key", &key])])
    .map(|(code, out, log)| format!("{out}{log}--- exit code {}\n", code.expect("it ends")))
    .collect();
    settings.bind(|| insta::assert_snapshot!("certificates", said.join("\n")));
}

#[cfg(unix)]
#[test]
fn a_path_is_taken_where_nobody_listens_and_is_gone_at_the_end() {
    use std::os::unix::net::UnixListener;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a b.sock");
    let address = format!("unix://{}", path.display().to_string().replace(' ', "%20"));
    // One that was killed leaves its socket.
    drop(UnixListener::bind(&path).expect("a path"));
    assert!(path.exists());
    let (served, urls) = Served::at(&[&address], &[]);
    assert_eq!(urls.concat(), address);
    let shown = |(code, out, log): (Option<i32>, String, String)| {
        format!("{out}{log}--- exit code {}\n", code.expect("it ends"))
    };
    let taken = shown(ended(&["serve", "--listen", &address]));
    assert!(path.exists(), "it is somebody's");
    let killed = std::process::Command::new("kill").args(["-INT", &served.child.id().to_string()]).status();
    assert!(killed.expect("kill is there").success());
    let mut served = served;
    assert_eq!(served.child.wait().expect("it ends").code(), Some(0));
    assert!(!path.exists(), "it is removed");
    std::fs::write(&path, "a file").expect("can be written");
    let no_socket = shown(ended(&["serve", "--listen", &address]));
    assert!(path.exists(), "it is nobody's but the user's");
    let no_folder = shown(ended(&["serve", "--listen", &format!("{}/x/y", address.replace("%20b.sock", ""))]));
    let long = shown(ended(&["serve", "--listen", &format!("unix:///tmp/{}", "x".repeat(200))]));
    let mut settings = common::settings();
    settings.add_filter(&regex_escaped(&folder.path().to_string_lossy()), "[folder]");
    settings.bind(|| insta::assert_snapshot!("paths", [taken, no_socket, no_folder, long].join("\n")));
}

//! Troubles of this machine and of TLS, told apart from those of a broker: who has too few descriptors is not asked whether
//! it is an MQTT broker, and neither is a broker whose certificate has expired.

use super::exit::Exit;
use super::failure::Failure;

/// What the system says, in parts that are the same on all systems that say it, and what helps.
const TROUBLES: &[(&[&str], &str)] = &[
    (
        &["Too many open files", "No file descriptors available", "Too many open sockets"],
        "this machine lets the suite open too few files: raise the limit (ulimit -n 4096), or run fewer --jobs",
    ),
    (&["No space left on device", "Disk quota exceeded", "not enough space on the disk"], "make room on the disk"),
    (&["among the temporary files in"], "the suite needs a folder of its own for each broker that it starts"),
    (&["Cannot allocate memory", "Resource temporarily unavailable"], "this machine has no room for one more process"),
    (
        &["Cannot assign requested address", "no free port"],
        "this machine has no port left: wait a minute, or run fewer --jobs",
    ),
    (&["Network is unreachable"], "this machine has no way to that network"),
    (
        &["certificate has expired", "certificate is not valid yet"],
        "renew the broker's certificate, or set this machine's clock; --insecure looks at no certificate",
    ),
    (
        &["certificate is not for"],
        "use a name in the address that the certificate is for, or say it with --server-name; --insecure looks at no certificate",
    ),
    (
        &["nobody who is trusted has signed"],
        "name the file with the certificate of the broker's authority by --ca; --insecure looks at no certificate",
    ),
    (
        &["of an authority (CA:TRUE) as its own"],
        "let that authority sign a certificate for the broker, and name the authority's file by --ca; --insecure looks at no certificate",
    ),
    (
        &["wants a client certificate", "does not take the client certificate", "may want a client certificate"],
        "give the client a certificate that the broker's authority has signed: --cert FILE --key FILE",
    ),
    (
        &["does not speak TLS", "connection was ended in the handshake"],
        "is it the port for TLS? MQTT without TLS is reached by mqtt://HOST:PORT, WebSocket without TLS by ws://HOST:PORT/PATH",
    ),
    (&["speaks TLS, not MQTT"], "MQTT over TLS is reached by mqtts://HOST:PORT"),
    (&["speaks HTTP, not MQTT"], "MQTT over WebSocket is reached by ws://HOST:PORT/PATH"),
    (&["names no authority that it trusts"], "name the file with the certificate of the broker's authority by --ca"),
    (
        &["does not speak HTTP", "connection ended before the answer to the upgrade"],
        "is it the port for WebSocket? MQTT alone is reached by mqtt://HOST:PORT",
    ),
    (
        &["WebSocket handshake: the broker answers HTTP"],
        "is the path right (ws://HOST:PORT/PATH), and does the broker want a --header?",
    ),
];

/// What helps where the trouble is this machine's, or one of the handshakes that come before MQTT.
pub(super) fn way_out(why: &str) -> Option<&'static str> {
    let (_, way_out) = TROUBLES.iter().find(|(signs, _)| signs.iter().any(|sign| why.contains(sign)))?;
    Some(way_out)
}

/// The system gives the suite not even what it needs before it speaks to a broker.
pub(super) fn no_means(what: &str, error: &std::io::Error) -> Failure {
    let why = error.to_string();
    let way_out = way_out(&why).map_or_else(String::new, |way_out| format!("\n  {way_out}"));
    Failure::new(Exit::NothingJudged, format!("nothing judged: {what}: {why}{way_out}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn what_the_system_says_is_known_by_its_words() {
        let said = |errno: rustix::io::Errno| std::io::Error::from(errno).to_string();
        assert!(way_out(&said(rustix::io::Errno::MFILE)).is_some_and(|way_out| way_out.contains("ulimit -n")));
        assert!(way_out(&said(rustix::io::Errno::NOSPC)).is_some());
        assert_eq!(way_out(&said(rustix::io::Errno::CONNREFUSED)), None);
    }
}

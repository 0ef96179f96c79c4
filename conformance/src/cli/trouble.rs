//! Troubles of this machine, told apart from those of a broker: who has too few descriptors is not asked whether it is an
//! MQTT broker.

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
];

/// What helps where the trouble is this machine's.
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

//! How many sockets this process may have: with how many cases a run does without running out of them.

use std::sync::OnceLock;

/// What a run makes use of at most. It is far from the limit that most systems leave to a process that asks for it.
const WANTED: u64 = 16_384;

/// Sockets that a case needs, its clean-up included: few have more clients.
const OF_A_CASE: usize = 4;

/// How a run divides its sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// Cases side by side.
    pub(super) jobs: usize,
    /// Cases that wait beside them.
    pub(super) waiting: usize,
    /// Cases that have ended and still watch for stragglers.
    pub(super) watching: usize,
}

/// For each place, so many cases may wait beside it: enough for a broker with many findings.
const WAITING: usize = 3;

impl Share {
    /// For so many cases side by side, as far as there are sockets for them. One alone stays so.
    pub(super) fn of(jobs: usize) -> Self {
        Self::within(jobs, usize::try_from(most()).unwrap_or(usize::MAX))
    }

    /// A quarter for the cases, one for those that wait, one for those that watch, and one for all else.
    fn within(jobs: usize, sockets: usize) -> Self {
        let quarter = (sockets / 4 / OF_A_CASE).max(1);
        let jobs = jobs.clamp(1, quarter);
        let waiting = if jobs == 1 { 0 } else { jobs.saturating_mul(WAITING).min(quarter) };
        Self { jobs, waiting, watching: quarter }
    }
}

/// The limit of this process, which is raised as far as it may be the first time that somebody asks.
fn most() -> u64 {
    static MOST: OnceLock<u64> = OnceLock::new();
    *MOST.get_or_init(raised)
}

#[cfg(unix)]
fn raised() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let allowed = limit.maximum.unwrap_or(WANTED).min(WANTED);
    let now = limit.current.unwrap_or(u64::MAX);
    if now >= allowed {
        return now.min(WANTED);
    }
    limit.current = Some(allowed);
    // A system that refuses leaves what there was.
    if setrlimit(Resource::Nofile, limit).is_ok() { allowed } else { now }
}

#[cfg(not(unix))]
fn raised() -> u64 {
    WANTED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_sockets_for_all_that_a_run_does_at_once() {
        for sockets in [64, 256, 1_024, 4_096, 16_384] {
            for jobs in [1, 8, 64, 1_000_000] {
                let Share { jobs, waiting, watching } = Share::within(jobs, sockets);
                assert!(jobs >= 1 && watching >= 1);
                assert!(
                    (jobs + waiting + watching) * OF_A_CASE <= sockets * 3 / 4,
                    "{sockets}: {jobs} {waiting} {watching}"
                );
            }
        }
    }

    #[test]
    fn what_is_asked_for_is_given_where_there_is_enough() {
        assert_eq!(Share::within(64, 16_384), Share { jobs: 64, waiting: 192, watching: 1_024 });
        assert_eq!(Share::within(64, 1_024), Share { jobs: 64, waiting: 64, watching: 64 });
        assert_eq!(Share::within(1, 16_384).waiting, 0, "one alone stays so");
    }

    #[test]
    fn the_limit_of_this_process_is_told() {
        assert!(most() >= 64, "{}", most());
    }
}

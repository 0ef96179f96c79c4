//! Every time limit of the suite, in one table: what cases wait for, how long, and why.
//!
//! Too early is a breach only where the text forbids it; where the text names no limit for being late, late is a
//! pass up to [`GRACE`], with the measured time as evidence. All limits but those that a standard fixes are
//! stretched by `--patience`.

use std::time::Duration;

/// How late something may come that the standard demands without saying when: brokers sweep at intervals
/// (mosquitto 2.0.11 every 6 s).
pub const GRACE: Duration = Duration::from_secs(10);

/// How long a refusal is waited for before a PINGREQ asks whether the broker goes on. A PINGREQ that comes too early
/// may cost the reason code: a broker that closes a socket with unread bytes resets it.
pub const PROBE: Duration = Duration::from_secs(1);

/// The same for a CONNECT that is to be refused, after which the probe is a CONNECT: a close behind it tells nothing, so it
/// comes only when the broker has served another CONNECT meanwhile. Shorter than what brokers allow a connection to stay
/// silent.
pub const PROBE_CONNECT: Duration = Duration::from_secs(3);

/// How long a set-up step may take before the case is inconclusive.
pub const SET_UP: Duration = Duration::from_secs(10);

/// How much later than the standard's limit something forbidden may be seen before it counts.
pub const MARGIN: Duration = Duration::from_secs(1);

/// How long connections are watched for stragglers after the last case has ended, at least.
pub const WATCH: Duration = Duration::from_millis(500);

/// How long a case may take beyond the waits that it declares; then it is inconclusive.
pub const CASE: Duration = Duration::from_secs(45);

/// How long connecting the socket may take.
pub const OPEN: Duration = Duration::from_secs(5);

/// How long a spawned broker may take until it answers its first CONNECT.
pub const START: Duration = Duration::from_secs(30);

/// How long the clean-up of a case may take altogether; what is left then is noted.
pub const CLEAN_UP: Duration = Duration::from_secs(5);

/// How long a run that is ended early may take to remove what its cases made, all together.
pub const FAREWELL: Duration = Duration::from_secs(3);

/// A row for people: name, limit, reason.
pub const TABLE: &[(&str, Duration, &str)] = &[
    ("open", OPEN, "connecting the socket"),
    ("probe", PROBE, "a refusal; later a PINGREQ asks whether the broker goes on"),
    ("probe-connect", PROBE_CONNECT, "the refusal of a CONNECT; later a CONNECT asks whether the broker goes on"),
    ("set-up", SET_UP, "a set-up step; later the case is inconclusive"),
    ("grace", GRACE, "lateness allowed where the standard demands something and names no limit"),
    ("margin", MARGIN, "lateness allowed where lateness itself is the breach"),
    ("watch", WATCH, "stragglers, after the last case has ended; at least so long"),
    ("case", CASE, "a whole case, besides the waits that it declares; later it is inconclusive"),
    ("start", START, "a spawned broker's first CONNACK"),
    ("clean-up", CLEAN_UP, "removing what a case left on the broker"),
    ("farewell", FAREWELL, "removing what all cases left, where the run is ended early"),
];

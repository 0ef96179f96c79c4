//! Every time limit of the suite, in one table: what cases wait for, how long, and why.
//!
//! Too early is a breach only where the text forbids it; where the text names no limit for being late, late is a
//! pass up to [`GRACE`], with the measured time as evidence. All limits but those that a standard fixes are
//! stretched by `--patience`.

use std::time::Duration;

/// How late something may come that the standard demands without saying when: brokers sweep at intervals
/// (mosquitto 2.0.11 every 6 s). It is no round number, for round ones are the defaults of brokers: a connection that is let
/// wait for its CONNECT is closed after 5, 10, 15, 20, 30 or 60 s, and with a limit of the same 10 s a verdict would hang on
/// which of the two clocks is a millisecond ahead. Half-way between two of them, each falls clearly on one side.
pub const GRACE: Duration = Duration::from_millis(12_500);

/// How long a refusal is waited for before a PINGREQ asks whether the broker goes on. A PINGREQ that comes too early
/// may cost the reason code: a broker that closes a socket with unread bytes resets it.
pub const PROBE: Duration = Duration::from_secs(1);

/// How long an answer to a CONNECT is waited for that a broker may also leave without one. Shorter than what brokers allow a
/// connection to stay silent.
pub const PROBE_CONNECT: Duration = Duration::from_secs(3);

/// How long a set-up step may take before the case is inconclusive. No common time-out of brokers either, for the same
/// reason as [`GRACE`].
pub const SET_UP: Duration = Duration::from_millis(12_500);

/// How much later than the standard's limit something forbidden may be seen before it counts.
pub const MARGIN: Duration = Duration::from_secs(1);

/// How long the broker's own end is waited for after our DISCONNECT or FIN: nothing else tells that it has dealt with them.
/// Where it doesn't come, whatever the next connection of that client identifier shows may be a takeover, and what looks like
/// a breach is inconclusive.
pub const END: Duration = Duration::from_secs(5);

/// How long a message that tries a path, or a fence, is waited for before another is sent, where QoS 0 may lose it or the
/// other nodes of a cluster may not know the subscription yet.
pub const TRIAL: Duration = Duration::from_secs(1);

/// How long a message is left without its acknowledgement to see whether it is sent again on its connection: the timers of
/// brokers that do so were 5 to 10 s. What comes later is observed where it is seen.
pub const RESEND: Duration = Duration::from_secs(14);

/// How long connections are watched for stragglers after the last case has ended, at least.
pub const WATCH: Duration = Duration::from_millis(500);

/// How long a case may take beyond the waits that it declares; then it is inconclusive.
pub const CASE: Duration = Duration::from_secs(45);

/// So many times as long may a case take whose packets keep coming: a hundred round trips to a broker far away are no hang.
pub const DISTANT: u32 = 4;

/// How often a connection that is held for nothing else asks whether the broker is there, besides behind every case.
pub const ASK: Duration = Duration::from_secs(1);

/// How long a broker may answer nobody, neither on a held connection nor a new CONNECT, until that is a finding.
pub const SILENT: Duration = Duration::from_secs(10);

/// How long before a broker's death a case may have ended and still be a suspect.
pub const SUSPECT: Duration = Duration::from_secs(2);

/// How long the suspects of all deaths of a run may take to be run again, each on a broker of its own.
pub const HUNT: Duration = Duration::from_secs(30);

/// How long all cases that had timed out beside others may take to be run again alone.
pub const AGAIN: Duration = Duration::from_mins(2);

/// A gap in the suite's own time beyond which it has stood still: a stopped process, a suspended machine.
pub const STANDSTILL: Duration = Duration::from_secs(3);

/// How long connecting the socket may take.
pub const OPEN: Duration = Duration::from_secs(5);

/// How long a spawned broker may take until it answers its first CONNECT.
pub const START: Duration = Duration::from_secs(30);

/// How long a broker that is stopped in order may take to end; then it is killed. `--patience` doesn't stretch it.
pub const STOP: Duration = Duration::from_secs(10);

/// How long the clean-up of a case may take altogether; what is left then is noted.
pub const CLEAN_UP: Duration = Duration::from_secs(5);

/// How long a run that is ended early may take to remove what its cases made, all together.
pub const FAREWELL: Duration = Duration::from_secs(3);

/// A row for people: name, limit, reason.
pub const TABLE: &[(&str, Duration, &str)] = &[
    ("open", OPEN, "connecting the socket"),
    ("probe", PROBE, "a refusal on a connection that was let in; later a PINGREQ asks whether the broker goes on"),
    ("probe-connect", PROBE_CONNECT, "an answer to a CONNECT that may be left without one"),
    ("set-up", SET_UP, "a set-up step; later the case is inconclusive"),
    ("grace", GRACE, "lateness allowed where the standard demands something and names no limit"),
    ("margin", MARGIN, "lateness allowed where lateness itself is the breach"),
    ("end", END, "the broker's end after DISCONNECT or FIN; later a breach that a takeover explains is inconclusive"),
    ("trial", TRIAL, "a message that may be lost, or not be routed yet; then another is sent"),
    ("resend", RESEND, "a message that is sent again without a reconnect; later it is observed"),
    ("watch", WATCH, "stragglers, after the last case has ended; at least so long"),
    ("ask", ASK, "between two questions whether the broker is there, besides those behind each case"),
    ("silent", SILENT, "a broker that answers nobody; later that is a finding"),
    ("suspect", SUSPECT, "between the end of a case and the death of a broker that it may have caused"),
    ("hunt", HUNT, "running the suspects of all deaths again, each on a broker of its own"),
    ("again", AGAIN, "running again alone what timed out beside others"),
    ("standstill", STANDSTILL, "a gap in the suite's own time; what it touches is not judged"),
    (
        "case",
        CASE,
        "a whole case, besides the waits that it declares, and up to four times as long while packets keep coming; later it is inconclusive",
    ),
    ("start", START, "a spawned broker's first CONNACK"),
    ("stop", STOP, "a spawned broker's end after an orderly stop; then it is killed, whatever --patience says"),
    ("clean-up", CLEAN_UP, "removing what a case left on the broker"),
    ("farewell", FAREWELL, "removing what all cases left, where the run is ended early"),
];

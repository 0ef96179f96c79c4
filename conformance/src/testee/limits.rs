//! How long a testee is waited for, and how much it may take: every default in one place.

use std::time::Duration;

/// Questions that are under way unanswered, at most; the page of the protocol promises it.
pub(super) const WINDOW: usize = 64;

/// How much of its standard error is kept: the end, where a panic and a sanitizer say what happened.
pub(super) const STDERR_KEPT: usize = 4096;

/// Deaths and hangs in a row, with no question answered between them, after which it can't be asked any more.
pub(super) const IN_A_ROW: usize = 1000;

/// So many deaths a hang counts for: it costs its whole time, twice.
pub(super) const HANG_WEIGHS: usize = 100;

/// How long a process may take to end once its output has ended, before it is killed; and how long the last of its standard
/// error is waited for.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(1);

/// How often its memory is looked at while it is asked.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// Letters of a line of its output that are kept as evidence.
pub(super) const LETTERS_SHOWN: usize = 200;

/// Bytes of a line for each byte of the question, and besides: what an honest answer never needs. The longest name of a
/// field stands for two bytes of a packet.
pub(super) const BYTES_A_BYTE: usize = 32;
pub(super) const BYTES_BESIDES: usize = 65_536;

/// How long a testee is waited for, and how much it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TesteeLimits {
    /// From a question, or the answer to the one before it, to the answer. Then it hangs.
    pub answer: Duration,
    /// From its start to its greeting; interpreters and virtual machines take their time.
    pub greeting: Duration,
    /// Bytes of memory that it may have in use, where the system says how many those are.
    pub memory: u64,
}

impl TesteeLimits {
    /// What holds where nobody says otherwise: 10 s, 30 s, 1 GiB.
    pub const DEFAULT: Self =
        Self { answer: Duration::from_secs(10), greeting: Duration::from_secs(30), memory: 1 << 30 };
}

impl Default for TesteeLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

//! Whether a broker holds a session: what is certain of that when its client comes back.

use mqtt_assay_codec::{Connack, Disconnect, Version};
use mqtt_assay_standard::bounds;
use std::time::Duration;

/// How long a session outlives its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lasts {
    /// No longer.
    NoTime,
    /// For this time, if nobody ends it.
    For(Duration),
    /// For good, if nobody ends it.
    ForGood,
}

/// What CONNACK is to say of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expects {
    /// Neither is certain.
    Either,
    /// There is none.
    Absent,
    /// There is one, if CONNACK is read no later than so long after the run began.
    Present(Duration),
}

/// No session is demanded of a broker for longer, whatever was asked: how long one is kept may be limited by administration
/// (4.1 of 3.1.1, 4.1.1 of 5.0).
const LONGEST: Duration = Duration::from_mins(1);

impl Lasts {
    /// What CONNECT asks, or CONNACK states in its place.
    pub(super) fn of(version: Version, clean_start: bool, asked: Option<u32>, connack: &Connack<'_>) -> Self {
        if version != Version::V5 {
            return if clean_start { Self::NoTime } else { Self::ForGood };
        }
        Self::seconds(connack.properties.session_expiry_interval().or(asked).unwrap_or(0))
    }

    /// What takes its place in DISCONNECT.
    pub(super) fn of_disconnect(disconnect: &Disconnect<'_>) -> Option<Self> {
        disconnect.properties.session_expiry_interval().map(Self::seconds)
    }

    fn seconds(seconds: u32) -> Self {
        match seconds {
            0 => Self::NoTime,
            u32::MAX => Self::ForGood,
            seconds => Self::For(Duration::from_secs(u64::from(seconds))),
        }
    }

    /// What is to be expected of a session whose connection ended between these times, when its client comes back `now`.
    pub(super) fn expected(self, not_before: Duration, not_after: Duration, now: Duration) -> Expects {
        match self {
            Self::NoTime => Expects::Absent,
            Self::For(time) if now >= not_after + time + bounds::GRACE => Expects::Absent,
            Self::For(time) => Expects::Present(not_before + time.min(LONGEST).saturating_sub(bounds::MARGIN)),
            Self::ForGood => Expects::Present(not_before + LONGEST),
        }
    }
}

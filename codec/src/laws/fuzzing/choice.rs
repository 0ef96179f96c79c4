//! What the first bytes of an input choose.

use crate::packet::{Context, Limits, Sender, Version};

pub(crate) const LIMITS: &Limits = &Limits::NONE;

/// Versions before 5.0.
pub(super) const BEFORE_V5: &[Version] = &[Version::V3_1_1, Version::V3_1];
/// Senders, by the number that chooses them.
pub(super) const SENDERS: &[Sender] = &[Sender::Client, Sender::Server, Sender::Either];

/// The context that a byte of the input chooses.
pub(super) fn context_of(choice: u8, versions: &[Version]) -> Context {
    let choice = usize::from(choice);
    Context::new(versions[choice % versions.len()], SENDERS[choice / versions.len() % SENDERS.len()])
}

//! A broker's version: what a command prints that the profile names.

use super::Profile;
use super::processes::{self, Process};
use super::profile::VersionQuestion;
use super::spawned::for_the_system;
use super::supervisor::Order;
use crate::text::single_line;
use mqtt_assay_standard::bounds;
use std::io;
use tokio::time::timeout;

/// The version and how it was learnt, as the profile says, escaped. What doesn't answer in the time that a start may take
/// has none.
pub(super) async fn learn(profile: &Profile, patience: u32) -> Option<(String, String)> {
    let question = profile.version.as_ref()?;
    let printed = timeout(bounds::START * patience, printed(question)).await.ok()?.ok()?;
    Some((version_in(&printed, &question.after)?, single_line(&question.command.join(" "))))
}

/// What the command prints that is to tell the version.
async fn printed(question: &VersionQuestion) -> io::Result<String> {
    let (folder, _) = processes::folder()?;
    let (words, directory) = (for_the_system(&question.command), std::env::current_dir()?);
    let mut process = Process::start(Order { directory, words, ..Order::default() }, folder).await?;
    process.wait().await;
    Ok(process.beginning())
}

/// The word behind this text.
fn version_in(printed: &str, after: &str) -> Option<String> {
    let (_, behind) = printed.split_once(after)?;
    let version = behind.split_whitespace().next()?.trim_end_matches(['.', ',', ';']);
    Some(single_line(version))
}

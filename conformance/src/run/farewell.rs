//! What a run that is ended early still does: it removes from the broker what its cases have made there, if the broker
//! answers, within a bound.

use super::options::RunOptions;
use crate::scenario::{Leavings, Subject};
use mqtt_assay_standard::bounds;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Cleans up after all cases that have begun, side by side. What isn't done within the bound is left.
pub(super) async fn take_leave(leavings: &Leavings, options: &RunOptions) {
    let mut tasks = JoinSet::new();
    for context in leavings.under_way() {
        tasks.spawn_local(async move { Subject::new(context).take_leave().await });
    }
    let all = async { while tasks.join_next().await.is_some() {} };
    let _ = timeout(bounds::FAREWELL * options.patience, all).await;
}

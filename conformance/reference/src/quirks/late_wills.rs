//! Wills that wait although their session may be gone.

use std::time::Duration;

use crate::machine::Machine;
use crate::state::timers::Due;
use crate::state::will::{PendingWill, Will};

impl Machine {
    /// A will that waits although its session may be gone; at most one for each session.
    pub(crate) fn late_will(&mut self, will: Will, delay: Duration) {
        if self.quirky.late_wills.len() >= self.settings.limits.max_sessions {
            self.publish_will(will);
            return;
        }
        self.quirky.late_wills.push(PendingWill { will, due: self.now + delay });
        self.wind_late_wills();
    }

    /// Sets the timer of wills that wait.
    fn wind_late_wills(&mut self) {
        let deadline = self.quirky.late_wills.iter().map(|pending| pending.due).min();
        self.timers.set(Due::LateWills, deadline);
    }

    /// Publishes the wills that have waited long enough.
    pub(crate) fn late_wills_due(&mut self) {
        let wills = std::mem::take(&mut self.quirky.late_wills).into_iter();
        let (due, waiting): (Vec<_>, Vec<_>) = wills.partition(|pending| pending.due <= self.now);
        self.quirky.late_wills = waiting;
        for PendingWill { will, .. } in due {
            self.publish_will(will);
        }
        self.wind_late_wills();
    }
}

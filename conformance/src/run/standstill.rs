//! The suite's own standstill: a process that was stopped, a machine that was suspended. What a case saw across such a gap
//! says nothing of the broker's time.

use mqtt_assay_standard::bounds;
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep};

/// How often is looked.
const LOOK: Duration = Duration::from_millis(250);

/// Gaps of a run: when each ended, and how long it was.
#[derive(Debug, Default)]
pub(super) struct Standstills {
    gaps: RefCell<Vec<(Instant, Duration)>>,
}

impl Standstills {
    /// Begins to look, until nobody holds it any more. On the simulated clock there is nothing to see.
    pub(super) fn begin(is_simulated: bool) -> Rc<Self> {
        let standstills = Rc::<Self>::default();
        if !is_simulated {
            tokio::task::spawn_local(look(Rc::downgrade(&standstills)));
        }
        standstills
    }

    /// The longest gap that ended behind this moment.
    pub(super) fn since(&self, begun: Instant) -> Option<Duration> {
        self.gaps.borrow().iter().filter(|(ended, _)| *ended >= begun).map(|(_, gap)| *gap).max()
    }

    fn note(&self, gap: Duration) {
        if gap >= bounds::STANDSTILL {
            self.gaps.borrow_mut().push((Instant::now(), gap));
        }
    }
}

/// Two clocks: one that stands while the machine is suspended, and one that goes on. One that was set back shows no gap.
async fn look(standstills: Weak<Standstills>) {
    loop {
        let (before, on_the_wall) = (Instant::now(), SystemTime::now());
        sleep(LOOK).await;
        let Some(standstills) = standstills.upgrade() else { return };
        let wall = SystemTime::now().duration_since(on_the_wall).unwrap_or_default();
        standstills.note(before.elapsed().max(wall).saturating_sub(LOOK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::clock;

    #[test]
    fn a_gap_touches_what_began_before_its_end_and_nothing_else() {
        clock::simulated(async {
            let standstills = Standstills::begin(true);
            let before = Instant::now();
            standstills.note(bounds::STANDSTILL / 2);
            assert_eq!(standstills.since(before), None, "a busy machine is no standstill");
            standstills.note(bounds::STANDSTILL);
            tokio::time::advance(Duration::from_millis(1)).await;
            assert_eq!(standstills.since(before), Some(bounds::STANDSTILL));
            assert_eq!(standstills.since(Instant::now()), None);
        });
    }
}

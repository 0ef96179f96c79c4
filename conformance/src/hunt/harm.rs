//! What a case does to others: played alone beside a canary, which beats before and after it.

use super::canary::Canary;
use super::case::{Case, Outcome};
use super::confirm::Confirmer;
use super::trial::Key;
use super::tries::CameTo;

impl Confirmer<'_> {
    /// What comes of a case where it harms the canary in the same way again.
    pub(super) fn harms(&mut self, case: &Case, key: &Key) -> Option<Outcome> {
        let mut road = self.ground.road();
        let version = self.terms.offer.newest();
        let mut canary = Canary::new(version, self.terms.pace);
        if canary.beat(road.as_mut()).is_some() {
            self.came_to = CameTo::Nothing;
            return None;
        }
        self.played += 1;
        let tag = self.tag();
        let outcome = case.play(road.as_mut(), self.table, self.terms, &tag);
        let suspicion = canary.beat(road.as_mut()).filter(|again| again.key() == *key);
        canary.let_go(road.as_mut());
        let mut outcome = outcome.unwrap_or_else(Outcome::silent);
        outcome.suspicions = vec![suspicion?];
        Some(outcome)
    }
}

//! What one way of explaining a delivery would say of it.

use crate::auditor::{Audit, Holding, Point};

/// Answers gathered for one explanation, of which the best is told.
#[derive(Debug, Default, Clone)]
pub(super) struct Judged(Vec<(Point, Holding)>);

impl Judged {
    pub(super) fn kept(&mut self, point: Point) {
        self.0.push((point, Holding::Kept));
    }

    pub(super) fn observed(&mut self, point: Point, seen: impl Into<String>) {
        self.0.push((point, Holding::Observed(seen.into())));
    }

    pub(super) fn broken(&mut self, point: Point, why: impl Into<String>) {
        self.0.push((point, Holding::Broken(why.into())));
    }

    /// How many things would be broken.
    pub(super) fn breaches(&self) -> usize {
        self.broken_points().count()
    }

    /// Whether this holds.
    pub(super) fn keeps(&self, point: Point) -> bool {
        self.0.iter().any(|(about, holding)| *about == point && *holding == Holding::Kept)
    }

    /// What would be broken.
    pub(super) fn broken_points(&self) -> impl Iterator<Item = Point> + '_ {
        let broken = self.0.iter().filter(|(_, holding)| matches!(holding, Holding::Broken(_)));
        broken.map(|&(point, _)| point)
    }

    /// The same breaches, blamed on this point alone: they have one cause.
    pub(super) fn blame(&mut self, blamed: Point) {
        let mut words = Vec::new();
        self.0.retain(|(_, holding)| match holding {
            Holding::Broken(why) => {
                words.push(why.clone());
                false
            }
            _ => true,
        });
        self.0.push((blamed, Holding::Broken(words.join("; "))));
    }

    /// Tells it.
    pub(super) fn tell(self, about: &str, audit: &mut Audit) {
        for (point, holding) in self.0 {
            match holding {
                Holding::NotThere => {}
                Holding::Kept => audit.kept(point),
                Holding::Observed(seen) => audit.observed(point, format!("{seen} ({about})")),
                Holding::Broken(why) => audit.broken(point, format!("{why} ({about})")),
            }
        }
    }
}

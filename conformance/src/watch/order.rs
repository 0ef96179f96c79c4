//! Answers that are to come in the order of what they answer.

use std::collections::VecDeque;

/// What waits for an answer of one kind, in the order in which it was written to the client.
#[derive(Debug, Default)]
pub(super) struct Order {
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    id: u16,
    /// The identifier of a later one that was answered before this.
    overtaken_by: Option<u16>,
}

impl Order {
    /// It was written to the client. What is written again while it waits is answered once at least, in its first place.
    pub(super) fn wrote(&mut self, id: u16) {
        if !self.waiting.iter().any(|waiting| waiting.id == id) {
            self.waiting.push_back(Waiting { id, overtaken_by: None });
        }
    }

    /// The client answers; the identifier of the one that it answered too early, if this comes behind that.
    pub(super) fn answered(&mut self, id: u16) -> Option<u16> {
        let place = self.waiting.iter().position(|waiting| waiting.id == id)?;
        for earlier in self.waiting.iter_mut().take(place) {
            earlier.overtaken_by.get_or_insert(id);
        }
        self.waiting.remove(place)?.overtaken_by
    }

    /// It isn't waited for any more, or not for certain.
    pub(super) fn forget(&mut self, id: u16) {
        self.waiting.retain(|waiting| waiting.id != id);
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Those that have no answer although a later one has: their identifiers, and that of the later one.
    pub(super) fn overtaken(&self) -> impl Iterator<Item = (u16, u16)> {
        self.waiting.iter().filter_map(|waiting| Some((waiting.id, waiting.overtaken_by?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(of: &[u16]) -> Order {
        let mut order = Order::default();
        for id in of {
            order.wrote(*id);
        }
        order
    }

    #[test]
    fn an_answer_is_late_where_a_later_one_came_before_it() {
        let mut order = order(&[5, 3, 9]);
        assert_eq!(order.answered(5), None);
        assert_eq!(order.answered(9), None, "it is early, which is the fault of the one that it overtakes");
        assert_eq!(order.overtaken().collect::<Vec<_>>(), [(3, 9)]);
        assert_eq!(order.answered(3), Some(9));
        assert_eq!((order.len(), order.answered(3)), (0, None), "once more is nothing");
    }

    #[test]
    fn what_is_written_again_keeps_its_first_place() {
        let mut order = order(&[1, 2, 1]);
        assert_eq!([1, 2].map(|id| order.answered(id)), [None, None]);
        order.wrote(1);
        order.wrote(2);
        order.forget(1);
        assert_eq!(order.answered(2), None);
        assert_eq!(order.overtaken().count(), 0);
    }
}

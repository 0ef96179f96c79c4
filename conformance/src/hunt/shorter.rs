//! The shortest session that still ends a broker, or still leaves something behind: steps are left out as long as it does.

use super::case::Case;
use super::death::Death;
use super::session::Session;
use std::time::Instant;

/// How many sessions may be tried.
const TRIES: usize = 200;

impl Death<'_> {
    /// The same cases, the last of them, where it is a session, without what is not needed.
    pub(super) fn shorter(&self, cases: Vec<&Case>, until: Instant) -> Vec<Case> {
        let mut cases: Vec<Case> = cases.into_iter().cloned().collect();
        let Some(Case::Session(session)) = cases.pop_if(|case| matches!(case, Case::Session(_))) else { return cases };
        let still_kills = |session: &Session| {
            let last = Case::Session(session.clone());
            self.kills(&cases.iter().chain([&last]).collect::<Vec<_>>(), until).is_some()
        };
        let shortest = shortest(session, until, &still_kills);
        cases.push(Case::Session(shortest));
        cases
    }
}

/// Leaves out halves, quarters, and so on down to single steps.
pub(super) fn shortest(mut session: Session, until: Instant, still_does: &dyn Fn(&Session) -> bool) -> Session {
    let mut tries = 0;
    let mut chunk = session.steps.len() / 2;
    while chunk > 0 {
        let (before, mut start) = (session.steps.len(), 0);
        while start < session.steps.len() && tries < TRIES && Instant::now() < until {
            tries += 1;
            let (head, tail) = (&session.steps[..start], session.steps.iter().skip(start + chunk));
            let steps = head.iter().chain(tail).cloned().collect();
            let shorter = Session { cast: session.cast.clone(), steps };
            if !shorter.steps.is_empty() && still_does(&shorter) {
                session = shorter;
            } else {
                start += chunk;
            }
        }
        // Single steps are tried again as long as one of them can go.
        chunk = if chunk == 1 && session.steps.len() < before { 1 } else { chunk / 2 };
    }
    session
}

#[cfg(test)]
mod tests {
    use super::super::session::{Act, Cut, Step};
    use super::*;
    use std::time::Duration;

    #[test]
    fn only_what_kills_is_left() {
        let step = |who| Step { who, act: Act::Ping, mutation: None, cut: Cut::Whole };
        let session = Session { cast: vec![true; 4], steps: [0, 1, 0, 2, 0, 3, 1, 0].map(step).to_vec() };
        let has = |session: &Session, who| session.steps.iter().any(|step| step.who == who);
        let short =
            shortest(session, Instant::now() + Duration::from_mins(1), &|session| has(session, 1) && has(session, 3));
        assert_eq!(short.steps.iter().map(|step| step.who).collect::<Vec<_>>(), [3, 1]);
    }
}

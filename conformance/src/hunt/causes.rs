//! What deaths have been looked into, so that a broker that dies of one thing all the time is not asked each time of what:
//! meanwhile nobody hunts.

use super::shared::lock;
use super::trial::Key;
use crate::broker::is_telling;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// How often one is looked into that was not seen again.
const TRIES: u32 = 3;

/// The share of a hunt that may go into deaths, those of a new cause apart: one part in so many.
const SHARE: u32 = 4;

/// All of a hunt.
#[derive(Debug, Default)]
pub(super) struct Causes(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    known: BTreeMap<String, Known>,
    spent: Duration,
}

#[derive(Debug, Default)]
struct Known {
    tries: u32,
    finding: Option<Key>,
}

/// What to do about a death.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// To look into it.
    Open,
    /// It is one more of this finding.
    Known(Key),
    /// Enough has been tried.
    Tried,
}

impl Causes {
    /// About a death with these last words, when the hunt has gone on for so long.
    pub(super) fn ask(&self, words: &str, elapsed: Duration) -> Verdict {
        let inner = lock(&self.0);
        let has_time = inner.spent <= elapsed / SHARE;
        let Some(cause) = cause(words) else { return if has_time { Verdict::Open } else { Verdict::Tried } };
        match inner.known.get(&cause) {
            Some(Known { finding: Some(key), .. }) => Verdict::Known(key.clone()),
            Some(Known { tries, .. }) if *tries >= TRIES || !has_time => Verdict::Tried,
            _ => Verdict::Open,
        }
    }

    /// It was looked into for so long; `finding`: what it was put down to, if it was seen again.
    pub(super) fn looked_into(&self, words: &str, took: Duration, finding: Option<Key>) {
        let mut inner = lock(&self.0);
        inner.spent += took;
        let Some(cause) = cause(words) else { return };
        let known = inner.known.entry(cause).or_default();
        known.tries += 1;
        known.finding = known.finding.take().or(finding);
    }
}

/// What tells this death from others: what the process says of it, numbers apart, since they tell threads, addresses and
/// times.
fn cause(words: &str) -> Option<String> {
    let line = words.split(" | ").filter(|line| is_telling(line)).last()?;
    let place = line.split_once("panicked at").map_or(line, |(_, place)| place);
    // Where a place in the source is named, its line is what tells.
    if line.len() != place.len() {
        return Some(place.to_owned());
    }
    let words = place.split_whitespace().filter(|word| !word.starts_with("0x"));
    Some(words.flat_map(|word| word.chars().filter(|letter| !letter.is_ascii_digit())).collect())
}

#[cfg(test)]
mod tests {
    use super::super::trial::Oracle;
    use super::*;

    const LATE: Duration = Duration::from_mins(10);

    fn key(place: &str) -> Key {
        Key { oracle: Oracle::Process.word(), rule: "5/-".to_owned(), mutation: "-", place: place.to_owned() }
    }

    #[test]
    fn what_was_put_down_to_a_case_is_not_looked_into_again() {
        let causes = Causes::default();
        let here = "exit code 101; its last words: thread 'router-1' panicked at src/router.rs:12:5: | 7: run | info";
        assert_eq!(causes.ask(here, LATE), Verdict::Open);
        causes.looked_into(here, LATE, Some(key("died of it")));
        let again = "it was ended; its last words: thread 'router-2' panicked at src/router.rs:12:5: | 9: other";
        assert_eq!(causes.ask(again, LATE), Verdict::Known(key("died of it")));
        let elsewhere = "its last words: thread 'router-1' panicked at src/router.rs:13:5:";
        assert_eq!(causes.ask(elsewhere, LATE), Verdict::Open);
    }

    #[test]
    fn what_is_not_seen_again_is_looked_into_three_times() {
        let causes = Causes::default();
        for (tries, verdict) in [(0, Verdict::Open), (2, Verdict::Open), (3, Verdict::Tried)] {
            let known = lock(&causes.0).known.values().map(|known| known.tries).sum::<u32>();
            for address in known..tries {
                let words = format!("=={address}==ERROR: AddressSanitizer: SEGV on 0x{:x} (pc", 0xab + 77 * address);
                causes.looked_into(&words, LATE / 30, None);
            }
            let another = "==99==ERROR: AddressSanitizer: SEGV on 0xdeadbeef (pc";
            assert_eq!(causes.ask(another, LATE), verdict, "{tries}");
        }
    }

    #[test]
    fn all_deaths_but_new_ones_take_a_quarter_of_the_time() {
        let causes = Causes::default();
        let said = |line: u32| format!("panicked at src/main.rs:{line}:5");
        causes.looked_into(&said(1), LATE / 3, None);
        assert_eq!(causes.ask(&said(1), LATE), Verdict::Tried);
        assert_eq!(causes.ask(&said(2), LATE), Verdict::Open);
        let causes = Causes::default();
        let silent = "its process ended (signal 11); its last words: new connection";
        causes.looked_into(silent, LATE / 4, Some(key("died")));
        assert_eq!(causes.ask(silent, LATE), Verdict::Open);
        causes.looked_into(silent, Duration::from_secs(1), None);
        assert_eq!(causes.ask(silent, LATE), Verdict::Tried);
        assert_eq!(causes.ask(silent, LATE * 2), Verdict::Open);
    }
}

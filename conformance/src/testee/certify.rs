//! A decoder asked about every vector, and its answers judged rule by rule.

use super::judge::judge;
use super::rules::SURVIVES;
use super::trial::{Due, Trial};
use super::{Answer, Greeting, Question, Testee};
use crate::scenario::Verdict;
use mqtt_assay_standard::{self as standard, Basis, RuleId};
use std::ops::ControlFlow;

/// Questions that are asked at once, about: so many that they can be pipelined, so few that an end is soon reached.
const AT_ONCE: usize = 256;

/// A trial with what came of it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The trial.
    pub trial: Trial,
    /// Every rule that it is judged by.
    pub rules: Vec<RuleJudged>,
    /// Why nothing, or not all, was judged.
    pub reason: Option<String>,
    /// Questions and answers, in words, as far as they tell something.
    pub notes: Vec<String>,
    /// Fields that were not compared, for the decoder doesn't hand them out.
    pub hidden: usize,
    /// How many questions were asked.
    pub questions: usize,
}

/// A rule of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleJudged {
    /// Its id: of the standard, or a decoder's own.
    pub id: &'static str,
    /// What came of it.
    pub verdict: Verdict,
    /// What was expected.
    pub expected: String,
    /// What was seen.
    pub seen: String,
}

impl Judged {
    /// The worst of its rules.
    pub fn verdict(&self) -> Verdict {
        Verdict::of_case(self.rules.iter().map(|rule| rule.verdict))
    }

    /// The rule that decided.
    pub fn decisive(&self) -> Option<&RuleJudged> {
        let verdict = self.verdict();
        self.rules.iter().find(|rule| rule.verdict == verdict)
    }

    /// It fails because the decoder takes what the standard forbids, rather than by what it does itself.
    pub fn is_lenient(&self) -> bool {
        self.verdict() == Verdict::Fail && self.decisive().is_some_and(|rule| self.basis(rule) == Basis::Reaction)
    }

    /// Whose breach a fail shows: the decoder's own, or that it lets pass what is in the bytes.
    pub fn basis(&self, rule: &RuleJudged) -> Basis {
        match self.trial.due {
            Due::Refused { rule: id, .. } | Due::Stream { refused: Some(id), .. } if id == rule.id => Basis::Reaction,
            _ => Basis::Direct,
        }
    }

    /// Nothing was asked or answered.
    fn untold(trial: &Trial, verdict: Verdict, why: &str) -> Self {
        let rule = |id| RuleJudged { id, verdict, expected: String::new(), seen: why.to_owned() };
        Self {
            rules: trial.rules().into_iter().map(rule).collect(),
            trial: trial.clone(),
            reason: Some(why.to_owned()),
            notes: Vec::new(),
            hidden: 0,
            questions: 0,
        }
    }
}

/// The rule in the catalog of the trial's version.
pub(crate) fn catalogued(trial: &Trial, id: &str) -> Option<RuleId> {
    standard::find(trial.context.version, id)
}

/// What a breach of a rule comes to.
pub(super) fn broken(trial: &Trial, id: &str) -> Verdict {
    catalogued(trial, id).map_or(Verdict::Fail, |rule| Verdict::broken(rule.rule().level))
}

/// Asks a decoder about all of these, and tells each with what came of it, in their order. Whoever is told may end it.
///
/// # Errors
///
/// Why the decoder can't be asked any more; those that were not judged are told as inconclusive.
pub fn certify(
    testee: &mut dyn Testee,
    trials: &[Trial],
    mut told: impl FnMut(Judged) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, String> {
    let greeting = testee.greeting().clone();
    let mut rest = trials;
    while !rest.is_empty() {
        let (batch, behind) = rest.split_at(batch(rest, &greeting));
        let asked: Vec<Vec<Question>> = batch.iter().map(|trial| questions(trial, &greeting)).collect();
        let answers = match testee.ask(&asked.concat()) {
            Ok(answers) => answers,
            Err(why) => return Err(lost(rest, why, &mut told)),
        };
        rest = behind;
        let mut answers = answers.into_iter();
        for (trial, questions) in batch.iter().zip(&asked) {
            let of_it: Vec<Answer> = answers.by_ref().take(questions.len()).collect();
            if told(of(trial, questions, &of_it, &greeting)).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// How many trials are asked about at once: at least one.
fn batch(trials: &[Trial], greeting: &Greeting) -> usize {
    let mut sum = 0;
    let full = trials.iter().position(|trial| {
        sum += questions(trial, greeting).len();
        sum >= AT_ONCE
    });
    full.map_or(trials.len(), |last| last + 1)
}

fn lost(rest: &[Trial], why: String, told: &mut impl FnMut(Judged) -> ControlFlow<()>) -> String {
    let _ = rest.iter().try_for_each(|trial| told(Judged::untold(trial, Verdict::Inconclusive, &why)));
    why
}

fn questions(trial: &Trial, greeting: &Greeting) -> Vec<Question> {
    if !greeting.decodes(trial.context) {
        return Vec::new();
    }
    trial.questions(greeting.has("decode"), greeting.has("stream"))
}

fn of(trial: &Trial, questions: &[Question], answers: &[Answer], greeting: &Greeting) -> Judged {
    if questions.is_empty() {
        let context = trial.context;
        let why = if greeting.decodes(context) {
            "it decodes no streams, or neither those nor packets".to_owned()
        } else {
            format!("it does not decode what a {} sends in {}", context.from, context.version)
        };
        return Judged::untold(trial, Verdict::NotOffered, &why);
    }
    let mut judged = judge(trial, questions, answers, greeting);
    // A decoder that has said only what it can't has shown nothing by not dying of it.
    let is_untold = |verdict| matches!(verdict, Verdict::NotOffered | Verdict::NotExercised);
    let is_all_untold = judged.rules.iter().all(|rule| rule.id == SURVIVES || is_untold(rule.verdict));
    if is_all_untold && judged.verdict() == Verdict::Pass {
        judged.rules.iter_mut().for_each(|rule| rule.verdict = Verdict::NotOffered);
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testee::{Ask, Came, End, Ours, RefusalKind};
    use std::collections::{BTreeMap, BTreeSet};

    /// Ours, with what it answers changed.
    struct Changed<F> {
        ours: Ours,
        greeting: Greeting,
        change: F,
    }

    impl<F: Fn(&Question, &mut Answer)> Changed<F> {
        fn new(change: F) -> Self {
            let ours = Ours::new();
            Self { greeting: ours.greeting().clone(), ours, change }
        }
    }

    impl<F: Fn(&Question, &mut Answer)> Testee for Changed<F> {
        fn greeting(&self) -> &Greeting {
            &self.greeting
        }

        fn ask(&mut self, questions: &[Question]) -> Result<Vec<Answer>, String> {
            let mut answers = self.ours.ask(questions)?;
            questions.iter().zip(&mut answers).for_each(|(question, answer)| (self.change)(question, answer));
            Ok(answers)
        }
    }

    fn every(nth: usize) -> Vec<Trial> {
        Trial::all().step_by(nth).collect()
    }

    fn certified(testee: &mut dyn Testee, trials: &[Trial]) -> Vec<Judged> {
        let mut all = Vec::new();
        let end = certify(testee, trials, |judged| {
            all.push(judged);
            ControlFlow::Continue(())
        });
        assert_eq!((end, all.len()), (Ok(ControlFlow::Continue(())), trials.len()));
        all
    }

    /// How many trials each rule decides that is not kept.
    fn broken_rules(all: &[Judged]) -> BTreeMap<&str, usize> {
        let mut broken = BTreeMap::new();
        for judged in all.iter().filter(|judged| matches!(judged.verdict(), Verdict::Fail | Verdict::Weak)) {
            *broken.entry(judged.decisive().map_or("", |rule| rule.id)).or_default() += 1;
        }
        broken
    }

    /// The line with the values of two fields exchanged.
    fn swapped(line: &str, one: &str, other: &str) -> String {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let place = |words: &[String], name: &str| words.iter().position(|word| word.starts_with(&format!("{name}=")));
        if let (Some(first), Some(second)) = (place(&words, one), place(&words, other)) {
            let value = |word: &str| word.split_once('=').map_or(String::new(), |(_, value)| value.to_owned());
            let (a, b) = (value(&words[first]), value(&words[second]));
            (words[first], words[second]) = (format!("{one}={b}"), format!("{other}={a}"));
        }
        words.join(" ")
    }

    #[test]
    fn our_own_decoder_passes_all() {
        let trials = every(1);
        let all = certified(&mut Ours::new(), &trials);
        let wrong: Vec<_> = all.iter().filter(|judged| judged.verdict() != Verdict::Pass).collect();
        assert!(wrong.is_empty(), "{:#?}", wrong.first());
        let asked: usize = all.iter().map(|judged| judged.questions).sum();
        assert!(asked > 5 * trials.len(), "{asked} questions");
        // What may be refused need not show how long it is.
        let all_kept = |judged: &&Judged| judged.rules.iter().all(|rule| rule.verdict == Verdict::Pass);
        let rest: Vec<_> = all.iter().filter(|judged| !all_kept(judged)).map(|judged| &judged.trial).collect();
        assert!(rest.iter().all(|trial| matches!(trial.due, Due::Either(_))), "{:#?}", rest.first());
    }

    #[test]
    fn topic_and_payload_in_each_others_place_fail_by_their_values_alone() {
        let mut swaps = Changed::new(|_: &Question, answer: &mut Answer| {
            let lines = answer.packets.iter_mut().map(|packet| &mut packet.values);
            let last = match &mut answer.end {
                End::Accepted { values, .. } => Some(values),
                _ => None,
            };
            for line in lines.chain(last).flatten() {
                *line = swapped(line, "topic", "payload");
            }
        });
        let all = certified(&mut swaps, &every(3));
        let broken = broken_rules(&all);
        assert!(broken.keys().eq(&["decoder-values"]) && broken["decoder-values"] > 40, "{broken:?}");
        let first = all.iter().find_map(|judged| judged.decisive().filter(|rule| rule.verdict == Verdict::Fail));
        let seen = &first.expect("a fail").seen;
        assert!(seen.starts_with("topic is ") && seen.contains("; payload is "), "{seen}");
    }

    #[test]
    fn one_that_takes_everything_fails_by_the_statements_and_waits_where_it_must() {
        let mut takes = Changed::new(|question: &Question, answer: &mut Answer| {
            if matches!(answer.end, End::Refused { .. }) {
                if let Ask::Stream(pieces) = &question.ask {
                    answer.packets.push(Came { piece: pieces.len(), values: None });
                }
                answer.end = End::Accepted { consumed: question.len(), values: None };
            }
        });
        let all = certified(&mut takes, &every(3));
        let broken = broken_rules(&all);
        assert!(!broken.contains_key("decoder-accepts") && !broken.contains_key("decoder-waits"), "{broken:?}");
        assert!(broken.len() > 30 && broken.keys().any(|rule| rule.starts_with("MQTT-")), "{broken:?}");
        let fails = || all.iter().filter(|judged| judged.verdict() == Verdict::Fail);
        assert!(fails().count() > 200 && fails().all(Judged::is_lenient));
    }

    #[test]
    fn each_other_fault_is_found_by_its_rule() {
        type Change = fn(&Question, &mut Answer);
        let faults: [(&str, Change); 5] = [
            ("decoder-accepts", |question, answer| {
                if let (Ask::Decode(_), End::Accepted { .. }) = (&question.ask, &answer.end) {
                    answer.end = End::Refused { kind: RefusalKind::Other, reason: None, text: "no".to_owned() };
                }
            }),
            ("decoder-length", |question, answer| {
                if let (Ask::Decode(_), End::Accepted { consumed, .. }) = (&question.ask, &mut answer.end) {
                    *consumed += 1;
                }
            }),
            ("decoder-waits", |question, answer| {
                if let (Ask::Decode(_), End::Wants(_)) = (&question.ask, &answer.end) {
                    answer.end = End::Refused { kind: RefusalKind::Malformed, reason: None, text: String::new() };
                }
            }),
            ("decoder-pieces", |_, answer| {
                if let Some(Came { piece, .. }) = answer.packets.first_mut().filter(|came| came.piece == 2) {
                    *piece = 1;
                }
            }),
            ("decoder-survives", |question, answer| {
                if question.len() == 2 {
                    *answer = Answer { packets: Vec::new(), end: End::Hung(std::time::Duration::from_secs(1)) };
                }
            }),
        ];
        for (rule, change) in faults {
            let all = certified(&mut Changed::new(change), &every(5));
            let broken = broken_rules(&all);
            assert!(broken.keys().eq(&[rule]), "{rule}: {broken:?}");
        }
    }

    #[test]
    fn what_it_can_not_is_never_a_pass() {
        let mut skips = Changed::new(|_: &Question, answer: &mut Answer| {
            *answer = Answer { packets: Vec::new(), end: End::Skipped("not yet".to_owned()) };
        });
        let all = certified(&mut skips, &every(7));
        assert!(all.iter().all(|judged| judged.verdict() == Verdict::NotOffered), "a skip is no pass");
        let mut small = Changed::new(|_: &Question, _: &mut Answer| {});
        small.greeting.can = ["5", "client", "decode"].map(str::to_owned).into();
        small.greeting.hides = BTreeSet::from(["dup".to_owned()]);
        let all = certified(&mut small, &every(7));
        for judged in &all {
            let is_known = judged.trial.id.starts_with("5/client/") && judged.trial.pieces.is_empty();
            assert_eq!(judged.verdict() == Verdict::Pass, is_known, "{}", judged.trial.id);
            assert!(judged.rules.iter().all(|rule| rule.id != "decoder-pieces" || rule.verdict == Verdict::NotOffered));
        }
    }

    #[test]
    fn one_that_is_lost_leaves_the_rest_inconclusive() {
        struct Lost(Greeting);
        impl Testee for Lost {
            fn greeting(&self) -> &Greeting {
                &self.0
            }
            fn ask(&mut self, _: &[Question]) -> Result<Vec<Answer>, String> {
                Err("it is gone".to_owned())
            }
        }
        let (trials, mut all) = (every(50), Vec::new());
        let end = certify(&mut Lost(Ours::new().greeting().clone()), &trials, |judged| {
            all.push(judged.verdict());
            ControlFlow::Continue(())
        });
        assert_eq!(end, Err("it is gone".to_owned()));
        assert_eq!(all, vec![Verdict::Inconclusive; trials.len()]);
    }
}

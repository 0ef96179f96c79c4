//! A testee that is a process: it is started, greeted and asked, and started again when it dies or hangs.
//!
//! Up to 64 questions are under way at once, so a death says only that one of them did it. They are asked again one at a
//! time, of a fresh process, until one does it again.

mod child;
mod kept;
mod lines;
mod memory;
mod talk;
#[cfg(all(test, unix))]
mod tests;

use super::limits::{HANG_WEIGHS, IN_A_ROW, TesteeLimits};
use super::{Answer, Death, End, Greeting, Question, Testee};
use crate::text::quoted;
use child::Child;
pub(crate) use child::end_all;
use std::ffi::OsString;
use talk::{Broken, Talk, Trouble};

/// A testee in a process of its own.
pub struct Process {
    words: Vec<OsString>,
    limits: TesteeLimits,
    greeting: Greeting,
    child: Option<Child>,
    next_id: u64,
    /// How much has gone wrong since it answered last.
    in_a_row: usize,
}

impl Process {
    /// Starts a command, program first, and waits for its greeting.
    ///
    /// # Errors
    ///
    /// Why it can't be asked, in words: it can't be started, dies at once, does not greet, or greets otherwise than it should.
    pub fn start(words: &[OsString], limits: TesteeLimits) -> Result<Self, String> {
        let (child, greeting) = Child::start(words, &limits)?;
        Ok(Self { words: words.to_vec(), limits, greeting, child: Some(child), next_id: 1, in_a_row: 0 })
    }

    /// Answers until all is answered or something goes wrong; then what, and how many questions it may be about.
    fn talk(&mut self, questions: &[Question], answers: &mut Vec<Answer>) -> Result<Option<(End, usize)>, String> {
        let mut child = match self.child.take() {
            Some(child) => child,
            None => Child::start(&self.words, &self.limits).map_err(|why| format!("started again, {why}"))?.0,
        };
        let (before, first) = (answers.len(), self.next_id);
        self.next_id += questions.len() as u64;
        let held = Talk::new(&child, &self.limits, questions, first).hold(answers);
        if answers.len() > before {
            self.in_a_row = 0;
        }
        match held {
            Ok(()) => {
                self.child = Some(child);
                Ok(None)
            }
            Err(Broken { trouble, unanswered }) => Ok(Some((self.end_of(trouble, &mut child), unanswered))),
        }
    }

    /// What an answer ends with that did not come, of a process that is no more.
    fn end_of(&self, trouble: Trouble, child: &mut Child) -> End {
        match trouble {
            Trouble::Died => End::Died(child.death()),
            Trouble::Memory(used) => {
                let [used, limit] = [used, self.limits.memory].map(|bytes| bytes >> 20);
                let how = format!("memory: it used {used} MiB of the {limit} MiB that it may");
                End::Died(Death { how, stderr: child.kill(), repeats: true })
            }
            Trouble::Hung => {
                child.kill();
                End::Hung(self.limits.answer)
            }
            Trouble::Garbled(line) => {
                child.kill();
                End::Garbled(line)
            }
        }
    }

    /// One at a time, to find the one of which it dies or hangs: what it came to the first time is `end`.
    fn one_by_one(&mut self, suspects: &[Question], end: End, answers: &mut Vec<Answer>) -> Result<(), String> {
        let before = answers.len();
        for suspect in suspects {
            let answered = answers.len();
            if let Some((end, _)) = self.talk(std::slice::from_ref(suspect), answers)? {
                // It may have answered, and once more.
                answers.truncate(answered);
                self.note(&end)?;
                answers.push(Answer { packets: Vec::new(), end });
                return Ok(());
            }
        }
        // A hang or a line in between that does not come again may be the machine's, and all is answered now; a death is not.
        if let (End::Died(death), Some(first)) = (end, answers.get_mut(before)) {
            let how = format!("{}, {}", death.how, once_among(suspects.len()));
            *first = Answer { packets: Vec::new(), end: End::Died(Death { how, repeats: false, ..death }) };
        }
        Ok(())
    }

    /// Gives up on one that answers nothing at all.
    fn note(&mut self, end: &End) -> Result<(), String> {
        self.in_a_row += if matches!(end, End::Hung(_)) { HANG_WEIGHS } else { 1 };
        if self.in_a_row < IN_A_ROW {
            return Ok(());
        }
        let last = match end {
            End::Died(death) => death.how.clone(),
            End::Garbled(line) => format!("it wrote {}", quoted(line)),
            _ => format!("no answer within {} s; does it flush its output?", self.limits.answer.as_secs_f32()),
        };
        Err(format!("it has answered none of the last questions, though it was started again for each: {last}"))
    }
}

impl Testee for Process {
    fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Answer>, String> {
        let mut answers = Vec::with_capacity(questions.len());
        while answers.len() < questions.len() {
            let rest = &questions[answers.len()..];
            if let Some((end, unanswered)) = self.talk(rest, &mut answers)? {
                let suspects = &questions[answers.len()..];
                match answers.last_mut() {
                    // It wrote more than one answer to the last.
                    Some(last) if unanswered == 0 => *last = Answer { packets: Vec::new(), end },
                    _ => self.one_by_one(&suspects[..unanswered.min(suspects.len())], end, &mut answers)?,
                }
            }
        }
        Ok(answers)
    }
}

/// What is said of a death that asking again has not brought about.
fn once_among(suspects: usize) -> String {
    match suspects {
        1 => "once, and not when it was asked again".to_owned(),
        several => format!(
            "once, at this question or one of the {} behind it, and at none of them when they were asked again one at a time",
            several - 1
        ),
    }
}

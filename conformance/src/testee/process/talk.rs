//! Questions to one process, many under way at once, and its answers, as far as they come.

use super::super::limits::{LETTERS_SHOWN, LOOK, TesteeLimits, WINDOW};
use super::super::{Answer, Came, End, Line, Question};
use super::child::Child;
use super::lines::Piece;
use crate::text::short;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Instant;

/// What has ended a talk before all was answered.
#[derive(Debug)]
pub(super) enum Trouble {
    Died,
    Hung,
    /// It has used so many bytes.
    Memory(u64),
    /// A line that is none of the answer that is due: why, and the line.
    Garbled(String),
}

/// A talk: questions in, answers out.
pub(super) struct Talk<'a> {
    child: &'a Child,
    limits: &'a TesteeLimits,
    questions: &'a [Question],
    /// The id of the first question.
    first: u64,
    asked: usize,
    /// So many answers are whole.
    answered: usize,
    packets: Vec<Came>,
    /// Since when the oldest question waits.
    since: Instant,
    /// When its memory was looked at, and how many were answered then.
    looked: Instant,
    innocent: usize,
}

/// How a talk that broke off stands.
pub(super) struct Broken {
    pub(super) trouble: Trouble,
    /// Questions that it was asked and has not answered.
    pub(super) unanswered: usize,
}

impl<'a> Talk<'a> {
    pub(super) fn new(child: &'a Child, limits: &'a TesteeLimits, questions: &'a [Question], first: u64) -> Self {
        let longest = questions.iter().map(Question::len).max().unwrap_or_default();
        child.allow_answers_about(longest);
        let now = Instant::now();
        Self {
            child,
            limits,
            questions,
            first,
            asked: 0,
            answered: 0,
            packets: Vec::new(),
            since: now,
            looked: now,
            innocent: 0,
        }
    }

    /// Asks all of them, and adds the answers as they come.
    pub(super) fn hold(mut self, answers: &mut Vec<Answer>) -> Result<(), Broken> {
        let before = answers.len();
        self.answer_all(answers).map_err(|trouble| {
            if matches!(trouble, Trouble::Memory(_)) {
                // Any since the last look may have taken it.
                answers.truncate(before + self.innocent);
                self.answered = self.innocent;
            }
            Broken { trouble, unanswered: self.under_way() }
        })
    }

    fn answer_all(&mut self, answers: &mut Vec<Answer>) -> Result<(), Trouble> {
        while self.answered < self.questions.len() {
            // They are written in bundles, for each costs both sides a change of thread.
            if self.under_way() <= WINDOW / 2 {
                self.write_more();
            }
            self.read_more(answers)?;
        }
        self.look_at_memory()
    }

    fn under_way(&self) -> usize {
        self.asked - self.answered
    }

    fn write_more(&mut self) {
        let until = self.questions.len().min(self.answered + WINDOW);
        if self.asked == until {
            return;
        }
        if self.under_way() == 0 {
            self.since = Instant::now();
        }
        let mut lines = String::new();
        for index in self.asked..until {
            self.questions[index].write_line(self.first + index as u64, &mut lines);
        }
        self.asked = until;
        self.child.write(lines);
    }

    fn read_more(&mut self, answers: &mut Vec<Answer>) -> Result<(), Trouble> {
        let left = self.limits.answer.saturating_sub(self.since.elapsed());
        let next = self.child.next(left.min(LOOK));
        if self.looked.elapsed() >= LOOK {
            self.look_at_memory()?;
        }
        match next {
            Ok(Piece::Lines(lines)) => lines.lines().try_for_each(|line| self.take(line, answers)),
            Ok(Piece::Endless(line)) => Err(Trouble::Garbled(format!("a line without end: {line}"))),
            Ok(Piece::Over(_)) | Err(RecvTimeoutError::Disconnected) => Err(Trouble::Died),
            Err(RecvTimeoutError::Timeout) if left > LOOK => Ok(()),
            Err(RecvTimeoutError::Timeout) => Err(self.silent()),
        }
    }

    fn look_at_memory(&mut self) -> Result<(), Trouble> {
        if let Some(used) = self.child.memory_over(self.limits.memory) {
            return Err(Trouble::Memory(used));
        }
        (self.looked, self.innocent) = (Instant::now(), self.answered);
        Ok(())
    }

    /// The deadline is over.
    fn silent(&self) -> Trouble {
        match self.child.unfinished() {
            line if line.is_empty() => Trouble::Hung,
            line => Trouble::Garbled(format!("no line feed behind: {line}")),
        }
    }

    fn take(&mut self, line: &str, answers: &mut Vec<Answer>) -> Result<(), Trouble> {
        let garbled = |why: &str| Trouble::Garbled(format!("{why}: {}", crate::text::cut(line, LETTERS_SHOWN)));
        let Some((id, said)) = Line::read(line) else { return Err(garbled("no line of an answer")) };
        if self.under_way() == 0 {
            return Err(garbled("an answer to no question"));
        }
        let due = self.first + self.answered as u64;
        if id != due {
            return Err(garbled(&format!("id {id} where {due} is due")));
        }
        match said {
            Line::Packet(_) if self.packets.len() > self.questions[self.answered].len() => {
                return Err(garbled("more packets than bytes"));
            }
            Line::Packet(packet) => self.packets.push(packet),
            Line::End(end) => {
                let end = if let End::Garbled(line) = end { End::Garbled(short(&line)) } else { end };
                answers.push(Answer { packets: std::mem::take(&mut self.packets), end });
                self.answered += 1;
                self.since = Instant::now();
            }
        }
        Ok(())
    }
}

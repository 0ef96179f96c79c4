//! Decoders of other people under test: what they are asked, what they answer, and what of it is right.
//!
//! A decoder is a [`Testee`]: a process that is spoken to in lines, or anything in Rust that answers questions. The
//! protocol of the lines is a page of the book, `testee.md`. Uses `codec` and `standard`, verdicts of `scenario`, what ends a
//! process of `broker`, and `text`; reports are made from what it says in `report/`.

mod answer;
mod certify;
mod compare;
pub mod fuzz;
mod greeting;
mod judge;
mod limits;
mod ours;
pub mod planted;
mod process;
mod question;
mod rules;
mod serve;
mod trial;

pub use answer::{Answer, Came, Death, End, Line, RefusalKind};
pub(crate) use certify::catalogued;
pub use certify::{Judged, RuleJudged, certify};
pub use compare::{Compared, Difference, compare};
pub use greeting::{Greeting, PROTOCOL};
pub use limits::TesteeLimits;
pub use ours::{Ours, answer};
pub use process::Process;
pub(crate) use process::end_all;
pub use question::{Ask, Question};
pub(crate) use rules::says;
pub use serve::serve;
pub use trial::{Due, Trial};

/// A decoder under test.
///
/// Implement it for a codec in Rust to certify and fuzz it in the same process; what is asked and what is due are the
/// same as for a process.
pub trait Testee {
    /// Who it is, and what it can do.
    fn greeting(&self) -> &Greeting;

    /// Answers all questions, one answer each, in their order. A decoder that dies or hangs answers with that: whoever
    /// implements this starts it again and finds the question that did it.
    ///
    /// # Errors
    ///
    /// Where it can't be asked any more, with the reason in words: its command is gone, or dies before it is asked.
    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Answer>, String>;
}

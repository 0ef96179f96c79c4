//! Why a command could not do its work: a message that names thing, place and way out, with its exit code.

use super::exit::Exit;

/// A command's failure, as it is told to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// Lower case, without full stop; further lines are shown as they are.
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A report that could not be written.
    pub(crate) fn report(name: &str, error: &std::io::Error) -> Self {
        Self::new(Exit::ReportNotWritten, format!("report {name}: {error}"))
    }
}

//! The exit codes: one table, stable, shown by `mqtt-assay explain exit-codes`.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was asked for holds.
    Success,
    /// A case fails, or the bytes given to `decode` are refused.
    Failed,
    /// The command line or a file that it names can't be used; a report path can't be opened.
    Usage,
    /// The broker can't be reached, or not even a plain message got through.
    NothingJudged,
    /// No case is selected.
    NothingSelected,
    /// The baseline no longer describes the broker, or is not as it should be.
    BaselineStale,
    /// Nothing failed, but some cases couldn't be judged.
    Inconclusive,
    /// `decode`: the bytes end inside a packet.
    Incomplete,
    /// A report or the output couldn't be written.
    ReportNotWritten,
    /// `serve -- CMD`: the command failed by itself, and no client broke a rule.
    CommandFailed,
    /// A defect of this program.
    OurBug,
    /// Ended before all cases had run.
    Interrupted,
}

impl Exit {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 12] = [
        Self::Success,
        Self::Failed,
        Self::Usage,
        Self::NothingJudged,
        Self::NothingSelected,
        Self::BaselineStale,
        Self::Inconclusive,
        Self::Incomplete,
        Self::ReportNotWritten,
        Self::CommandFailed,
        Self::OurBug,
        Self::Interrupted,
    ];

    /// Which one a run ends with when several apply: the first of these.
    pub const PRECEDENCE: [Self; 8] = [
        Self::OurBug,
        Self::Interrupted,
        Self::ReportNotWritten,
        Self::NothingJudged,
        Self::Failed,
        Self::CommandFailed,
        Self::BaselineStale,
        Self::Inconclusive,
    ];

    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NothingJudged => 3,
            Self::NothingSelected => 4,
            Self::BaselineStale => 5,
            Self::Inconclusive => 6,
            Self::Incomplete => 7,
            Self::ReportNotWritten => 8,
            Self::CommandFailed => 9,
            Self::OurBug => 70,
            Self::Interrupted => 130,
        }
    }

    /// What it means, in one line.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Success => {
                "all required cases pass, or are as the baseline lists them; or the command did what it was asked to"
            }
            Self::Failed => {
                "a case fails (with --strict also: is weak) that no baseline lists; `decode`: a packet is refused; \
                 `serve -- CMD`: a client broke a rule; `probe`: the broker died"
            }
            Self::Usage => "usage or configuration; a report path that can't be opened, which is tried before the run",
            Self::NothingJudged => {
                "nothing judged: no broker or decoder, a plain connect, subscribe, publish, receive failed, or no case could be tried"
            }
            Self::NothingSelected => "no case is selected",
            Self::BaselineStale => {
                "the baseline is stale: what it lists passes, has changed or was not judged, or its id is unknown; \
                 `baseline`: something is left to do"
            }
            Self::Inconclusive => {
                "no case fails, but some are inconclusive: their set-up failed, and no baseline lists them"
            }
            Self::Incomplete => "`decode`: the bytes end inside a packet",
            Self::ReportNotWritten => "a report, or the output itself, couldn't be written",
            Self::CommandFailed => "`serve -- CMD`: no client broke a rule, and the command failed by itself",
            Self::OurBug => "a defect of mqtt-assay, please report it",
            Self::Interrupted => "ended by Ctrl-C, SIGTERM or --timeout; reports of the finished part are written",
        }
    }

    /// What remains of several; success where none applies.
    pub fn worst(several: &[Self]) -> Self {
        Self::PRECEDENCE.into_iter().find(|exit| several.contains(exit)).unwrap_or(Self::Success)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_what_scripts_rely_on() {
        assert_eq!(Exit::ALL.map(Exit::code), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 70, 130]);
    }

    #[test]
    fn the_first_of_the_precedence_counts() {
        assert_eq!(Exit::PRECEDENCE.map(Exit::code), [70, 130, 8, 3, 1, 9, 5, 6]);
        assert_eq!(Exit::worst(&[]), Exit::Success);
        assert_eq!(Exit::worst(&[Exit::Inconclusive, Exit::Failed]), Exit::Failed);
        assert_eq!(Exit::worst(&[Exit::Failed, Exit::ReportNotWritten, Exit::Inconclusive]), Exit::ReportNotWritten);
        assert_eq!(Exit::worst(&[Exit::Failed, Exit::Interrupted, Exit::OurBug]), Exit::OurBug);
    }
}

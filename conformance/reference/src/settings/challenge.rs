//! The one authentication method of this broker (5.0 section 4.12): a script of challenges and answers, for tests only. It
//! keeps no secret, so that client and broker can go through several rounds without any cryptography.

/// Its name, as CONNECT gives it.
pub const METHOD: &str = "assay-challenge";

/// What the client says, in order: the first in CONNECT, or in the AUTH that begins again, each further one in an AUTH.
pub const ANSWERS: [&[u8]; 3] = [b"I am a client on trial", b"forty-two", b"a swallow from Africa"];

/// What the broker asks after each answer but the last.
pub(crate) const CHALLENGES: [&[u8]; ANSWERS.len() - 1] = [b"what is six times seven?", b"and which swallow?"];

/// What it tells the client that has given every answer.
pub(crate) const WELCOME: &[u8] = b"you are who you say";

//! Text to filters, by descent: `|` of `&` of `!`, parentheses, ids, predicates and reports. What is not understood is told with
//! its place.

use super::predicate::Wrong;
use super::{Filter, FilterError, Predicate};
use crate::cases;
use crate::run::former::homes;
use crate::run::reported::{Reports, cases_of};
use crate::text::{did_you_mean, single_line};

/// How deep parentheses and `!` may be nested.
const DEPTH: usize = 64;

/// Reads the whole text as a filter.
pub(super) fn parse(text: &str, reports: &dyn Reports) -> Result<Filter, FilterError> {
    let mut parser = Parser { letters: text.chars().collect(), at: 0, depth: 0, reports };
    let filter = parser.either()?;
    match parser.peek() {
        None => Ok(filter),
        Some(')') => Err(parser.error(parser.at, 1, "this parenthesis was never opened")),
        Some(_) => {
            let start = parser.at;
            let word = parser.word();
            Err(parser.error(start, word.chars().count(), "write `&` or `|` before this"))
        }
    }
}

fn either(left: Filter, right: Filter) -> Filter {
    Filter::Either(Box::new(left), Box::new(right))
}

struct Parser<'a> {
    letters: Vec<char>,
    at: usize,
    depth: usize,
    reports: &'a dyn Reports,
}

impl Parser<'_> {
    fn either(&mut self) -> Result<Filter, FilterError> {
        let mut filter = self.both()?;
        while self.take('|') {
            filter = Filter::Either(Box::new(filter), Box::new(self.both()?));
        }
        Ok(filter)
    }

    fn both(&mut self) -> Result<Filter, FilterError> {
        let mut filter = self.one()?;
        while self.take('&') {
            filter = Filter::Both(Box::new(filter), Box::new(self.one()?));
        }
        Ok(filter)
    }

    fn one(&mut self) -> Result<Filter, FilterError> {
        self.depth += 1;
        let start = self.at;
        let filter = match self.peek() {
            _ if self.depth > DEPTH => Err(self.error(start, 1, &format!("nested more than {DEPTH} deep"))),
            None => Err(self.error(self.letters.len(), 1, "something is missing here: an id, a glob or a predicate")),
            Some('!') => {
                self.at += 1;
                self.one().map(|inner| Filter::Not(Box::new(inner)))
            }
            Some('(') => self.group(),
            Some(operator @ ('&' | '|' | ')')) => {
                Err(self.error(self.at, 1, &format!("an id, a glob or a predicate must stand before `{operator}`")))
            }
            Some('@') => self.reported(),
            Some(_) => self.name(),
        };
        self.depth -= 1;
        filter
    }

    fn group(&mut self) -> Result<Filter, FilterError> {
        let opened = self.at;
        self.at += 1;
        let inner = self.either()?;
        if self.take(')') {
            return Ok(inner);
        }
        match self.peek() {
            None => Err(self.error(opened, 1, "this parenthesis is never closed")),
            Some(_) => Err(self.error(self.at, 1, "write `&`, `|` or `)` before this")),
        }
    }

    /// An id, a glob, or a predicate with its argument.
    fn name(&mut self) -> Result<Filter, FilterError> {
        let start = self.at;
        let word = self.word();
        let length = self.at - start;
        if self.peek() != Some('(') {
            return self.id(word, start);
        }
        let opened = self.at;
        let Some(closed) = self.letters[opened..].iter().position(|&letter| letter == ')').map(|place| opened + place)
        else {
            return Err(self.error(opened, 1, "this parenthesis is never closed"));
        };
        self.at = closed + 1;
        let argument: String = self.letters[opened + 1..closed].iter().collect();
        Predicate::parse(&word, argument.trim()).map(Filter::Is).map_err(|wrong| match wrong {
            Wrong::Name(problem) => self.error(start, length, &problem),
            Wrong::Argument(problem) => self.error(opened + 1, closed - opened - 1, &problem),
        })
    }

    /// `@FILE:VERDICTS`; a file's name with blanks or operators in it stands in quotation marks.
    fn reported(&mut self) -> Result<Filter, FilterError> {
        let start = self.at;
        self.at += 1;
        let quoted = self.quotation();
        let word = self.word();
        let written: String = self.letters[start..self.at].iter().collect();
        let parts = match &quoted {
            Some(file) => word.strip_prefix(':').map(|verdicts| (file.as_str(), verdicts)),
            None => word.rsplit_once(':'),
        };
        let problem = |problem: String| self.error(start, written.chars().count(), &problem);
        let Some((file, verdicts)) = parts.filter(|(file, verdicts)| !file.is_empty() && !verdicts.is_empty()) else {
            return Err(problem("write a report and a verdict of its cases: @a.json:fail".to_owned()));
        };
        cases_of(file, verdicts, self.reports).map_err(problem).map(|cases| Filter::Reported(written.clone(), cases))
    }

    /// What stands in quotation marks here, if it does.
    fn quotation(&mut self) -> Option<String> {
        let mark = *self.letters.get(self.at).filter(|letter| matches!(letter, '\'' | '"'))?;
        let rest = &self.letters[self.at + 1..];
        let end = rest.iter().position(|letter| *letter == mark)?;
        self.at += end + 2;
        Some(rest[..end].iter().collect())
    }

    /// An id must be that of a case, so that a misspelt one isn't passed over.
    fn id(&self, word: String, start: usize) -> Result<Filter, FilterError> {
        let is_glob = word.contains(['*', '?']);
        if let Some(filter) = homes(&word).into_iter().map(|(_, home)| Filter::Id(home)).reduce(either) {
            return Ok(filter);
        }
        if is_glob || cases::all().any(|instance| instance.id() == word) {
            return Ok(Filter::Id(word));
        }
        let ids: Vec<String> = cases::all().map(|instance| instance.id()).collect();
        let hint = match cases::chapters().find(|chapter| chapter.name == word) {
            Some(chapter) => format!("; did you mean `chapter({})`?", chapter.name),
            None => did_you_mean(&word, ids.iter().map(String::as_str)),
        };
        let problem = format!("no case has the id `{word}`{hint}");
        Err(FilterError { is_unknown_case: true, ..self.error(start, word.chars().count(), &problem) })
    }

    /// Letters up to the next blank, operator or parenthesis.
    fn word(&mut self) -> String {
        let rest = self.letters[self.at..].iter();
        let word: String = rest.take_while(|letter| !letter.is_whitespace() && !"()&|!".contains(**letter)).collect();
        self.at += word.chars().count();
        word
    }

    /// The next letter that isn't blank.
    fn peek(&mut self) -> Option<char> {
        while self.letters.get(self.at).is_some_and(|letter| letter.is_whitespace()) {
            self.at += 1;
        }
        self.letters.get(self.at).copied()
    }

    fn take(&mut self, letter: char) -> bool {
        let is_next = self.peek() == Some(letter);
        self.at += usize::from(is_next);
        is_next
    }

    fn error(&self, start: usize, count: usize, problem: &str) -> FilterError {
        let filter = self.letters.iter().collect();
        FilterError { filter, start, count, problem: single_line(problem), is_unknown_case: false }
    }
}

//! The answers about one vector, held against what is due.

use super::certify::{Judged, RuleJudged, broken};
use super::compare::compare;
use super::rules::{ACCEPTS, LENGTH, PIECES, SURVIVES, VALUES, WAITS};
use super::trial::{Due, Trial};
use super::{Answer, Ask, End, Greeting, Question};
use crate::scenario::Verdict;
use crate::text::{counted, cut, single_line};
use mqtt_assay_codec::vectors::{self, Values};
use std::collections::BTreeSet;

/// Letters of an answer that are shown.
const LETTERS: usize = 400;

/// Fields in which an answer differs that are told.
const FIELDS_TOLD: usize = 4;

/// Packets of a stream whose pieces are told.
const PIECES_TOLD: usize = 20;

/// Judges what was answered to the questions about a trial.
pub(super) fn judge(trial: &Trial, questions: &[Question], answers: &[Answer], greeting: &Greeting) -> Judged {
    let mut ledger = Ledger::of(trial, greeting);
    ledger.survives(questions, answers);
    let all = || questions.iter().zip(answers);
    let is_packet = |question: &Question| matches!(question.ask, Ask::Decode(_));
    let packet = all().find(|(question, _)| is_packet(question)).map(|(_, answer)| answer);
    if let Some(answer) = packet {
        ledger.notes.push(format!("asked for the packet: {}", told(answer)));
        ledger.packet(&answer.end);
    }
    let due = packet.map_or_else(|| Outcome::due(trial), |answer| Outcome::of(&answer.end, trial));
    let streams: Vec<(&Question, &Answer)> = all().filter(|(question, _)| !is_packet(question)).collect();
    match (&trial.due, streams.as_slice()) {
        (Due::Stream { packets, end, refused }, [(_, answer)]) => ledger.stream(packets, *end, *refused, answer),
        _ => ledger.streams(&streams, due.as_ref()),
    }
    ledger.closed(answers.len())
}

/// Verdicts by rule, as they come.
struct Ledger<'a> {
    trial: &'a Trial,
    hides: &'a BTreeSet<String>,
    rules: Vec<(&'static str, Option<RuleJudged>)>,
    notes: Vec<String>,
    reason: Option<String>,
    hidden: usize,
}

impl<'a> Ledger<'a> {
    fn of(trial: &'a Trial, greeting: &'a Greeting) -> Self {
        let rules = trial.rules().into_iter().map(|id| (id, None)).collect();
        Self { trial, hides: &greeting.hides, rules, notes: Vec::new(), reason: None, hidden: 0 }
    }

    /// The first thing that is said about a rule counts.
    fn say(&mut self, id: &'static str, verdict: Verdict, expected: &str, seen: String) {
        if let Some((_, said)) = self.rules.iter_mut().find(|(known, said)| *known == id && said.is_none()) {
            *said = Some(RuleJudged { id, verdict, expected: expected.to_owned(), seen });
        }
    }

    fn broke(&mut self, id: &'static str, expected: &str, seen: String) {
        self.say(id, broken(self.trial, id), expected, seen);
    }

    fn kept(&mut self, id: &'static str, seen: String) {
        self.say(id, Verdict::Pass, "", seen);
    }

    fn not_offered(&mut self, ids: &[&'static str], why: &str) {
        self.reason.get_or_insert_with(|| why.to_owned());
        for id in ids {
            self.say(id, Verdict::NotOffered, "", why.to_owned());
        }
    }

    fn survives(&mut self, questions: &[Question], answers: &[Answer]) {
        let dead = questions.iter().zip(answers).find(|(_, answer)| is_none(&answer.end));
        match dead {
            None => self.kept(SURVIVES, format!("{} answered", counted(answers.len(), "question"))),
            Some((question, answer)) => {
                let seen = format!("{}, {}", told(answer), of_question(question));
                if let End::Died(death) = &answer.end {
                    self.notes.extend(death.stderr.lines().map(|line| format!("stderr: {}", single_line(line))));
                }
                self.broke(SURVIVES, "an answer", seen);
            }
        }
    }

    /// The answer about the packet that the bytes begin with.
    fn packet(&mut self, end: &End) {
        if is_none(end) {
            return;
        }
        if let End::Skipped(why) = end {
            let ids: Vec<&'static str> = self.rules.iter().map(|(id, _)| *id).filter(|id| *id != PIECES).collect();
            return self.not_offered(&ids, &format!("it says: {}", single_line(why)));
        }
        match &self.trial.due {
            Due::Accepted(values) => self.accepted(end, values.as_ref()),
            Due::Refused { rule, may_wait } => match end {
                End::Refused { .. } => self.kept(rule, told_end(end)),
                End::Wants(_) if *may_wait => self.kept(rule, told_end(end)),
                _ => self.broke(rule, "a refusal", told_end(end)),
            },
            Due::Stream { .. } => {}
            Due::Either(_) if matches!(end, End::Wants(_)) => {
                self.broke(WAITS, "a verdict, for the packet is whole", told_end(end));
            }
            Due::Either(_) => {
                self.kept(WAITS, told_end(end));
                self.length(end);
            }
            Due::Waited => match end {
                End::Wants(_) => self.kept(WAITS, told_end(end)),
                _ => self.broke(WAITS, "that it waits for more", told_end(end)),
            },
        }
    }

    fn accepted(&mut self, end: &End, values: Option<&Values>) {
        let End::Accepted { values: stated, .. } = end else {
            return self.broke(ACCEPTS, "that it is accepted", told_end(end));
        };
        self.kept(ACCEPTS, told_end(end));
        self.length(end);
        match (values, stated) {
            (Some(due), Some(stated)) => self.values(due, stated),
            _ => self.not_offered(&[VALUES], "it states no values"),
        }
    }

    fn length(&mut self, end: &End) {
        let End::Accepted { consumed, .. } = end else { return };
        let due = self.trial.bytes.len();
        if *consumed == due {
            self.kept(LENGTH, counted(due, "byte"));
        } else {
            self.broke(LENGTH, &counted(due, "byte"), format!("it took {}", counted(*consumed, "byte")));
        }
    }

    fn values(&mut self, due: &Values, stated: &str) {
        let compared = compare(due, stated, self.hides);
        self.hidden += compared.hidden;
        let expected = cut(&due.to_string(), LETTERS).into_owned();
        if compared.differences.is_empty() {
            // Of a stream another packet may still differ.
            if !matches!(self.trial.due, Due::Stream { .. }) {
                self.kept(VALUES, expected);
            }
            return;
        }
        let all: Vec<String> = compared.differences.iter().take(FIELDS_TOLD).map(ToString::to_string).collect();
        let more = match compared.differences.len().saturating_sub(FIELDS_TOLD) {
            0 => String::new(),
            more => format!("; and {}", counted(more, "more field")),
        };
        self.broke(VALUES, &expected, all.join("; ") + &more);
    }

    /// The answers about the bytes as a stream, in one piece and cut: the same as about the packet.
    fn streams(&mut self, streams: &[(&Question, &Answer)], due: Option<&Outcome>) {
        if streams.is_empty() {
            return self.not_offered(&[PIECES], "it decodes no streams");
        }
        let Some(due) = due else { return };
        for (question, answer) in streams {
            match &answer.end {
                End::Skipped(why) => {
                    return self.not_offered(&[PIECES], &format!("of streams it says: {}", single_line(why)));
                }
                end if is_none(end) => return,
                _ => {}
            }
            if let Some(expected) = due.differs(question, answer) {
                let seen = format!("{}, {}", told(answer), of_question(question));
                self.notes.push(format!("asked for the stream: {seen}"));
                return self.broke(PIECES, &expected, seen);
            }
        }
        let ways = counted(streams.len(), "way");
        self.notes.push(format!("asked for the stream, cut in {ways}: as it should be"));
        self.kept(PIECES, format!("the same, cut in {ways}"));
    }

    /// The answer about a stream of several packets.
    fn stream(&mut self, due: &[vectors::Due], ends: vectors::End, refused: Option<&'static str>, answer: &Answer) {
        self.notes.push(format!("asked for the stream: {}", told(answer)));
        if is_none(&answer.end) {
            return;
        }
        if let End::Skipped(why) = &answer.end {
            let ids: Vec<&'static str> = self.rules.iter().map(|(id, _)| *id).collect();
            return self.not_offered(&ids, &format!("of streams it says: {}", single_line(why)));
        }
        let places: Vec<usize> = due.iter().map(|packet| packet.piece).collect();
        let came: Vec<usize> = answer.packets.iter().map(|packet| packet.piece).collect();
        let is_refused = matches!(answer.end, End::Refused { .. });
        // What comes behind a breach that was taken is that breach's, and no second one.
        let has_come = if refused.is_some() && !is_refused { came.starts_with(&places) } else { came == places };
        if !has_come {
            let seen = format!("{}, {}", in_pieces(&came), told_end(&answer.end));
            return self.broke(PIECES, &in_pieces(&places), seen);
        }
        for (due, came) in due.iter().zip(&answer.packets) {
            match &came.values {
                Some(stated) => self.values(&due.values, stated),
                None => self.not_offered(&[VALUES], "it states no values"),
            }
        }
        self.kept(VALUES, format!("all of {}", counted(due.len(), "packet")));
        let (is_so, expected) = match ends {
            vectors::End::Between => (matches!(answer.end, End::Accepted { .. }), "that all is read at the end"),
            vectors::End::Within => (matches!(answer.end, End::Wants(_)), "that it waits for more at the end"),
            vectors::End::Refused => (is_refused, "a refusal at the end"),
        };
        let seen = told_end(&answer.end);
        match refused {
            Some(rule) if is_so => self.kept(rule, seen.clone()),
            Some(rule) => self.broke(rule, expected, seen.clone()),
            None if !is_so => self.broke(PIECES, expected, seen.clone()),
            None => {}
        }
        self.kept(PIECES, format!("{}, {seen}", in_pieces(&came)));
    }

    /// Of what nothing was said nothing has shown anything.
    fn closed(self, questions: usize) -> Judged {
        let untold =
            |id| RuleJudged { id, verdict: Verdict::NotExercised, expected: String::new(), seen: String::new() };
        Judged {
            trial: self.trial.clone(),
            rules: self.rules.into_iter().map(|(id, said)| said.unwrap_or_else(|| untold(id))).collect(),
            reason: self.reason,
            notes: self.notes,
            hidden: self.hidden,
            questions,
        }
    }
}

/// What a decoder makes of the bytes as a packet, which a stream of them has to show as well.
enum Outcome {
    Packet(Option<String>),
    Refused,
    Waits,
}

impl Outcome {
    /// By its own answer; nothing where that is none, or leaves bytes that are another's.
    fn of(end: &End, trial: &Trial) -> Option<Self> {
        match end {
            End::Accepted { consumed, values } if *consumed == trial.bytes.len() => Some(Self::Packet(values.clone())),
            End::Refused { .. } => Some(Self::Refused),
            End::Wants(_) => Some(Self::Waits),
            End::Skipped(_) => Self::due(trial),
            _ => None,
        }
    }

    /// By what is due.
    fn due(trial: &Trial) -> Option<Self> {
        match &trial.due {
            Due::Accepted(values) => Some(Self::Packet(values.as_ref().map(ToString::to_string))),
            Due::Refused { may_wait: false, .. } => Some(Self::Refused),
            Due::Waited => Some(Self::Waits),
            Due::Refused { .. } | Due::Either(_) | Due::Stream { .. } => None,
        }
    }

    /// What a stream was to show, if its answer doesn't.
    fn differs(&self, question: &Question, answer: &Answer) -> Option<String> {
        let Ask::Stream(pieces) = &question.ask else { return None };
        let (is_so, expected) = match self {
            Self::Packet(values) => {
                let came = match answer.packets.as_slice() {
                    [came] => came.piece == pieces.len() && says_the_same(came.values.as_deref(), values.as_deref()),
                    _ => false,
                };
                let is_whole = matches!(answer.end, End::Accepted { consumed, .. } if consumed == question.len());
                (came && is_whole, format!("the packet with piece {}, and all bytes read", pieces.len()))
            }
            Self::Refused => {
                let is_refused = matches!(answer.end, End::Refused { .. }) && answer.packets.is_empty();
                (is_refused, "a refusal, as of the packet".to_owned())
            }
            Self::Waits => {
                let waits = matches!(answer.end, End::Wants(_)) && answer.packets.is_empty();
                (waits, "that it waits for more, as of the packet".to_owned())
            }
        };
        (!is_so).then_some(expected)
    }
}

/// Whether two lines state the same, whatever the order of different names; one that states nothing says nothing against it.
fn says_the_same(one: Option<&str>, other: Option<&str>) -> bool {
    let sorted = |line: &str| {
        let mut fields: Vec<String> = line.split(' ').map(str::to_owned).collect();
        // Stable, so that equal names keep their order.
        fields.sort_by(|a, b| a.split('=').next().cmp(&b.split('=').next()));
        fields
    };
    one.zip(other).is_none_or(|(one, other)| one == other || sorted(one) == sorted(other))
}

/// `packets with pieces 1, 1, 3`.
fn in_pieces(pieces: &[usize]) -> String {
    let all: Vec<String> = pieces.iter().take(PIECES_TOLD).map(ToString::to_string).collect();
    let more = if pieces.len() > PIECES_TOLD { ", ..." } else { "" };
    match pieces {
        [] => "no packet".to_owned(),
        _ => format!("{} with piece {}{more}", counted(pieces.len(), "packet"), all.join(", ")),
    }
}

/// Whether an answer is none.
fn is_none(end: &End) -> bool {
    matches!(end, End::Died(_) | End::Hung(_) | End::Garbled(_))
}

/// How the bytes were given.
fn of_question(question: &Question) -> String {
    match &question.ask {
        Ask::Decode(_) => "asked for the packet".to_owned(),
        Ask::Stream(pieces) => match pieces.as_slice() {
            [first, _] => format!("asked for the stream, cut behind byte {}", first.len()),
            [_] => "asked for the stream in one piece".to_owned(),
            several => format!("asked for the stream in {} pieces", several.len()),
        },
    }
}

/// An answer in words.
fn told(answer: &Answer) -> String {
    let mut said: Vec<String> = Vec::new();
    for came in answer.packets.iter().take(FIELDS_TOLD) {
        let values = came.values.as_deref().unwrap_or("a packet");
        said.push(format!("{} with piece {}", cut(&single_line(values), LETTERS), came.piece));
    }
    said.push(told_end(&answer.end));
    said.join(", then ")
}

fn told_end(end: &End) -> String {
    match end {
        End::Accepted { consumed, values } => {
            let values =
                values.as_ref().map_or_else(String::new, |values| format!(": {}", cut(&single_line(values), LETTERS)));
            format!("accepted, {}{values}", counted(*consumed, "byte"))
        }
        End::Wants(Some(more)) => format!("waits for at least {}", counted(*more, "more byte")),
        End::Wants(None) => "waits for more".to_owned(),
        End::Refused { kind, reason, text } => {
            let reason = reason.map_or_else(String::new, |code| format!(" (0x{code:02X})"));
            let text = if text.is_empty() { String::new() } else { format!(": {}", cut(&single_line(text), LETTERS)) };
            format!("refused as {}{reason}{text}", kind.word())
        }
        End::Skipped(why) => format!("not implemented: {}", single_line(why)),
        End::Died(death) => format!("DIED: {}", single_line(&death.how)),
        End::Hung(time) => format!("HUNG: no answer within {} s", time.as_secs_f32()),
        End::Garbled(line) => format!("GARBLED: {}", cut(&single_line(line), LETTERS)),
    }
}

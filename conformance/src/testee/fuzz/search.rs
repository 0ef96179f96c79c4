//! The search: inputs are made beside the decoder's work, asked about in batches, and judged.

use super::breach::{Breach, Sort, breach_of_packet, breach_of_stream, first_difference};
use super::due::{Due, DueOfStream, due, due_of_stream};
use super::finding::Finding;
use super::input::{Input, Inputs, Made};
use super::known::{Known, Newness};
use super::shrink::shrink;
use crate::testee::{Answer, Ask, End, Question, Testee};
use mqtt_assay_codec::vectors::Values;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Inputs of one batch, at most: enough to keep the decoder at work.
const BATCH: u64 = 256;
/// A batch that takes longer was too large.
const SLOW: Duration = Duration::from_millis(500);
/// One input in so many is asked about as a stream, too.
const STREAM_ONE_IN: u64 = 4;
/// One accepted packet in so many is asked about in its shortest form, too.
const CANONICAL_ONE_IN: u64 = 16;
/// How often a finding is asked about again; less often where each time costs a restart or a deadline.
const REPETITIONS: u32 = 20;
const REPETITIONS_OF_A_DEATH: u32 = 5;
/// Inputs that are tried to shrink a finding.
const TRIES: usize = 2_000;
const TRIES_OF_A_DEATH: usize = 200;
const TRIES_OF_A_HANG: usize = 12;

/// How long a search goes on, and from where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Every case follows from it.
    pub seed: u64,
    /// Most inputs.
    pub cases: Option<u64>,
    /// Longest time.
    pub time: Option<Duration>,
    /// Ends with the first finding.
    pub until_found: bool,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Progress {
    /// Inputs judged.
    pub cases: u64,
    /// Questions answered, those for shrinking not counted.
    pub decodes: u64,
    /// Questions that the decoder can't answer.
    pub skipped: u64,
    /// Time since the beginning, without that for shrinking.
    pub asking: Duration,
    /// Time since the beginning.
    pub elapsed: Duration,
}

impl Progress {
    /// Decodes a second, while asking.
    pub fn rate(&self) -> u64 {
        let rate = u128::from(self.decodes) * 1_000_000 / self.asking.as_micros().max(1);
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

/// What came of a search.
pub struct Searched {
    /// All findings, in the order in which they were met.
    pub findings: Vec<Finding>,
    /// How far it came.
    pub progress: Progress,
    /// Why the decoder can't be asked any more, where that ended it.
    pub lost: Option<String>,
}

/// What is asked about an input, and what is due.
struct Case {
    index: u64,
    input: Input,
    due: Due,
    of_stream: Option<DueOfStream>,
}

impl Case {
    fn new(index: u64, input: Input, streams: bool) -> Self {
        let due = due(&input.bytes, input.context, &input.base, input.expectation());
        let of_stream = streams.then(|| due_of_stream(&input.pieces(), input.context, &input.base));
        Self { index, input, due, of_stream }
    }

    fn questions(&self) -> impl Iterator<Item = Question> {
        let input = &self.input;
        let packet = Question::decode(input.context, input.bytes.clone());
        let stream = self.of_stream.is_some().then(|| Question::stream(input.context, input.pieces()));
        [packet].into_iter().chain(stream)
    }
}

/// A search under way.
pub struct Search<'t> {
    testee: &'t mut dyn Testee,
    known: Known,
    findings: Vec<Finding>,
    progress: Progress,
    begun: Instant,
}

impl<'t> Search<'t> {
    /// A search in this decoder.
    pub fn new(testee: &'t mut dyn Testee) -> Self {
        let (known, findings, progress) = (Known::default(), Vec::new(), Progress::default());
        Self { testee, known, findings, progress, begun: Instant::now() }
    }

    /// Searches until time or cases are used up, or `go_on` says no. It is told how far the search is after each batch, and
    /// `found` of each finding the moment it is there.
    pub fn run(
        mut self,
        options: &Options,
        mut found: impl FnMut(&Finding),
        mut go_on: impl FnMut(&Progress) -> bool,
    ) -> Searched {
        let greeting = self.testee.greeting().clone();
        let inputs = Inputs::new(options.seed, |context| greeting.decodes(context));
        if inputs.is_empty() {
            let lost = Some(format!("{} says that it decodes neither 3.1.1 nor 5", greeting.name));
            return Searched { findings: self.findings, progress: self.progress, lost };
        }
        let streams = greeting.has("stream");
        let lost = std::thread::scope(|scope| {
            let (sender, batches) = sync_channel(8);
            let cases = options.cases.unwrap_or(u64::MAX);
            scope.spawn(move || make(&inputs, cases, streams, &sender));
            self.batches(&batches, options, &mut found, &mut go_on).err()
        });
        self.progress.elapsed = self.begun.elapsed();
        Searched { findings: self.findings, progress: self.progress, lost }
    }

    fn batches(
        &mut self,
        batches: &Receiver<Vec<Case>>,
        options: &Options,
        found: &mut impl FnMut(&Finding),
        go_on: &mut impl FnMut(&Progress) -> bool,
    ) -> Result<(), String> {
        self.begun = Instant::now();
        let mut at_once = BATCH as usize;
        for batch in batches {
            let mut left = batch.as_slice();
            while !left.is_empty() {
                let (cases, rest) = left.split_at(at_once.min(left.len()));
                let (before, begun) = (self.findings.len(), Instant::now());
                self.batch(cases, found)?;
                self.progress.elapsed = self.begun.elapsed();
                let is_over = options.time.is_some_and(|time| self.progress.elapsed >= time);
                let is_found = options.until_found && self.findings.len() > before;
                if is_over || is_found || !go_on(&self.progress) {
                    return Ok(());
                }
                // A decoder that dies or hangs of many inputs is asked about few at a time, so that the end is in time.
                at_once = if begun.elapsed() > SLOW { (at_once / 4).max(1) } else { (at_once * 2).min(BATCH as usize) };
                left = rest;
            }
        }
        Ok(())
    }

    /// Asks about a batch, judges it, and looks closer at what is new.
    fn batch(&mut self, cases: &[Case], found: &mut impl FnMut(&Finding)) -> Result<(), String> {
        let questions: Vec<Question> = cases.iter().flat_map(Case::questions).collect();
        let answers = self.asked(&questions)?;
        let hides = self.testee.greeting().hides.clone();
        let mut answers = answers.into_iter();
        let (mut breaches, mut shortest) = (Vec::new(), Vec::new());
        for case in cases {
            self.progress.cases += 1;
            let Some(answer) = answers.next() else { break };
            self.progress.skipped += u64::from(matches!(answer.end, End::Skipped(_)));
            let of_packet = breach_of_packet(&case.due, &answer, case.input.bytes.len(), &hides);
            if of_packet.is_none() {
                shortest.extend(canonical(case, &answer));
            }
            breaches.extend(of_packet.map(|breach| (case, breach, false)));
            let Some(due) = &case.of_stream else { continue };
            let Some(answer) = answers.next() else { break };
            let of_stream = breach_of_stream(due, &answer, case.input.bytes.len(), &hides);
            breaches.extend(of_stream.map(|breach| (case, breach, true)));
        }
        self.shortest(&shortest, &mut breaches)?;
        // In the order of the inputs, so that it makes no difference how many are asked about at once.
        breaches.sort_by_key(|(case, ..)| case.index);
        for (case, breach, as_stream) in breaches {
            self.met(case, &breach, as_stream, found)?;
        }
        Ok(())
    }

    fn asked(&mut self, questions: &[Question]) -> Result<Vec<Answer>, String> {
        let begun = Instant::now();
        let answers = self.testee.ask(questions)?;
        self.progress.asking += begun.elapsed();
        self.progress.decodes += answers.len() as u64;
        Ok(answers)
    }

    /// Asks about the shortest form of what was read.
    fn shortest<'c>(
        &mut self,
        shortest: &[(&'c Case, Question, Values)],
        breaches: &mut Vec<(&'c Case, Breach, bool)>,
    ) -> Result<(), String> {
        let questions: Vec<Question> = shortest.iter().map(|(_, question, _)| question.clone()).collect();
        let answers = self.asked(&questions)?;
        let hides = self.testee.greeting().hides.clone();
        for ((case, _, values), answer) in shortest.iter().zip(answers) {
            let same = match &answer.end {
                End::Accepted { values: Some(stated), .. } => first_difference(values, stated, &hides).is_none(),
                End::Accepted { values: None, .. } | End::Skipped(_) => true,
                _ => false,
            };
            if !same {
                let breach = Breach::canonical(values.packet.name(), &values.to_string(), &answer.end);
                breaches.push((case, breach, false));
            }
        }
        Ok(())
    }

    /// A breach was met: it is counted, or looked at.
    fn met(
        &mut self,
        case: &Case,
        breach: &Breach,
        as_stream: bool,
        found: &mut impl FnMut(&Finding),
    ) -> Result<(), String> {
        match self.known.newness(breach, &case.input) {
            Newness::Of(number) => self.findings[number].times += 1,
            Newness::Enough => {}
            Newness::New => self.look(case, breach, as_stream, found)?,
        }
        Ok(())
    }

    /// Shrinks what shows a breach, repeats it, and keeps it if it is new then, too.
    fn look(
        &mut self,
        case: &Case,
        breach: &Breach,
        as_stream: bool,
        found: &mut impl FnMut(&Finding),
    ) -> Result<(), String> {
        // What is legal after all is shrunk field by field, whatever it was made by.
        let first = case.input.as_legal().unwrap_or_else(|| case.input.clone());
        let input = shrink(first, tries(breach), |candidates| {
            let all = self.breaches_of(candidates, as_stream)?;
            Ok::<_, String>(
                all.iter().position(|other| other.as_ref().is_some_and(|other| breach.is_the_same_as(other))),
            )
        })?;
        let least = self.breaches_of(std::slice::from_ref(&input), as_stream)?.pop().flatten();
        let breach = least.unwrap_or_else(|| breach.clone());
        if let Some(number) = self.known.number(&breach, &input) {
            self.findings[number].times += 1;
            return Ok(());
        }
        let repeated = self.repeated(&breach, &input, as_stream)?;
        self.known.keep(&breach, &input, self.findings.len());
        // In the way it was met, so that its like is known before it is shrunk.
        self.known.keep(&breach, &case.input, self.findings.len());
        let finding = Finding {
            question: question(&input, as_stream),
            first_len: case.input.bytes.len(),
            case: case.index + 1,
            at: self.begun.elapsed(),
            times: 1,
            repeated,
            breach,
            input,
        };
        found(&finding);
        self.findings.push(finding);
        Ok(())
    }

    /// What is wrong about each of these, asked about in this way.
    fn breaches_of(&mut self, inputs: &[Input], as_stream: bool) -> Result<Vec<Option<Breach>>, String> {
        let questions: Vec<Question> = inputs.iter().map(|input| question(input, as_stream)).collect();
        let answers = self.testee.ask(&questions)?;
        let hides = self.testee.greeting().hides.clone();
        let mut all: Vec<Option<Breach>> = Vec::with_capacity(inputs.len());
        for (input, answer) in inputs.iter().zip(answers) {
            let case = Case::new(0, input.clone(), as_stream);
            let given = input.bytes.len();
            let breach = match &case.of_stream {
                Some(due) => breach_of_stream(due, &answer, given, &hides),
                None => breach_of_packet(&case.due, &answer, given, &hides),
            };
            let breach = match breach {
                None if !as_stream => self.breach_of_shortest(&case, &answer)?,
                breach => breach,
            };
            all.push(breach);
        }
        Ok(all)
    }

    fn breach_of_shortest(&mut self, case: &Case, answer: &Answer) -> Result<Option<Breach>, String> {
        let Some(shortest) = canonical(case, answer) else { return Ok(None) };
        let mut breaches = Vec::new();
        self.shortest(&[shortest], &mut breaches)?;
        Ok(breaches.pop().map(|(_, breach, _)| breach))
    }

    /// How many of how many repetitions show it.
    fn repeated(&mut self, breach: &Breach, input: &Input, as_stream: bool) -> Result<(u32, u32), String> {
        let of = if breach.is_costly() { REPETITIONS_OF_A_DEATH } else { REPETITIONS };
        let all = self.breaches_of(&vec![input.clone(); of as usize], as_stream)?;
        let shown = all.iter().flatten().filter(|other| breach.is_the_same_as(other)).count();
        Ok((shown as u32, of))
    }
}

/// Makes batches until there are enough, or nobody takes them any more.
fn make(inputs: &Inputs, cases: u64, streams: bool, sender: &SyncSender<Vec<Case>>) {
    let mut from = 0;
    while from < cases {
        let to = cases.min(from + BATCH);
        let case = |index| Case::new(index, inputs.at(index), streams && index.is_multiple_of(STREAM_ONE_IN));
        if sender.send((from..to).map(case).collect()).is_err() {
            return;
        }
        from = to;
    }
}

fn question(input: &Input, as_stream: bool) -> Question {
    if as_stream {
        Question::stream(input.context, input.pieces())
    } else {
        Question::decode(input.context, input.bytes.clone())
    }
}

fn tries(breach: &Breach) -> usize {
    match breach.sort {
        Sort::Hang => TRIES_OF_A_HANG,
        Sort::Crash | Sort::Garbled => TRIES_OF_A_DEATH,
        _ => TRIES,
    }
}

/// The shortest form of what the decoder has read, where it is another than what it has read it from, and is legal.
fn canonical<'c>(case: &'c Case, answer: &Answer) -> Option<(&'c Case, Question, Values)> {
    let is_odd = !matches!((&case.due, case.input.made), (Due::Accept { or_refuse: None, .. }, Made::Legal));
    if !is_odd && !case.index.is_multiple_of(CANONICAL_ONE_IN) {
        return None;
    }
    let End::Accepted { values: Some(stated), .. } = &answer.end else { return None };
    let values = Values::from_line(stated).ok()?;
    let bytes = values.encode(case.input.context.version)?;
    let Due::Accept { or_refuse: None, values: legal, .. } = due(&bytes, case.input.context, &[], None) else {
        return None;
    };
    (bytes != case.input.bytes).then(|| (case, Question::decode(case.input.context, bytes), legal))
}

/// Asks one question, and says what is wrong about the answer.
///
/// # Errors
///
/// Where the decoder can't be asked.
pub fn ask_again(testee: &mut dyn Testee, question: &Question) -> Result<(Answer, Option<Breach>), String> {
    let answer = testee.ask(std::slice::from_ref(question))?.pop().ok_or("no answer came")?;
    let hides = testee.greeting().hides.clone();
    let breach = match &question.ask {
        Ask::Decode(bytes) => {
            breach_of_packet(&due(bytes, question.context, bytes, None), &answer, bytes.len(), &hides)
        }
        Ask::Stream(pieces) => breach_of_stream(
            &due_of_stream(pieces, question.context, &pieces.concat()),
            &answer,
            question.len(),
            &hides,
        ),
    };
    Ok((answer, breach))
}

//! Shards put together: the report of the whole run, but for its times. Cases that every shard judges by its own traffic,
//! invariants and the broker's life, come to the worst of them, with its evidence.

use super::Ended;
use super::baseline::BaselineReport;
use super::behaviour::without_names;
use super::document::{CaseReport, Document, Mark, NamesUsed};
use crate::run::Summary;
use crate::scenario::Verdict;
use std::collections::BTreeMap;

/// A shard's report with the name of its file.
pub(crate) type Shard = (String, Document);

/// Of what all shards judge the whole run would come to the first of these that one of them comes to. A permission that was
/// seen used says more than one that was not.
const WORST_FIRST: [Verdict; 7] = [
    Verdict::Fail,
    Verdict::Inconclusive,
    Verdict::Weak,
    Verdict::Observed,
    Verdict::Pass,
    Verdict::NotOffered,
    Verdict::NotExercised,
];

/// How a run ended of which a part ended so: the first that some part did.
const ENDED: [Ended; 6] =
    [Ended::BrokerDied, Ended::NothingJudged, Ended::Interrupted, Ended::Timeout, Ended::FailFast, Ended::Complete];

/// Puts shards together. Exit code and last line are those of the worst shard: what they come to together is for whoever knows
/// exit codes.
///
/// # Errors
///
/// In words: shards of different runs, a shard that is missing or there twice, a report that is no shard.
pub(crate) fn merge(mut shards: Vec<Shard>) -> Result<Document, String> {
    let numbers = shards.iter().map(number).collect::<Result<Vec<_>, _>>()?;
    require_one_run(&shards)?;
    require_all(&shards, &numbers)?;
    for (_, document) in &mut shards {
        take_names_out(document);
    }
    let mut order: Vec<usize> = (0..shards.len()).collect();
    order.sort_by_key(|&index| numbers[index].0);
    let documents: Vec<&Document> = order.iter().map(|&index| &shards[index].1).collect();
    Ok(merged(&documents))
}

/// Its number, and of how many.
fn number((name, document): &Shard) -> Result<(usize, usize), String> {
    let shard = document.shard.as_ref().map(|shard| shard.shard.as_str());
    let parts = shard.and_then(|shard| shard.split_once('/'));
    parts
        .and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)))
        .ok_or_else(|| format!("{name} is no shard; what is to be merged is made with `run --shard K/N --json FILE`"))
}

/// Refuses what belongs to another run.
fn require_one_run(shards: &[Shard]) -> Result<(), String> {
    let Some(((first, model), others)) = shards.split_first() else { return Err("no shard is named".to_owned()) };
    for (name, document) in others {
        for (what, of) in STATED {
            let (one, other) = (of(model), of(document));
            // A shard that judged nothing says nothing of a baseline.
            let is_said = *what != BASELINE || !one.is_empty() && !other.is_empty();
            if is_said && one != other {
                return Err(format!(
                    "{first} and {name} are shards of different runs: {what} is {one} in the first and {other} in the \
                     second; run all shards with one program on one broker with the same options"
                ));
            }
        }
    }
    Ok(())
}

/// A name of something that all shards of a run have in common, and what it is.
type Stated = (&'static str, fn(&Document) -> String);

const BASELINE: &str = "the baseline";

const STATED: &[Stated] = &[
    ("the program", |document| format!("{} {}", document.tool.name, document.tool.version)),
    ("the broker", Document::broker),
    ("the seed", |document| document.seed.to_string()),
    ("the number of shards", |document| {
        document.shard.as_ref().and_then(|shard| Some(shard.shard.split_once('/')?.1.to_owned())).unwrap_or_default()
    }),
    ("the filter", |document| match document.options.filter.as_slice() {
        [] => "none".to_owned(),
        filters => format!("`{}`", filters.join(" ")),
    }),
    ("--variant", |document| document.options.variant.clone().unwrap_or_else(|| "none".to_owned())),
    ("--patience", |document| format!("x{}", document.options.patience)),
    ("--strict", |document| document.options.strict.to_string()),
    ("--intrusive", |document| document.options.intrusive.to_string()),
    (BASELINE, |document| match &document.baseline {
        Some(BaselineReport { file, entries, .. }) => format!("{file} with {entries} entries"),
        None if document.results.is_empty() => String::new(),
        None => "none".to_owned(),
    }),
    ("the selection of cases", |document| document.selection.clone()),
];

/// Refuses a shard that is there twice, and a run of which one is missing.
fn require_all(shards: &[Shard], numbers: &[(usize, usize)]) -> Result<(), String> {
    let of = numbers.first().map(|(_, of)| *of).unwrap_or_default();
    let named = |number: usize| {
        let those = shards.iter().zip(numbers).filter(move |(_, known)| known.0 == number);
        those.map(|((name, _), _)| name.as_str()).collect::<Vec<_>>()
    };
    for number in 1..=of {
        match named(number).as_slice() {
            [_] => {}
            [] => {
                let broker = shards.first().map_or("BROKER", |(_, document)| document.command.broker.as_str());
                return Err(format!(
                    "shard {number}/{of} is missing; run it: mqtt-assay run {broker} --shard {number}/{of} --json FILE, with \
                     the options of the others"
                ));
            }
            [first, second, ..] => {
                return Err(format!("{first} and {second} are both shard {number}/{of}; name each shard once"));
            }
        }
    }
    Ok(())
}

/// Each shard has a name of its own for its topics: the whole has none.
fn take_names_out(document: &mut Document) {
    let names = std::mem::take(&mut document.names);
    for case in &mut document.results {
        case.decided_by.seen = without_names(&case.decided_by.seen, &names);
        case.expected = case.expected.take().map(|expected| without_names(&expected, &names));
    }
}

fn merged(documents: &[&Document]) -> Document {
    let mut cases: BTreeMap<String, Vec<Told<'_>>> = BTreeMap::new();
    for (part, document) in documents.iter().enumerate() {
        let shard = document.shard.as_ref().map_or("", |shard| shard.shard.as_str());
        for case in &document.results {
            cases.entry(case.case.clone()).or_default().push(Told { part, shard, case });
        }
    }
    let decided_in: BTreeMap<&str, usize> =
        cases.iter().map(|(case, told)| (case.as_str(), worst_first(told)[0].part)).collect();
    let baseline = baseline(documents, &decided_in);
    let results: Vec<CaseReport> = cases.values().map(|told| worst(told)).collect();
    let model = documents[0];
    let ended =
        ENDED.into_iter().find(|ended| documents.iter().any(|document| speaks(document) && document.ended == *ended));
    let speaking =
        documents.iter().find(|document| speaks(document) && Some(document.ended) == ended).unwrap_or(&model);
    let mut mqtt: Vec<String> = documents.iter().flat_map(|document| document.mqtt.clone()).collect();
    mqtt.sort();
    mqtt.dedup();
    Document {
        started: documents.iter().map(|document| document.started.clone()).min().unwrap_or_default(),
        took_ms: documents.iter().map(|document| document.took_ms).max().unwrap_or_default(),
        ended: speaking.ended,
        exit: speaking.exit,
        why: speaking.why.clone(),
        selected: model.shard.as_ref().map_or(results.len(), |shard| shard.selected_by_all_shards),
        shard: None,
        names: NamesUsed::default(),
        left_behind: documents.iter().flat_map(|document| document.left_behind.clone()).collect(),
        summary: summary(&mqtt, &results),
        mqtt,
        results,
        explore: None,
        baseline,
        ..model.clone()
    }
}

/// A shard whose cases could all not be tried says nothing of the whole; one that could not even begin does.
fn speaks(document: &Document) -> bool {
    document.ended != Ended::NothingJudged || document.results.is_empty()
}

/// A case as one shard tells of it.
#[derive(Clone, Copy)]
struct Told<'a> {
    /// Which of the shards, from 0 on.
    part: usize,
    /// Its number, as it is told to people.
    shard: &'a str,
    case: &'a CaseReport,
}

/// Those that came to the worst verdict; before all one that no baseline expects.
fn worst_first<'a>(told: &[Told<'a>]) -> Vec<Told<'a>> {
    let place = |verdict| WORST_FIRST.iter().position(|known| *known == verdict).unwrap_or_default();
    let verdict = told.iter().map(|told| told.case.verdict).min_by_key(|verdict| place(*verdict));
    let mut those: Vec<Told<'a>> = told.iter().filter(|told| Some(told.case.verdict) == verdict).copied().collect();
    those.sort_by_key(|told| told.case.expected_by_baseline.is_some());
    those
}

/// What a case comes to over all shards that have it: the worst with its evidence, and which shards saw the same.
fn worst(told: &[Told<'_>]) -> CaseReport {
    let those = worst_first(told);
    let Told { shard, case, .. } = those[0];
    let mut case = case.clone();
    if told.len() > 1 {
        let likewise: Vec<&str> = those[1..].iter().map(|told| told.shard).collect();
        let likewise =
            if likewise.is_empty() { String::new() } else { format!(", and likewise in {}", likewise.join(", ")) };
        case.decided_by.seen = format!("{} (in shard {shard}{likewise})", case.decided_by.seen);
    }
    case
}

/// How the whole stands beside the baseline of its shards. What is listed of a case that all of them judge holds where that
/// case was decided; of cases that none has, each shard says the same.
fn baseline(documents: &[&Document], decided_in: &BTreeMap<&str, usize>) -> Option<BaselineReport> {
    let with_one: Vec<(usize, &BaselineReport)> =
        documents.iter().enumerate().filter_map(|(part, document)| Some((part, document.baseline.as_ref()?))).collect();
    let reports: Vec<&BaselineReport> = with_one.iter().map(|(_, report)| *report).collect();
    let place = |part: usize| with_one.iter().position(|(known, _)| *known == part);
    BaselineReport::merged(&reports, |case| decided_in.get(case).and_then(|part| place(*part)))
}

fn summary(mqtt: &[String], results: &[CaseReport]) -> BTreeMap<String, Summary> {
    let of = |version: &String| {
        let mut summary = Summary::default();
        for case in results.iter().filter(|case| case.mqtt == *version) {
            summary.count_one(case.verdict, case.marked == Some(Mark::Lenient));
            let is_expected = case.verdict == Verdict::Fail && case.expected_by_baseline.is_some();
            summary.expected_fail += usize::from(is_expected);
        }
        (version.clone(), summary)
    };
    mqtt.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::ShardOf;
    use crate::report::samples;
    use crate::scenario::Stop;

    fn shard(number: usize, verdict: Verdict) -> Shard {
        let stop = (verdict == Verdict::Fail).then_some(Stop::Failed);
        let mut document = samples::document(&[samples::result(&[(verdict, "seen"), (verdict, "seen")], stop)]);
        document.shard = Some(ShardOf { shard: format!("{number}/3"), selected_by_all_shards: 9 });
        (format!("{number}.json"), document)
    }

    /// What is stated, and what changes it.
    type Change = (&'static str, fn(&mut Document));

    fn problem(shards: Vec<Shard>) -> String {
        merge(shards).map(|_| ()).expect_err("refused")
    }

    #[test]
    fn the_worst_of_what_all_shards_judge_counts_and_says_where_it_was_seen() {
        let merged = |verdicts: [Verdict; 3]| {
            let shards = verdicts.into_iter().zip(1..).map(|(verdict, number)| shard(number, verdict));
            merge(shards.collect()).expect("one run")
        };
        let whole = merged([Verdict::Pass, Verdict::Fail, Verdict::Fail]);
        let case = &whole.results[0];
        assert_eq!((case.verdict, whole.results.len(), whole.selected), (Verdict::Fail, 1, 9));
        assert_eq!(case.decided_by.seen, "seen (in shard 2/3, and likewise in 3/3)");
        assert_eq!((whole.counts().cases, whole.counts().fail, &whole.shard), (1, 1, &None));
        let whole = merged([Verdict::Pass, Verdict::Observed, Verdict::NotExercised]);
        assert_eq!(whole.results[0].verdict, Verdict::Observed);
        assert_eq!(whole.results[0].decided_by.seen, "seen (in shard 2/3)");
    }

    #[test]
    fn what_is_no_whole_run_is_refused_with_the_way_out() {
        let all = || (1..=3).map(|number| shard(number, Verdict::Pass)).collect::<Vec<_>>();
        assert!(merge(all()).is_ok());
        let mut missing = all();
        missing.remove(1);
        assert!(problem(missing).starts_with("shard 2/3 is missing; run it: mqtt-assay run x --shard 2/3 --json FILE"));
        let mut twice = all();
        twice.push(shard(3, Verdict::Pass));
        assert_eq!(problem(twice), "3.json and 3.json are both shard 3/3; name each shard once");
        let mut whole = all();
        whole[0].1.shard = None;
        assert!(problem(whole).starts_with("1.json is no shard"));
        let change: [Change; 5] = [
            ("the program", |document| "9".clone_into(&mut document.tool.version)),
            ("the broker", |document| document.target.version = Some("2".to_owned())),
            ("the seed", |document| document.seed = 77),
            ("--strict", |document| document.options.strict = true),
            ("the selection of cases", |document| "other".clone_into(&mut document.selection)),
        ];
        for (what, change) in change {
            let mut shards = all();
            change(&mut shards[2].1);
            let said = problem(shards);
            assert!(said.starts_with(&format!("1.json and 3.json are shards of different runs: {what} is ")), "{said}");
        }
    }

    #[test]
    fn a_part_that_did_not_come_to_its_end_makes_the_whole_such() {
        let mut shards: Vec<Shard> = (1..=3).map(|number| shard(number, Verdict::Pass)).collect();
        shards[1].1.ended = Ended::Timeout;
        "--timeout is over".clone_into(&mut shards[1].1.why);
        let whole = merge(shards).expect("one run");
        assert_eq!((whole.ended, whole.why.as_str()), (Ended::Timeout, "--timeout is over"));
    }
}

//! `mqtt-assay report`: reports of runs read again: side by side, against each other, put together, in brief.

use super::exit::Exit;
use super::failure::Failure;
use super::guard::Guard;
use super::output::print;
use super::reports::{ReportFile, page_in, require_different_files};
use super::run::{beside_baseline, judged_in_words};
use super::trouble;
use crate::report::baseline::BaselineReport;
use crate::report::difference::{Change, Difference};
use crate::report::document::Document;
use crate::report::hunted::{self, HuntReport};
use crate::report::matrix::Matrix;
use crate::report::merge::{Shard, merge};
use crate::report::{Ended, badge, brief, html, json, junit, markdown};
use crate::scenario::Verdict;
use crate::text::{counted, single_line};
use anstream::AutoStream;
use clap::Args;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  mqtt-assay report mine.json                              as run --markdown writes it
  mqtt-assay report reports/*/report.json                  brokers side by side, as Markdown
  mqtt-assay report mine.json theirs.json --html page      the same as a page, page/index.html
  mqtt-assay report --diff 2.0.json 2.1.json               what another version does otherwise
  mqtt-assay report --merge shard-*.json --json all.json   the report of a run made in shards
  mqtt-assay report --merge shard-*.json --junit all.xml   the same for CI servers
  mqtt-assay report --brief mine.json --json kept.json     verdicts, small enough for a repository
  mqtt-assay report --merge hunt-*.json --html page        hunts of one broker, as fuzz --json writes them, as one

--diff compares cases by verdict, rules by verdict, and what decided them: codes, closes, values,
and times by class (up to 2 s, up to 10 s, later; within 2 s or a factor of two they are equal).
Names of a run, identifiers that a broker chooses, and what invariants saw first are left out.

Exit codes: --diff 0 nothing is broken, 1 something is (with --strict: anything differs); --merge
as the whole run would have ended; 2 a file is no report, or the reports don't belong together.";

/// Read reports again: several side by side, their difference, shards put together
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// Reports that `run --json`, or `fuzz --json`, has written; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// What the second run shows that the first did not
    #[arg(long, group = "way")]
    diff: bool,

    /// Put the shards of one run together
    #[arg(long, group = "way")]
    merge: bool,

    /// Leave transcripts, titles and times out, and what was seen where all is well
    #[arg(long, group = "way")]
    brief: bool,

    /// Side by side even if it is only one report
    #[arg(long, conflicts_with_all = ["way", "badge", "junit"])]
    matrix: bool,

    /// With --diff: any difference is exit code 1
    #[arg(long, requires = "diff")]
    strict: bool,

    /// Names for the columns, in the order of the files
    #[arg(long, value_name = "A,B", value_delimiter = ',', conflicts_with = "way")]
    names: Vec<String>,

    /// Write the difference, the whole report or the brief one as JSON; `-`: to standard output
    #[arg(long, value_name = "FILE", requires = "way")]
    json: Option<PathBuf>,

    /// Write the summary, or the runs side by side, in Markdown; where nothing is named, it goes to standard output
    #[arg(long, value_name = "FILE", conflicts_with_all = ["diff", "brief"])]
    markdown: Option<PathBuf>,

    /// Write one run, or shards put together, as JUnit
    #[arg(long, value_name = "FILE", conflicts_with_all = ["diff", "brief"])]
    junit: Option<PathBuf>,

    /// Write a page of all runs into this folder: DIR/index.html, one file that opens from a disk
    #[arg(long, value_name = "DIR", conflicts_with_all = ["diff", "brief"])]
    html: Option<PathBuf>,

    /// Write a badge of one run as SVG
    #[arg(long, value_name = "FILE", conflicts_with_all = ["diff", "brief"])]
    badge: Option<PathBuf>,
}

/// Reads the reports and does what is asked.
pub(crate) fn report(args: &ReportArgs) -> Result<Exit, Failure> {
    let guard = Guard::start(None, None).map_err(|error| trouble::no_means("nobody can watch over it", &error))?;
    let outputs = Outputs::open(args, &guard)?;
    let texts =
        args.files.iter().map(|path| json::text(path)).collect::<Result<Vec<_>, _>>().map_err(Failure::usage)?;
    if let Some(hunts) = hunts(&texts)? {
        return of_hunts(args, hunts, outputs);
    }
    let runs = texts.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    match (args.diff, args.merge, args.brief) {
        (true, ..) => difference(args, runs, outputs),
        (_, true, _) => merged(runs, outputs),
        (.., true) => in_brief(runs, outputs),
        _ => side_by_side(args, runs, outputs),
    }
}

fn read((name, text): (String, Vec<u8>)) -> Result<Shard, Failure> {
    let document = json::parse(&name, &text).map_err(Failure::usage)?;
    Ok((name, document))
}

/// The reports of hunts, where they are of hunts; of both kinds nothing can be made.
fn hunts(texts: &[(String, Vec<u8>)]) -> Result<Option<Vec<(String, HuntReport)>>, Failure> {
    let mut hunts = Vec::new();
    for (name, text) in texts {
        if let Some(hunt) = hunted::parse(name, text).map_err(Failure::usage)? {
            hunts.push((name.clone(), hunt));
        }
    }
    match hunts.len() {
        0 => Ok(None),
        count if count == texts.len() => Ok(Some(hunts)),
        _ => {
            let other = texts.iter().find(|(name, _)| hunts.iter().all(|(hunt, _)| hunt != name));
            let other = other.map_or("another", |(name, _)| name);
            Err(Failure::usage(format!(
                "{} is of a hunt and {other} is not: read the reports of hunts and of runs apart",
                hunts[0].0
            )))
        }
    }
}

/// Hunts of one broker, put together as one.
fn of_hunts(args: &ReportArgs, hunts: Vec<(String, HuntReport)>, outputs: Outputs) -> Result<Exit, Failure> {
    let others = [
        ("--diff", args.diff),
        ("--brief", args.brief),
        ("--matrix", args.matrix),
        ("--junit", args.junit.is_some()),
        ("--badge", args.badge.is_some()),
        ("--names", !args.names.is_empty()),
    ];
    if let Some((option, _)) = others.into_iter().find(|(_, is_given)| *is_given) {
        return Err(Failure::usage(format!(
            "{option} is of runs, and these are reports of a hunt: they are put together by --merge, and written by \
             --markdown, --html and --json"
        )));
    }
    let exits = hunts.iter().filter_map(|(_, hunt)| Exit::ALL.into_iter().find(|exit| exit.code() == hunt.exit));
    let exits: Vec<Exit> = exits.collect();
    let count = hunts.len();
    let mut whole = hunted::merge(hunts).map_err(Failure::usage)?;
    let exit = match Exit::worst(&exits) {
        // One part has repeated what another had no time for.
        Exit::Inconclusive | Exit::Success if whole.counts()[0] > 0 => Exit::Failed,
        exit => exit,
    };
    whole.exit = exit.code();
    if !args.merge && outputs.is_empty() {
        print(&hunted::summary(&whole))?;
        return Ok(Exit::Success);
    }
    let name = single_line(&whole.target.name);
    outputs.say(&format!("{} of {name}\n{}", counted(count, "hunt"), hunted::result(&whole, "")))?;
    outputs.write_hunt(&whole)?;
    Ok(if args.merge { exit } else { Exit::Success })
}

/// The files that are written, tried before anything is read.
struct Outputs {
    json: Option<ReportFile>,
    markdown: Option<ReportFile>,
    badge: Option<ReportFile>,
    junit: Option<ReportFile>,
    html: Option<ReportFile>,
    /// One of them is standard output, so that text for people goes elsewhere.
    take_stdout: bool,
}

impl Outputs {
    fn open(args: &ReportArgs, guard: &Guard) -> Result<Self, Failure> {
        let options = [
            ("--json", &args.json),
            ("--markdown", &args.markdown),
            ("--badge", &args.badge),
            ("--junit", &args.junit),
        ];
        let written = options.iter().filter_map(|(option, path)| Some((*option, path.as_deref()?)));
        let read = args.files.iter().filter(|path| path.as_os_str() != "-");
        let written: Vec<(&str, &Path)> = written.collect();
        for path in read {
            let pair: Vec<(&str, &Path)> =
                written.iter().copied().chain([("a report that is read", path.as_path())]).collect();
            require_different_files(&pair)?;
        }
        let take_stdout = written.iter().any(|(_, path)| path.as_os_str() == "-");
        let [json, markdown, badge, junit] =
            options.map(|(_, path)| path.as_deref().map(|path| ReportFile::open(path, guard)).transpose());
        let page = args.html.as_deref().map(page_in).transpose()?;
        let html = page.map(|path| ReportFile::open(&path, guard)).transpose()?;
        Ok(Self { json: json?, markdown: markdown?, badge: badge?, junit: junit?, html, take_stdout })
    }

    /// Text for people.
    fn say(&self, text: &str) -> Result<(), Failure> {
        let written = if self.take_stdout {
            AutoStream::auto(io::stderr()).write_all(text.as_bytes())
        } else {
            AutoStream::auto(io::stdout()).write_all(text.as_bytes())
        };
        super::output::settle(written)
    }

    fn is_empty(&self) -> bool {
        self.json.is_none()
            && self.markdown.is_none()
            && self.badge.is_none()
            && self.junit.is_none()
            && self.html.is_none()
    }

    /// Reports of a hunt.
    fn write_hunt(self, hunt: &HuntReport) -> Result<(), Failure> {
        let text = |file: ReportFile, text: String| {
            file.written(|out| out.write_all(text.as_bytes()).and_then(|()| out.flush()))
        };
        if let Some(file) = self.markdown {
            text(file, hunted::summary(hunt))?;
        }
        if let Some(file) = self.html {
            file.written(|out| html::hunt::write(out, hunt))?;
        }
        if let Some(file) = self.json {
            text(file, hunt.json())?;
        }
        Ok(())
    }

    /// Reports of one run.
    fn write(self, document: &Document) -> Result<(), Failure> {
        if let Some(file) = self.markdown {
            file.written(|out| markdown::write(out, document))?;
        }
        if let Some(file) = self.badge {
            file.written(|out| badge::write(out, document))?;
        }
        if let Some(file) = self.junit {
            file.written(|out| junit::write(out, document))?;
        }
        if let Some(file) = self.html {
            file.written(|out| html::write(out, std::slice::from_ref(document)))?;
        }
        if let Some(file) = self.json {
            file.written(|out| json::write(out, document))?;
        }
        Ok(())
    }
}

fn difference(args: &ReportArgs, runs: Vec<Shard>, outputs: Outputs) -> Result<Exit, Failure> {
    let [(_, before), (_, after)] = exactly(runs, "--diff takes two reports, the earlier one first")?;
    let difference = Difference::between(&before, &after);
    outputs.say(&difference.text())?;
    if let Some(file) = outputs.json {
        file.written(|out| {
            serde_json::to_writer_pretty(&mut *out, &difference)?;
            out.write_all(b"\n")?;
            out.flush()
        })?;
    }
    let is_worse = difference.count(Change::Broken) > 0 || args.strict && !difference.cases.is_empty();
    Ok(if is_worse { Exit::Failed } else { Exit::Success })
}

fn merged(runs: Vec<Shard>, outputs: Outputs) -> Result<Exit, Failure> {
    let count = runs.len();
    let mut exits: Vec<Exit> = runs.iter().filter_map(|(_, document)| exit_of(document)).collect();
    let mut whole = merge(runs).map_err(Failure::usage)?;
    if let Some(baseline) = &whole.baseline {
        // What a shard saw of a case that all judge need not be what counts.
        exits.retain(|exit| ![Exit::Failed, Exit::BaselineStale, Exit::Inconclusive].contains(exit));
        exits.extend(exits_beside(baseline, &whole));
    }
    let counts = whole.counts();
    let exit = match Exit::worst(&exits) {
        Exit::Success if counts.judged() == 0 => Exit::NothingJudged,
        exit => exit,
    };
    whole.exit = exit.code();
    let beside = whole.baseline.as_ref().and_then(|baseline| beside_baseline(exit, baseline, counts.cases));
    whole.why = beside.or_else(|| judged_in_words(exit, &counts)).unwrap_or(whole.why);
    let result = format!("Result: {} (exit code {})\n", single_line(&whole.why), exit.code());
    outputs.say(&format!("{} of {}\n{result}", counted(count, "shard"), single_line(&whole.broker())))?;
    outputs.write(&whole)?;
    Ok(exit)
}

/// What the whole comes to beside its baseline.
fn exits_beside(baseline: &BaselineReport, whole: &Document) -> Vec<Exit> {
    let has = |verdict| baseline.unlisted(verdict).next().is_some();
    let is_lost = whole.ended == Ended::BrokerDied;
    let applying = [
        (Exit::Failed, has(Verdict::Fail) || whole.options.strict && has(Verdict::Weak)),
        (Exit::Inconclusive, has(Verdict::Inconclusive) || is_lost),
        (Exit::BaselineStale, baseline.stale().next().is_some()),
    ];
    applying.into_iter().filter(|(_, applies)| *applies).map(|(exit, _)| exit).collect()
}

/// What a shard says about the whole. One whose cases could all not be tried says nothing, as long as others could.
fn exit_of(document: &Document) -> Option<Exit> {
    let exit = Exit::ALL.into_iter().find(|exit| exit.code() == document.exit).unwrap_or(Exit::Failed);
    let is_silent =
        exit == Exit::NothingJudged && document.ended == Ended::NothingJudged && !document.results.is_empty();
    (!is_silent).then_some(exit)
}

fn in_brief(runs: Vec<Shard>, outputs: Outputs) -> Result<Exit, Failure> {
    let [(_, document)] = exactly(runs, "--brief takes one report")?;
    match outputs.json {
        Some(file) => file.written(|out| brief::write(out, &document))?,
        None => super::output::settle(brief::write(&mut io::stdout(), &document))?,
    }
    Ok(Exit::Success)
}

fn side_by_side(args: &ReportArgs, runs: Vec<Shard>, outputs: Outputs) -> Result<Exit, Failure> {
    if let [(_, document)] = runs.as_slice()
        && !args.matrix
        && args.names.is_empty()
    {
        if outputs.is_empty() {
            print(&markdown::summary(document))?;
        } else {
            outputs.write(document)?;
        }
        return Ok(Exit::Success);
    }
    for (option, is_given) in [("--badge", args.badge.is_some()), ("--junit", args.junit.is_some())] {
        if is_given {
            return Err(Failure::usage(format!(
                "{option} is of one run; name one report, or put shards together by --merge"
            )));
        }
    }
    let runs = named(runs, &args.names)?;
    let text = Matrix::of(&runs).markdown();
    let has_page = outputs.html.is_some();
    match outputs.markdown {
        Some(file) => file.written(|out| out.write_all(text.as_bytes()).and_then(|()| out.flush()))?,
        None if has_page => {}
        None => print(&text)?,
    }
    if let Some(file) = outputs.html {
        let documents: Vec<Document> = runs.into_iter().map(|(_, document)| document).collect();
        file.written(|out| html::write(out, &documents))?;
    }
    Ok(Exit::Success)
}

fn exactly<const COUNT: usize>(runs: Vec<Shard>, otherwise: &str) -> Result<[Shard; COUNT], Failure> {
    runs.try_into().map_err(|runs: Vec<Shard>| Failure::usage(format!("{otherwise}; there are {}", runs.len())))
}

/// The runs by the names that were given, or by their brokers; where two brokers have one name, their files tell them apart.
fn named(runs: Vec<Shard>, names: &[String]) -> Result<Vec<Shard>, Failure> {
    if !names.is_empty() && names.len() != runs.len() {
        let (names, files) = (counted(names.len(), "name"), counted(runs.len(), "report"));
        return Err(Failure::usage(format!("--names gives {names} for {files}; write one for each, in their order")));
    }
    if !names.is_empty() {
        return Ok(names.iter().cloned().zip(runs.into_iter().map(|(_, document)| document)).collect());
    }
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for (_, document) in &runs {
        *times.entry(document.broker()).or_default() += 1;
    }
    let name = |(file, document): Shard| {
        let broker = document.broker();
        let name =
            if times.get(&broker).is_some_and(|times| *times > 1) { format!("{broker} ({file})") } else { broker };
        (name, document)
    };
    Ok(runs.into_iter().map(name).collect())
}

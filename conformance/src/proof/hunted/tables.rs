//! The proof of the hunt as tables.

use super::tries::{Found, HuntRow};
use std::fmt::Write as _;

const HEADER: &str = "bug\tsort\tfound\tcases\tseconds\toperations\twithout the auditor\twithout feedback\tshape";
const WAYS_HEADER: &str = "fault and way\tfound\tcases\tseconds\toperations\tby";

/// A line for each bug: how many of its seeds found it, and the medians.
pub fn hunt_table(rows: &[HuntRow]) -> String {
    let mut out = format!("{HEADER}\n");
    for row in rows {
        let Medians { cases, seconds, operations } = medians(&row.whole);
        let (bug, found) = (row.bug, share(&row.whole));
        let (auditor, feedback) = (control(&row.without_auditor), control(&row.without_feedback));
        let (name, sort, shape) = (bug.name(), bug.sort(), bug.shape());
        let _ =
            writeln!(out, "{name}\t{sort}\t{found}\t{cases}\t{seconds}\t{operations}\t{auditor}\t{feedback}\t{shape}");
    }
    out
}

/// A line for each fault on its way.
pub fn hunt_ways_table(rows: &[HuntRow]) -> String {
    let mut out = format!("{WAYS_HEADER}\n");
    for row in rows {
        let Medians { cases, seconds, operations } = medians(&row.whole);
        let by = row.whole.iter().flatten().next().map_or("-", |found| found.key.as_str());
        let _ = writeln!(out, "{}\t{}\t{cases}\t{seconds}\t{operations}\t{by}", row.bug.name(), share(&row.whole));
    }
    out
}

/// How many of them the median seed has found.
pub fn share_found(rows: &[HuntRow]) -> usize {
    rows.iter().filter(|row| row.is_found()).count()
}

struct Medians {
    cases: String,
    seconds: String,
    operations: String,
}

/// The medians over all seeds; one that has not found it has taken longer than any that has.
fn medians(tries: &[Option<Found>]) -> Medians {
    let said = |value: Option<u64>| value.map_or("-".to_owned(), |value| value.to_string());
    let milliseconds = median(tries, |found| u64::try_from(found.time.as_millis()).unwrap_or(u64::MAX));
    let seconds = milliseconds.map_or("-".to_owned(), |value| format!("{}.{:02}", value / 1000, value % 1000 / 10));
    // Of a finding that no one case can be named for there is nothing to count.
    let operations = median(tries, |found| found.operations.1 as u64).filter(|count| *count > 0);
    Medians { cases: said(median(tries, |found| found.cases)), seconds, operations: said(operations) }
}

fn median(tries: &[Option<Found>], of: impl Fn(&Found) -> u64) -> Option<u64> {
    let mut values: Vec<u64> = tries.iter().map(|found| found.as_ref().map_or(u64::MAX, &of)).collect();
    values.sort_unstable();
    let middle = values.get(values.len().saturating_sub(1) / 2).copied()?;
    (middle < u64::MAX).then_some(middle)
}

fn share(tries: &[Option<Found>]) -> String {
    format!("{}/{}", tries.iter().flatten().count(), tries.len())
}

/// What a hunt with one thing less has come to: how many seeds, and how long.
fn control(tries: &[Option<Found>]) -> String {
    if tries.is_empty() {
        return "-".to_owned();
    }
    let seconds = medians(tries).seconds;
    if tries.iter().all(Option::is_none) { "not found".to_owned() } else { format!("{} {seconds}", share(tries)) }
}

impl HuntRow {
    /// Whether the median seed has found it.
    pub fn is_found(&self) -> bool {
        median(&self.whole, |found| found.cases).is_some()
    }

    /// What is wrong with the hunt, where something is.
    pub fn defects(&self) -> Vec<String> {
        let name = self.bug.name();
        if !self.bug.is_sound() {
            let missed =
                (!self.is_found()).then(|| format!("{name} was not found by the median of {}", self.whole.len()));
            return missed.into_iter().collect();
        }
        let alarms = (1..).zip(&self.whole).filter_map(|(seed, found)| {
            let Found { key, seen, record, .. } = found.as_ref()?;
            let (seen, details) = (crate::text::single_line(seen), self.bug.details(seed));
            let record = record.as_deref().unwrap_or("no record");
            Some(format!("{name} with seed {seed}{details} gave a false alarm, {key}: {seen}\n{record}"))
        });
        alarms.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::bugs::{Bug, bugs};
    use super::*;
    use std::time::Duration;

    fn found(cases: u64, milliseconds: u64, operations: usize) -> Found {
        Found {
            cases,
            time: Duration::from_millis(milliseconds),
            operations: (30, operations),
            key: "auditor 5/MQTT-3.3.1-10 - retained".to_owned(),
            seen: "it came again".to_owned(),
            record: None,
        }
    }

    fn rows() -> Vec<HuntRow> {
        let all = bugs();
        vec![
            HuntRow {
                bug: Bug::Sound,
                whole: vec![None, Some(found(9, 20, 3))],
                without_auditor: Vec::new(),
                without_feedback: Vec::new(),
            },
            HuntRow {
                bug: all[0],
                whole: vec![Some(found(7000, 3210, 2)), Some(found(10, 5, 4)), None],
                without_auditor: vec![Some(found(1, 2, 3))],
                without_feedback: vec![None, None],
            },
            HuntRow {
                bug: all[all.len() - 1],
                whole: vec![None, None, Some(found(10, 5, 4))],
                without_auditor: vec![None],
                without_feedback: vec![Some(found(10, 5, 4))],
            },
        ]
    }

    #[test]
    fn it_reads_so() {
        insta::assert_snapshot!(format!("{}\n{}", hunt_table(&rows()), hunt_ways_table(&rows()[1..])));
    }

    #[test]
    fn what_is_missed_and_what_is_no_bug_is_a_defect() {
        let rows = rows();
        assert_eq!(share_found(&rows[1..]), 1);
        assert!(rows[1].defects().is_empty());
        assert!(rows[0].defects()[0].contains("false alarm") && rows[2].defects()[0].contains("not found"));
    }
}

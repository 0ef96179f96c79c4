//! Records of several cases as one, for what none of them does alone.

use super::transcript::{Line, Remark, Transcript, What};
use std::time::Duration;

impl Transcript {
    /// One record of all that happened in these, one after the other; nothing where nothing has. Roles have the number of
    /// their record before them. What was said of a single record is left out: its lines have other numbers here.
    pub(crate) fn joined(records: Vec<Self>) -> Option<Self> {
        let mut records: Vec<Self> = records.into_iter().filter(|record| !record.lines.is_empty()).collect();
        let (first, count) = (records.first()?, records.len());
        if count == 1 {
            return records.pop();
        }
        let mut joined = Self::new(first.case.clone(), first.mqtt);
        for (place, record) in (1..).zip(&records) {
            joined.append(record, &format!("{place}."), &format!("case {place} of {count}"));
        }
        Some(joined)
    }

    fn append(&mut self, record: &Self, prefix: &str, what: &str) {
        let begun = self.lines.last().map_or(Duration::ZERO, |line| line.at);
        let is_done = |line: &&Line| !matches!(line.what, What::Said(..));
        for (place, line) in record.lines.iter().filter(is_done).enumerate() {
            let role = format!("{prefix}{}", line.role);
            if place == 0 {
                self.add(begun + line.at, &role, What::Said(Remark::Notes, what.to_owned()));
            }
            self.speaks(&role, record.version_of(&line.role));
            self.add(begun + line.at, &role, line.what.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use mqtt_assay_codec::Version;

    fn record(version: Version, roles: &[&str]) -> Transcript {
        let mut record = Transcript::new("case", version);
        for role in roles {
            record.add(Duration::from_secs(1), role, What::Open);
            let bytes = Bytes::from_static(b"\xC0\0");
            record.add(Duration::from_secs(2), role, What::Sent { bytes, mutation: None });
        }
        record.add(Duration::from_secs(2), roles[0], What::Said(Remark::Decides, "line 1: it died".to_owned()));
        record
    }

    #[test]
    fn of_one_it_is_that_one_and_of_none_there_is_none() {
        assert_eq!(Transcript::joined(Vec::new()), None);
        let nothing = Transcript::new("case", Version::V5);
        assert_eq!(Transcript::joined(vec![nothing.clone()]), None);
        let one = record(Version::V5, &["rogue"]);
        assert_eq!(Transcript::joined(vec![nothing, one.clone()]), Some(one));
    }

    #[test]
    fn of_several_each_connection_is_one_of_its_own_and_time_goes_on() {
        let mut mixed = record(Version::V5, &["one", "two"]);
        mixed.speaks("two", Version::V3_1_1);
        let joined = Transcript::joined(vec![record(Version::V3_1_1, &["one"]), mixed]).expect("two records");
        insta::assert_snapshot!(joined, @r"
        mqtt-assay transcript 1
        case case
        mqtt 3.1.1
        role 2.one mqtt 5
           1    1.000000 1.one        notes: case 1 of 2
           2    1.000000 1.one        open
           3    2.000000 1.one        -> c000 ; PINGREQ
           4    3.000000 2.one        notes: case 2 of 2
           5    3.000000 2.one        open
           6    4.000000 2.one        -> c000 ; PINGREQ
           7    3.000000 2.two        open
           8    4.000000 2.two        -> c000 ; PINGREQ
        ");
        assert_eq!(joined.to_string().parse(), Ok(joined));
    }
}

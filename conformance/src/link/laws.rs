//! What the fuzz target `transcript_parse` does with its input. A law that does not hold panics.
//!
//! Not a part of the crate's interface: nothing here is stable.

use super::transcript::Transcript;

/// Any text as a transcript: what is read can be printed, and is read from there as the same.
///
/// # Panics
///
/// If the law does not hold.
pub fn transcript_parse(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match text.parse::<Transcript>() {
        Ok(transcript) => {
            let printed = transcript.to_string();
            assert_eq!(printed.parse().as_ref(), Ok(&transcript), "{printed}");
        }
        Err(error) => {
            let lines = text.lines().count().max(1);
            assert!((1..=lines).contains(&error.line), "{error}, of {lines}");
            assert!(!error.problem.is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::transcript_parse;
    use crate::link::{Remark, Transcript, What};
    use crate::wire::Ending;
    use bytes::Bytes;
    use mqtt_assay_codec::{Connect, Context, Expectation, MUTATIONS, Packet, Publish, Sender, Version};
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    fn folder(kind: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(kind).join("transcript_parse")
    }

    fn replay(input: &[u8], title: &str) {
        assert!(std::panic::catch_unwind(|| transcript_parse(input)).is_ok(), "{title}: see the panic above");
    }

    #[test]
    fn the_corpus_breaks_no_law() {
        let mut files: Vec<PathBuf> = ["corpus", "regressions"]
            .into_iter()
            .flat_map(|kind| fs::read_dir(folder(kind)).into_iter().flatten())
            .map(|entry| entry.expect("can be listed").path())
            .collect();
        files.sort();
        assert!((1..500).contains(&files.len()), "{} files", files.len());
        for path in files {
            replay(&fs::read(&path).expect("can be read"), &path.display().to_string());
        }
    }

    #[test]
    fn the_seeds_break_no_law() {
        let seeds = seeds();
        for seed in &seeds {
            assert!(seed.parse::<Transcript>().is_ok(), "{seed}");
            replay(seed.as_bytes(), seed);
        }
        if std::env::var_os("MQTT_ASSAY_WRITE").is_some_and(|value| value == "1") {
            fs::create_dir_all(folder("seeds")).expect("can be made");
            for (index, seed) in seeds.iter().enumerate() {
                fs::write(folder("seeds").join(format!("{index:05}")), seed).expect("can be written");
            }
        }
    }

    /// One transcript for each happening, with packets that are legal and packets that are not.
    fn seeds() -> Vec<String> {
        let mut seeds = Vec::new();
        for version in [Version::V3_1_1, Version::V5] {
            for (index, what) in happenings(version).into_iter().enumerate() {
                let mut transcript = Transcript::new("5/publish/example", version);
                transcript.add(Duration::ZERO, "rogue", What::Open);
                transcript.add(Duration::from_micros(7 + 1_000_003 * index as u64), "watcher#2", what);
                seeds.push(transcript.to_string());
            }
        }
        seeds
    }

    fn happenings(version: Version) -> Vec<What> {
        let legal = [
            Packet::Pingreq,
            Packet::Publish(Publish { topic: "a/b", payload: b"\x1b[31m", ..Publish::default() }),
            Packet::Connect(Connect { client_id: "ann", ..Connect::default() }),
        ];
        let mut all = vec![What::HalfClosed];
        for ending in [Ending::Fin, Ending::Reset] {
            all.extend([What::Ended(ending), What::Closed(ending)]);
        }
        for remark in [Remark::Expects, Remark::Decides, Remark::Notes] {
            all.push(What::Said(remark, "a fence; -> c000 !pid.zero\nand more".to_owned()));
        }
        for packet in legal {
            let bytes = packet.to_bytes(version).expect("legal");
            all.extend([What::Sent { bytes: bytes.clone(), mutation: None }, What::Received(bytes.clone())]);
            let context = Context::new(version, Sender::Client);
            let mutated = MUTATIONS.iter().filter_map(|mutation| Some((mutation, mutation.apply(&bytes, context)?)));
            for (mutation, mutated) in mutated.filter(|(_, mutated)| mutated.bytes.len() < 60).take(12) {
                let mutation = (mutated.expectation != Expectation::Waits).then(|| mutation.name.to_owned());
                all.push(What::Sent { bytes: Bytes::from(mutated.bytes), mutation });
            }
        }
        all
    }
}

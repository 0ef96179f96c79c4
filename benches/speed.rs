//! Time of each codec at each case, by criterion, and a table of the medians: `cargo bench --bench speed`.

mod contest;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use contest::table;
use contest::{Case, Entry};
use criterion::{BenchmarkId, Criterion, Throughput};

fn main() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion");
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .sample_size(20)
        .nresamples(2_000)
        .output_directory(&directory)
        .configure_from_args();
    let chosen = contest::chosen_by_arguments();
    for group in contest::groups() {
        for case in group.cases.iter().filter(|case| chosen(&name(group.title, case))) {
            compare(&mut criterion, group.title, case);
        }
    }
    criterion.final_summary();
    table::print("median nanoseconds", true, chosen, |group, case, entry| {
        table::each(median(&directory, group, case, entry), case.packets)
    });
}

/// All codecs at one case.
fn compare(criterion: &mut Criterion, group: &str, case: &Case) {
    let mut group = criterion.benchmark_group(name(group, case));
    group.throughput(Throughput::ElementsAndBytes { elements: case.packets as u64, bytes: case.bytes.len() as u64 });
    for Entry { codec, mut job } in contest::entries(case) {
        group.bench_function(BenchmarkId::from_parameter(codec), |bencher| {
            bencher.iter_custom(|rounds| {
                let mut measured = Duration::ZERO;
                for _ in 0..rounds {
                    job.prepare();
                    let start = Instant::now();
                    job.run();
                    measured += start.elapsed();
                }
                assert!(job.done_right(), "{codec} at {}: not all packets came through", case.name);
                measured
            });
        });
    }
    group.finish();
}

fn name(group: &str, case: &Case) -> String {
    format!("{group}/{}", case.name)
}

/// Nanoseconds of a run, as criterion wrote them down; not a number where it was not measured.
fn median(directory: &Path, group: &str, case: &Case, entry: &Entry) -> f64 {
    let file: PathBuf =
        directory.join(name(group, case).replace('/', "_")).join(entry.codec).join("new").join("estimates.json");
    let estimates = fs::read(file).ok().and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok());
    estimates.and_then(|estimates| estimates["median"]["point_estimate"].as_f64()).unwrap_or(f64::NAN)
}

//! Instructions of each codec at each case, counted by callgrind: `cargo bench --bench instructions`.
//!
//! The program runs itself once under valgrind, which writes one profile for each call of [`measured_job`]. The profiles
//! stay where they are, to be looked at with `callgrind_annotate`.

mod contest;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use contest::table;
use contest::{Entry, Job};

/// Set in the run under valgrind.
const UNDER_VALGRIND: &str = "MQTT_ASSAY_BENCHES_UNDER_VALGRIND";

fn main() -> ExitCode {
    if std::env::var_os(UNDER_VALGRIND).is_some() {
        run_all();
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("valgrind is not installed, so instructions are not counted (Debian: apt-get install valgrind)");
        return ExitCode::SUCCESS;
    }
    match count() {
        Ok(profiles) => print_counts(&profiles),
        Err(error) => {
            eprintln!("instructions could not be counted: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is counted. It returns here, by no jump into `run`: valgrind must see the end of it.
#[inline(never)]
fn measured_job(job: &mut dyn Job) -> usize {
    black_box(job.run())
}

/// Every chosen codec and case, in the order of the tables; the first run of each pays what is paid only once.
fn run_all() {
    let chosen = contest::chosen_by_arguments();
    for group in contest::groups() {
        let cases = group.cases.iter().filter(|case| chosen(&format!("{}/{}", group.title, case.name)));
        for (case, Entry { codec, mut job }) in
            cases.flat_map(|case| contest::entries(case).into_iter().map(move |entry| (case, entry)))
        {
            job.prepare();
            job.run();
            job.prepare();
            measured_job(&mut *job);
            assert!(job.done_right(), "{codec} at {}, {}: not all packets came through", group.title, case.name);
        }
    }
}

/// Runs this program under callgrind; returns the stem of the profiles' names.
fn count() -> Result<PathBuf, String> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("instructions");
    // Nothing of an earlier run may be taken for this one's.
    _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let stem = directory.join("callgrind.out");
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--collect-atstart=no"])
        .args(["--toggle-collect=instructions::measured_job", "--dump-after=instructions::measured_job"])
        .arg(format!("--callgrind-out-file={}", stem.display()))
        .arg(program)
        .args(std::env::args().skip(1))
        .env(UNDER_VALGRIND, "1")
        .status()
        .map_err(|error| error.to_string())?;
    if status.success() { Ok(stem) } else { Err(format!("valgrind ended with {status}")) }
}

fn print_counts(stem: &Path) -> ExitCode {
    let mut profile = 0;
    table::print("instructions", true, contest::chosen_by_arguments(), |_, case, _| {
        profile += 1;
        table::each(total(&stem.with_extension(format!("out.{profile}"))), case.packets)
    });
    println!("\nProfiles, in the order of the tables: {}.1 to .{profile}", stem.display());
    ExitCode::SUCCESS
}

/// Instructions in a profile.
fn total(profile: &Path) -> f64 {
    let text = fs::read_to_string(profile).unwrap_or_else(|error| panic!("{}: {error}", profile.display()));
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: "));
    totals.and_then(|totals| totals.trim().parse().ok()).unwrap_or_else(|| panic!("no totals in {}", profile.display()))
}

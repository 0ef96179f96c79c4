//! Allocations of each codec at each case: `cargo bench --bench allocations`.

mod contest;

use contest::table;

fn main() {
    table::print("allocations", false, contest::chosen_by_arguments(), |group, case, entry| {
        entry.job.prepare();
        let mut packets = 0;
        let counted = allocation_counter::measure(|| packets = entry.job.run());
        assert!(entry.job.done_right(), "{} at {group}, {}: not all packets came through", entry.codec, case.name);
        table::each(f64::from(u32::try_from(counted.count_total).unwrap_or(u32::MAX)), packets)
    });
}

//! How a figure is taken and printed.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    time::Instant,
};

use hdrhistogram::Histogram;

pub(crate) fn row(name: &str, value: &str) {
    println!("{name:<58} {value:>14}");
}

pub(crate) fn micros(times: &Histogram<u64>) -> String {
    format!("{:.0} us", times.value_at_quantile(0.5) as f64 / 1e3)
}

pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("a histogram")
}

/// What one durable write costs this machine at least.
pub(crate) fn fsyncs(folder: &Path) -> Histogram<u64> {
    let mut file = File::create(folder.join("fsync")).expect("a file");
    let mut times = histogram();
    for _ in 0..300 {
        let start = Instant::now();
        file.write_all(&[7; 4096]).and_then(|()| file.sync_data()).expect("a write");
        times.saturating_record(nanos(start));
    }
    fs::remove_file(folder.join("fsync")).expect("removed");
    times
}

pub(crate) fn nanos(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

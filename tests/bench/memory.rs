//! Peak memory of a process, as Linux counts it: of `self`, or of another by its number.

/// Begins counting anew.
pub(crate) fn forget_peak(process: &str) {
    if let Err(error) = std::fs::write(format!("/proc/{process}/clear_refs"), "5") {
        println!("the peak includes what came before: {error}");
    }
}

/// Megabytes of resident memory at the peak.
pub(crate) fn peak_mb(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes / 1_000)
}

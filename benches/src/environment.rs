//! Where a run was measured.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::experiment::Profile;

/// The machine and the state of the code: without it a timing means nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Environment {
    /// The processor's name.
    pub cpu: String,
    /// Cores that are used: the threads of the pool, which peers and rivals have as many of.
    pub cores: usize,
    /// Operating system and architecture.
    pub system: String,
    /// The commit, with `+` where files were changed since.
    pub commit: String,
    /// When, UTC.
    pub date: String,
    /// Quick or full.
    pub profile: Profile,
    /// The best large matrix product of the run, in GFLOP/s, where a speed row measured it.
    pub gemm_peak: Option<f64>,
    /// Versions of the peers that took part.
    pub peers: Vec<String>,
}

impl Environment {
    /// Asks the system.
    pub fn now(profile: Profile) -> Self {
        Environment {
            cpu: cpu_name().unwrap_or_else(|| "unknown processor".into()),
            cores: rayon::current_num_threads(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            commit: commit().unwrap_or_else(|| "unknown".into()),
            date: date(SystemTime::now()),
            profile,
            gemm_peak: None,
            peers: Vec::new(),
        }
    }

    /// The one-line description that stands under the table.
    pub fn line(&self) -> String {
        let peak = self.gemm_peak.map_or(String::new(), |x| format!(" · GEMM peak {x:.0} GFLOP/s"));
        let peers: String = self.peers.iter().map(|peer| format!(" · {peer}")).collect();
        let (cores, profile) = (self.cores, format!("{:?}", self.profile).to_lowercase());
        let Environment { cpu, system, commit, date, .. } = self;
        format!(
            "{cpu} · {cores} cores · {system} · commit {commit} · {date} · {profile}{peak}{peers}"
        )
    }
}

fn cpu_name() -> Option<String> {
    if let Ok(info) = std::fs::read_to_string("/proc/cpuinfo") {
        let line = info.lines().find(|line| line.starts_with("model name"))?;
        return Some(line.split_once(':')?.1.trim().to_owned());
    }
    said_by("sysctl", &["-n", "machdep.cpu.brand_string"])
}

fn commit() -> Option<String> {
    let hash = said_by("git", &["rev-parse", "--short", "HEAD"])?;
    let changed = said_by("git", &["status", "--porcelain", "--untracked-files=no"]).is_some();
    Some(if changed { hash + "+" } else { hash })
}

/// What a program prints; `None` if it fails or prints nothing.
fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// `2026-11-22 21:18 UTC`: the proleptic Gregorian calendar from days since 1970, counted in
/// 400-year eras that begin on a 1 March, so that the leap day ends a year.
fn date(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, minutes) = (seconds / 86_400, seconds / 60 % 1440);
    let days = days + 719_468; // from 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates_are_the_calendars() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_709_251_200, "2024-03-01 00:00 UTC"),
            (1_798_761_599, "2026-12-31 23:59 UTC"),
        ] {
            assert_eq!(date(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn the_line_names_what_a_timing_depends_on() {
        let mut here = Environment::now(Profile::Full);
        here.gemm_peak = Some(170.4);
        here.peers = vec!["torch 2".into()];
        let line = here.line();
        for part in [here.cpu.as_str(), "cores", "full", "GEMM peak 170 GFLOP/s", "torch 2"] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
}

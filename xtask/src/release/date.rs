//! A calendar date from the system clock.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

/// The date in UTC as `YYYY-MM-DD`.
pub(crate) fn of(time: SystemTime) -> Result<String> {
    let since = time.duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
    let (year, month, day) = civil(since.as_secs() / 86_400);
    Ok(format!("{year:04}-{month:02}-{day:02}"))
}

/// Year, month and day of a number of days after 1970-01-01 in the Gregorian calendar. Years are
/// counted from March, so that the leap day is a year's last (Hinnant, chrono-compatible
/// low-level date algorithms, `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // from 0000-03-01
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_agree_with_the_calendar() {
        // Seconds from `date --utc --date=… +%s`.
        for (seconds, date) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_709_251_199, "2024-02-29"),
            (1_709_251_200, "2024-03-01"),
            (1_767_225_599, "2025-12-31"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(of(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap(), date);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for day in 1..100_000 {
            let (year, month, before) = civil(day - 1);
            let leap = month == 2 && (year % 4 == 0 && year % 100 != 0 || year % 400 == 0);
            let length = lengths[month as usize - 1] + u64::from(leap);
            let expected = match (month, before) {
                (12, 31) => (year + 1, 1, 1),
                (month, last) if last == length => (year, month + 1, 1),
                (month, before) => (year, month, before + 1),
            };
            assert_eq!(civil(day), expected);
        }
    }
}

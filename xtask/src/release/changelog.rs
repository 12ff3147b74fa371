//! The changelog: what is unreleased gets the version and the date, and a new section opens.

use anyhow::{Context, Result, ensure};

/// The changelog with its `## Unreleased` section closed as `version` of `date`.
pub(crate) fn close(text: &str, version: &str, date: &str) -> Result<String> {
    let lines: Vec<&str> = text.lines().collect();
    let is_unreleased =
        |line: &&str| matches!(line.trim_end(), "## Unreleased" | "## [Unreleased]");
    let at = lines.iter().position(is_unreleased).context(
        "there is no section `## Unreleased`: open one above the last release and say what changed",
    )?;
    let body = lines[at + 1..].iter().take_while(|line| !line.starts_with("## "));
    ensure!(
        body.clone().any(|line| !line.trim().is_empty() && !line.starts_with('#')),
        "the section `## Unreleased` is empty: say what {version} changes"
    );
    let heading = lines[at].trim_end();
    let released = heading.replace("Unreleased", version);
    let mut closed: Vec<&str> = lines[..=at].to_vec();
    let dated = format!("{released} - {date}");
    closed.extend(["", &dated]);
    closed.extend(&lines[at + 1..]);
    Ok(closed.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_dated_and_a_new_one_opens() {
        let text =
            "# Changelog\n\n## [Unreleased]\n\n- Ops.\n\n## [0.1.0] - 2026-01-02\n\n- All.\n";
        let closed = close(text, "0.2.0", "2026-03-04").unwrap();
        let expected =
            text.replace("## [Unreleased]\n", "## [Unreleased]\n\n## [0.2.0] - 2026-03-04\n");
        assert_eq!(closed, expected);
    }

    #[test]
    fn a_release_says_what_it_changes() {
        for text in ["", "# Changelog\n", "## Unreleased\n\n### Added\n\n## 0.1.0\n- All.\n"] {
            assert!(close(text, "0.2.0", "2026-03-04").is_err(), "{text}");
        }
    }

    #[test]
    fn an_empty_section_after_a_release_is_no_release() {
        let once = close("## Unreleased\n- Ops.\n", "0.2.0", "2026-03-04").unwrap();
        assert!(close(&once, "0.3.0", "2026-03-05").is_err());
    }
}

//! The repository works in any directory of any machine.

use super::finding::Finding;
use super::tree::Tree;

/// Directories of a single machine, written in two halves so that this file passes its own rule.
const PLACES: [&str; 3] =
    [concat!("/wo", "rk/"), concat!("/tmp/ba", "sh_jobs"), concat!("/ro", "ot/")];

/// No text file names a place that exists on one machine only.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in &tree.text {
        for (at, line) in text.lines().enumerate() {
            if let Some(place) = PLACES.iter().find(|place| names(line, place)) {
                findings.push(Finding::new(
                    (path, at + 1),
                    format!("`{place}` is a place on one machine"),
                    "a clone works in any directory",
                    "a path from the workspace root, a temporary directory, or an argument",
                ));
            }
        }
    }
    findings
}

/// Whether `line` holds `place` as an absolute path, not as the middle of a longer one.
fn names(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-}".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn absolute_places_are_found_and_relative_ones_are_not() {
        let bad = format!("fine\nread {}data\n", PLACES[0]);
        let home = format!("PATH={}bin", PLACES[2]);
        let fine = format!("see docs{}chapter.md and ${{dir}}{}x", PLACES[0], PLACES[0]);
        let tree = Tree::of(&[("a.md", &bad), ("b.sh", &home), ("c.md", &fine)]);
        assert_eq!(places(&check(&tree)), ["a.md:2", "b.sh:1"]);
    }
}

//! Small files, one subject each.

use super::finding::Finding;
use super::tree::Tree;

const LIMIT: usize = 500;
const WRITTEN: [&str; 9] = [".rs", ".md", ".toml", ".py", ".sh", ".html", ".css", ".js", ".yml"];

/// No file that people write is longer than 500 lines; what grows by its nature (the changelog) or
/// is generated (the lock file, snapshots) is not counted.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let written = tree.text.iter().filter(|(path, _)| {
        path.as_str() != "CHANGELOG.md" && WRITTEN.iter().any(|ending| path.ends_with(ending))
    });
    let long = written.map(|(path, text)| (path, text.lines().count()));
    long.filter(|(_, lines)| *lines > LIMIT)
        .map(|(path, lines)| {
            Finding::new(
                (path, lines),
                format!("{lines} lines"),
                "a file has one subject and is read in one sitting",
                format!("split it by subject: {LIMIT} lines at most, under 300 is good"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn long_files_are_found() {
        let (fits, long) = ("//\n".repeat(500), "//\n".repeat(501));
        let tree = Tree::of(&[
            ("a.rs", &fits),
            ("b.rs", &long),
            ("c.py", &long),
            ("CHANGELOG.md", &long),
            ("Cargo.lock", &long),
            ("messages.snap", &long),
        ]);
        assert_eq!(places(&check(&tree)), ["b.rs:501", "c.py:501"]);
    }
}

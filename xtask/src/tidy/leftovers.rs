//! Nothing is switched off.

use super::finding::Finding;
use super::tokens;
use super::tree::Tree;

/// No `#[ignore]`, and no listing that is not compiled.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in &tree.rust {
        for token in tokens::find(source, &["#", "[", "ignore"]) {
            findings.push(Finding::new(
                (path, token.line),
                "this test never runs",
                "what is on main is whole and checked",
                "make the test pass and fast enough, or delete it",
            ));
        }
    }
    for (path, text) in &tree.text {
        let is_rustdoc = path.ends_with(".rs") || path.starts_with("crates/");
        for (at, line) in text.lines().enumerate().filter(|_| is_rustdoc) {
            if is_ignored_listing(line) {
                findings.push(Finding::new(
                    (path, at + 1),
                    "this listing is never compiled",
                    "a listing that is not compiled soon lies",
                    "let it compile (`no_run`, hidden `# ` lines), or mark it `text`",
                ));
            }
        }
    }
    findings
}

/// Whether the line opens a Markdown listing marked `ignore`, in a doc comment or a README.
fn is_ignored_listing(line: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).unwrap_or(line);
    let Some(marks) = line.trim_start().strip_prefix("```") else { return false };
    marks.split([',', ' ']).any(|mark| mark == "ignore")
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn ignored_tests_are_found_in_code_alone() {
        let source = "#[test]\n#[ignore = \"slow\"]\nfn d() {}\n// #[ignore]\nconst S: &str = \"#[ignore]\";";
        assert_eq!(places(&check(&Tree::of(&[("a.rs", source)]))), ["a.rs:2"]);
    }

    #[test]
    fn listings_are_compiled() {
        let tree = Tree::of(&[
            ("a.rs", "//! ```text\n//! ```\n//! ```rust,ignore\n//! ```\nfn f() {}"),
            ("crates/nn/README.md", "```ignore\n```\n"),
            ("docs/a.md", "```rust,ignore\n{{#include a.rs}}\n```\n"),
        ]);
        assert_eq!(places(&check(&tree)), ["a.rs:3", "crates/nn/README.md:1"]);
    }
}

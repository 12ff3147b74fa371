//! Nothing is left undone, switched off or printed by accident.

use super::finding::Finding;
use super::tokens;
use super::tree::Tree;

/// What must not stand in code: its tokens and what to do about it.
const CODE: [(&[&str], &str); 4] = [
    (&["todo", "!"], "write it, or leave it out"),
    (&["unimplemented", "!"], "write it, or leave it out"),
    (&["dbg", "!"], "remove it"),
    (&["#", "[", "ignore"], "make the test pass and fast enough, or delete it"),
];

/// No `todo!`, `unimplemented!`, `dbg!` or `#[ignore]`, and no listing that is not compiled.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in &tree.rust {
        for (pattern, right) in CODE {
            for token in tokens::find(source, pattern) {
                let what = format!("`{}` is left here", pattern.concat());
                let why = "what is on main is whole and checked";
                findings.push(Finding::new((path, token.line), what, why, right));
            }
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
    fn leftovers_are_found_in_code_alone() {
        let source = "fn a() { todo!() }\nfn b() { unimplemented!(\"no\") }\nfn c() { dbg!(1); }\n\
                      #[test]\n#[ignore = \"slow\"]\nfn d() {}\n// todo!()\nconst S: &str = \"dbg!(\";";
        let tree = Tree::of(&[("a.rs", source)]);
        assert_eq!(places(&check(&tree)), ["a.rs:1", "a.rs:2", "a.rs:3", "a.rs:5"]);
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

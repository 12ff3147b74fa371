//! The docs' listings come from programs that are compiled: a listing elsewhere than on a crate's
//! front page (which rustdoc tests) is included from an example, or stands in one word for word.

use super::finding::Finding;
use super::links;
use super::tree::Tree;

/// Every Rust listing of the book and of the workspace's own pages is compiled, and the named part
/// of every included file exists.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let pages = tree.text.iter().filter(|(path, _)| {
        path.ends_with(".md") && !path.starts_with("crates/") && !path.starts_with("xtask/")
    });
    let compiled: Vec<String> =
        tree.text.iter().filter(is_compiled).map(|(_, t)| bare(t)).collect();
    let mut findings = Vec::new();
    for (path, text) in pages {
        for (line, listing) in rust_listings(text) {
            let bare = bare(&listing);
            if !listing.contains("{{#") && !compiled.iter().any(|text| text.contains(&bare)) {
                findings.push(Finding::new(
                    (path, line),
                    "nothing compiles this listing",
                    "a listing that is not compiled soon lies",
                    "{{#include}} it from an example, or copy one word for word (or a front page)",
                ));
            }
        }
        for (at, line) in text.lines().enumerate() {
            for (target, part) in links::includes(line) {
                let Some(included) = links::resolve(path, target).and_then(|p| tree.text.get(&p))
                else {
                    continue; // the links' rule names it
                };
                if part.is_empty() || part.starts_with(|c: char| c.is_ascii_digit()) {
                    continue;
                }
                if !included
                    .lines()
                    .any(|line| line.trim_end().ends_with(&format!("ANCHOR: {part}")))
                {
                    findings.push(Finding::new(
                        (path, at + 1),
                        format!("{target} has no part `{part}`"),
                        "the book would show nothing",
                        format!("mark it with `// ANCHOR: {part}` and `// ANCHOR_END: {part}`"),
                    ));
                }
            }
        }
    }
    findings
}

/// Examples, and the front pages of crates.
fn is_compiled((path, _): &(&String, &String)) -> bool {
    let front_page = path.starts_with("crates/") && path.ends_with("/README.md");
    front_page || path.contains("/examples/") && path.ends_with(".rs")
}

/// The listings marked `rust`, with the lines on which they open.
fn rust_listings(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(marks) = line.trim_start().strip_prefix("```") else { continue };
        let body: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```").collect();
        if marks.split([',', ' ']).any(|mark| mark == "rust") {
            found.push((at + 1, body.join("\n")));
        }
    }
    found
}

/// The text without indentation, empty lines, and the marks of hidden lines.
fn bare(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim().trim_start_matches("# "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn listings_are_included_or_copied() {
        let page = "```rust\n{{#include a.rs}}\n```\n```toml\na = 1\n```\n\
                    ```rust\nlet x = 1;\n\nf(x);\n```\n```rust\nlet y = 2;\n```\n";
        let tree = Tree::of(&[
            ("README.md", page),
            ("crates/a/README.md", "```rust\n# fn main() {\nlet x = 1;\nf(x);\n# }\n```\n"),
            ("crates/a/src/lib.rs", "let y = 2;"),
        ]);
        assert_eq!(places(&check(&tree)), ["README.md:12"]);
    }

    #[test]
    fn examples_are_compiled_too() {
        let tree = Tree::of(&[
            ("docs/a.md", "```rust\nf();\ng();\n```\n"),
            ("crates/a/examples/b.rs", "fn main() {\n    f();\n\n    g();\n}\n"),
        ]);
        assert_eq!(places(&check(&tree)), [""; 0]);
    }

    #[test]
    fn parts_exist() {
        let tree = Tree::of(&[
            (
                "docs/a.md",
                "{{#include b.rs:all}}\n{{#include b.rs:al}}\n{{#include b.rs:2:3}}\n{{#include b.rs}}\n",
            ),
            ("docs/b.rs", "// ANCHOR: all\n// ANCHOR_END: all\n"),
        ]);
        assert_eq!(places(&check(&tree)), ["docs/a.md:2"]);
    }
}

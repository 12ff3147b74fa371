//! Links from one Markdown file to another file of the workspace, and the files that the book
//! includes.

use super::finding::Finding;
use super::tree::Tree;

/// Every relative link and every `{{#include …}}` of a Markdown file leads to a file.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.text.iter().filter(|(path, _)| path.ends_with(".md")) {
        for (line, target) in targets(text) {
            let goal = resolve(path, target);
            if goal.as_deref().is_some_and(|goal| tree.has(goal)) {
                continue;
            }
            findings.push(Finding::new(
                (path, line),
                format!("`{target}` leads nowhere"),
                "readers follow links, and a clean clone holds only committed files",
                match goal {
                    Some(goal) => format!("add {goal}, or link to a file that is there"),
                    None => "link to a file inside the workspace".to_owned(),
                },
            ));
        }
    }
    findings
}

/// The relative targets of a Markdown text, without anchors, with their lines.
fn targets(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fence = None;
    for (at, line) in text.lines().enumerate() {
        for (target, _) in includes(line) {
            found.push((at + 1, target));
        }
        let marker = line.trim_start().get(..3).filter(|mark| matches!(*mark, "```" | "~~~"));
        if marker.is_some() && (fence.is_none() || fence == marker) {
            fence = if fence.is_none() { marker } else { None };
            continue;
        }
        if fence.is_some() {
            continue;
        }
        let links = inline(line).into_iter().chain(definition(line));
        for target in links.map(|target| target.split('#').next().unwrap_or(target)) {
            if is_relative(target) {
                found.push((at + 1, target));
            }
        }
    }
    found
}

/// The targets of `[text](target)` and `![text](target "title")`, outside `code`.
fn inline(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut code = false;
    for (at, c) in line.char_indices() {
        if c == '`' {
            code = !code;
        }
        // The bracket may close right after code: [`name`](target).
        if code || c != ']' || !line[at + 1..].starts_with('(') {
            continue;
        }
        let rest = &line[at + 2..];
        let Some(end) = rest.find([')', ' ']) else { continue };
        found.push(rest[..end].trim_matches(['<', '>']));
    }
    found
}

/// The target of a line `[name]: target`.
fn definition(line: &str) -> Option<&str> {
    let (name, target) = line.strip_prefix('[')?.split_once("]: ")?;
    (!name.contains(']')).then(|| target.split(' ').next().unwrap_or(target))
}

/// The files of `{{#include file:part}}` and its relatives, each with its part (or nothing).
pub(super) fn includes(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split("{{#").skip(1).filter_map(|rest| {
        let (verb, rest) = rest.split_once(' ')?;
        let known = ["include", "rustdoc_include", "playground"];
        known.contains(&verb).then_some(())?;
        let target = rest.split(['}', ' ']).next()?;
        Some(target.split_once(':').unwrap_or((target, "")))
    })
}

/// Neither a web address, nor an anchor, nor the name of a Rust item (rustdoc checks those).
fn is_relative(target: &str) -> bool {
    let has_scheme = target.contains(':');
    let is_item = !target.contains(['/', '.'])
        && target.chars().all(|c| c.is_alphanumeric() || "_!()@".contains(c))
        && target.starts_with(|c: char| c.is_uppercase());
    !(target.is_empty() || has_scheme || is_item)
}

/// The path from the root that `target` in the file `from` means; `None` outside the workspace.
pub(super) fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    if target.starts_with('/') {
        return None;
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn dead_links_are_found() {
        let text = "See [a](b.md), [gone](gone.md#part), [`code`](../src/lib.rs) and ![p](<no.svg>).\n\
                    [web](https://example.org/x) [part](#part) [up](../../x.md) `[no](link.md)`\n\
                    [dir](sub) [title](lost.md \"Lost\")\n\n[ref]: missing.md\n[fine]: b.md\n";
        let tree = Tree::of(&[
            ("docs/a.md", text),
            ("docs/b.md", ""),
            ("docs/sub/c.md", ""),
            ("src/lib.rs", ""),
        ]);
        let expected = ["docs/a.md:1", "docs/a.md:1", "docs/a.md:2", "docs/a.md:3", "docs/a.md:5"];
        assert_eq!(places(&check(&tree)), expected);
    }

    #[test]
    fn listings_hold_no_links_but_includes() {
        let text = "```rust\nlet y = w[0](x.md);\n{{#include ../a.rs:part}}\n{{#rustdoc_include ../b.rs}}\n```\n[x](x.md)\n";
        let tree = Tree::of(&[("docs/a.md", text), ("a.rs", "")]);
        assert_eq!(places(&check(&tree)), ["docs/a.md:4", "docs/a.md:6"]);
    }

    #[test]
    fn names_of_items_are_for_rustdoc() {
        let text = "[`Tensor`](Tensor) [m](crate::Module) [f](f.md)\n";
        assert_eq!(places(&check(&Tree::of(&[("README.md", text)]))), ["README.md:1"]);
    }
}

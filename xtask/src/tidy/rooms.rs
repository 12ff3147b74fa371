//! Who has seen one model crate has seen all: the same rooms, each furnished.

use std::collections::BTreeMap;

use super::finding::Finding;
use super::tree::Tree;
use crate::new_model::template::PLACEHOLDERS;

/// Every crate of the layers model and composition has its front page, library, an example, three kinds of tests, and a door in
/// the facade.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for model in tree.models() {
        let home = model.directory();
        let mut missing = |what: String, right: String| {
            let why = "every model crate is laid out alike";
            findings.push(Finding::new((home, 0), what, why, right));
        };
        for file in ["README.md", "src/lib.rs"] {
            if !tree.has(&format!("{home}/{file}")) {
                missing(format!("{file} is missing"), format!("add {home}/{file}"));
            }
        }
        let lib = tree.text.get(&format!("{home}/src/lib.rs"));
        if lib.is_some_and(|text| !text.contains("#![doc = include_str!(\"../README.md\")]")) {
            let right = "begin src/lib.rs with #![doc = include_str!(\"../README.md\")]";
            missing("README.md is not the front page".into(), right.into());
        }
        if tree.rust_under(&format!("{home}/examples/")).next().is_none() {
            missing("there is no example".into(), format!("add one under {home}/examples/"));
        }
        for (room, what) in ROOMS {
            let place = format!("tests/suite/{room}");
            let files = [format!("{home}/{place}.rs"), format!("{home}/{place}/")];
            let mut tokens =
                files.iter().flat_map(|file| tree.rust_under(file)).flat_map(|(_, tokens)| tokens);
            if !tokens.any(|token| token.is_ident("test") || token.is_ident("proptest")) {
                let right = format!("write a #[test] in {home}/{place}.rs: {what}");
                missing(format!("{place}.rs is missing or tests nothing"), right);
            }
        }
        if !facade_names(tree, model.name()) {
            let right = "add it to crates/seedbed: an optional dependency, a feature, a re-export";
            missing("the facade does not name this crate".into(), right.into());
        }
    }
    findings
}

/// The three kinds of tests that a model has, modules of one program: each further one would be linked by itself.
const ROOMS: [(&str, &str); 3] = [
    ("gradcheck", "the loss against finite differences"),
    ("golden", "values worked out independently"),
    ("learn", "a small task is learnt, or the paper's claim holds in small"),
];

fn facade_names(tree: &Tree, package: &str) -> bool {
    let manifest = tree.members.iter().find(|member| member.directory() == "crates/seedbed");
    let depends =
        manifest.is_some_and(|facade| facade.dependencies().iter().any(|d| d.package == package));
    let name = package.replace('-', "_");
    depends
        && tree
            .rust_under("crates/seedbed/src/")
            .any(|(_, tokens)| tokens.iter().any(|token| token.is_ident(&name)))
}

/// No text is still the one that `cargo xtask new-model` wrote.
pub(crate) fn texts(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.text.iter().filter(|(path, _)| !path.starts_with("xtask/")) {
        for (at, line) in text.lines().enumerate() {
            if let Some(sentence) = PLACEHOLDERS.iter().find(|sentence| line.contains(**sentence)) {
                findings.push(Finding::new(
                    (path, at + 1),
                    format!("\"{sentence}\" is the template's text"),
                    "readers learn from it what the crate does",
                    "say what this crate does",
                ));
            }
        }
    }
    findings
}

/// No two crates have an example of one name.
pub(crate) fn examples(tree: &Tree) -> Vec<Finding> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for path in tree.rust.keys() {
        let Some((_, file)) = path.split_once("/examples/").filter(|_| path.starts_with("crates/"))
        else {
            continue;
        };
        let name = file.strip_suffix("/main.rs").unwrap_or(file.trim_end_matches(".rs"));
        if name.contains('/') {
            continue; // a module of an example
        }
        if let Some(first) = seen.insert(name, path) {
            findings.push(Finding::new(
                (path, 0),
                format!("{first} has the same name"),
                "cargo puts all examples into one directory: the second overwrites the first",
                "call it by what it shows, or by its crate",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    const FURNISHED: [(&str, &str); 9] = [
        (
            "crates/ntm/Cargo.toml",
            "[package]\nname = \"seedbed-ntm\"\nmetadata.seedbed.layer = \"model\"\n",
        ),
        ("crates/ntm/README.md", ""),
        ("crates/ntm/src/lib.rs", "#![doc = include_str!(\"../README.md\")]"),
        ("crates/ntm/examples/copy.rs", "fn main() {}"),
        ("crates/ntm/tests/suite/gradcheck.rs", "#[test] fn f() {}"),
        ("crates/ntm/tests/suite/golden.rs", "#[test] fn f() {}"),
        ("crates/ntm/tests/suite/learn/copy.rs", "#[test] fn f() {}"),
        ("crates/seedbed/Cargo.toml", "[dependencies]\nseedbed-ntm.workspace = true\n"),
        ("crates/seedbed/src/lib.rs", "pub use seedbed_ntm as ntm;"),
    ];

    #[test]
    fn a_furnished_crate_passes() {
        assert_eq!(places(&check(&Tree::of(&FURNISHED))), [""; 0]);
    }

    #[test]
    fn every_room_is_missed() {
        for absent in 1..FURNISHED.len() {
            let mut files = FURNISHED.to_vec();
            let (gone, _) = files.remove(absent);
            let findings = check(&Tree::of(&files));
            assert_eq!(places(&findings), ["crates/ntm:0"], "without {gone}");
        }
    }

    #[test]
    fn rooms_must_be_furnished() {
        for (path, bare) in [
            ("crates/ntm/tests/suite/golden.rs", "fn f() {}"),
            ("crates/ntm/src/lib.rs", "//! Words"),
            ("crates/seedbed/src/lib.rs", "// pub use seedbed_ntm;"),
        ] {
            let swap = |&(p, text): &(&'static str, &'static str)| {
                (p, if p == path { bare } else { text })
            };
            let files: Vec<_> = FURNISHED.iter().map(swap).collect();
            assert_eq!(check(&Tree::of(&files)).len(), 1, "{path}");
        }
    }

    #[test]
    fn texts_of_the_template_are_found() {
        let row = format!("| a |\n| Ntm: {} |\n", PLACEHOLDERS[0]);
        let tree = Tree::of(&[
            ("README.md", &row),
            ("crates/ntm/src/task.rs", &format!("//! {}", PLACEHOLDERS[1])),
            ("crates/ntm/README.md", "A machine with a memory."),
            ("xtask/templates/model/Cargo.toml", &row),
        ]);
        assert_eq!(places(&texts(&tree)), ["README.md:2", "crates/ntm/src/task.rs:1"]);
    }

    #[test]
    fn examples_of_one_name_are_found() {
        let tree = Tree::of(&[
            ("crates/a/examples/first.rs", ""),
            ("crates/a/examples/walk/main.rs", ""),
            ("crates/a/examples/walk/part.rs", ""),
            ("crates/b/examples/first.rs", ""),
            ("crates/b/examples/walk.rs", ""),
            ("crates/b/examples/other.rs", ""),
            ("xtask/templates/examples/other.rs", ""),
        ]);
        let expected = ["crates/b/examples/first.rs:0", "crates/b/examples/walk.rs:0"];
        assert_eq!(places(&examples(&tree)), expected);
    }
}

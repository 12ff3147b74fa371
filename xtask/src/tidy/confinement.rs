//! What may be named only in one place: rayon, behind the one door to threads.

use super::finding::Finding;
use super::manifest::Section;
use super::tree::Tree;

const DOOR: &str = "crates/kernels/src/par.rs";
const MANIFEST: &str = "crates/kernels/Cargo.toml";

/// Tests and benchmarks: they may set the number of threads.
fn is_test_or_bench(path: &str) -> bool {
    path.starts_with("benches/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.contains("/benches/")
}

/// Rayon is named only in `kernels/par.rs` (tests and benches may build thread pools).
pub(crate) fn threads(tree: &Tree) -> Vec<Finding> {
    let why = "one door to threads keeps results equal on any number of them";
    let mut findings = Vec::new();
    for (path, tokens) in &tree.rust {
        if path == DOOR || is_test_or_bench(path) {
            continue;
        }
        for token in tokens.iter().filter(|token| token.is_ident("rayon")) {
            let right = format!("call `seedbed_kernels::par` ({DOOR})");
            findings.push(Finding::new((path, token.line), "rayon is named here", why, right));
        }
    }
    for member in &tree.members {
        if member.path == MANIFEST || member.directory() == "benches" {
            continue;
        }
        for dependency in member.dependencies() {
            if dependency.package == "rayon" && dependency.section != Section::Dev {
                let place = (member.path.as_str(), dependency.line);
                let right = "use `seedbed_kernels::par`, or make it a dev-dependency of tests";
                findings.push(Finding::new(place, "rayon is a dependency here", why, right));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    #[test]
    fn rayon_has_one_door() {
        let code = "use rayon::prelude::*;";
        let tree = Tree::of(&[
            (DOOR, code),
            ("crates/nn/src/linear.rs", "// rayon\nuse rayon::join;"),
            ("crates/nn/src/words.rs", "const S: &str = \"rayon\";"),
            ("crates/autodiff/tests/threads.rs", code),
            ("benches/src/scaling.rs", code),
        ]);
        assert_eq!(places(&threads(&tree)), ["crates/nn/src/linear.rs:2"]);
    }

    #[test]
    fn rayon_is_a_dependency_of_the_kernels_alone() {
        let with = |section: &str| format!("[{section}]\nrayon.workspace = true\n");
        let tree = Tree::of(&[
            (MANIFEST, &with("dependencies")),
            ("benches/Cargo.toml", &with("dependencies")),
            ("crates/data/Cargo.toml", &with("dev-dependencies")),
            ("crates/nn/Cargo.toml", &with("dependencies")),
        ]);
        assert_eq!(places(&threads(&tree)), ["crates/nn/Cargo.toml:2"]);
    }
}

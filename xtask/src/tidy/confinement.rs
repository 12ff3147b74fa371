//! What may be named only in one place: rayon behind the one door to threads, `unsafe` in the
//! kernels.

use super::finding::Finding;
use super::manifest::Section;
use super::tree::Tree;

const KERNELS: &str = "crates/kernels/src/";
/// Mapping a file into memory is `unsafe` everywhere; the irreducible losses are looked up in mapped files.
const MAPPING: &str = "crates/rho-selection/src/store/map.rs";
const DOOR: &str = "crates/kernels/src/par.rs";
const MANIFEST: &str = "crates/kernels/Cargo.toml";

/// Tests and benchmarks: they may set the number of threads and count allocations.
fn is_test_or_bench(path: &str) -> bool {
    path.starts_with("benches/") || path.contains("/tests/") || path.contains("/benches/")
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

/// `unsafe` stays in the kernels crate and where a file is mapped; a test or bench may install a counting allocator.
pub(crate) fn unsafe_code(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, tokens) in &tree.rust {
        let counts_allocations =
            is_test_or_bench(path) && tokens.iter().any(|token| token.is_ident("GlobalAlloc"));
        if path.starts_with(KERNELS) || path == MAPPING || counts_allocations {
            continue;
        }
        for token in tokens.iter().filter(|token| token.is_ident("unsafe")) {
            findings.push(Finding::new(
                (path, token.line),
                "`unsafe` outside the kernels",
                "what Miri and reviewers must read stays in one crate",
                format!("write it safely, or move it under {KERNELS} behind a safe function"),
            ));
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

    #[test]
    fn unsafe_code_stays_in_the_kernels() {
        let code = "fn f() { unsafe { g() } }";
        let tree = Tree::of(&[
            ("crates/kernels/src/gemm.rs", code),
            (MAPPING, code),
            ("crates/autodiff/src/tensor.rs", code),
            ("crates/autodiff/tests/memory.rs", "unsafe impl GlobalAlloc for Counting {}"),
            ("crates/autodiff/tests/shapes.rs", code),
            ("crates/nn/src/lib.rs", "#![deny(unsafe_op_in_unsafe_fn)]"),
            ("crates/nn/src/count.rs", "unsafe impl GlobalAlloc for Counting {}"),
        ]);
        let expected = [
            "crates/autodiff/src/tensor.rs:1",
            "crates/autodiff/tests/shapes.rs:1",
            "crates/nn/src/count.rs:1",
        ];
        assert_eq!(places(&unsafe_code(&tree)), expected);
    }
}

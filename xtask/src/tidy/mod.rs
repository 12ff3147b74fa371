//! `cargo xtask tidy`: the workspace's architectural invariants, each a small function.

use std::path::Path;

use anyhow::{Result, ensure};

mod confinement;
mod finding;
mod layering;
mod leftovers;
mod links;
mod listings;
mod manifest;
mod members;
mod ops;
mod rooms;
mod sizes;
mod tokens;
mod tree;

use finding::Finding;
use tree::Tree;

/// An invariant: a sentence, and what breaks it in a given workspace.
struct Rule {
    sentence: &'static str,
    check: fn(&Tree) -> Vec<Finding>,
}

const RULES: &[Rule] = &[
    Rule { sentence: "every source file and manifest can be read", check: readable },
    Rule { sentence: "rayon is named only in the kernels' par.rs", check: confinement::threads },
    Rule { sentence: "crates depend only on the layers below them", check: layering::check },
    Rule { sentence: "every op stands in the gradient-check table", check: ops::check },
    Rule { sentence: "every model crate has the same rooms", check: rooms::check },
    Rule { sentence: "no text is the template's", check: rooms::texts },
    Rule { sentence: "examples have names of their own", check: rooms::examples },
    Rule { sentence: "members share one version and one set of lints", check: members::check },
    Rule { sentence: "no file is longer than 500 lines", check: sizes::check },
    Rule { sentence: "no test and no listing is switched off", check: leftovers::check },
    Rule { sentence: "links between files lead somewhere", check: links::check },
    Rule { sentence: "listings in the docs are compiled", check: listings::check },
];

/// Checks every rule and prints each finding; an error if there is one.
pub(crate) fn run(root: &Path) -> Result<()> {
    let tree = Tree::read(root)?;
    let mut count = 0;
    for rule in RULES {
        let mut findings = (rule.check)(&tree);
        findings.sort();
        findings.dedup();
        println!("{} {}", if findings.is_empty() { "  ok  " } else { "BROKEN" }, rule.sentence);
        for finding in &findings {
            println!("  {finding}");
        }
        count += findings.len();
    }
    ensure!(count == 0, "tidy: {count} finding{} (above)", if count == 1 { "" } else { "s" });
    Ok(())
}

fn readable(tree: &Tree) -> Vec<Finding> {
    tree.unreadable.clone()
}

/// `file:line` of each finding, for the rules' own tests.
#[cfg(test)]
fn places(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{}:{}", finding.file, finding.line)).collect()
}

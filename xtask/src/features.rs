//! `cargo xtask features`: each feature compiles alone, and so does each crate without any.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use toml_edit::DocumentMut;

use crate::{process, workspace};

/// Checks the library of each crate once without features and once with each of them.
pub(crate) fn run(root: &Path) -> Result<()> {
    let crates = features(root)?;
    for (package, features) in crates.iter().filter(|(_, features)| !features.is_empty()) {
        for feature in std::iter::once("").chain(features.iter().map(String::as_str)) {
            let words =
                ["clippy", "--quiet", "--lib", "--no-default-features", "--package", package];
            let mut check = process::cargo(root, words);
            check.args(["--features", feature, "--", "-Dwarnings"]);
            println!("{package}: {}", if feature.is_empty() { "no feature" } else { feature });
            let status = check.status().context("cannot start cargo")?;
            ensure!(status.success(), "`{}` failed: {status}", process::show(&check));
        }
    }
    Ok(())
}

/// The features of each member, without `default`.
fn features(root: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let mut found = BTreeMap::new();
    let is_member = |path: &String| path.starts_with("crates/") && path.matches('/').count() == 2;
    for path in workspace::files(root)?.into_iter().filter(is_member) {
        if path.ends_with("/Cargo.toml") {
            let text = std::fs::read_to_string(root.join(&path)).with_context(|| path.clone())?;
            let manifest: DocumentMut = text.parse().with_context(|| path.clone())?;
            let name = manifest["package"]["name"].as_str().unwrap_or_default().to_owned();
            let table = manifest.get("features").and_then(|item| item.as_table_like());
            let names =
                table.into_iter().flat_map(|table| table.iter()).map(|(key, _)| key.to_owned());
            found.insert(name, names.filter(|name| name != "default").collect());
        }
    }
    Ok(found)
}

//! The workspace as the rules see it: a map from path to text, read once; in tests, written by
//! hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};

use super::finding::Finding;
use super::layering::Layer;
use super::manifest::Manifest;
use super::tokens::{self, Token};
use crate::workspace;

/// Every file of the workspace; paths are from the root, with `/`.
#[derive(Default)]
pub(crate) struct Tree {
    /// Files that are text.
    pub(crate) text: BTreeMap<String, String>,
    /// The tokens of each Rust file that can be read as Rust.
    pub(crate) rust: BTreeMap<String, Vec<Token>>,
    /// The root manifest, if there is one.
    pub(crate) root: Option<Manifest>,
    /// The members' manifests.
    pub(crate) members: Vec<Manifest>,
    /// Rust files and manifests that could not be read.
    pub(crate) unreadable: Vec<Finding>,
    paths: BTreeSet<String>,
}

impl Tree {
    /// Reads the workspace at `root` from disk.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        for path in workspace::files(root)? {
            let bytes =
                std::fs::read(root.join(&path)).with_context(|| format!("cannot read {path}"))?;
            tree.insert(path, bytes);
        }
        Ok(tree)
    }

    /// A workspace of these files, for the rules' own tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.insert((*path).to_owned(), text.as_bytes().to_vec());
        }
        tree
    }

    fn insert(&mut self, path: String, bytes: Vec<u8>) {
        self.paths.insert(path.clone());
        let Ok(text) = String::from_utf8(bytes) else { return };
        if path.ends_with(".rs") {
            match tokens::lex(&text) {
                Ok(tokens) => drop(self.rust.insert(path.clone(), tokens)),
                Err(line) => self.unreadable.push(Finding::new(
                    (&path, line),
                    "this cannot be read as Rust",
                    "the rules look at tokens",
                    "balance the brackets and quotes",
                )),
            }
        }
        if path == "Cargo.toml" || is_member_manifest(&path) {
            match Manifest::parse(&path, &text) {
                Ok(manifest) if path == "Cargo.toml" => self.root = Some(manifest),
                Ok(manifest) => self.members.push(manifest),
                Err(finding) => self.unreadable.push(finding),
            }
        }
        self.text.insert(path, text);
    }

    /// Whether a file or a directory of this name belongs to the workspace.
    pub(crate) fn has(&self, path: &str) -> bool {
        let below = format!("{path}/");
        path.is_empty()
            || self.paths.contains(path)
            || self.paths.range(below.clone()..).next().is_some_and(|next| next.starts_with(&below))
    }

    /// The Rust files under `directory`.
    pub(crate) fn rust_under(&self, directory: &str) -> impl Iterator<Item = (&str, &[Token])> {
        self.rust
            .iter()
            .filter(move |(path, _)| path.starts_with(directory))
            .map(|(path, tokens)| (path.as_str(), tokens.as_slice()))
    }

    /// The members that hold a model, or are made of models.
    pub(crate) fn models(&self) -> impl Iterator<Item = &Manifest> {
        let is_model = |layer| matches!(layer, Layer::Model | Layer::Composition);
        self.members.iter().filter(move |member| Layer::of(member).is_some_and(is_model))
    }
}

fn is_member_manifest(path: &str) -> bool {
    let Some(directory) = path.strip_suffix("/Cargo.toml") else { return false };
    match directory.strip_prefix("crates/") {
        Some(name) => !name.contains('/'),
        None => matches!(directory, "benches" | "xtask"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_directories_are_found() {
        let tree = Tree::of(&[("a/b/c.md", ""), ("a/b-c.md", "")]);
        assert!(tree.has("a/b/c.md") && tree.has("a/b") && tree.has("a") && tree.has(""));
        assert!(!tree.has("a/c") && !tree.has("b") && !tree.has("a/b/c"));
    }

    #[test]
    fn what_cannot_be_read_is_reported() {
        let tree = Tree::of(&[("a.rs", "fn f( {"), ("Cargo.toml", "[workspace")]);
        assert_eq!(tree.unreadable.len(), 2);
    }

    #[test]
    fn only_members_are_members() {
        let layered = |name: &str, layer: &str| {
            format!("[package]\nname = \"{name}\"\nmetadata.seedbed.layer = \"{layer}\"\n")
        };
        let package = |name: &str| layered(name, "block");
        let tree = Tree::of(&[
            ("crates/nn/Cargo.toml", &package("seedbed-nn")),
            ("crates/ntm/Cargo.toml", &layered("seedbed-ntm", "model")),
            ("crates/data/fuzz/Cargo.toml", &package("fuzz")),
            ("xtask/templates/Cargo.toml", &package("template")),
            ("xtask/Cargo.toml", &package("xtask")),
        ]);
        let names: Vec<_> = tree.members.iter().map(Manifest::name).collect();
        assert_eq!(names, ["seedbed-nn", "seedbed-ntm", "xtask"]);
        assert_eq!(tree.models().map(Manifest::name).collect::<Vec<_>>(), ["seedbed-ntm"]);
    }
}

//! `cargo xtask new-model NAME`: a model crate with all its rooms, and its registration.

use std::path::Path;

use anyhow::{Context, Result, ensure};

mod name;
mod register;
pub(crate) mod template;

use name::Name;

use crate::edits::Edits;
use crate::process;

const EXPERIMENTS: &str = "benches/src/experiments";

/// The layer of the new crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    Model,
    Composition,
}

/// Makes the crate and names it wherever crates are named. If anything is wrong, nothing is
/// written.
pub(crate) fn run(root: &Path, name: &str, kind: Kind) -> Result<()> {
    let name = Name::parse(name)?;
    let edits = plan(root, &name, kind)?;
    let written: Vec<String> = edits.paths().map(str::to_owned).collect();
    let applied = edits.apply()?;
    if let Err(error) = format(root, &name) {
        applied.undo()?;
        return Err(error.context("nothing was written"));
    }
    println!("wrote\n  {}", written.join("\n  "));
    println!(
        "\nnext: `cargo test -p seedbed-{}`, `cargo xtask bench learn {}`; then put your paper's \
         model in the place of the small one. `cargo xtask tidy` names the texts that are still the template's",
        name.kebab, name.kebab
    );
    Ok(())
}

fn plan(root: &Path, name: &Name, kind: Kind) -> Result<Edits> {
    let home = format!("crates/{}", name.kebab);
    ensure!(!root.join(&home).exists(), "{home} exists already: choose another name");
    let mut edits = Edits::new(root);
    for (path, text) in template::rooms(name, kind) {
        edits.create(&path, text)?;
    }
    edits.create(&format!("{EXPERIMENTS}/{}.rs", name.snake), template::experiment(name))?;
    let list = format!("{EXPERIMENTS}/mod.rs");
    type Register = fn(&str, &Name) -> Result<String>;
    let registrations: [(&str, Register); 7] = [
        ("Cargo.toml", register::workspace),
        ("crates/seedbed/Cargo.toml", register::facade_manifest),
        ("crates/seedbed/src/lib.rs", register::facade_source),
        (&list, register::experiments),
        ("README.md", register::readme),
        ("docs/architecture.md", register::architecture),
        ("CHANGELOG.md", register::changelog),
    ];
    for (path, register) in registrations {
        let text = register(&edits.text(path)?, name).with_context(|| path.to_owned())?;
        edits.change(path, text)?;
    }
    Ok(edits)
}

/// Names of other lengths wrap and sort differently.
fn format(root: &Path, name: &Name) -> Result<()> {
    let package = format!("seedbed-{}", name.kebab);
    let words = ["fmt", "-p", &package, "-p", "seedbed", "-p", "seedbed-benches"];
    process::output(&mut process::cargo(root, words)).map(drop)
}

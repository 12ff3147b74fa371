//! A project outside of the workspace, made of exactly the lines that "Getting started" shows, compiles.

#![cfg(feature = "mnist")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const BOOK: &str = include_str!("../../../docs/src/getting-started.md");
const PROGRAM: &str = include_str!("../examples/04_digits.rs");
/// Where the book has the repository.
const BESIDE: &str = "../seedbed/";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The book's TOML listings that name paths, with the repository where it is here.
fn listings() -> Vec<String> {
    let listings = BOOK.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let here = format!("{}/", root().display());
    listings.filter(|listing| listing.contains(BESIDE)).map(|l| l.replace(BESIDE, &here)).collect()
}

/// What `cargo check` says of a project with the book's lines and this program.
///
/// It takes long only for the first time: the dependencies are checked with the profile of the book, and kept under `target/outside`.
fn check(name: &str, program: &str) -> Output {
    let outside = root().join("target/outside");
    let project = outside.join(name);
    std::fs::create_dir_all(project.join("src")).unwrap();
    // An empty `[workspace]`, because the folder lies below the workspace's.
    let head = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[workspace]\n\n");
    std::fs::write(project.join("Cargo.toml"), head + &listings()[0]).unwrap();
    std::fs::write(project.join("src/main.rs"), program).unwrap();
    // The versions that are there already: nothing is fetched.
    std::fs::copy(root().join("Cargo.lock"), project.join("Cargo.lock")).unwrap();
    Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet"])
        .current_dir(&project)
        .env("CARGO_TARGET_DIR", outside.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap()
}

#[test]
fn the_first_project_of_the_book_compiles() {
    let listing = &listings()[0];
    assert!(listing.contains("[profile.dev]\nopt-level = 1"), "{listing}");
    let output = check("first", PROGRAM);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_single_crate_is_where_the_book_says() {
    let listing = &listings()[1];
    let mut crates = 0;
    for line in listing.lines().filter(|line| line.contains("path = ")) {
        let (name, rest) = line.split_once(" = ").unwrap();
        let folder = rest.split('"').nth(1).unwrap();
        let manifest = std::fs::read_to_string(Path::new(folder).join("Cargo.toml")).expect(line);
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{line}");
        crates += 1;
    }
    // All but the facade and the kernels, which nobody needs alone.
    let all = std::fs::read_dir(root().join("crates")).unwrap().count();
    assert_eq!(crates, all - 2, "a crate is missing in the book");
}

/// What the compiler says of a program with this `module!`.
fn complaint(name: &str, module: &str) -> String {
    let program = format!(
        "use seedbed::prelude::*;\n\n#[derive(Clone)]\nstruct Net {{\n    weight: Tensor,\n    bias: Tensor,\n    size: usize,\n}}\n\
         module!({module});\n\nfn main() {{}}\n"
    );
    let output = check(name, &program);
    assert!(!output.status.success(), "{module} compiles");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_forgotten_field_is_named() {
    for (name, module) in [
        ("tensor", "Net: f32 { weight } config { size }"),
        ("buffer", "Net: f32 { weight } buffers { } config { size }"),
    ] {
        let said = complaint(name, module);
        assert!(said.contains("missing field `bias` in initializer of `Net`"), "{said}");
        assert!(said.contains("src/main.rs:9"), "{said}");
        assert_eq!(said.matches("error[").count(), 1, "{said}");
    }
}

#[test]
fn plain_data_among_tensors_points_to_config() {
    let said = complaint("plain", "Net: f32 { weight, bias, size }");
    assert!(said.contains("`usize` is no module of `f32`"), "{said}");
    assert!(said.contains("config { size }"), "{said}");
}

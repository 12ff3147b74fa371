//! Where a model crate is named outside its own directory. Each function takes the text of a file
//! and gives the text with the crate in it.

use anyhow::{Context, Result, bail, ensure};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

use super::name::Name;
use super::template::ABOUT;

/// The root manifest: path and version among the workspace's own crates.
pub(crate) fn workspace(manifest: &str, name: &Name) -> Result<String> {
    let package = format!("seedbed-{}", name.kebab);
    let document: DocumentMut = manifest.parse()?;
    let version = document["workspace"]["package"]["version"].as_str();
    let version = version.context("no version under [workspace.package]")?;
    let known = document["workspace"]["dependencies"].get(&package);
    ensure!(known.is_none(), "{package} is a dependency already");
    let line =
        format!("{package} = {{ path = \"crates/{}\", version = \"{version}\" }}", name.kebab);
    // Text, not a table: the comments that group the lines stay where they are.
    let is_ours = |text: &str| text.starts_with("seedbed") && text.contains("path = \"crates/");
    insert_after_last(manifest, is_ours, &line)
        .context("no line `seedbed-… = { path = \"crates/…\" }` under [workspace.dependencies]")
}

/// The facade's manifest: an optional dependency, and a feature that `full` has.
pub(crate) fn facade_manifest(manifest: &str, name: &Name) -> Result<String> {
    let package = format!("seedbed-{}", name.kebab);
    let mut document: DocumentMut = manifest.parse()?;
    let dependencies = table(&mut document, "dependencies")?;
    ensure!(!dependencies.contains_key(&package), "the facade has {package} already");
    let mut dependency = InlineTable::new();
    dependency.insert("workspace", true.into());
    dependency.insert("optional", true.into());
    dependencies.insert(&package, Item::Value(dependency.into()));
    let features = table(&mut document, "features")?;
    ensure!(!features.contains_key(&name.kebab), "the facade has a feature {}", name.kebab);
    let list = features.entry("full").or_insert(Item::Value(Array::new().into()));
    push(list.as_array_mut().context("a feature is a list")?, &name.kebab);
    let feature: Array = [format!("dep:{package}")].into_iter().collect();
    features.insert(&name.kebab, Item::Value(feature.into()));
    Ok(document.to_string())
}

/// The facade's source: the crate under its own name.
pub(crate) fn facade_source(source: &str, name: &Name) -> Result<String> {
    let Name { kebab, snake, .. } = name;
    let taken = [format!("mod {snake}"), format!("as {snake};")];
    ensure!(!taken.iter().any(|text| source.contains(text)), "the facade has a {snake} already");
    let lines = format!(
        "#[cfg(feature = \"{kebab}\")]\n#[doc(inline)]\npub use seedbed_{snake} as {snake};"
    );
    let is_door = |text: &str| text.starts_with("pub use seedbed_");
    Ok(insert_after_last(source, is_door, &lines)
        .unwrap_or_else(|| format!("{}\n\n{lines}\n", source.trim_end())))
}

/// The benches' list of experiments: a module and a row in the `vec!` of `all()`.
pub(crate) fn experiments(source: &str, name: &Name) -> Result<String> {
    let Name { snake, camel, .. } = name;
    let is_module = |text: &str| text.starts_with("mod ") || text.starts_with("pub mod ");
    let module = format!("mod {snake};");
    ensure!(!source.lines().any(|line| line == module), "there is an experiment {snake} already");
    let named = match insert_after_last(source, is_module, &module) {
        Some(text) => text,
        // The first module stands between the file's own words and its imports.
        None => match source.lines().position(|line| !line.starts_with("//") && !line.is_empty()) {
            Some(at) => insert_at(source, at, &format!("{module}\n")),
            None => bail!("the list of experiments is empty"),
        },
    };
    let start = named.find("pub fn all()").context("no `pub fn all()`")?;
    let open = start + named[start..].find("vec![").context("no `vec![` in `all()`")? + 5;
    let close = open + closing(&named[open..]).context("`vec![` is never closed")?;
    let before = named[..close].trim_end();
    let comma = if before.ends_with(['[', ',']) { "" } else { ", " };
    let row = format!("{comma}Box::new({snake}::{camel}Learns)");
    Ok(format!("{before}{row}{}", &named[close..]))
}

/// The README: a row in the table of crates, above the facade's.
pub(crate) fn readme(text: &str, name: &Name) -> Result<String> {
    let Name { kebab, title, .. } = name;
    let row = format!("| [`seedbed-{kebab}`](crates/{kebab}) | {title}: {ABOUT} |");
    insert_before(text, "| [`seedbed`](crates/seedbed) |", &row)
}

/// The page on the architecture: an entry in its list of crates, above the facade's.
pub(crate) fn architecture(text: &str, name: &Name) -> Result<String> {
    let Name { kebab, title, .. } = name;
    insert_before(text, "- `crates/seedbed`:", &format!("- `crates/{kebab}`: {title}: {ABOUT}."))
}

/// The changelog: an entry at the end of what is added next.
pub(crate) fn changelog(text: &str, name: &Name) -> Result<String> {
    let Name { kebab, title, .. } = name;
    let mut lines: Vec<&str> = text.lines().collect();
    let after = |from: usize, heads: &[&str]| {
        let found = lines[from..].iter().position(|line| heads.contains(&line.trim_end()));
        found.map(|at| from + at + 1)
    };
    let unreleased =
        after(0, &["## [Unreleased]", "## Unreleased"]).context("no `## [Unreleased]`")?;
    let added =
        after(unreleased, &["### Added"]).context("no `### Added` under `## [Unreleased]`")?;
    let section = lines[added..].iter().take_while(|line| !line.starts_with('#'));
    let entries = section.collect::<Vec<_>>();
    let length =
        entries.iter().rposition(|line| !line.is_empty()).map_or(entries.len(), |at| at + 1);
    let entry = format!("- `seedbed-{kebab}`: {title}: {ABOUT}.");
    lines.insert(added + length, &entry);
    Ok(lines.join("\n") + "\n")
}

fn insert_before(text: &str, start: &str, line: &str) -> Result<String> {
    let at = text.lines().position(|line| line.starts_with(start));
    let at = at.with_context(|| format!("no line that starts with `{start}`"))?;
    Ok(insert_at(text, at, line))
}

/// The place of the `]` that closes a bracket opened before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    text.char_indices().find_map(|(at, c)| {
        depth += match c {
            '[' => 1,
            ']' => -1,
            _ => 0,
        };
        (depth == 0).then_some(at)
    })
}

fn insert_after_last(text: &str, is_one: impl Fn(&str) -> bool, line: &str) -> Option<String> {
    let last = text.lines().enumerate().filter(|(_, line)| is_one(line)).last();
    last.map(|(at, _)| insert_at(text, at + 1, line))
}

/// The text with `line` before the line number `at`, counted from 0.
fn insert_at(text: &str, at: usize, line: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(at, line);
    lines.join("\n") + "\n"
}

fn table<'a>(document: &'a mut DocumentMut, name: &str) -> Result<&'a mut Table> {
    let item = document.entry(name).or_insert(Item::Table(Table::new()));
    item.as_table_mut().with_context(|| format!("[{name}] is no table"))
}

/// Appends to a list in the way it is laid out: on a line of its own where the others are.
fn push(list: &mut Array, text: &str) {
    let mut value = Value::from(text);
    if let Some(last) = list.iter().last() {
        *value.decor_mut() = last.decor().clone();
        list.push_formatted(value);
    } else {
        list.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ntm() -> Name {
        Name::parse("ntm-two").unwrap()
    }

    #[test]
    fn the_root_names_path_and_version() {
        let before = "[workspace.package]\nversion = \"0.3.0\"\n\n[workspace.dependencies]\n# ours\n\
                      seedbed-nn = { path = \"crates/nn\", version = \"0.3.0\" }\n\n# theirs\nrand = \"0.9\"\n";
        let after = workspace(before, &ntm()).unwrap();
        let line = "seedbed-ntm-two = { path = \"crates/ntm-two\", version = \"0.3.0\" }\n";
        assert_eq!(after, before.replace("\n\n# theirs", &format!("\n{line}\n# theirs")));
        assert!(workspace(&after, &ntm()).is_err(), "twice");
    }

    #[test]
    fn the_facade_gets_a_feature_that_full_has() {
        let after = facade_manifest("[package]\nname = \"seedbed\"\n", &ntm()).unwrap();
        let expected = "[package]\nname = \"seedbed\"\n\n[dependencies]\n\
            seedbed-ntm-two = { workspace = true, optional = true }\n\n[features]\n\
            full = [\"ntm-two\"]\nntm-two = [\"dep:seedbed-ntm-two\"]\n";
        assert_eq!(after, expected);
        assert!(facade_manifest(&after, &ntm()).is_err(), "twice");
    }

    #[test]
    fn a_list_keeps_its_layout() {
        let before = "[features]\ndefault = [\"nn\"]\nfull = [\n    \"nn\",\n    \"data\",\n]\nnn = [\"dep:seedbed-nn\"]\n";
        let after = facade_manifest(before, &ntm()).unwrap();
        assert!(after.contains("default = [\"nn\"]\n"), "{after}");
        assert!(after.contains("    \"data\",\n    \"ntm-two\",\n]"), "{after}");
    }

    #[test]
    fn the_docs_list_the_crate() {
        let about = "Ntm two: what the paper does, in one line";
        let table = "| crate | what |\n|---|---|\n| [`seedbed`](crates/seedbed) | all |\n";
        let row = format!("| [`seedbed-ntm-two`](crates/ntm-two) | {about} |\n");
        let expected = table.replace("| [`seedbed`]", &format!("{row}| [`seedbed`]"));
        assert_eq!(readme(table, &ntm()).unwrap(), expected);

        let list = "- `crates/nn`: layers.\n- `crates/seedbed`: the facade.\n";
        let expected = format!(
            "- `crates/nn`: layers.\n- `crates/ntm-two`: {about}.\n- `crates/seedbed`: the facade.\n"
        );
        assert_eq!(architecture(list, &ntm()).unwrap(), expected);
        assert!(architecture("# No list\n", &ntm()).is_err());
    }

    #[test]
    fn the_changelog_says_what_is_added() {
        let entry = "- `seedbed-ntm-two`: Ntm two: what the paper does, in one line.\n";
        let text = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Ops.\n  Many.\n\n### Changed\n\n- All.\n";
        let expected = text.replace("  Many.\n", &format!("  Many.\n{entry}"));
        assert_eq!(changelog(text, &ntm()).unwrap(), expected);
        let last = "## [Unreleased]\n\n### Added\n\n- Ops.\n";
        assert_eq!(changelog(last, &ntm()).unwrap(), format!("{last}{entry}"));
        assert!(changelog("## [Unreleased]\n", &ntm()).is_err());
    }

    #[test]
    fn the_facade_opens_a_door() {
        let door =
            "#[cfg(feature = \"ntm-two\")]\n#[doc(inline)]\npub use seedbed_ntm_two as ntm_two;\n";
        let bare = facade_source("//! Words.\n", &ntm()).unwrap();
        assert_eq!(bare, format!("//! Words.\n\n{door}"));
        let more = "//! Words.\n\npub use seedbed_nn as nn;\n\nmod tests {}\n";
        let after = facade_source(more, &ntm()).unwrap();
        assert_eq!(
            after,
            format!("//! Words.\n\npub use seedbed_nn as nn;\n{door}\nmod tests {{}}\n")
        );
        assert!(facade_source(&after, &ntm()).is_err(), "twice");
    }

    #[test]
    fn the_benches_list_the_experiment() {
        let none = "//! Words.\n\nuse crate::E;\n\npub fn all() -> Vec<E> {\n    vec![]\n}\n";
        let one = experiments(none, &ntm()).unwrap();
        assert_eq!(
            one,
            "//! Words.\n\nmod ntm_two;\n\nuse crate::E;\n\npub fn all() -> Vec<E> {\n    \
             vec![Box::new(ntm_two::NtmTwoLearns)]\n}\n"
        );
        let two = experiments(&one, &Name::parse("b").unwrap()).unwrap();
        assert!(two.contains("mod ntm_two;\nmod b;\n"), "{two}");
        assert!(two.contains("Learns), Box::new(b::BLearns)]"), "{two}");
        assert!(experiments(&two, &ntm()).is_err(), "twice");
    }

    #[test]
    fn a_list_over_several_lines_is_closed_at_its_own_bracket() {
        let source =
            "mod a;\npub fn all() {\n    vec![\n        A::new([1]),\n        B,\n    ]\n}\n";
        let after = experiments(source, &ntm()).unwrap();
        assert!(after.contains("B,Box::new(ntm_two::NtmTwoLearns)]\n}"), "{after}");
    }
}

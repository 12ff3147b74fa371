//! The version stands in the root manifest: once for the workspace, once beside each internal
//! dependency.

use anyhow::{Context, Result, ensure};
use semver::Version;
use toml_edit::{DocumentMut, Item, Value};

/// The root manifest with `new` in place of the current version; everything else stays as written.
pub(crate) fn bump(manifest: &str, new: &str) -> Result<String> {
    let new = Version::parse(new)
        .with_context(|| format!("`{new}` is no version; one looks like 0.2.0 or 1.0.0-rc.1"))?;
    let mut document: DocumentMut = manifest.parse().context("Cargo.toml")?;
    let workspace = document.get_mut("workspace").context("Cargo.toml has no [workspace]")?;
    let current = workspace
        .get_mut("package")
        .and_then(|package| package.get_mut("version"))
        .context("Cargo.toml has no version under [workspace.package]")?;
    let old = current.as_str().and_then(|text| Version::parse(text).ok());
    let old = old.context("the version under [workspace.package] is none")?;
    ensure!(new > old, "{new} does not come after the current version, {old}");
    set(current, &new);
    let dependencies = workspace.get_mut("dependencies").and_then(Item::as_table_like_mut);
    for (_, item) in dependencies.into_iter().flat_map(|table| table.iter_mut()) {
        if item.get("path").is_some()
            && let Some(version) = item.get_mut("version")
        {
            set(version, &new);
        }
    }
    Ok(document.to_string())
}

/// Puts a version in place, with the spaces and comments around the old one.
fn set(item: &mut Item, version: &Version) {
    if let Some(old) = item.as_value_mut() {
        let decor = old.decor().clone();
        *old = Value::from(version.to_string());
        *old.decor_mut() = decor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "\
[workspace.package]
version = \"0.1.0\" # for all
rust-version = \"0.1.0\"

[workspace.dependencies]
# ours
seedbed-nn = { path = \"crates/nn\", version = \"0.1.0\" }
theirs = { version = \"0.1.0\" }
";

    #[test]
    fn every_internal_version_moves_and_nothing_else() {
        let bumped = bump(MANIFEST, "0.2.0").unwrap();
        let expected = MANIFEST
            .replace("\nversion = \"0.1.0\"", "\nversion = \"0.2.0\"")
            .replace("nn\", version = \"0.1.0\"", "nn\", version = \"0.2.0\"");
        assert_eq!(bumped, expected);
    }

    #[test]
    fn versions_only_grow() {
        for (version, fine) in [
            ("0.1.1", true),
            ("1.0.0-rc.1", true),
            ("0.1.0", false),
            ("0.1.0-rc.1", false),
            ("0.0.9", false),
        ] {
            assert_eq!(bump(MANIFEST, version).is_ok(), fine, "{version}");
        }
    }

    #[test]
    fn what_is_no_version_is_said_so() {
        for text in ["v0.2.0", "0.2", "next", ""] {
            let error = bump(MANIFEST, text).unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}` is no version")), "{error}");
        }
    }
}

//! What a registry asks of a crate, and what keeps the members alike.

use toml_edit::Item;

use super::finding::Finding;
use super::manifest::{Manifest, Section};
use super::tree::Tree;

/// The fields that every publishable crate fills in.
const FIELDS: [&str; 6] =
    ["description", "license", "readme", "categories", "keywords", "rust-version"];

/// Every publishable crate describes itself and gives a version beside each path; every member
/// takes the workspace's version and lints.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &tree.members {
        inherits(member, &mut findings);
        if member.is_publishable() {
            describes_itself(tree, member, &mut findings);
            versions(member, &mut findings);
        }
    }
    if let Some(root) = &tree.root {
        internal_versions(tree, root, &mut findings);
    }
    findings
}

fn inherits(member: &Manifest, findings: &mut Vec<Finding>) {
    for keys in [["package", "version"], ["lints", "workspace"]] {
        let inherited = match keys {
            ["package", _] => member.get(&["package", "version", "workspace"]),
            keys => member.get(&keys),
        };
        if inherited.and_then(Item::as_bool) != Some(true) {
            let [table, key] = keys;
            let what = if table == "package" { "its own version" } else { "its own lints" };
            let right =
                if table == "package" { "version.workspace = true" } else { "workspace = true" };
            findings.push(Finding::new(
                (&member.path, member.line(&keys).max(member.line(&[table]))),
                format!("{} has {what}", member.name()),
                "members are released together and held to the same lints",
                format!("write `{right}` under [{table}], not a `{key}` of its own"),
            ));
        }
    }
}

fn describes_itself(tree: &Tree, member: &Manifest, findings: &mut Vec<Finding>) {
    let mut lacking = |what: String, right: String| {
        let place = (member.path.as_str(), member.line(&["package"]));
        findings.push(Finding::new(place, what, "the registry shows or demands it", right));
    };
    for field in FIELDS {
        if !is_filled(tree, member, field) {
            lacking(
                format!("{} has no {field}", member.name()),
                format!("write {field}, or `{field}.workspace = true`, under [package]"),
            );
        }
    }
    let readme = member.get(&["package", "readme"]).and_then(Item::as_str);
    if let Some(readme) = readme
        && !tree.has(&format!("{}/{readme}", member.directory()))
    {
        lacking(
            format!("the readme {readme} does not exist"),
            "add it: it is the crate's front page".into(),
        );
    }
}

/// Whether a field of the package says something, here or in the workspace it inherits from.
fn is_filled(tree: &Tree, member: &Manifest, field: &str) -> bool {
    let says = |item: &Item| {
        item.as_str().is_some_and(|text| !text.trim().is_empty())
            || item.as_array().is_some_and(|list| !list.is_empty())
    };
    let inherited = member.get(&["package", field, "workspace"]).and_then(Item::as_bool);
    if inherited == Some(true) {
        let root = tree.root.as_ref().and_then(|root| root.get(&["workspace", "package", field]));
        root.is_some_and(says)
    } else {
        member.get(&["package", field]).is_some_and(says)
    }
}

/// A path alone is stripped from what is published: only dev-dependencies may do without a version.
fn versions(member: &Manifest, findings: &mut Vec<Finding>) {
    for dependency in member.dependencies() {
        let has_version = dependency.inherited()
            || dependency.item.as_str().is_some()
            || dependency.str("version").is_some();
        if !has_version && dependency.section != Section::Dev {
            findings.push(Finding::new(
                (&member.path, dependency.line),
                format!("{} has no version", dependency.package),
                "a published crate cannot point to a path or a repository",
                format!(
                    "`{}.workspace = true`, with path and version in the root",
                    dependency.package
                ),
            ));
        }
    }
}

/// The root's line for each member carries the workspace's own version.
fn internal_versions(tree: &Tree, root: &Manifest, findings: &mut Vec<Finding>) {
    let current = root.get(&["workspace", "package", "version"]).and_then(Item::as_str);
    for dependency in root.workspace_dependencies() {
        let member = tree.members.iter().find(|member| member.name() == dependency.package);
        let Some(member) = member else { continue };
        if dependency.str("version") != current {
            findings.push(Finding::new(
                (&root.path, dependency.line),
                format!("{} is not at the workspace's version", dependency.package),
                "crates of one release name each other's version",
                format!(
                    "{} = {{ path = \"{}\", version = \"{}\" }}",
                    dependency.package,
                    member.directory(),
                    current.unwrap_or("…")
                ),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    const ROOT: &str = "[workspace.package]\nversion = \"0.1.0\"\nlicense = \"MIT\"\n\
        [workspace.dependencies]\nseedbed-nn = { path = \"crates/nn\", version = \"0.1.0\" }\n";
    const MEMBER: &str = "[package]\nname = \"seedbed-nn\"\nversion.workspace = true\n\
        description = \"Layers\"\nlicense.workspace = true\nreadme = \"README.md\"\n\
        categories = [\"science\"]\nkeywords = [\"nn\"]\nrust-version = \"1.89\"\n\
        [lints]\nworkspace = true\n[dependencies]\nserde = \"1\"\nrand.workspace = true\n";

    fn findings(root: &str, member: &str) -> Vec<Finding> {
        let files =
            [("Cargo.toml", root), ("crates/nn/Cargo.toml", member), ("crates/nn/README.md", "")];
        check(&Tree::of(&files))
    }

    #[test]
    fn a_described_crate_passes() {
        assert_eq!(findings(ROOT, MEMBER), []);
    }

    #[test]
    fn every_field_is_missed() {
        for field in FIELDS {
            let line = MEMBER.lines().find(|line| line.starts_with(field)).unwrap();
            let findings = findings(ROOT, &MEMBER.replace(&format!("{line}\n"), ""));
            assert_eq!(places(&findings), ["crates/nn/Cargo.toml:1"], "{field}");
        }
        let empty = MEMBER.replace("\"Layers\"", "\" \"").replace("[\"nn\"]", "[]");
        assert_eq!(findings(ROOT, &empty).len(), 2);
        assert_eq!(findings(&ROOT.replace("license", "licence"), MEMBER).len(), 1);
    }

    #[test]
    fn unpublished_crates_need_no_description() {
        let short = "[package]\nname = \"a\"\nversion.workspace = true\npublish = false\n\
                     [lints]\nworkspace = true\n";
        assert_eq!(findings(ROOT, short), []);
    }

    #[test]
    fn members_inherit_version_and_lints() {
        let own = MEMBER.replace("version.workspace = true", "version = \"0.2.0\"");
        assert_eq!(places(&findings(ROOT, &own)), ["crates/nn/Cargo.toml:3"]);
        let lax = MEMBER.replace("[lints]\nworkspace = true\n", "");
        assert_eq!(places(&findings(ROOT, &lax)), ["crates/nn/Cargo.toml:0"]);
    }

    #[test]
    fn dependencies_have_versions() {
        let path = format!("{MEMBER}seedbed-autodiff = {{ path = \"../autodiff\" }}\n");
        assert_eq!(places(&findings(ROOT, &path)), ["crates/nn/Cargo.toml:15"]);
        let stale =
            ROOT.replace("path = \"crates/nn\", version = \"0.1.0\"", "path = \"crates/nn\"");
        assert_eq!(places(&findings(&stale, MEMBER)), ["Cargo.toml:5"]);
    }

    #[test]
    fn the_readme_exists() {
        let elsewhere = MEMBER.replace("README.md", "FRONT.md");
        assert_eq!(findings(ROOT, &elsewhere).len(), 1);
    }
}

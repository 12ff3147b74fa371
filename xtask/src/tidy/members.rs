//! What keeps the members alike. What a registry asks of a crate is cargo's to say: `cargo xtask release` rehearses it.

use toml_edit::Item;

use super::finding::Finding;
use super::tree::Tree;

/// Every member takes the workspace's version and lints.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &tree.members {
        let inherits = |keys: &[&str]| member.get(keys).and_then(Item::as_bool) == Some(true);
        for (table, keys, right) in [
            ("package", &["package", "version", "workspace"][..], "version.workspace = true"),
            ("lints", &["lints", "workspace"], "workspace = true"),
        ] {
            if !inherits(keys) {
                findings.push(Finding::new(
                    (&member.path, member.line(&keys[..2]).max(member.line(&[table]))),
                    format!("{} is not like the other members", member.name()),
                    "members are released together and held to the same lints",
                    format!("write `{right}` under [{table}]"),
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    const MEMBER: &str = "[package]\nname = \"seedbed-nn\"\nversion.workspace = true\n\
        [lints]\nworkspace = true\n";

    fn found(member: &str) -> Vec<String> {
        places(&check(&Tree::of(&[("crates/nn/Cargo.toml", member)])))
    }

    #[test]
    fn members_inherit_version_and_lints() {
        assert_eq!(found(MEMBER), [""; 0]);
        let own = MEMBER.replace("version.workspace = true", "version = \"0.2.0\"");
        assert_eq!(found(&own), ["crates/nn/Cargo.toml:3"]);
        let lax = MEMBER.replace("[lints]\nworkspace = true\n", "");
        assert_eq!(found(&lax), ["crates/nn/Cargo.toml:0"]);
    }
}

//! Which crate may depend on which: the engine at the bottom, models side by side, the facade and
//! the benches on top.

use super::finding::Finding;
use super::tree::Tree;

/// The workspace's crates that the crate in `directory` may depend on; `None` is: any but the two
/// programs.
fn allowed(directory: &str) -> Option<&'static [&'static str]> {
    match directory {
        "crates/autodiff" | "xtask" => Some(&[]),
        "crates/nn" | "crates/data" => Some(&["seedbed-autodiff"]),
        "crates/seedbed" | "benches" => None,
        _ => Some(&["seedbed-autodiff", "seedbed-nn", "seedbed-data"]),
    }
}

/// Every dependency between crates of the workspace, dev-dependencies too, points downwards.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let names: Vec<&str> = tree.members.iter().map(|member| member.name()).collect();
    let mut findings = Vec::new();
    for member in &tree.members {
        let allowed = allowed(member.directory());
        for dependency in member.dependencies() {
            let package = dependency.package;
            let fine = match allowed {
                Some(list) => list.contains(&package),
                None => !matches!(package, "seedbed-benches" | "xtask"),
            };
            if fine || !names.contains(&package) {
                continue;
            }
            let right = match allowed {
                Some([]) => "it depends on no crate of the workspace".to_owned(),
                Some(list) => format!("of the workspace it may name {}", list.join(", ")),
                None => "programs are nobody's dependency".to_owned(),
            };
            findings.push(Finding::new(
                (&member.path, dependency.line),
                format!("{} depends on {package}", member.name()),
                "layers point downwards and models never depend on one another",
                right,
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    fn member(name: &str, dependencies: &str) -> String {
        format!("[package]\nname = \"{name}\"\n[dependencies]\n{dependencies}")
    }

    #[test]
    fn dependencies_point_downwards() {
        let tree = Tree::of(&[
            ("crates/autodiff/Cargo.toml", &member("seedbed-autodiff", "rayon = \"1\"\n")),
            ("crates/nn/Cargo.toml", &member("seedbed-nn", "seedbed-autodiff.workspace = true\n")),
            ("crates/data/Cargo.toml", &member("seedbed-data", "seedbed-nn.workspace = true\n")),
            (
                "crates/ntm/Cargo.toml",
                &member(
                    "seedbed-ntm",
                    "seedbed-nn.workspace = true\nseedbed-meta.workspace = true\n",
                ),
            ),
            ("crates/meta/Cargo.toml", &member("seedbed-meta", "clap = \"4\"\n")),
            ("crates/seedbed/Cargo.toml", &member("seedbed", "seedbed-ntm.workspace = true\n")),
            ("benches/Cargo.toml", &member("seedbed-benches", "seedbed.workspace = true\n")),
            ("xtask/Cargo.toml", &member("xtask", "seedbed = \"0.1\"\n")),
        ]);
        let expected =
            ["crates/data/Cargo.toml:4", "crates/ntm/Cargo.toml:5", "xtask/Cargo.toml:4"];
        assert_eq!(places(&check(&tree)), expected);
    }

    #[test]
    fn dev_dependencies_count_and_programs_are_for_nobody() {
        let dev = "[package]\nname = \"seedbed-autodiff\"\n[dev-dependencies]\nseedbed-nn.path = \"../nn\"\n";
        let tree = Tree::of(&[
            ("crates/autodiff/Cargo.toml", dev),
            ("crates/nn/Cargo.toml", &member("seedbed-nn", "")),
            ("benches/Cargo.toml", &member("seedbed-benches", "")),
            ("crates/seedbed/Cargo.toml", &member("seedbed", "seedbed-benches.workspace = true\n")),
        ]);
        let expected = ["crates/autodiff/Cargo.toml:4", "crates/seedbed/Cargo.toml:4"];
        assert_eq!(places(&check(&tree)), expected);
    }
}

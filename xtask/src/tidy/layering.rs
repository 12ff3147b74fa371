//! Which crate may depend on which: each names its layer, and arrows between crates point down.

use super::finding::Finding;
use super::manifest::Manifest;
use super::tree::Tree;

/// The layers, from the bottom to the top. Crates of one layer never depend on one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    /// Slices in, slices out.
    Kernels,
    /// Tensors and their derivatives.
    Engine,
    /// What many models need: layers, optimisers, data.
    Block,
    /// A paper.
    Model,
    /// What is made of models.
    Composition,
    /// What shows all of them: the facade, the scoreboard.
    Top,
}

const NAMES: [(&str, Layer); 6] = [
    ("kernels", Layer::Kernels),
    ("engine", Layer::Engine),
    ("block", Layer::Block),
    ("model", Layer::Model),
    ("composition", Layer::Composition),
    ("top", Layer::Top),
];

impl Layer {
    /// The layer that a manifest names under `[package.metadata.seedbed]`.
    pub(crate) fn of(manifest: &Manifest) -> Option<Self> {
        let name = manifest.get(&["package", "metadata", "seedbed", "layer"])?.as_str()?;
        NAMES.iter().find(|(known, _)| *known == name).map(|&(_, layer)| layer)
    }

    fn name(self) -> &'static str {
        NAMES.iter().find(|(_, layer)| *layer == self).map_or("", |(name, _)| name)
    }
}

/// Every crate names its layer, and every dependency between crates of the workspace, dev-dependencies too, points
/// downwards. `xtask` depends on none.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &tree.members {
        let layer = Layer::of(member);
        if layer.is_none() && member.directory() != "xtask" {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            findings.push(Finding::new(
                (&member.path, member.line(&["package"])),
                format!("{} names no layer", member.name()),
                "a crate's layer says what it may depend on",
                format!(
                    "write [package.metadata.seedbed] with layer = \"…\", one of {}",
                    names.join(", ")
                ),
            ));
            continue;
        }
        for dependency in member.dependencies() {
            let Some(target) = tree.members.iter().find(|m| m.name() == dependency.package) else {
                continue;
            };
            // The scoreboard is a program above the facade: nobody's dependency.
            let height = |m: &Manifest| Layer::of(m).map(|layer| (layer, !m.is_publishable()));
            let below = height(member).zip(height(target)).is_some_and(|(own, other)| other < own);
            if !below {
                let right = match layer {
                    None => "it depends on no crate of the workspace".to_owned(),
                    Some(layer) => {
                        format!("a crate of layer {} names lower ones only", layer.name())
                    }
                };
                findings.push(Finding::new(
                    (&member.path, dependency.line),
                    format!("{} depends on {}", member.name(), dependency.package),
                    "arrows between layers point down, and within a layer there are none",
                    right,
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

    /// A manifest whose dependencies begin in line 6.
    fn member(name: &str, layer: &str, dependencies: &str) -> String {
        format!(
            "[package]\nname = \"{name}\"\n[package.metadata.seedbed]\nlayer = \"{layer}\"\n\
             [dependencies]\n{dependencies}"
        )
    }

    /// The scoreboard, a program above the facade.
    const BENCHES: &str = "package = { name = \"benches\", publish = false, metadata.seedbed.layer = \"top\" }\n\
                           [dependencies]\nseedbed.workspace = true\n";

    fn workspace(extra: &[(&str, &str)]) -> Tree {
        let line = |package: &str| format!("{package}.workspace = true\n");
        let kernels = member("seedbed-kernels", "kernels", "rayon = \"1\"\n");
        let engine = member("seedbed-autodiff", "engine", &line("seedbed-kernels"));
        let nn = member("seedbed-nn", "block", &line("seedbed-autodiff"));
        let ntm = member("seedbed-ntm", "model", &line("seedbed-nn"));
        let strip = member("seedbed-strip", "composition", &line("seedbed-ntm"));
        let facade = member("seedbed", "top", &line("seedbed-strip"));
        let mut files = vec![
            ("crates/kernels/Cargo.toml", kernels.as_str()),
            ("crates/autodiff/Cargo.toml", &engine),
            ("crates/nn/Cargo.toml", &nn),
            ("crates/ntm/Cargo.toml", &ntm),
            ("crates/strip/Cargo.toml", &strip),
            ("crates/seedbed/Cargo.toml", &facade),
            ("benches/Cargo.toml", BENCHES),
        ];
        files.extend(extra);
        Tree::of(&files)
    }

    #[test]
    fn arrows_that_point_down_are_fine() {
        assert_eq!(places(&check(&workspace(&[]))), [""; 0]);
    }

    #[test]
    fn arrows_that_point_up_or_sideways_are_found() {
        let sideways = member("seedbed-data", "block", "seedbed-nn.workspace = true\n");
        let up = member("seedbed-meta", "model", "seedbed-strip.workspace = true\n");
        let dev = "[package]\nname = \"seedbed-quantizers\"\n[package.metadata.seedbed]\nlayer = \"model\"\n\
                   [dev-dependencies]\nseedbed-ntm.path = \"../ntm\"\n";
        let tree = workspace(&[
            ("crates/data/Cargo.toml", &sideways),
            ("crates/meta/Cargo.toml", &up),
            ("crates/quantizers/Cargo.toml", dev),
            (
                "xtask/Cargo.toml",
                "[package]\nname = \"xtask\"\n[dependencies]\nseedbed = \"0.1\"\n",
            ),
            (
                "crates/facade/Cargo.toml",
                &member("facade", "top", "benches.path = \"../../benches\"\n"),
            ),
        ]);
        let expected = [
            "crates/data/Cargo.toml:6",
            "crates/facade/Cargo.toml:6",
            "crates/meta/Cargo.toml:6",
            "crates/quantizers/Cargo.toml:6",
            "xtask/Cargo.toml:4",
        ];
        let mut found = places(&check(&tree));
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_crate_names_a_layer_that_exists() {
        let unknown = member("seedbed-meta", "modell", "");
        let tree = workspace(&[
            ("crates/meta/Cargo.toml", &unknown),
            ("crates/data/Cargo.toml", "[package]\nname = \"seedbed-data\"\n"),
            ("xtask/Cargo.toml", "[package]\nname = \"xtask\"\n"),
        ]);
        assert_eq!(places(&check(&tree)), ["crates/meta/Cargo.toml:1", "crates/data/Cargo.toml:1"]);
    }
}

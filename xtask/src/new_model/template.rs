//! The rooms of a new model crate, from the files under `templates/`.

use super::Kind;
use super::name::Name;

/// A template's place under `crates/NAME/` and its text.
type Template = (&'static str, &'static str);

macro_rules! templates {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../templates/model/", $path)))),*]
    };
}

const ROOMS: [Template; 11] = templates![
    "Cargo.toml",
    "README.md",
    "src/lib.rs",
    "src/config.rs",
    "src/model.rs",
    "src/task.rs",
    "examples/template-model.rs",
    "tests/suite/main.rs",
    "tests/suite/gradcheck.rs",
    "tests/suite/golden.rs",
    "tests/suite/learn.rs",
];

const EXPERIMENT: &str = include_str!("../../templates/experiment.rs");

/// What a new crate says about itself until its author does: in its manifest and wherever crates are listed.
pub(super) const ABOUT: &str = "what the paper does, in one line";

/// Sentences of the templates that no finished crate has. `cargo xtask tidy` looks for them.
pub(crate) const PLACEHOLDERS: [&str; 2] = [ABOUT, "the inside of a ring from its outside"];

/// The files of the crate, with their paths from the workspace root.
pub(crate) fn rooms(name: &Name, kind: Kind) -> impl Iterator<Item = (String, String)> {
    let home = format!("crates/{}", name.kebab);
    let layer = match kind {
        Kind::Model => "layer = \"model\"",
        Kind::Composition => "layer = \"composition\"",
    };
    ROOMS.iter().map(move |(path, text)| {
        let text = fill(text, name).replace("layer = \"model\"", layer);
        (format!("{home}/{}", fill(path, name)), text)
    })
}

/// The source of the crate's experiment on the scoreboard.
pub(crate) fn experiment(name: &Name) -> String {
    fill(EXPERIMENT, name)
}

/// Puts the name in each of its spellings in the place of the templates' own.
fn fill(text: &str, name: &Name) -> String {
    text.replace("template-model", &name.kebab)
        .replace("template_model", &name.snake)
        .replace("TemplateModel", &name.camel)
        .replace("Template model", &name.title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_template_is_left() {
        let name = Name::parse("neural-gpu").unwrap();
        let mut texts: Vec<_> = rooms(&name, Kind::Model).collect();
        texts.push(("experiment".into(), experiment(&name)));
        for (path, text) in texts {
            let all = (path + "\n" + &text).to_lowercase();
            assert!(!all.contains("template"), "{all}");
        }
    }

    #[test]
    fn every_file_of_the_template_is_a_room() {
        let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/model");
        let mut found = Vec::new();
        for folder in ["", "src", "examples", "tests/suite"] {
            for entry in std::fs::read_dir(home.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    found.push(path.strip_prefix(&home).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        let mut rooms = ROOMS.map(|(path, _)| path);
        rooms.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, rooms);
    }

    #[test]
    fn the_manifest_names_the_layer() {
        let name = Name::parse("neural-gpu").unwrap();
        for (kind, layer) in [(Kind::Model, "model"), (Kind::Composition, "composition")] {
            let manifest =
                rooms(&name, kind).find(|(path, _)| path.ends_with("Cargo.toml")).unwrap().1;
            assert!(manifest.contains(&format!("layer = \"{layer}\"\n")), "{manifest}");
        }
    }

    #[test]
    fn placeholders_stand_in_the_templates() {
        for sentence in PLACEHOLDERS {
            assert!(ROOMS.iter().any(|(_, text)| text.contains(sentence)), "{sentence}");
        }
        for file in ["Cargo.toml", "README.md", "src/task.rs"] {
            let (_, text) = ROOMS.iter().find(|(path, _)| *path == file).unwrap();
            assert!(PLACEHOLDERS.iter().any(|sentence| text.contains(sentence)), "{file}");
        }
        assert!(PLACEHOLDERS.iter().any(|sentence| EXPERIMENT.contains(sentence)));
    }

    #[test]
    fn each_spelling_has_its_place() {
        let name = Name::parse("neural-gpu").unwrap();
        let filled = fill("template-model template_model TemplateModel Template model", &name);
        assert_eq!(filled, "neural-gpu neural_gpu NeuralGpu Neural gpu");
    }
}

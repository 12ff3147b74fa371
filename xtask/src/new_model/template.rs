//! The rooms of a new model crate, from the files under `templates/`.

use super::name::Name;

/// A template's place under `crates/NAME/` and its text.
type Template = (&'static str, &'static str);

macro_rules! templates {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../templates/model/", $path)))),*]
    };
}

const ROOMS: [Template; 10] = templates![
    "Cargo.toml",
    "README.md",
    "src/lib.rs",
    "src/config.rs",
    "src/model.rs",
    "src/task.rs",
    "examples/template-model.rs",
    "tests/gradcheck.rs",
    "tests/golden.rs",
    "tests/learn.rs",
];

const EXPERIMENT: &str = include_str!("../../templates/experiment.rs");

/// The files of the crate, with their paths from the workspace root.
pub(crate) fn rooms(name: &Name) -> impl Iterator<Item = (String, String)> {
    let home = format!("crates/{}", name.kebab);
    ROOMS.iter().map(move |(path, text)| (format!("{home}/{}", fill(path, name)), fill(text, name)))
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
        let mut texts: Vec<_> = rooms(&name).collect();
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
        for folder in ["", "src", "examples", "tests"] {
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
    fn each_spelling_has_its_place() {
        let name = Name::parse("neural-gpu").unwrap();
        let filled = fill("template-model template_model TemplateModel Template model", &name);
        assert_eq!(filled, "neural-gpu neural_gpu NeuralGpu Neural gpu");
    }
}

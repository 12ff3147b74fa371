//! Golden files: one line for each array, its name and its numbers.

use std::path::Path;

/// A file of `tests/golden`.
pub(crate) struct Golden(String);

impl Golden {
    pub(crate) fn read(name: &str) -> Self {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        Self(std::fs::read_to_string(dir.join(name)).unwrap())
    }

    pub(crate) fn numbers(&self, name: &str) -> Vec<f64> {
        let line = self.0.lines().find(|line| line.split(' ').next() == Some(name));
        let numbers = line.unwrap_or_else(|| panic!("no line {name}")).split(' ').skip(1);
        numbers.map(|number| number.parse().unwrap()).collect()
    }

    pub(crate) fn floats(&self, name: &str) -> Vec<f32> {
        self.numbers(name).into_iter().map(|x| x as f32).collect()
    }

    pub(crate) fn positions(&self, name: &str) -> Vec<usize> {
        self.numbers(name).into_iter().map(|x| x as usize).collect()
    }
}

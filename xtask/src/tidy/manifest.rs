//! A `Cargo.toml` and the lines of what stands in it.

use toml_edit::{Document, Item, TableLike};

use super::finding::Finding;

/// A manifest, its path and its text.
pub(crate) struct Manifest {
    pub(crate) path: String,
    pub(crate) document: Document<String>,
}

/// Which table a dependency stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Normal,
    Dev,
    Build,
}

/// One dependency as written.
pub(crate) struct Dependency<'a> {
    /// The package's name (`package = "…"` where renamed).
    pub(crate) package: &'a str,
    pub(crate) section: Section,
    pub(crate) line: usize,
}

impl Manifest {
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, Finding> {
        match Document::parse(text.to_owned()) {
            Ok(document) => Ok(Self { path: path.to_owned(), document }),
            Err(error) => {
                let line = error.span().map_or(0, |span| line_at(text, span.start));
                let what = format!("this is no TOML: {}", error.message());
                Err(Finding::new((path, line), what, "cargo reads it", "mend the syntax"))
            }
        }
    }

    /// The package's name, or nothing for a manifest without one.
    pub(crate) fn name(&self) -> &str {
        self.get(&["package", "name"]).and_then(Item::as_str).unwrap_or("")
    }

    /// The directory that the manifest stands in, from the root.
    pub(crate) fn directory(&self) -> &str {
        self.path.strip_suffix("/Cargo.toml").unwrap_or("")
    }

    /// Whether the package may go to a registry.
    pub(crate) fn is_publishable(&self) -> bool {
        self.get(&["package", "publish"]).and_then(Item::as_bool) != Some(false)
    }

    /// The item at a path of keys.
    pub(crate) fn get(&self, keys: &[&str]) -> Option<&Item> {
        keys.iter().try_fold(self.document.as_item(), |item, key| item.get(*key))
    }

    /// The line of the item at a path of keys, 0 where it is missing.
    pub(crate) fn line(&self, keys: &[&str]) -> usize {
        self.get(keys).and_then(Item::span).map_or(0, |span| self.line_at(span.start))
    }

    /// All dependencies: normal, dev and build ones, for every target.
    pub(crate) fn dependencies(&self) -> Vec<Dependency<'_>> {
        let mut found = Vec::new();
        let root = self.document.as_table();
        self.sections(root, &mut found);
        if let Some(targets) = root.get("target").and_then(Item::as_table_like) {
            for (_, target) in targets.iter() {
                if let Some(table) = target.as_table_like() {
                    self.sections(table, &mut found);
                }
            }
        }
        found
    }

    fn sections<'a>(&'a self, table: &'a dyn TableLike, found: &mut Vec<Dependency<'a>>) {
        self.section(table.get("dependencies"), Section::Normal, found);
        self.section(table.get("dev-dependencies"), Section::Dev, found);
        self.section(table.get("build-dependencies"), Section::Build, found);
    }

    fn section<'a>(
        &'a self,
        table: Option<&'a Item>,
        section: Section,
        found: &mut Vec<Dependency<'a>>,
    ) {
        let Some(table) = table.and_then(Item::as_table_like) else { return };
        for (key, item) in table.iter() {
            let package = item.get("package").and_then(Item::as_str).unwrap_or(key);
            let span = table.key(key).and_then(|key| key.span()).or_else(|| item.span());
            let line = span.map_or(0, |span| self.line_at(span.start));
            found.push(Dependency { package, section, line });
        }
    }

    fn line_at(&self, offset: usize) -> usize {
        line_at(self.document.raw(), offset)
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[package]
name = "a"

[dependencies]
b.workspace = true
c = { version = "1", package = "real-c" }

[target.'cfg(unix)'.dependencies]
d = "1"

[dev-dependencies]
e = { path = "../e" }
"#;

    #[test]
    fn dependencies_carry_their_section_and_line() {
        let manifest =
            Manifest::parse("crates/a/Cargo.toml", TEXT).unwrap_or_else(|e| panic!("{e}"));
        let found = manifest.dependencies();
        let shown: Vec<_> = found.iter().map(|d| (d.package, d.section, d.line)).collect();
        assert_eq!(
            shown,
            [
                ("b", Section::Normal, 6),
                ("real-c", Section::Normal, 7),
                ("e", Section::Dev, 13),
                ("d", Section::Normal, 10),
            ]
        );
        assert_eq!((manifest.name(), manifest.directory()), ("a", "crates/a"));
    }

    #[test]
    fn broken_toml_names_its_line() {
        let finding = Manifest::parse("Cargo.toml", "[a]\nb = \n").err().unwrap();
        assert_eq!(finding.line, 2);
    }
}

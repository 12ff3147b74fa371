//! Names with holes.

/// A pattern of names: `*` stands for one character or more within a part of a name, `**` for one or more whole parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(String);

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// What each hole stands for, if the pattern fits the whole name; as short as possible, from left to right.
    pub(super) fn holes<'a>(&self, name: &'a str) -> Option<Vec<&'a str>> {
        let mut holes = Vec::new();
        fits(&self.0, name, &mut holes).then_some(holes)
    }

    pub(super) fn fits(&self, name: &str) -> bool {
        self.holes(name).is_some()
    }

    /// The pattern with its holes filled in, one after the other; those that are too many stay as they are.
    pub(super) fn filled(&self, holes: &[&str]) -> String {
        let mut text = String::new();
        let (mut rest, mut holes) = (&*self.0, holes.iter());
        while let Some(at) = rest.find('*') {
            let hole = if rest[at..].starts_with("**") { "**" } else { "*" };
            text += &rest[..at];
            text += holes.next().copied().unwrap_or(hole);
            rest = &rest[at + hole.len()..];
        }
        text + rest
    }

    /// How many holes there are.
    pub(super) fn count(&self) -> usize {
        self.0.replace("**", "*").matches('*').count()
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

fn fits<'a>(pattern: &str, name: &'a str, holes: &mut Vec<&'a str>) -> bool {
    let Some(at) = pattern.find('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(&pattern[..at]) else { return false };
    let whole_parts = pattern[at..].starts_with("**");
    let rest = &pattern[at + 1 + usize::from(whole_parts)..];
    for (i, c) in name.char_indices() {
        if c == '.' && !whole_parts {
            return false;
        }
        let (hole, after) = name.split_at(i + c.len_utf8());
        // Of whole parts, the hole ends where one ends.
        let ends_here = !whole_parts || after.is_empty() || after.starts_with('.');
        if ends_here {
            holes.push(hole);
            if fits(rest, after, holes) {
                return true;
            }
            holes.pop();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_parts_of_names() {
        for (pattern, name, holes) in [
            ("a.b", "a.b", Some(&[][..])),
            ("a.b", "a.bc", None),
            ("h.*.w", "h.12.w", Some(&["12"])),
            ("h.*.w", "h.1.2.w", None),
            ("h.*.w", "h..w", None),
            ("**.weight", "a.b.weight", Some(&["a.b"])),
            ("**.weight", "weight", None),
            ("module.**", "module.a.b", Some(&["a.b"])),
            ("rnn.bias_*_l*", "rnn.bias_ih_l0", Some(&["ih", "0"])),
            ("**.a.**", "x.a.y.a.z", Some(&["x", "y.a.z"])),
            ("**", "x", Some(&["x"])),
            ("**", "", None),
            ("*ä*", "xäy", Some(&["x", "y"])),
        ] {
            assert_eq!(Pattern::new(pattern).holes(name).as_deref(), holes, "{pattern} {name}");
        }
        let filled = Pattern::new("layers.*.x.**").filled(&["3", "a.b"]);
        assert_eq!((&*filled, Pattern::new("a.*.**.b*").count()), ("layers.3.x.a.b", 3));
    }
}

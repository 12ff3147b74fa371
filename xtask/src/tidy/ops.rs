//! Every op has its derivatives checked: a `pub fn` of the engine's `ops/` and `fused/`, and of a model's operations, stands as
//! a string in the gradient-check table of its crate.

use std::collections::BTreeSet;

use super::finding::Finding;
use super::tokens::{Kind, Token};
use super::tree::Tree;

/// Where ops are: the crate, their folder, the table.
const OPS: [(&str, &str, &str); 3] = [
    ("crates/autodiff", "crates/autodiff/src/ops/", ENGINE),
    ("crates/autodiff", "crates/autodiff/src/fused/", ENGINE),
    ("crates/ntm", "crates/ntm/src/memory/", "crates/ntm/tests/gradcheck"),
];
const ENGINE: &str = "crates/autodiff/tests/gradcheck/";

/// Every op stands in the table, and every op module is looked at.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    OPS.iter().flat_map(|place| in_folder(tree, *place)).collect()
}

fn in_folder(tree: &Tree, (home, folder, table): (&str, &str, &str)) -> Vec<Finding> {
    let checked: BTreeSet<&str> = tree
        .rust_under(table)
        .flat_map(|(_, tokens)| tokens)
        .filter(|token| token.kind == Kind::Literal)
        .filter_map(|token| token.text.strip_prefix('"')?.strip_suffix('"'))
        .collect();
    let names: Vec<_> = tree
        .rust_under(folder)
        .flat_map(|(path, tokens)| public_functions(tokens).map(move |name| (path, name)))
        .collect();
    if tree.has(home) && names.is_empty() {
        return vec![Finding::new(
            (folder, 0),
            "there is no op here",
            "this rule would check nothing",
            format!("tell {} where the ops are now", file!()),
        )];
    }
    let missing = names.iter().filter(|(_, name)| !checked.contains(name.text.as_str()));
    missing
        .map(|(path, name)| {
            let op = &name.text;
            Finding::new(
                (*path, name.line),
                format!("the op `{op}` is not in the gradient-check table"),
                "a wrong derivative trains, only worse: nobody notices",
                format!("add a case \"{op}\" under {table} (helpers are `pub(crate)`)"),
            )
        })
        .collect()
}

/// The names after `pub fn`, also inside the rows of a macro call; `pub(crate) fn` is no op.
fn public_functions(tokens: &[Token]) -> impl Iterator<Item = &Token> {
    let qualifiers = ["const", "unsafe", "async"];
    tokens.iter().enumerate().filter(|(_, token)| token.is_ident("pub")).filter_map(
        move |(at, _)| {
            let rest = tokens[at + 1..].iter();
            let mut rest = rest.skip_while(|token| qualifiers.contains(&token.text.as_str()));
            rest.next().filter(|token| token.is_ident("fn"))?;
            rest.next().filter(|token| token.kind == Kind::Ident)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;

    const OP: &str = "crates/autodiff/src/ops/unary.rs";
    const FUSED: (&str, &str) =
        ("crates/autodiff/src/fused/linear.rs", "impl T { pub fn linear() {} }");
    const CASES: (&str, &str) =
        ("crates/autodiff/tests/gradcheck/main.rs", "case(\"linear\"); case(\"tanh\"); // \"erf\"");

    #[test]
    fn an_op_without_a_case_is_found() {
        let source = "impl T {\n/// `pub fn no()`\npub fn tanh() {}\npub fn erf() {}\n\
                      pub(crate) fn helper() {}\nfn f() {}\n}";
        let elsewhere = ("crates/autodiff/tests/elsewhere.rs", "case(\"erf\");");
        let tree = Tree::of(&[(OP, source), FUSED, CASES, elsewhere]);
        assert_eq!(places(&check(&tree)), [format!("{OP}:4")]);
    }

    #[test]
    fn rows_of_a_macro_are_ops() {
        let source = "macro_rules! unary { ($(pub fn $name:ident;)*) => { $(pub fn $name() {})* } }\n\
                      unary! {\n/// words\n pub fn sin { x.sin() }\n pub const fn cos { x.cos() } }";
        let tree = Tree::of(&[(OP, source), FUSED, CASES]);
        assert_eq!(places(&check(&tree)), [format!("{OP}:4"), format!("{OP}:5")]);
    }

    #[test]
    fn fused_ops_are_ops() {
        let gru = ("crates/autodiff/src/fused/gru.rs", "pub fn gru() {}");
        let tree = Tree::of(&[(OP, "pub fn tanh() {}"), gru, CASES]);
        assert_eq!(places(&check(&tree)), ["crates/autodiff/src/fused/gru.rs:1"]);
    }

    #[test]
    fn operations_of_a_model_are_ops() {
        let read = ("crates/ntm/src/memory/read.rs", "pub fn read() {}\npub fn write() {}");
        let table = ("crates/ntm/tests/gradcheck.rs", "case(\"read\");");
        let tree = Tree::of(&[(OP, "pub fn tanh() {}"), FUSED, CASES, read, table]);
        assert_eq!(places(&check(&tree)), ["crates/ntm/src/memory/read.rs:2"]);
    }

    #[test]
    fn ops_that_moved_away_are_missed() {
        let moved = ("crates/autodiff/src/primitives/unary.rs", "pub fn erf() {}");
        let tree = Tree::of(&[moved, FUSED, CASES]);
        assert_eq!(places(&check(&tree)), [format!("{}:0", OPS[0].1)]);
    }
}

//! Every op has its derivatives checked: a `pub fn` of the engine's `ops/` and `fused/`, and of a model's operations, stands in
//! the gradient-check table of its crate.

use std::collections::BTreeSet;

use super::finding::Finding;
use super::tokens::{Kind, Token};
use super::tree::Tree;

/// Where ops are: the crate, their folder, the table.
const OPS: [(&str, &str, &str); 3] = [
    ("crates/autodiff", "crates/autodiff/src/ops/", ENGINE),
    ("crates/autodiff", "crates/autodiff/src/fused/", ENGINE),
    ("crates/ntm", "crates/ntm/src/memory/", "crates/ntm/tests/suite/gradcheck"),
];
const ENGINE: &str = "crates/autodiff/tests/suite/gradcheck/";

/// Every op stands in the table, and every op module is looked at.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    OPS.iter().flat_map(|place| in_folder(tree, *place)).collect()
}

fn in_folder(tree: &Tree, (home, folder, table): (&str, &str, &str)) -> Vec<Finding> {
    let checked: BTreeSet<&str> =
        tree.rust_under(table).flat_map(|(_, tokens)| rows(tokens)).collect();
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
                format!("add `case(\"{op}\", …)` under {table} (helpers are `pub(crate)`)"),
            )
        })
        .collect()
}

/// The names in the rows of the table: `case("tanh", …)`, or `row`, or, for an op that has no derivative, a tuple with its
/// name and a call of it, `("sign", |x| x.sign(), …)`. A name elsewhere says nothing.
fn rows(tokens: &[Token]) -> impl Iterator<Item = &str> {
    let opens = |at: &usize| tokens[*at].text == "(" && tokens[*at].kind == Kind::Punct;
    (0..tokens.len().saturating_sub(1)).filter(opens).filter_map(|open| {
        let first = &tokens[open + 1];
        let name = first.text.strip_prefix('"')?.strip_suffix('"')?;
        let mut before = tokens[..open].iter().rev().skip_while(|token| token.text == "!");
        let is_row = match before.next() {
            Some(head) if head.kind == Kind::Ident => head.is_ident("case") || head.is_ident("row"),
            _ => calls(within(&tokens[open..]), name),
        };
        is_row.then_some(name)
    })
}

/// The tokens from an opening bracket to the one that closes it.
fn within(tokens: &[Token]) -> &[Token] {
    let mut depth = 0_usize;
    let end = tokens.iter().position(|token| {
        match (token.kind, token.text.as_str()) {
            (Kind::Punct, "(" | "[" | "{") => depth += 1,
            (Kind::Punct, ")" | "]" | "}") => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    &tokens[..end.map_or(tokens.len(), |end| end + 1)]
}

fn calls(tokens: &[Token], name: &str) -> bool {
    tokens.windows(2).any(|pair| pair[0].is_ident(name) && pair[1].text == "(")
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
    const CASES: (&str, &str) = (
        "crates/autodiff/tests/suite/gradcheck/mod.rs",
        "case(\"linear\"); case(\"tanh\"); // \"erf\"",
    );

    #[test]
    fn an_op_without_a_case_is_found() {
        let source = "impl T {\n/// `pub fn no()`\npub fn tanh() {}\npub fn erf() {}\n\
                      pub(crate) fn helper() {}\nfn f() {}\n}";
        let elsewhere = ("crates/autodiff/tests/elsewhere.rs", "case(\"erf\");");
        let tree = Tree::of(&[(OP, source), FUSED, CASES, elsewhere]);
        assert_eq!(places(&check(&tree)), [format!("{OP}:4")]);
    }

    #[test]
    fn a_name_beside_the_table_says_nothing() {
        let named = |cases: &str| {
            let table = ("crates/autodiff/tests/suite/gradcheck/mod.rs", cases);
            check(&Tree::of(&[
                (OP, "pub fn sign() {}"),
                ("crates/autodiff/src/fused/no.rs", "fn f() {}"),
                table,
            ]))
            .iter()
            .all(|finding| finding.file != OP)
        };
        for row in ["case(\"sign\", f)", "row!(\"sign\", f)", "[(\"sign\", |x| x.sign(), [1.0])]"] {
            assert!(named(row), "{row}");
        }
        for other in [
            "assert_eq!(a, b, \"sign\")",
            "let op = \"sign\";",
            "check(\"sign\", f)",
            "[(\"sign\", |x| x.signum(), x.sign)]; x.sign()",
            "[\"sign\"]",
        ] {
            assert!(!named(other), "{other}");
        }
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
        let table = ("crates/ntm/tests/suite/gradcheck.rs", "case(\"read\");");
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

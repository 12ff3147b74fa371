//! Rust source as a flat list of tokens: rules look at code, never at comments or strings by
//! accident.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier or keyword.
    Ident,
    /// One punctuation character, or an opening or closing bracket.
    Punct,
    /// A string, character or number as written.
    Literal,
}

/// One token and the line it begins on, counted from 1.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn is_ident(&self, name: &str) -> bool {
        self.kind == Kind::Ident && self.text == name
    }
}

/// The tokens of a file; doc comments appear as the `doc` attributes that they stand for. The
/// error is the line at which the text stops being Rust.
pub(crate) fn lex(source: &str) -> Result<Vec<Token>, usize> {
    let stream: TokenStream =
        source.parse().map_err(|error: proc_macro2::LexError| error.span().start().line)?;
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    Ok(tokens)
}

fn flatten(stream: TokenStream, out: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        let mut push = |kind, text: String, line| out.push(Token { kind, text, line });
        match tree {
            TokenTree::Ident(ident) => push(Kind::Ident, ident.to_string(), line),
            TokenTree::Literal(literal) => push(Kind::Literal, literal.to_string(), line),
            TokenTree::Punct(punct) => {
                push(Kind::Punct, punct.as_char().to_string(), line);
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(Kind::Punct, open.to_owned(), line);
                let end = group.span_close().start().line;
                flatten(group.stream(), out);
                out.push(Token { kind: Kind::Punct, text: close.to_owned(), line: end });
            }
        }
    }
}

/// Where `pattern` occurs: each word of it is one token's text (identifiers and punctuation;
/// literals never match).
pub(crate) fn find<'a>(tokens: &'a [Token], pattern: &[&str]) -> impl Iterator<Item = &'a Token> {
    tokens.windows(pattern.len()).filter_map(move |window| {
        let same =
            |(token, word): (&Token, &&str)| token.kind != Kind::Literal && token.text == **word;
        window.iter().zip(pattern).all(same).then(|| &window[0])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_not_code() {
        let tokens = lex("// unsafe\n/* unsafe */\nlet s = \"unsafe\";\nunsafe {}").unwrap();
        let lines: Vec<_> =
            tokens.iter().filter(|t| t.is_ident("unsafe")).map(|t| t.line).collect();
        assert_eq!(lines, [4]);
    }

    #[test]
    fn brackets_keep_their_own_lines() {
        let tokens = lex("f(\n  a[0],\n)").unwrap();
        let shown: Vec<_> = tokens.iter().map(|t| (t.text.as_str(), t.line)).collect();
        assert_eq!(
            shown,
            [("f", 1), ("(", 1), ("a", 2), ("[", 2), ("0", 2), ("]", 2), (",", 2), (")", 3)]
        );
    }

    #[test]
    fn patterns_match_whole_tokens() {
        let tokens = lex("todo!(); todos!(); \"todo!(\";").unwrap();
        assert_eq!(find(&tokens, &["todo", "!", "("]).count(), 1);
    }

    #[test]
    fn broken_source_names_its_line() {
        assert_eq!(lex("fn f() {}\nfn g( {").unwrap_err(), 2);
    }
}

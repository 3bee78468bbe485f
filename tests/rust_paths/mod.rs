//! The paths that a Rust source names: enough of a parser to see what one file uses of another.

/// A path in a source: `use` trees give one for each leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub line: usize,
    pub path: Vec<String>,
}

impl Reference {
    /// The path from the crate's root for a source of `module`; `None` for other crates and local names.
    ///
    /// `is_child`: whether a name is a child module of `module`.
    pub fn absolute(&self, module: &[String], is_child: impl Fn(&str) -> bool) -> Option<Vec<String>> {
        let n_up = self.path.iter().take_while(|name| *name == "super").count();
        match self.path[0].as_str() {
            "crate" => Some(self.path[1..].to_vec()),
            "super" => Some([&module[..module.len() - n_up], &self.path[n_up..]].concat()),
            "self" => Some([module, &self.path[1..]].concat()),
            name if is_child(name) => Some([module, &self.path].concat()),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    /// `::`
    Separator,
    Sign(char),
}

/// All paths of two names or more, outside comments, strings, attributes and tests.
pub fn references(source: &str) -> Vec<Reference> {
    let tokens = without_tests(tokens(source));
    let mut references = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let is_path = matches!(tokens[i].1, Token::Name(_)) && matches!(tokens.get(i + 1), Some((_, Token::Separator)));
        i = match is_path {
            true => read_tree(&tokens, i, &[], &mut references),
            false => i + 1,
        };
    }
    references
}

/// Reads a path, or a `use` tree behind `prefix`, from token `i` on; returns the index behind it.
fn read_tree(tokens: &[(usize, Token)], mut i: usize, prefix: &[String], references: &mut Vec<Reference>) -> usize {
    let mut path = prefix.to_vec();
    let line = tokens[i].0;
    loop {
        match tokens.get(i).map(|(_, token)| token) {
            Some(Token::Name(name)) => path.push(name.clone()),
            Some(Token::Sign('{')) => {
                i += 1;
                while !matches!(tokens[i].1, Token::Sign('}')) {
                    i = match tokens[i].1 {
                        Token::Name(_) => read_tree(tokens, i, &path, references),
                        _ => i + 1,
                    };
                }
                return i + 1;
            }
            _ => break, // `*`, or a turbofish
        }
        i += 1;
        match tokens.get(i) {
            Some((_, Token::Separator)) => i += 1,
            _ => break,
        }
    }
    if let Some((_, Token::Name(name))) = tokens.get(i)
        && name == "as"
    {
        i += 2;
    }
    references.push(Reference { line, path });
    i
}

/// Leaves out modules behind `#[cfg(test)]`, and all attributes.
fn without_tests(tokens: Vec<(usize, Token)>) -> Vec<(usize, Token)> {
    let mut kept = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        if tokens[i].1 != Token::Sign('#') {
            kept.push(tokens[i].clone());
            i += 1;
            continue;
        }
        let start = i;
        i = behind_group(&tokens, i, '[', ']');
        let name = |name: &str| Token::Name(name.to_owned());
        let attribute: Vec<&Token> = tokens[start..i].iter().map(|(_, token)| token).collect();
        let is_test = attribute.contains(&&name("cfg")) && attribute.contains(&&name("test"));
        if is_test && tokens.get(i).is_some_and(|(_, token)| *token == name("mod")) {
            i = behind_group(&tokens, i, '{', '}');
        }
    }
    kept
}

/// The index behind the next group, which may hold other groups.
fn behind_group(tokens: &[(usize, Token)], mut i: usize, open: char, close: char) -> usize {
    let mut depth = 0;
    loop {
        match tokens[i].1 {
            Token::Sign(sign) if sign == open => depth += 1,
            Token::Sign(sign) if sign == close => depth -= 1,
            _ => {}
        }
        i += 1;
        if depth == 0 && tokens[i - 1].1 == Token::Sign(close) {
            return i;
        }
    }
}

/// The tokens of a source with their lines, without comments and literals.
fn tokens(source: &str) -> Vec<(usize, Token)> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    while let Some(c) = rest.chars().next() {
        let line = 1 + source[..source.len() - rest.len()].matches('\n').count();
        let name_len = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(len) = string_len(rest) {
            len
        } else if rest.starts_with("::") {
            tokens.push((line, Token::Separator));
            2
        } else if name_len > 0 {
            tokens.push((line, Token::Name(rest[..name_len].to_owned())));
            name_len
        } else {
            if !c.is_whitespace() {
                tokens.push((line, Token::Sign(c)));
            }
            c.len_utf8()
        };
        rest = &rest[len..];
    }
    tokens
}

/// The length of the string, raw string or character that begins here, if one does.
fn string_len(rest: &str) -> Option<usize> {
    let quote = rest.strip_prefix('b').unwrap_or(rest);
    if let Some(raw) = quote.strip_prefix('r')
        && let Some(body) = raw.trim_start_matches('#').strip_prefix('"')
    {
        let n_hashes = raw.len() - body.len() - 1;
        let end = format!("\"{}", "#".repeat(n_hashes));
        return Some(rest.len() - body.len() + body.find(&end)? + end.len());
    }
    let delimiter = quote.chars().next().filter(|c| "\"'".contains(*c))?;
    let body = &quote[1..];
    // A lifetime has no second quote behind its first character.
    if delimiter == '\'' && !body.starts_with('\\') && body.chars().nth(1) != Some('\'') {
        return None;
    }
    let mut is_escaped = false;
    let end = body.find(|c| {
        let is_end = c == delimiter && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    })?;
    Some(rest.len() - body.len() + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(source: &str) -> Vec<(usize, String)> {
        let paths = references(source).into_iter();
        paths
            .map(|reference| (reference.line, reference.path.join("::")))
            .collect()
    }

    fn found(source: &str, expected: &[(usize, &str)]) {
        let expected: Vec<_> = expected.iter().map(|&(line, path)| (line, path.to_owned())).collect();
        assert_eq!(paths(source), expected, "{source}");
    }

    #[test]
    fn a_use_tree_gives_a_path_for_each_leaf() {
        found("use crate::error::Error;", &[(1, "crate::error::Error")]);
        found(
            "pub use crate::{\n    a::{self, b},\n    c::*,\n    d as e,\n};",
            &[
                (2, "crate::a::self"),
                (2, "crate::a::b"),
                (3, "crate::c"),
                (4, "crate::d"),
            ],
        );
        found(
            "use super::super::x::Y as Z;\nuse a::b;",
            &[(1, "super::super::x::Y"), (2, "a::b")],
        );
    }

    #[test]
    fn paths_in_expressions_and_types_count_too() {
        found(
            "fn f() -> crate::a::B { c::d::<super::E>(g) }",
            &[(1, "crate::a::B"), (1, "c::d"), (1, "super::E")],
        );
        found("pub(super) fn f() { x.y(crate::z) }", &[(1, "crate::z")]);
        found("impl Iterator<Item = [crate::a::B; 2]> {}", &[(1, "crate::a::B")]);
    }

    #[test]
    fn comments_literals_and_attributes_do_not_count() {
        found(
            "/* a::b */ // use crate::a;\n/// [`crate::a::B`]\nuse c::d; // crate::e",
            &[(3, "c::d")],
        );
        found(
            r#"let s = ("a::b", "\"c::d", 'e', '"', '\'', b'"'); f::g"#,
            &[(1, "f::g")],
        );
        found("r#\"a::b \"c::d\"#; br\"e::f\"; g::h", &[(1, "g::h")]);
        found("impl<'a> F<'a> for a::B<'a> {}", &[(1, "a::B")]);
        found("#[cfg_attr(test, wasm_bindgen::x)]\nfn f() { a::b }", &[(2, "a::b")]);
    }

    #[test]
    fn tests_do_not_count() {
        found(
            "use a::b;\n#[cfg(test)]\nmod tests {\n    use c::d; fn f() {}\n}\nuse e::f;",
            &[(1, "a::b"), (6, "e::f")],
        );
        found("#[cfg(all(test, unix))] // why\nmod tests { use c::d; }", &[]);
        found("#[cfg(test)]\nuse a::b;", &[(2, "a::b")]);
    }

    #[test]
    fn paths_are_told_from_the_root() {
        let module = ["kernels".to_owned(), "int8".to_owned()];
        let absolute = |source| {
            let path = references(source)
                .remove(0)
                .absolute(&module, |child| child == "scalar");
            path.map(|path| path.join("::"))
        };
        for (source, expected) in [
            ("crate::math::exp", Some("math::exp")),
            ("super::pool::split", Some("kernels::pool::split")),
            ("super::super::math", Some("math")),
            ("self::matrix::PAIR", Some("kernels::int8::matrix::PAIR")),
            ("scalar::matmul", Some("kernels::int8::scalar::matmul")),
            ("std::ops::Range", None),
        ] {
            assert_eq!(absolute(source).as_deref(), expected, "{source}");
        }
    }
}

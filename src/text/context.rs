//! Which end of a long text the model sees: as much as fits, from the beginning of a sentence or line.

use super::codec::Codec;
use crate::error::Result;

/// Text beyond this many bytes per token of budget is not even encoded: English has 4 to 5 bytes per token.
const MAX_BYTES_PER_TOKEN: usize = 16;

/// Remembers where a long text was cut, and keeps to it while it can: a cut that moved with every keystroke
/// would change every position, and nothing cached would be of use.
#[derive(Default)]
pub struct ContextWindow {
    /// Byte at which the last cut was made, 0 for none.
    cut: usize,
}

/// The end of a text, and its tokens.
pub struct Context<'a> {
    pub text: &'a str,
    pub ids: Vec<u32>,
}

impl ContextWindow {
    /// Returns the end of `text` that has at most `budget` tokens: all of it where possible, else from a sentence
    /// or line, else a word, near three quarters of the budget from its end.
    pub fn fit<'a>(&mut self, codec: &Codec, text: &'a str, budget: usize) -> Result<Context<'a>> {
        if self.cut > 0 && begins_something(text, self.cut) {
            let text = &text[self.cut..];
            if text.len() <= budget * MAX_BYTES_PER_TOKEN {
                let ids = codec.encode(text)?;
                // With less than half left, text was deleted, and more of it should be seen.
                if (budget / 2..=budget).contains(&ids.len()) {
                    return Ok(Context { text, ids });
                }
            }
        }
        let floor = ceil_char_boundary(
            text,
            text.len().saturating_sub(budget * MAX_BYTES_PER_TOKEN),
        );
        let ids = codec.encode(&text[floor..])?;
        if floor == 0 && ids.len() <= budget {
            self.cut = 0;
            return Ok(Context { text, ids });
        }
        let kept_len = |n_tokens: usize| -> usize {
            let first = ids.len().saturating_sub(n_tokens);
            ids[first..]
                .iter()
                .map(|&id| codec.token_bytes(id).len())
                .sum()
        };
        let earliest =
            ceil_char_boundary(text, text.len().saturating_sub(kept_len(budget * 3 / 4)));
        let latest = ceil_char_boundary(text, text.len().saturating_sub(kept_len(budget / 2)));
        let candidates = || (earliest..latest).filter(|&i| begins_something(text, i));
        self.cut = (candidates().find(|&i| begins_sentence(text, i)))
            .or_else(|| candidates().next())
            .unwrap_or(earliest);
        let text = &text[self.cut..];
        let mut ids = codec.encode(text)?;
        // A text without a single space may be encoded in more tokens from here than from further back.
        ids.drain(..ids.len().saturating_sub(budget));
        Ok(Context { text, ids })
    }
}

fn ceil_char_boundary(text: &str, mut i: usize) -> usize {
    while !text.is_char_boundary(i) {
        i += 1;
    }
    i
}

/// Whether a word begins at byte `i`: no space there, one before.
fn begins_something(text: &str, i: usize) -> bool {
    text.is_char_boundary(i)
        && text[i..].starts_with(|c: char| !c.is_whitespace())
        && text[..i].ends_with(char::is_whitespace)
}

/// Whether a sentence or a line begins at byte `i`, at which a word begins.
fn begins_sentence(text: &str, i: usize) -> bool {
    let before = &text[..i];
    let space = &before[before.trim_end().len()..];
    let closing = |c| matches!(c, '"' | '\'' | ')' | '”' | '’');
    space.contains('\n')
        || before
            .trim_end()
            .trim_end_matches(closing)
            .ends_with(['.', '!', '?', '…'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_begin_behind_their_marks_and_lines_anywhere() {
        for (text, expected) in [
            ("One. Two", true),
            ("One.\" Two", true),
            ("“One!” Two", true),
            ("One Two", false),
            ("One\nTwo", true),
            ("One, Two", false),
        ] {
            let i = text.rfind("Two").unwrap();
            assert!(begins_something(text, i), "{text}");
            assert_eq!(begins_sentence(text, i), expected, "{text}");
        }
        assert!(!begins_something("One Two", 1));
        assert!(!begins_something("One", 0));
        assert!(!begins_something("é x", 1));
    }
}

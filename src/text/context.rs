//! Which end of a long text the model sees: as much as fits, from the beginning of a sentence or line.

use super::codec::Codec;
use crate::error::Result;

/// Text beyond this many bytes per token of budget is not even encoded: English has 4 to 5 bytes per token.
const MAX_BYTES_PER_TOKEN: usize = 16;

/// The end of a text, and its tokens.
pub struct Context<'a> {
    pub text: &'a str,
    pub ids: Vec<u32>,
}

/// Returns the end of `text` that has at most `budget` tokens: all of it where possible, else from the beginning of a
/// sentence or line, else of a word, where up to a half of the budget is given up for that.
///
/// The same text always gives the same end. While it grows the cut stays where it is for a quarter of the budget or so:
/// a cut that moved with every keystroke would move every token's position, and nothing cached would be of use.
pub fn fit<'a>(codec: &Codec, text: &'a str, budget: usize) -> Result<Context<'a>> {
    let floor = text.ceil_char_boundary(text.len().saturating_sub(budget * MAX_BYTES_PER_TOKEN));
    let ids = codec.encode(&text[floor..])?;
    if floor == 0 && ids.len() <= budget {
        return Ok(Context { text, ids });
    }
    let start_of_last = |n_tokens: usize| {
        let kept = &ids[ids.len().saturating_sub(n_tokens)..];
        let kept_len: usize = kept.iter().map(|&id| codec.token_bytes(id).len()).sum();
        text.floor_char_boundary(text.len().saturating_sub(kept_len))
    };
    let earliest = start_of_last(budget);
    let latest = start_of_last(budget.div_ceil(2));
    // Multiples of a power of two stay where they are when the text grows.
    let step = 1 << ((text.len() - earliest) / 4).max(1).ilog2();
    let candidates = earliest.next_multiple_of(step)..=latest;
    let words = || candidates.clone().filter(|&i| begins_word(text, i));
    let cut = (words().find(|&i| begins_sentence(text, i)))
        .or_else(|| words().next())
        .or_else(|| candidates.clone().find(|&i| text.is_char_boundary(i)))
        .unwrap_or(earliest);
    let text = &text[cut..];
    let mut ids = codec.encode(text)?;
    // From here on the same text may take more tokens than it took from further back.
    ids.drain(..ids.len().saturating_sub(budget));
    Ok(Context { text, ids })
}

/// Whether a word begins at byte `i`: no space there, one before, or the end of a Chinese or Japanese sentence.
fn begins_word(text: &str, i: usize) -> bool {
    text.is_char_boundary(i)
        && text[i..].starts_with(|c: char| !c.is_whitespace())
        && text[..i].ends_with(|c: char| c.is_whitespace() || matches!(c, '。' | '！' | '？'))
}

/// Whether a sentence or a line begins at byte `i`, at which a word begins.
fn begins_sentence(text: &str, i: usize) -> bool {
    let before = &text[..i];
    let space = &before[before.trim_end().len()..];
    let closing = |c| matches!(c, '"' | '\'' | ')' | '”' | '’' | '」' | '』');
    let end = before.trim_end().trim_end_matches(closing);
    space.contains('\n') || end.ends_with(['.', '!', '?', '…', '。', '！', '？'])
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
            ("一。Two", true),
        ] {
            let i = text.rfind("Two").unwrap();
            assert!(begins_word(text, i), "{text}");
            assert_eq!(begins_sentence(text, i), expected, "{text}");
        }
        assert!(!begins_word("One Two", 1));
        assert!(!begins_word("One", 0));
        assert!(!begins_word("é x", 1));
    }
}

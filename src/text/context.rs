//! Which end of a long text the model sees: as much as fits, from the beginning of a sentence or line.

use super::codec::Codec;
use crate::error::Result;

/// Text beyond so many bytes per token of budget is not even encoded: English has 4 to 5 bytes per token.
const MAX_BYTES_PER_TOKEN: usize = 16;

/// Tokens of the end of `text`, at most `budget` of them: of all of it where possible, else from the beginning of a sentence
/// or line, else of a word. More than a quarter of the budget is used.
///
/// The same text always gives the same tokens. While it grows the cut stays where it is, until half of the budget has come
/// anew: a cut that moved with every keystroke would move every token's position, and nothing cached would be of use.
/// However long the text is, the work is bounded by the budget.
pub fn fit(codec: &Codec, text: &str, budget: usize) -> Result<Vec<u32>> {
    // The first cut, too, moves by large steps.
    let step_bytes = budget * MAX_BYTES_PER_TOKEN;
    let start = text.ceil_char_boundary((text.len() / step_bytes).saturating_sub(1) * step_bytes);
    let mut ids = codec.encode(&text[start..])?;
    if start == 0 && ids.len() <= budget {
        return Ok(ids);
    }
    let starts: Vec<usize> = (ids.iter())
        .scan(start, |end, &id| {
            *end += codec.token_bytes(id).len();
            Some(*end - codec.token_bytes(id).len())
        })
        .collect();
    // A word has now more, now fewer tokens while it is typed. There is room for the last one, so that it moves no cut.
    let last_space = start + text[start..].rfind(char::is_whitespace).unwrap_or(0);
    let n_settled = starts.partition_point(|&start| start < last_space);
    let surplus = (n_settled + budget / 8).max(ids.len()).saturating_sub(budget);
    // Tokens are counted from a fixed place, and those at a mark stay what they are when the text grows.
    let mark = surplus.next_multiple_of(budget.div_ceil(2));
    let candidates = mark..ids.len().min(mark + budget / 8 + 1);
    let first = |is_good: fn(&str, usize) -> bool| candidates.clone().find(|&i| is_good(text, starts[i]));
    let cut = first(begins_sentence)
        .or_else(|| first(begins_word))
        .or_else(|| first(str::is_char_boundary))
        .unwrap_or(mark);
    ids.drain(..cut);
    Ok(ids)
}

/// Whether a word begins at byte `i`, perhaps with the space that its token has before it.
fn begins_word(text: &str, i: usize) -> bool {
    let Some((before, rest)) = text.split_at_checked(i) else {
        return false;
    };
    let word = rest.strip_prefix(' ').unwrap_or(rest);
    let is_behind_space = word.len() < rest.len() || before.ends_with(char::is_whitespace);
    word.starts_with(|c: char| !c.is_whitespace()) && (is_behind_space || before.ends_with(['。', '！', '？']))
}

/// Whether that word begins a sentence or a line.
fn begins_sentence(text: &str, i: usize) -> bool {
    if !begins_word(text, i) {
        return false;
    }
    let before = &text[..i];
    let sentence = before.trim_end();
    let closing = ['"', '\'', ')', '”', '’', '」', '』'];
    let marks = ['.', '!', '?', '…', '。', '！', '？'];
    before[sentence.len()..].contains('\n') || sentence.trim_end_matches(closing).ends_with(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_begin_behind_their_marks_and_lines_anywhere() {
        for (before, rest, expected) in [
            ("One.", " Two", true),
            ("One. ", "Two", true),
            ("One.\"", " Two", true),
            ("“One!” ", " Two", true),
            ("One", " Two", false),
            ("One\n", "Two", true),
            ("One,", " Two", false),
            ("一。", "Two", true),
        ] {
            let text = [before, rest].concat();
            assert!(begins_word(&text, before.len()), "{text}");
            assert_eq!(begins_sentence(&text, before.len()), expected, "{text}");
        }
        for (before, rest) in [
            ("3.", "14"),
            ("One", ""),
            ("One.", "  Two"),
            ("One.", " \n"),
            ("One.", "\nTwo"),
        ] {
            let text = [before, rest].concat();
            assert!(
                !begins_word(&text, before.len()) && !begins_sentence(&text, before.len()),
                "{text}"
            );
        }
        assert!(!begins_word("é x", 1));
    }
}

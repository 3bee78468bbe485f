//! Fits a long text into the context: keeps as much of its end as fits, from the start of a sentence or line.

use super::codec::Codec;
use super::punctuation::{CHINESE_STOPS, is_closing, is_stop};
use crate::error::Result;

/// Bytes of text to encode per token of the budget: generous, since English has 4 to 5 bytes per token.
const MAX_BYTES_PER_TOKEN: usize = 16;

/// Tokens of the end of `text`, at most `budget` of them: the whole text if it fits, else from the start of a sentence
/// or line if there is one near the cut, else of a word. Uses more than a quarter of the budget.
///
/// The result depends on `text` and `budget` alone. While the text grows, the cut stays put until about half a budget
/// of new tokens has accumulated: a cut that moved with every keystroke would shift every position and invalidate the
/// cache. The work is bounded by the budget, however long the text is.
///
/// # Errors
/// Those of [`Codec::encode`].
pub fn fit(codec: &Codec, text: &str, budget: usize) -> Result<Vec<u32>> {
    // Like the final cut, the first one moves in large steps.
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
    // The number of tokens in a word goes up and down as it is typed; with room set aside, the last word moves no cut.
    let last_space = start + text[start..].rfind(char::is_whitespace).unwrap_or(0);
    let n_settled = starts.partition_point(|&start| start < last_space);
    let surplus = (n_settled + budget / 8).max(ids.len()).saturating_sub(budget);
    // The count starts at a fixed place, so the tokens near the mark stay the same when the text grows.
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

/// Whether a word starts at byte `i`, with or without the leading space of its token.
fn begins_word(text: &str, i: usize) -> bool {
    let Some((before, rest)) = text.split_at_checked(i) else {
        return false;
    };
    let word = rest.strip_prefix(' ').unwrap_or(rest);
    let is_after_space = word.len() < rest.len() || before.ends_with(char::is_whitespace);
    word.starts_with(|c: char| !c.is_whitespace()) && (is_after_space || before.ends_with(CHINESE_STOPS))
}

/// Whether a sentence or line starts at byte `i`.
fn begins_sentence(text: &str, i: usize) -> bool {
    if !begins_word(text, i) {
        return false;
    }
    let before = &text[..i];
    let sentence = before.trim_end();
    before[sentence.len()..].contains('\n') || sentence.trim_end_matches(is_closing).ends_with(is_stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_start_after_stops_and_lines_anywhere() {
        for (before, rest, expected) in [
            ("One.", " Two", true),
            ("One. ", "Two", true),
            ("One.\"", " Two", true),
            ("“One!” ", " Two", true),
            ("«One!»", " Two", true),
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

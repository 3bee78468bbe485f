//! The words of a text as the page accepts them one by one: `firstWord` of www/suggestion/words.js, tested with the same
//! table of cases, tests/tables/first_word.json.
//!
//! The page has `Intl.Segmenter`, which finds words by Unicode's rules (UAX #29) and, where a script has no spaces
//! between them, by a dictionary. ICU4X does the same here. It is the library behind Firefox's `Intl.Segmenter`; the
//! ICU of Chromium and Safari weighs the words of its dictionary and may divide a Chinese sentence elsewhere.

use std::sync::LazyLock;

use icu_segmenter::WordSegmenter;
use icu_segmenter::options::WordBreakInvariantOptions;
use regex::Regex;

/// Closing brackets and quotes, and every other mark that neither opens nor joins.
static CLOSING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[\p{Pe}\p{Pf}\p{Po}]+").expect("invariant: the pattern is valid"));

/// The words of a text, one after the other.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = first_word(rest);
        rest = &rest[word.len()..];
        (!word.is_empty()).then_some(word)
    })
}

/// The first word of a text, with the space before it and the punctuation after it.
pub fn first_word(text: &str) -> &str {
    let start = text.len() - text.trim_start().len();
    let mut end = start;
    let segmenter = WordSegmenter::new_dictionary(WordBreakInvariantOptions::default());
    for next in segmenter.segment_str(&text[start..]).skip(1).map(|i| start + i) {
        let segment = &text[end..next];
        if segment.trim().is_empty() {
            break;
        }
        end = next;
        // ICU4X's own `is_word_like` misses words that end in a combining mark.
        if segment.contains(char::is_alphanumeric) {
            break;
        }
    }
    end += CLOSING.find(&text[end..]).map_or(0, |closing| closing.len());
    &text[..end]
}

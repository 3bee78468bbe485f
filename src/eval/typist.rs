//! The simulated typist: types a text, accepts correct suggestions and counts keys. The page is a function argument,
//! so that tests can script it.

use serde::Serialize;

use super::words::words;
use crate::error::Result;
use crate::suggestion::split_sentence;

/// The numbers of words after which suggestions are compared with the text.
pub const N_WORDS: [usize; 4] = [1, 2, 3, 5];

/// Counts for one or more texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Characters in the texts.
    pub n_characters: usize,
    /// Sentences in the texts.
    pub n_sentences: usize,
    /// Keys that accepted a word or a whole suggestion.
    pub n_accepts: usize,
    /// Characters that those keys inserted.
    pub n_accepted_characters: usize,
    /// Suggestions that appeared.
    pub n_suggestions: usize,
    /// Suggestions with at least as many words as [`N_WORDS`] at the same index.
    pub n_long: [usize; 4],
    /// Of these, suggestions whose first words, that many, are the text's.
    pub n_matching: [usize; 4],
}

impl Counts {
    /// Adds the counts of further texts.
    pub fn add(&mut self, other: &Counts) {
        self.n_characters += other.n_characters;
        self.n_sentences += other.n_sentences;
        self.n_accepts += other.n_accepts;
        self.n_accepted_characters += other.n_accepted_characters;
        self.n_suggestions += other.n_suggestions;
        for i in 0..N_WORDS.len() {
            self.n_long[i] += other.n_long[i];
            self.n_matching[i] += other.n_matching[i];
        }
    }

    /// Characters saved, as a share of all characters; below 0 if accepting cost more keys than typing.
    pub fn saved(&self) -> f64 {
        (self.n_accepted_characters as f64 - self.n_accepts as f64) / self.n_characters as f64
    }

    /// The shares of matching suggestions, in the order of [`N_WORDS`]; NaN where no suggestion has that many words.
    pub fn matching(&self) -> [f64; 4] {
        std::array::from_fn(|i| self.n_matching[i] as f64 / self.n_long[i] as f64)
    }

    /// Suggestions that appeared, per sentence.
    pub fn suggestions_per_sentence(&self) -> f64 {
        self.n_suggestions as f64 / self.n_sentences as f64
    }

    /// Counts a suggestion that has appeared.
    fn look_at(&mut self, suggestion: &str, ahead: &str) {
        self.n_suggestions += 1;
        let n_words = words(suggestion).count();
        let n_right = right_words(suggestion, ahead).count();
        for (i, n) in N_WORDS.into_iter().enumerate() {
            self.n_long[i] += usize::from(n_words >= n);
            self.n_matching[i] += usize::from(n_right >= n);
        }
    }
}

/// Types `text`. `suggest` takes the caret as a byte offset and returns the page's suggestions there, best first.
///
/// # Errors
/// Those of `suggest`.
pub fn replay(text: &str, mut suggest: impl FnMut(usize) -> Result<Vec<String>>) -> Result<Counts> {
    let mut counts = Counts {
        n_characters: text.chars().count(),
        n_sentences: n_sentences(text),
        ..Counts::default()
    };
    // The alternatives that still match, without the text typed since, each with its number. The first is on screen.
    let mut offered: Vec<(usize, String)> = Vec::new();
    let mut seen = None;
    let mut caret = 0;
    while let Some(character) = text[caret..].chars().next() {
        let ahead = &text[caret..];
        if offered.is_empty() {
            offered = suggest(caret)?.into_iter().enumerate().collect();
            seen = None;
        }
        let mut typed = &ahead[..character.len_utf8()];
        if let Some((i, shown)) = offered.first() {
            if seen != Some(*i) {
                counts.look_at(shown, ahead);
                seen = Some(*i);
            }
            let n_right = right_len(shown, ahead);
            if n_right > 0 {
                typed = &ahead[..n_right];
                counts.n_accepts += 1;
                counts.n_accepted_characters += typed.chars().count();
            }
        }
        caret += typed.len();
        offered = (offered.into_iter())
            .filter_map(|(i, suggestion)| Some((i, suggestion.strip_prefix(typed)?.to_owned())))
            .filter(|(_, rest)| !rest.is_empty())
            .collect();
    }
    Ok(counts)
}

/// How many bytes of a suggestion one key accepts: all of it, its first word, or none.
fn right_len(suggestion: &str, ahead: &str) -> usize {
    let lens = || right_words(suggestion, ahead).map(str::len);
    match lens().sum::<usize>() {
        all if all == suggestion.len() => all,
        _ => lens().next().unwrap_or(0),
    }
}

/// Whether the next word of `suggestion` is the next word of the text `ahead`.
pub fn is_next_word_right(suggestion: &str, ahead: &str) -> bool {
    right_words(suggestion, ahead).next().is_some()
}

/// The words of a suggestion before the first that differs from the text.
fn right_words<'a>(suggestion: &'a str, ahead: &str) -> impl Iterator<Item = &'a str> {
    words(suggestion).zip(words(ahead)).scan(true, |is_same, (word, next)| {
        let rest = next
            .strip_prefix(word)
            .filter(|rest| *is_same && !rest.contains(char::is_alphanumeric));
        *is_same = rest.is_some_and(str::is_empty);
        rest.map(|_| word)
    })
}

fn n_sentences(text: &str) -> usize {
    let mut n_sentences = 0;
    let mut rest = text;
    while let Some((sentence, others)) = split_sentence(rest) {
        n_sentences += usize::from(!sentence.trim().is_empty());
        rest = others;
    }
    n_sentences + usize::from(!rest.trim().is_empty())
}

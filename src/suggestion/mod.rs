//! Turns a model's continuations at the caret into suggestions for a writer. Pure: no model, no clock.

mod ending;
mod following;
mod parroting;
mod words;

use std::collections::HashSet;

use crate::sequence::{FinishReason, Token};
use crate::session::Step;
pub use ending::split_sentence;
use following::Following;
use parroting::Recent;
pub use words::{beginning, word_indices};

/// The text around the caret.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The text before the caret.
    pub before: &'a str,
    /// The rest of the paragraph after the caret, or the start of it.
    pub after: &'a str,
}

/// Which suggestions are shown, and in which order.
#[derive(Debug, Clone, Copy)]
pub struct SuggestionOptions {
    /// The minimum probability of a suggestion's first word; 0 shows everything. The first word decides because
    /// writers accept it far more often than the whole suggestion, and because its probability is known before
    /// anything is shown.
    pub gate: f64,
    /// Whether the likeliest suggestion comes first; otherwise they keep the order of the model's sequences.
    pub is_ranked: bool,
}

/// Text for the writer to accept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Suggestion {
    /// The text to insert at the caret.
    pub text: String,
    /// Whether `text` is final: no further token changes it.
    pub is_complete: bool,
    /// The mean natural logarithm of the probability per character of `text`.
    pub mean_log_probability: f64,
}

/// Whether the caret is at a place to continue from: after some text, and neither inside nor directly before a word.
pub fn is_askable(Place { before, after }: Place) -> bool {
    let is_before_word = after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    !before.trim().is_empty() && !is_before_word && !words::is_inside_word(before, after)
}

/// The suggestions at one place, growing with each step of a [`crate::session::Session`].
pub struct Suggestions {
    options: SuggestionOptions,
    word_before: String,
    recent: Recent,
    following: Following,
    continuations: Vec<Continuation>,
    /// The continuation offered first. It keeps its place as long as it is offered: the writer is reading it.
    first: Option<usize>,
    offered: Vec<Suggestion>,
}

impl Suggestions {
    /// No suggestions yet at the given place.
    pub fn new(Place { before, after }: Place, options: SuggestionOptions) -> Suggestions {
        Suggestions {
            options,
            word_before: before.rsplit(char::is_whitespace).next().unwrap_or("").to_owned(),
            recent: Recent::new(before),
            following: Following::new(after),
            continuations: Vec::new(),
            first: None,
            offered: Vec::new(),
        }
    }

    /// Takes the session's next step; returns whether [`Suggestions::offered`] has changed.
    pub fn take(&mut self, step: &Step) -> bool {
        let (sequence, token, finish) = match step {
            Step::Prefill { .. } => return false,
            Step::Token(token) => (token.sequence, Some(token), None),
            Step::Sequence(finished) => (finished.sequence, None, Some(finished.finish_reason)),
        };
        if self.continuations.len() <= sequence {
            self.continuations.resize_with(sequence + 1, Continuation::default);
        }
        if !self.is_complete(sequence) {
            if let Some(token) = token {
                self.continuations[sequence].push(token);
            }
            self.present(sequence, finish);
        }
        // Each round adds a token to every continuation. Ranking waits for the end of a round, or the first would
        // always win.
        let is_last_of_turn = (sequence + 1..self.continuations.len()).all(|later| self.is_complete(later));
        is_last_of_turn && self.rank()
    }

    /// The suggestions to show, best first.
    pub fn offered(&self) -> Vec<&Suggestion> {
        self.offered.iter().collect()
    }

    /// Whether the suggestion from `sequence` is final or rejected, so that its generation can stop.
    pub fn is_complete(&self, sequence: usize) -> bool {
        (self.continuations.get(sequence)).is_some_and(|continuation| continuation.suggestion.is_complete)
    }

    /// Updates the suggestion that continuation `sequence` makes.
    fn present(&mut self, sequence: usize, finish: Option<FinishReason>) {
        let continuation = &mut self.continuations[sequence];
        let (text, is_ended) = ending::presentable(&self.word_before, &continuation.written, finish);
        let (text, is_cut) = self.following.new_part(text);
        let is_parroting = self.recent.is_parroted(text, is_ended || is_cut);
        // The probability of a partial word is an upper bound for the whole word's.
        let first_word = words::through_first_word(if text.is_empty() { &continuation.written } else { text });
        let is_likely = continuation.log_probability(first_word.len()).exp() >= self.options.gate;
        continuation.is_worth_showing = !text.is_empty() && is_likely && !is_parroting;
        continuation.suggestion = Suggestion {
            text: text.to_owned(),
            is_complete: is_ended || is_cut || is_parroting || !is_likely,
            mean_log_probability: continuation.mean_log_probability(text.len()),
        };
    }

    /// Ranks and deduplicates the suggestions worth showing; returns whether the list has changed.
    fn rank(&mut self) -> bool {
        let suggestion = |i: usize| &self.continuations[i].suggestion;
        let mut order: Vec<usize> = (0..self.continuations.len())
            .filter(|&i| self.continuations[i].is_worth_showing)
            .collect();
        if self.options.is_ranked {
            order.sort_by(|&a, &b| (suggestion(b).mean_log_probability).total_cmp(&suggestion(a).mean_log_probability));
        }
        if let Some(i) = order.iter().position(|&i| self.first == Some(i)) {
            order[..=i].rotate_right(1);
        }
        let mut beginnings = HashSet::new();
        order.retain(|&i| beginnings.insert(beginning(&suggestion(i).text)));
        let offered: Vec<Suggestion> = order.iter().map(|&i| suggestion(i).clone()).collect();
        self.first = order.first().copied();
        let has_changed = offered != self.offered;
        self.offered = offered;
        has_changed
    }
}

#[derive(Default)]
struct Continuation {
    written: String,
    /// For each token the byte of `written` where it starts, and its log-probability.
    tokens: Vec<(usize, f64)>,
    suggestion: Suggestion,
    is_worth_showing: bool,
}

impl Continuation {
    fn push(&mut self, token: &Token) {
        self.tokens.push((self.written.len(), token.log_probability));
        self.written.push_str(&token.text);
    }

    /// The log-probability of the first `len` bytes. Tokens that only spell healed bytes count too: they carry the
    /// probability of this ending of the word, given its beginning.
    fn log_probability(&self, len: usize) -> f64 {
        let tokens = self.tokens.iter().take_while(|(start, _)| *start < len);
        tokens.map(|(_, log_probability)| log_probability).sum()
    }

    /// The log-probability of the first `len` bytes, per character.
    fn mean_log_probability(&self, len: usize) -> f64 {
        self.log_probability(len) / self.written[..len].chars().count().max(1) as f64
    }
}

//! How likely the model finds each token of a text, and what it would rather have written there.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::math;
use crate::model::gpt2::Gpt2;
use crate::model::kv_cache::KvCache;
use crate::text::codec::Codec;

/// Tokens per step: few enough that a question at the caret hardly waits, enough that the matrix products pay.
const STEP_LEN: usize = 8;
/// How many candidates are told.
const TOP_LEN: usize = 10;

/// A token of the text; or several, where only together they are a character.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub text: String,
    /// Natural logarithm; of several tokens, the sum.
    pub log_probability: f64,
    /// What could stand in the place of the first token: the likeliest of those that are whole characters, best first.
    pub top: Vec<Candidate>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub text: String,
    pub log_probability: f64,
}

/// Reads texts by way of a cache of its own, so that whoever else asks the model keeps theirs.
/// [`Scorer::begin`] takes a text, [`Scorer::step`] works on it.
///
/// A text longer than the context is read in windows that overlap by half: every token of the first has all the text
/// before it, and every later token at least half a context of it.
pub struct Scorer {
    cache: KvCache,
    /// The tokens whose keys and values `cache` holds.
    cached_ids: Vec<u32>,
    /// The token for the beginning of a text, and those of `text`.
    ids: Vec<u32>,
    text: String,
    /// The first of `ids` that has no score yet, and the bytes of `text` before it.
    next: usize,
    next_start: usize,
    /// Where in `text` the next score begins.
    score_start: usize,
    /// A score whose character is not complete.
    unfinished: Option<Score>,
}

impl Scorer {
    pub fn new(config: &Config) -> Scorer {
        Scorer {
            cache: KvCache::new(config),
            cached_ids: Vec::new(),
            ids: Vec::new(),
            text: String::new(),
            next: 0,
            next_start: 0,
            score_start: 0,
            unfinished: None,
        }
    }

    /// Takes a text in place of the one before: `text` is to be scored, `before` is what precedes it.
    /// What the texts begin with in common stays cached. The texts of the scores, put together, are `text`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] as [`Codec::encode`]; [`Error::Config`] if the model has no token for the beginning of a text.
    pub fn begin(&mut self, config: &Config, codec: &Codec, before: &str, text: &str) -> Result<()> {
        let Some(bos_id) = config.bos_token_id.or(config.eos_token_id) else {
            return Err(Error::Config(
                "has neither bos_token_id nor eos_token_id, without which the first token of a text has no probability"
                    .into(),
            ));
        };
        self.text = [before, text].concat();
        self.ids = vec![bos_id];
        self.ids.extend(codec.encode(&self.text)?);
        self.next = 1;
        self.next_start = 0;
        for &id in &self.ids[1..] {
            let end = self.next_start + codec.token_bytes(id).len();
            if end > before.len() {
                break;
            }
            self.next += 1;
            self.next_start = end;
        }
        self.score_start = before.len();
        self.unfinished = None;
        Ok(())
    }

    /// Does the next piece of work, and returns the scores that came of it; `None` when the text is complete.
    /// The model must be the one that this was made for.
    ///
    /// # Errors
    /// [`Error::NoToken`] if the weights are damaged.
    pub fn step(&mut self, model: &mut Gpt2, codec: &Codec) -> Result<Option<Vec<Score>>> {
        if self.next == self.ids.len() {
            return Ok(None);
        }
        let n_positions = model.config().n_positions;
        let start = window_start(self.next, n_positions);
        self.keep_common(start);
        let past = start + self.cached_ids.len();
        // The token before the next one is read for its logits; those before it, only to be remembered.
        let is_history = past + 1 < self.next;
        let end = match is_history {
            true => self.next - 1,
            false => (self.ids.len() - 1).min(start + n_positions),
        };
        let end = end.min(past + STEP_LEN);
        let part = &self.ids[past..end];
        let vocab_size = model.config().vocab_size;
        let mut logits = &[][..]; // (t, vocab_size), or (0, vocab_size) of history
        match is_history {
            true => model.read(part, &mut self.cache)?,
            false => logits = model.forward_all(part, &mut self.cache)?,
        }
        self.cached_ids.extend_from_slice(part);
        let mut scores = Vec::new();
        for logits in logits.chunks_exact(vocab_size) {
            // A model may have more logits than the tokenizer has tokens.
            scores.extend(self.score_next(&logits[..codec.vocab_size().min(vocab_size)], codec)?);
        }
        Ok(Some(scores))
    }

    /// Takes the next token; returns a score if it completes one.
    fn score_next(&mut self, logits: &[f32], codec: &Codec) -> Result<Option<Score>> {
        let log_total = math::log_sum_exp(logits);
        if !log_total.is_finite() {
            return Err(Error::NoToken(
                "the logits are not numbers; the weights are damaged, load the model again",
            ));
        }
        let id = self.ids[self.next];
        self.next += 1;
        self.next_start += codec.token_bytes(id).len();
        let mut score = self.unfinished.take().unwrap_or_else(|| Score {
            text: String::new(),
            log_probability: 0.0,
            top: top(logits, log_total, codec),
        });
        score.log_probability += f64::from(logits[id as usize]) - log_total;
        if !self.text.is_char_boundary(self.next_start) {
            self.unfinished = Some(score);
            return Ok(None);
        }
        score.text = self.text[self.score_start..self.next_start].to_owned();
        self.score_start = self.next_start;
        Ok(Some(score))
    }

    /// Rolls the cache back to what it has in common with the window that begins at `start`, less the token before the next,
    /// which is run again in any case, for its logits.
    fn keep_common(&mut self, start: usize) {
        let window = &self.ids[start..self.next - 1];
        let common = (self.cached_ids.iter().zip(window)).take_while(|(a, b)| a == b).count();
        self.cache.truncate(common);
        self.cached_ids.truncate(common);
    }
}

/// Where in the tokens the window begins in which token `i` is scored: with the first, as long as the context holds it.
fn window_start(i: usize, n_positions: usize) -> usize {
    let step = (n_positions / 2).max(1);
    i.saturating_sub(n_positions).div_ceil(step) * step
}

/// The likeliest tokens that are text by themselves, best first.
fn top(logits: &[f32], log_total: f64, codec: &Codec) -> Vec<Candidate> {
    let mut best: Vec<(f32, &str)> = Vec::with_capacity(TOP_LEN + 1);
    for (id, &logit) in (0..).zip(logits) {
        if best.get(TOP_LEN - 1).is_some_and(|&(least, _)| logit <= least) {
            continue;
        }
        let Ok(text) = std::str::from_utf8(codec.token_bytes(id)) else {
            continue;
        };
        if text.is_empty() || codec.is_special(id) {
            continue;
        }
        let rank = best.partition_point(|&(other, _)| other >= logit);
        best.insert(rank, (logit, text));
        best.truncate(TOP_LEN);
    }
    (best.into_iter())
        .map(|(logit, text)| Candidate {
            text: text.to_owned(),
            log_probability: f64::from(logit) - log_total,
        })
        .collect()
}

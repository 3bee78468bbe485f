//! The probability of each token of a text, with the model's likeliest alternatives.

use crate::error::{Error, Result};
use crate::math;
use crate::model::config::Config;
use crate::model::gpt2::Gpt2;
use crate::model::kv_cache::KvCache;
use crate::text::codec::Codec;

/// Tokens per step: few enough to hardly delay a suggestion, enough for efficient matrix products.
const STEP_LEN: usize = 8;
/// Candidates per token.
const TOP_LEN: usize = 10;

/// The score of a token, or of several that only together form whole characters.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The token's part of the text.
    pub text: String,
    /// Natural logarithm; the sum over several tokens.
    pub log_probability: f64,
    /// The likeliest tokens in the place of the first one, best first; whole characters only.
    pub top: Vec<Candidate>,
}

/// A token that the model considered.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The token's text.
    pub text: String,
    /// Natural logarithm.
    pub log_probability: f64,
}

/// Scores texts with a cache of its own, so that the session keeps its cache. [`Scorer::begin`] takes a text,
/// [`Scorer::step`] advances it.
///
/// A text longer than the context is read in windows that overlap by half: every token of the first window sees all
/// the text before it, and every later token at least half a context.
pub struct Scorer {
    cache: KvCache,
    /// The tokens in `cache`.
    cached_ids: Vec<u32>,
    /// The BOS token, then the tokens of `text`.
    ids: Vec<u32>,
    text: String,
    /// Index in `ids` of the first token without a score.
    next: usize,
    /// Byte of `text` at which that token starts.
    next_start: usize,
    /// Byte of `text` at which the next score starts.
    score_start: usize,
    /// A score whose last character is incomplete.
    unfinished: Option<Score>,
}

impl Scorer {
    /// A scorer without a text, for models of this `config`.
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

    /// Starts scoring `text`, preceded by `before`; replaces any text in progress. The cache keeps the common prefix of
    /// the two texts. The texts of all scores concatenate to `text`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] as in [`Codec::encode`]; [`Error::Config`] if the model has neither a BOS nor an EOS token.
    pub fn begin(&mut self, config: &Config, codec: &Codec, before: &str, text: &str) -> Result<()> {
        let Some(bos_id) = config.bos_token_id.or(config.eos_token_id) else {
            return Err(Error::Config(
                "has neither bos_token_id nor eos_token_id, so the first token of a text has no probability".into(),
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

    /// Advances by one step and returns the scores it yields; `None` when the text is complete.
    /// `model` must have the config that the scorer was made with.
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
        // Only the logits from the token before the next one on are needed; earlier tokens just fill the cache.
        let is_history = past + 1 < self.next;
        let end = match is_history {
            true => self.next - 1,
            false => (self.ids.len() - 1).min(start + n_positions),
        };
        let end = end.min(past + STEP_LEN);
        let part = &self.ids[past..end];
        let vocab_size = model.config().vocab_size;
        let mut logits = &[][..]; // (t, vocab_size), or (0, vocab_size) for history
        match is_history {
            true => model.read(part, &mut self.cache)?,
            false => logits = model.forward_all(part, &mut self.cache)?,
        }
        self.cached_ids.extend_from_slice(part);
        let mut scores = Vec::new();
        for logits in logits.chunks_exact(vocab_size) {
            // The vocabulary of a model may be padded beyond the tokenizer's.
            scores.extend(self.score_next(&logits[..codec.vocab_size().min(vocab_size)], codec)?);
        }
        Ok(Some(scores))
    }

    /// Scores the next token; `None` if its last character is incomplete.
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

    /// Truncates the cache to its longest common prefix with the window that begins at `start`, up to the token before
    /// the next one, which must run again for its logits.
    fn keep_common(&mut self, start: usize) {
        let window = &self.ids[start..self.next - 1];
        let common = (self.cached_ids.iter().zip(window)).take_while(|(a, b)| a == b).count();
        self.cache.truncate(common);
        self.cached_ids.truncate(common);
    }
}

/// The first token of the window in which token `i` is scored: 0 as long as the context reaches `i`.
fn window_start(i: usize, n_positions: usize) -> usize {
    let step = (n_positions / 2).max(1);
    i.saturating_sub(n_positions).div_ceil(step) * step
}

/// The likeliest tokens that are valid text on their own, best first.
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

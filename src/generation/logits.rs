//! Logits processors, with the order and meaning of transformers' `generation/logits_process.py`.

use super::config::GenerationConfig;
use crate::math;

/// The score of a token that must not be chosen.
pub const REMOVED: f32 = f32::NEG_INFINITY;

/// The processors of one request, with buffers that are reused from token to token.
pub struct LogitsProcessors {
    config: GenerationConfig,
    ids: Vec<u32>,
    values: Vec<f32>,
    order: Vec<u32>,
    kept: Vec<(u32, f32)>,
}

impl LogitsProcessors {
    /// The processors that `config` asks for.
    pub fn new(config: GenerationConfig) -> LogitsProcessors {
        LogitsProcessors {
            config,
            ids: Vec::new(),
            values: Vec::new(),
            order: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Applies the processors in place.
    ///
    /// # Shapes
    /// - `logits`: `(vocab_size,)`
    /// - `input_ids`: `(t,)`, the prompt and the tokens generated so far
    ///
    /// # Source
    /// `GenerationMixin._get_logits_processor`, transformers `generation/utils.py`: penalties first, then,
    /// when sampling, temperature, top-k and top-p.
    pub fn apply(&mut self, logits: &mut [f32], input_ids: &[u32]) {
        if self.config.repetition_penalty != 1.0 {
            self.penalize_repetition(logits, input_ids);
        }
        if self.config.no_repeat_ngram_size > 0 {
            forbid_repeated_ngrams(logits, input_ids, self.config.no_repeat_ngram_size);
        }
        if !self.config.do_sample {
            return;
        }
        if self.config.temperature != 1.0 {
            for logit in logits.iter_mut() {
                *logit /= self.config.temperature;
            }
        }
        if self.config.top_k > 0 && self.config.top_k < logits.len() {
            self.keep_top_k(logits);
        }
        if self.config.top_p < 1.0 {
            self.keep_top_p(logits);
        }
    }

    /// `RepetitionPenaltyLogitsProcessor`: penalizes each token of the history once.
    fn penalize_repetition(&mut self, logits: &mut [f32], input_ids: &[u32]) {
        self.ids.clear();
        self.ids.extend_from_slice(input_ids);
        self.ids.sort_unstable();
        self.ids.dedup();
        for &id in &self.ids {
            if let Some(logit) = logits.get_mut(id as usize) {
                if *logit < 0.0 {
                    *logit *= self.config.repetition_penalty;
                } else {
                    *logit /= self.config.repetition_penalty;
                }
            }
        }
    }

    /// `TopKLogitsWarper`: ties with the last token kept are kept too.
    fn keep_top_k(&mut self, logits: &mut [f32]) {
        let threshold = kth_largest(logits, self.config.top_k, &mut self.values);
        for logit in logits.iter_mut().filter(|logit| **logit < threshold) {
            *logit = REMOVED;
        }
    }

    /// `TopPLogitsWarper`: keeps the smallest set of likeliest tokens whose probabilities add up to `top_p`.
    fn keep_top_p(&mut self, logits: &mut [f32]) {
        self.values.clear();
        self.values.extend_from_slice(logits);
        math::softmax_numerators(&mut self.values);
        let total = math::sum_f64(&self.values);
        // All tokens below this threshold together hold less than the part left out, so they need no sorting.
        let left_out = (1.0 - f64::from(self.config.top_p)) * total;
        let smallest = (left_out / logits.len() as f64 / 2.0) as f32;
        self.order.clear();
        (self.order).extend((0..logits.len() as u32).filter(|&id| self.values[id as usize] > smallest));
        // transformers sorts ascending and removes from the front, so of equal logits it keeps the last.
        self.order.sort_unstable_by(|&a, &b| {
            let by_logit = logits[b as usize].total_cmp(&logits[a as usize]);
            by_logit.then(b.cmp(&a))
        });
        let mut sum = 0.0;
        let mut n_kept = 0;
        for &id in &self.order {
            if sum >= f64::from(self.config.top_p) * total {
                break;
            }
            sum += f64::from(self.values[id as usize]);
            n_kept += 1;
        }
        self.kept.clear();
        self.kept
            .extend(self.order[..n_kept].iter().map(|&id| (id, logits[id as usize])));
        logits.fill(REMOVED);
        for &(id, logit) in &self.kept {
            logits[id as usize] = logit;
        }
    }
}

/// The `k`th largest of `logits`, `1 <= k <= logits.len()`; `largest` is a scratch buffer.
fn kth_largest(logits: &[f32], k: usize, largest: &mut Vec<f32>) -> f32 {
    let select = |largest: &mut Vec<f32>| {
        largest.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
        largest.truncate(k);
        largest[k - 1]
    };
    let (first, rest) = logits.split_at(k);
    largest.clear();
    largest.extend_from_slice(first);
    let mut threshold = select(largest);
    for &logit in rest {
        // Rarely true, which makes this faster than selecting from all logits.
        if logit > threshold {
            largest.push(logit);
            if largest.len() == 4 * k {
                threshold = select(largest);
            }
        }
    }
    select(largest)
}

/// Removes every token except `ids`.
///
/// # Shapes
/// - `logits`: `(vocab_size,)`
pub fn keep_only(logits: &mut [f32], ids: Vec<u32>) {
    let kept: Vec<(usize, f32)> = (ids.into_iter().map(|id| id as usize))
        .filter_map(|id| logits.get(id).map(|&logit| (id, logit)))
        .collect();
    logits.fill(REMOVED);
    for (id, logit) in kept {
        logits[id] = logit;
    }
}

/// `NoRepeatNGramLogitsProcessor`: removes every token that would complete an n-gram of the history.
fn forbid_repeated_ngrams(logits: &mut [f32], input_ids: &[u32], n: usize) {
    if input_ids.len() < n {
        return;
    }
    let beginning = &input_ids[input_ids.len() + 1 - n..]; // (n - 1,)
    for ngram in input_ids.windows(n) {
        let (last, before) = ngram.split_last().expect("invariant: n >= 1");
        if before == beginning
            && let Some(logit) = logits.get_mut(*last as usize)
        {
            *logit = REMOVED;
        }
    }
}

//! Logits processors on `&mut [f32]`, in Hugging Face's order and meaning (transformers logits_process.py).

use super::config::GenerationConfig;

/// The score of a token that must not come.
pub const REMOVED: f32 = f32::NEG_INFINITY;

/// Applies the processors of one request, token after token. Keeps its buffers, so that no step allocates.
pub struct LogitsProcessors {
    config: GenerationConfig,
    ids: Vec<u32>,
    values: Vec<f32>,
    order: Vec<u32>,
}

impl LogitsProcessors {
    pub fn new(config: GenerationConfig) -> LogitsProcessors {
        LogitsProcessors {
            config,
            ids: Vec::new(),
            values: Vec::new(),
            order: Vec::new(),
        }
    }

    /// Applies all that the request asks for.
    ///
    /// # Shapes
    /// - `logits`: `(vocab_size,)`
    /// - `input_ids`: prompt and tokens generated so far
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

    /// `RepetitionPenaltyLogitsProcessor`: over the whole history, each token once.
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

    /// `TopKLogitsWarper`: ties with the last one kept are kept.
    fn keep_top_k(&mut self, logits: &mut [f32]) {
        self.values.clear();
        self.values.extend_from_slice(logits);
        let last = self.config.top_k - 1;
        let (_, &mut threshold, _) = (self.values).select_nth_unstable_by(last, |a, b| b.total_cmp(a));
        for logit in logits.iter_mut().filter(|logit| **logit < threshold) {
            *logit = REMOVED;
        }
    }

    /// `TopPLogitsWarper`: the likeliest tokens up to and with the one that brings their sum to `top_p`.
    fn keep_top_p(&mut self, logits: &mut [f32]) {
        self.order.clear();
        self.order
            .extend((0..logits.len() as u32).filter(|&id| logits[id as usize] > REMOVED));
        // transformers sorts upwards and removes from the front: of equals, the later ones stay longest.
        self.order.sort_unstable_by(|&a, &b| {
            let by_logit = logits[b as usize].total_cmp(&logits[a as usize]);
            by_logit.then(b.cmp(&a))
        });
        let Some(&likeliest) = self.order.first() else {
            return;
        };
        let max = logits[likeliest as usize];
        let weight = |logit: f32| f64::from((logit - max).exp());
        let total: f64 = self.order.iter().map(|&id| weight(logits[id as usize])).sum();
        let mut sum = 0.0;
        for &id in &self.order {
            let logit = &mut logits[id as usize];
            let weight = weight(*logit);
            if sum >= f64::from(self.config.top_p) * total {
                *logit = REMOVED;
            }
            sum += weight;
        }
    }
}

/// Removes every token but those of `ids`.
pub fn keep_only(logits: &mut [f32], ids: Vec<u32>) {
    let kept: Vec<(usize, f32)> = (ids.into_iter().map(|id| id as usize))
        .filter_map(|id| logits.get(id).map(|&logit| (id, logit)))
        .collect();
    logits.fill(REMOVED);
    for (id, logit) in kept {
        logits[id] = logit;
    }
}

/// `NoRepeatNGramLogitsProcessor`: removes every token that would complete an n-gram the history has already.
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

//! One continuation as it is written: picks each token, gives out its text, knows when to end.

use crate::error::{Error, Result};
use crate::generation::config::GenerationConfig;
use crate::generation::logits::{LogitsProcessors, keep_only};
use crate::generation::sampler::{self, Coins};
use crate::generation::stop_strings::StopStrings;
use crate::text::codec::Codec;
use crate::text::detokenizer::Detokenizer;
use crate::text::healing::Spelling;

/// Why a sequence ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// `max_new_tokens`, or the end of the context.
    Length,
    Eos,
    StopString,
    MaxTime,
}

impl FinishReason {
    pub fn name(self) -> &'static str {
        match self {
            FinishReason::Length => "length",
            FinishReason::Eos => "eos",
            FinishReason::StopString => "stop_string",
            FinishReason::MaxTime => "max_time",
        }
    }
}

/// A finished continuation.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedSequence {
    /// Counts from 0.
    pub sequence: usize,
    pub generated_text: String,
    pub n_tokens: usize,
    /// Natural logarithm, the sum over the tokens.
    pub log_probability: f64,
    pub finish_reason: FinishReason,
}

/// What comes next in a sequence.
#[derive(Debug, Clone, PartialEq)]
pub enum Picked {
    Token {
        /// Whole characters only; may be empty.
        text: String,
        /// Natural logarithm, before penalties and temperature; among the tokens that can follow.
        log_probability: f64,
        /// Set if this is the last token.
        finish_reason: Option<FinishReason>,
    },
    /// Nothing more.
    End(FinishReason),
}

/// The state of one continuation.
pub struct Sequence {
    config: GenerationConfig,
    eos_token_ids: Vec<u32>,
    index: usize,
    /// Prompt and continuation.
    ids: Vec<u32>,
    n_tokens: usize,
    text: String,
    log_probability: f64,
    processors: LogitsProcessors,
    /// The logits after the processors; kept, so that no token allocates.
    scores: Vec<f32>,
    coins: Coins,
    spelling: Spelling,
    detokenizer: Detokenizer,
    stop_strings: StopStrings,
}

impl Sequence {
    /// Begins continuation `index` of a prompt that ends in `prompt_ids` and then `healed`, whose tokens are open.
    pub fn new(
        config: &GenerationConfig,
        eos_token_ids: &[u32],
        index: usize,
        prompt: &str,
        prompt_ids: &[u32],
        healed: &[u8],
    ) -> Sequence {
        Sequence {
            eos_token_ids: eos_token_ids.to_vec(),
            index,
            ids: prompt_ids.to_vec(),
            n_tokens: 0,
            text: String::new(),
            log_probability: 0.0,
            processors: LogitsProcessors::new(config.clone()),
            scores: Vec::new(),
            coins: Coins::new(config.seed.unwrap_or(0), index),
            spelling: Spelling::new(healed),
            detokenizer: Detokenizer::default(),
            stop_strings: StopStrings::new(&config.stop_strings, prompt),
            config: config.clone(),
        }
    }

    /// Picks the token that follows, and says whether the sequence ends there.
    ///
    /// # Shapes
    /// - `logits`: `(vocab_size,)` after the last token; tokens that cannot follow are removed from it
    ///
    /// # Errors
    /// [`Error::NoToken`] if the logits are not numbers, or every token is forbidden.
    pub fn pick(&mut self, logits: &mut [f32], codec: &Codec) -> Result<Picked> {
        if logits.iter().any(|logit| logit.is_nan()) {
            return Err(Error::NoToken(
                "the logits are not numbers; the weights are damaged, load the model again",
            ));
        }
        // A model may have more logits than the tokenizer has tokens.
        let n_known = codec.vocab_size().min(logits.len());
        let logits = &mut logits[..n_known];
        let is_spelling = !self.spelling.is_done();
        if is_spelling {
            keep_only(logits, self.spelling.allowed(codec)?);
        }
        self.scores.clear();
        self.scores.extend_from_slice(logits);
        // What the writer has written is not held against them.
        let history = if self.spelling.is_word() {
            &[]
        } else {
            self.ids.as_slice()
        };
        self.processors.apply(&mut self.scores, history);
        let id = self.choose()?;
        if !is_spelling && self.eos_token_ids.contains(&id) {
            return Ok(Picked::End(FinishReason::Eos));
        }
        self.ids.push(id);
        let log_probability = sampler::log_probability(logits, id);
        self.log_probability += log_probability;
        // A special token that does not end the text is no part of it either (transformers' skip_special_tokens).
        let bytes = if codec.is_special(id) {
            &[]
        } else {
            codec.token_bytes(id)
        };
        let new_bytes = self.spelling.advance(bytes);
        let text = self.detokenizer.push(new_bytes);
        self.text.push_str(&text);
        if !(is_spelling && new_bytes.is_empty()) {
            self.n_tokens += 1; // A token that only spells what was there already does not count.
        }
        let finish_reason = if self.stop_strings.push(new_bytes) {
            Some(FinishReason::StopString)
        } else {
            (self.n_tokens >= self.config.max_new_tokens).then_some(FinishReason::Length)
        };
        Ok(Picked::Token {
            text,
            log_probability,
            finish_reason,
        })
    }

    fn choose(&mut self) -> Result<u32> {
        let likeliest = sampler::argmax(&self.scores);
        if !self
            .scores
            .get(likeliest as usize)
            .is_some_and(|score| score.is_finite())
        {
            return Err(Error::NoToken(
                "every token is forbidden, or its score beyond float32; lower no_repeat_ngram_size, or raise temperature or repetition_penalty",
            ));
        }
        if !self.config.do_sample {
            return Ok(likeliest);
        }
        sampler::softmax(&mut self.scores);
        Ok(sampler::sample(&self.scores, self.coins.flip()))
    }

    /// Closes the sequence.
    ///
    /// An unfinished character at the end comes out as U+FFFD here, as from transformers' decode;
    /// the text of the tokens never has it.
    pub fn finish(mut self, prompt: &str, finish_reason: FinishReason) -> FinishedSequence {
        self.text.push_str(&self.detokenizer.finish());
        FinishedSequence {
            sequence: self.index,
            generated_text: match self.config.return_full_text {
                true => format!("{prompt}{}", self.text),
                false => self.text,
            },
            n_tokens: self.n_tokens,
            log_probability: self.log_probability,
            finish_reason,
        }
    }

    /// Prompt and continuation.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    pub fn n_tokens(&self) -> usize {
        self.n_tokens
    }
}

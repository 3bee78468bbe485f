//! The state of one continuation: chooses each token, streams its text and decides when to stop.

use crate::error::{Error, Result};
use crate::generation::config::GenerationConfig;
use crate::generation::logits::{LogitsProcessors, keep_only};
use crate::generation::sampler::{self, Coins};
use crate::generation::stop_strings::StopStrings;
use crate::math;
use crate::text::codec::Codec;
use crate::text::detokenizer::Detokenizer;
use crate::text::healing::Spelling;

/// Why a sequence ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// It reached `max_new_tokens` or the end of the context.
    Length,
    /// The model chose an end-of-sequence token.
    Eos,
    /// A stop string is complete.
    StopString,
    /// `max_time` has passed.
    MaxTime,
}

impl FinishReason {
    /// The reason as a stable name in snake case.
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
    /// The index of the sequence within its request, from 0.
    pub sequence: usize,
    /// The continuation, after the prompt if `return_full_text` is set.
    pub generated_text: String,
    /// Generated tokens that add to the prompt.
    pub n_tokens: usize,
    /// The sum over all tokens, as a natural logarithm.
    pub log_probability: f64,
    /// Why the sequence ended.
    pub finish_reason: FinishReason,
}

/// A token of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// The index of the sequence within its request, from 0.
    pub sequence: usize,
    /// The characters that this token completes; may be empty.
    pub text: String,
    /// Natural logarithm, before penalties and temperature; while healed bytes are spelt, relative to the tokens
    /// that can spell them.
    pub log_probability: f64,
}

/// The state of one continuation.
pub struct Sequence {
    config: GenerationConfig,
    eos_token_ids: Vec<u32>,
    index: usize,
    /// The prompt and the continuation.
    ids: Vec<u32>,
    n_tokens: usize,
    text: String,
    log_probability: f64,
    processors: LogitsProcessors,
    /// The processed logits; a buffer that is reused from token to token.
    scores: Vec<f32>,
    coins: Coins,
    spelling: Spelling,
    detokenizer: Detokenizer,
    stop_strings: StopStrings,
    finish_reason: Option<FinishReason>,
}

impl Sequence {
    /// Starts continuation `index` of `prompt`, whose tokens are `prompt_ids`, followed by the bytes `healed`, which
    /// are still to be spelt. `eos_token_ids` end the sequence.
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
            finish_reason: None,
            config: config.clone(),
        }
    }

    /// Chooses the next token; `None` if it is an EOS token, which ends the sequence.
    ///
    /// # Shapes
    /// - `logits`: `(vocab_size,)` after the last token
    ///
    /// # Errors
    /// [`Error::NoToken`] if the logits are not numbers, or every token is forbidden.
    pub fn pick(&mut self, logits: &[f32], codec: &Codec) -> Result<Option<Token>> {
        // The vocabulary of a model may be padded beyond the tokenizer's.
        let logits = &logits[..codec.vocab_size().min(logits.len())];
        self.scores.clear();
        self.scores.extend_from_slice(logits);
        let is_spelling = !self.spelling.is_done();
        if is_spelling {
            keep_only(&mut self.scores, self.spelling.allowed(codec)?);
        }
        let log_total = math::log_sum_exp(&self.scores);
        if log_total.is_nan() {
            return Err(Error::NoToken(
                "the logits are not numbers; the weights are damaged, load the model again",
            ));
        }
        // The writer's own word incurs no repetition penalty.
        let history = if self.spelling.is_word() {
            &[]
        } else {
            self.ids.as_slice()
        };
        self.processors.apply(&mut self.scores, history);
        let id = self.choose()?;
        if !is_spelling && self.eos_token_ids.contains(&id) {
            self.end(FinishReason::Eos);
            return Ok(None);
        }
        self.ids.push(id);
        let log_probability = f64::from(logits[id as usize]) - log_total;
        self.log_probability += log_probability;
        // Like transformers' skip_special_tokens: a special token other than EOS adds no text.
        let bytes = if codec.is_special(id) {
            &[]
        } else {
            codec.token_bytes(id)
        };
        let new_bytes = self.spelling.advance(bytes);
        let text = self.detokenizer.push(new_bytes);
        self.text.push_str(&text);
        if !(is_spelling && new_bytes.is_empty()) {
            self.n_tokens += 1; // A token that only spells healed bytes does not count.
        }
        if self.stop_strings.push(new_bytes) {
            self.end(FinishReason::StopString);
        } else if self.n_tokens >= self.config.max_new_tokens {
            self.end(FinishReason::Length);
        }
        Ok(Some(Token {
            sequence: self.index,
            text,
            log_probability,
        }))
    }

    /// Ends the sequence, unless it has ended already.
    pub fn end(&mut self, reason: FinishReason) {
        self.finish_reason.get_or_insert(reason);
    }

    /// Why the sequence ended; `None` while it is in progress.
    pub fn finish_reason(&self) -> Option<FinishReason> {
        self.finish_reason
    }

    fn choose(&mut self) -> Result<u32> {
        let likeliest = math::argmax(&self.scores);
        if !self
            .scores
            .get(likeliest as usize)
            .is_some_and(|score| score.is_finite())
        {
            return Err(Error::NoToken(
                "every token is forbidden or has a score beyond float32; \
                 lower no_repeat_ngram_size, or raise temperature or repetition_penalty",
            ));
        }
        if !self.config.do_sample {
            return Ok(likeliest);
        }
        math::softmax_numerators(&mut self.scores);
        Ok(sampler::sample(&self.scores, self.coins.flip()))
    }

    /// The result of a sequence that has ended; `None` while it is in progress. May be called once.
    ///
    /// An incomplete character at the end becomes U+FFFD here, as in transformers' decode; the text of the tokens
    /// never contains it.
    pub fn finished(&mut self, prompt: &str) -> Option<FinishedSequence> {
        let finish_reason = self.finish_reason?;
        self.text.push_str(&self.detokenizer.finish());
        let mut generated_text = std::mem::take(&mut self.text);
        if self.config.return_full_text {
            generated_text.insert_str(0, prompt);
        }
        Some(FinishedSequence {
            sequence: self.index,
            generated_text,
            n_tokens: self.n_tokens,
            log_probability: self.log_probability,
            finish_reason,
        })
    }

    /// The index of the sequence within its request, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The latest token, or the prompt's last.
    #[expect(clippy::missing_panics_doc, reason = "no prompt is empty")]
    pub fn last_id(&self) -> u32 {
        *self.ids.last().expect("invariant: no prompt is empty")
    }

    /// Generated tokens that add to the prompt.
    pub fn n_tokens(&self) -> usize {
        self.n_tokens
    }
}

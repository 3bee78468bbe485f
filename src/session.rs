//! One model, its tokens and its cache: turns a prompt into text, at most one forward pass per step.

use crate::error::{Error, Result};
use crate::generation::config::GenerationConfig;
use crate::model::gpt2::Gpt2;
use crate::model::kv_cache::KvCache;
use crate::sequence::{FinishReason, FinishedSequence, Picked, Sequence};
use crate::text::codec::Codec;
use crate::text::{context, healing};

/// Prompt tokens per step: few enough that a cancel is soon noticed, enough that the matrix products pay.
const PREFILL_LEN: usize = 32;

/// Owns model, codec and cache, and alone knows the position. [`Session::begin`] takes a request,
/// [`Session::step`] works on it.
pub struct Session {
    model: Gpt2,
    codec: Codec,
    cache: KvCache,
    /// The tokens whose keys and values `cache` holds.
    cached_ids: Vec<u32>,
    request: Option<Request>,
}

/// What one step came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Prompt tokens were read: `done` of `total`, those that were cached included.
    Prefill { done: usize, total: usize },
    /// One more token of a sequence; see [`Picked::Token`].
    Token {
        sequence: usize,
        text: String,
        log_probability: f64,
    },
    /// A sequence is complete.
    Sequence(FinishedSequence),
}

/// A request under way.
struct Request {
    config: GenerationConfig,
    eos_token_ids: Vec<u32>,
    /// Seconds, on the caller's clock.
    deadline: f64,
    prompt: String,
    prompt_ids: Vec<u32>,
    /// The bytes that were taken off the prompt, to be spelt again.
    healed: Vec<u8>,
    /// After the prompt; every sequence begins with them.
    prompt_logits: Option<Vec<f32>>,
    /// The sequence being written, once the prompt has been read.
    sequence: Option<Sequence>,
    n_finished: usize,
    /// Why the sequence being written has ended.
    finish_reason: Option<FinishReason>,
}

impl Request {
    fn is_complete(&self) -> bool {
        self.n_finished == self.config.num_return_sequences
    }
}

impl Session {
    /// # Errors
    /// As [`KvCache::new`].
    pub fn new(model: Gpt2, codec: Codec) -> Result<Session> {
        Ok(Session {
            cache: KvCache::new(model.config())?,
            model,
            codec,
            cached_ids: Vec::new(),
            request: None,
        })
    }

    /// Takes a request in place of the one before. What both prompts have in common stays cached.
    /// A prompt longer than the context keeps its end; an empty one stands for the beginning of a text.
    ///
    /// `now` is in seconds, on the clock that [`Session::step`] is given too. A `seed` that is `None` counts as 0.
    ///
    /// # Errors
    /// [`Error::GenerationConfig`] if `max_new_tokens` is more than the model has positions, or the prompt is empty
    /// and the model has no token for the beginning of a text. The request before goes on then.
    pub fn begin(&mut self, prompt: &str, config: GenerationConfig, now: f64) -> Result<()> {
        let model_config = self.model.config();
        let n_positions = model_config.n_positions;
        if config.max_new_tokens > n_positions {
            return Err(Error::GenerationConfig(format!(
                "max_new_tokens must be at most {n_positions}, the positions of this model, got {}",
                config.max_new_tokens
            )));
        }
        // The last token that is generated needs no position: nothing comes after it.
        let budget = n_positions + 1 - config.max_new_tokens;
        let context = context::fit(&self.codec, prompt, budget)?;
        let (mut prompt_ids, mut healed) = (context.ids, Vec::new());
        if config.token_healing {
            healed = healing::take_back(&self.codec, context.text, &mut prompt_ids);
        }
        if prompt_ids.is_empty() {
            let Some(id) = model_config.bos_token_id.or(model_config.eos_token_id) else {
                return Err(Error::GenerationConfig(
                    "the prompt must not be empty: this model has no token for the beginning of a text".into(),
                ));
            };
            prompt_ids.push(id);
        }
        let model_eos = || model_config.eos_token_id.into_iter().collect();
        let request = Request {
            eos_token_ids: config.eos_token_id.clone().unwrap_or_else(model_eos),
            deadline: now + config.max_time.unwrap_or(f64::INFINITY),
            prompt: prompt.to_owned(),
            healed,
            prompt_logits: None,
            sequence: None,
            n_finished: 0,
            finish_reason: None,
            prompt_ids,
            config,
        };
        self.keep_common(&request.prompt_ids);
        self.request = Some(request);
        Ok(())
    }

    /// Does the next piece of work; `None` when the request is complete.
    ///
    /// # Errors
    /// [`Error::NoToken`] if the weights are damaged or the parameters forbid every token; the request is over then.
    pub fn step(&mut self, now: f64) -> Result<Option<Step>> {
        let Some(mut request) = self.request.take() else {
            return Ok(None);
        };
        let step = match &request.prompt_logits {
            None => self.prefill(&mut request)?,
            Some(_) => self.generate(&mut request, now)?,
        };
        if !request.is_complete() {
            self.request = Some(request);
        }
        Ok(Some(step))
    }

    /// Logits after `input_ids`, by way of the cache like any request; a request under way ends.
    ///
    /// # Shapes
    /// - `input_ids`: `(t,)`, `1 <= t <= n_positions`
    /// - returns `(vocab_size,)`
    pub fn logits(&mut self, input_ids: &[u32]) -> Result<Vec<f32>> {
        self.request = None;
        self.keep_common(input_ids);
        self.run(&input_ids[self.cached_ids.len()..])
    }

    pub fn model(&self) -> &Gpt2 {
        &self.model
    }

    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// Bytes that weights and cache take.
    pub fn size_bytes(&self) -> usize {
        self.model.size_bytes() + self.cache.size_bytes()
    }

    fn prefill(&mut self, request: &mut Request) -> Result<Step> {
        let missing = &request.prompt_ids[self.cached_ids.len()..];
        if missing.len() > PREFILL_LEN {
            let chunk = &missing[..PREFILL_LEN];
            self.model.last_hidden_state(chunk, &mut self.cache)?;
            self.cached_ids.extend_from_slice(chunk);
        } else {
            request.prompt_logits = Some(self.run(missing)?);
        }
        Ok(Step::Prefill {
            done: self.cached_ids.len(),
            total: request.prompt_ids.len(),
        })
    }

    fn generate(&mut self, request: &mut Request, now: f64) -> Result<Step> {
        let index = request.n_finished;
        let mut sequence = match request.sequence.take() {
            Some(sequence) => sequence,
            None => {
                self.roll_back(request.prompt_ids.len());
                Sequence::new(
                    &request.config,
                    &request.eos_token_ids,
                    index,
                    &request.prompt,
                    &request.prompt_ids,
                    &request.healed,
                )
            }
        };
        let is_late = now > request.deadline && sequence.n_tokens() > 0;
        let is_full =
            self.cached_ids.len() == self.model.config().n_positions && sequence.ids().len() > request.prompt_ids.len();
        let finish_reason = (request.finish_reason.take())
            .or(is_late.then_some(FinishReason::MaxTime))
            .or(is_full.then_some(FinishReason::Length));
        let finish_reason = match finish_reason {
            Some(reason) => reason,
            None => {
                let mut logits = match sequence.ids().split_at(request.prompt_ids.len()) {
                    (_, []) => request.prompt_logits.clone().expect("invariant: the prompt was read"),
                    (_, [.., last]) => self.run(&[*last])?,
                };
                match sequence.pick(&mut logits, &self.codec)? {
                    Picked::End(reason) => reason,
                    Picked::Token {
                        text,
                        log_probability,
                        finish_reason,
                    } => {
                        request.finish_reason = finish_reason;
                        request.sequence = Some(sequence);
                        return Ok(Step::Token {
                            sequence: index,
                            text,
                            log_probability,
                        });
                    }
                }
            }
        };
        request.n_finished += 1;
        Ok(Step::Sequence(sequence.finish(&request.prompt, finish_reason)))
    }

    /// Runs the model on `ids` behind what is cached.
    fn run(&mut self, ids: &[u32]) -> Result<Vec<f32>> {
        let logits = self.model.forward(ids, &mut self.cache)?;
        self.cached_ids.extend_from_slice(ids);
        Ok(logits)
    }

    /// Rolls the cache back to what it has in common with `ids`, less the last of them: that one is run again
    /// in any case, for its logits.
    fn keep_common(&mut self, ids: &[u32]) {
        let pairs = self.cached_ids.iter().zip(ids);
        let common_len = pairs.take_while(|(a, b)| a == b).count();
        self.roll_back(common_len.min(ids.len().saturating_sub(1)));
    }

    fn roll_back(&mut self, len: usize) {
        self.cache.truncate(len);
        self.cached_ids.truncate(len);
    }
}

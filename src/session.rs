//! A model with its tokenizer and KV cache: turns a prompt into text, at most one forward pass per step.

use std::collections::VecDeque;

use crate::error::{Error, Result};
use crate::generation::config::GenerationConfig;
use crate::model::gpt2::Gpt2;
use crate::model::kv_cache::KvCache;
use crate::sequence::{FinishReason, FinishedSequence, Sequence, Token};
use crate::text::codec::Codec;
use crate::text::{context, healing};

/// Prompt tokens per step: few enough to notice a cancellation soon, enough for efficient matrix products.
const PREFILL_LEN: usize = 64;

/// Owns the model, the codec and the cache, and alone tracks the position. [`Session::begin`] starts a request,
/// [`Session::step`] advances it.
pub struct Session {
    model: Gpt2,
    codec: Codec,
    cache: KvCache,
    /// The tokens in the trunk of `cache`.
    cached_ids: Vec<u32>,
    /// The tokens in each branch of `cache`; every sequence in progress has one.
    branch_ids: Vec<Vec<u32>>,
    request: Option<Request>,
    work: Work,
}

/// The result of one step.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Part of the prompt was read.
    Prefill {
        /// Prompt tokens in the cache, including those reused from earlier requests.
        done: usize,
        /// Prompt tokens in all.
        total: usize,
    },
    /// One more token of a sequence. Sequences grow in parallel.
    Token(Token),
    /// A sequence is complete.
    Sequence(FinishedSequence),
}

/// The amount of work done for the latest request so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Work {
    /// Tokens in the prompt.
    pub n_prompt_tokens: usize,
    /// Prompt tokens that were in the cache already.
    pub n_reused_tokens: usize,
    /// Tokens generated, except the first of each sequence, which the prefill yields.
    pub n_tokens: usize,
    /// Seconds spent on `n_tokens`.
    pub seconds: f64,
}

/// A request in progress.
struct Request {
    /// Seconds on the caller's clock.
    deadline: f64,
    /// The most tokens a sequence can have, including those that spell healed bytes.
    max_len: usize,
    prompt: String,
    prompt_ids: Vec<u32>,
    /// The sequences in progress, each with a branch of the cache.
    sequences: Vec<Sequence>,
    /// The index of the sequence on branch 0.
    first_index: usize,
    /// Sequences that start when those in progress are complete.
    waiting: VecDeque<Sequence>,
    /// Results that [`Session::step`] has not returned yet.
    steps: VecDeque<Step>,
    /// Start time and number of tokens of the latest forward pass, until the next step tells how long it took.
    pass: Option<(f64, usize)>,
}

impl Session {
    /// A session without a request; `codec` must be the tokenizer that `model` was trained with.
    pub fn new(model: Gpt2, codec: Codec) -> Session {
        Session {
            cache: KvCache::new(model.config()),
            model,
            codec,
            cached_ids: Vec::new(),
            branch_ids: Vec::new(),
            request: None,
            work: Work::default(),
        }
    }

    /// Starts a request, which replaces any request in progress. The cache keeps the common prefix of the two prompts.
    /// A prompt longer than the context loses its beginning; an empty one means the beginning of a text.
    ///
    /// `now` is in seconds on the clock that [`Session::step`] uses too. A `seed` of `None` counts as 0.
    ///
    /// # Errors
    /// [`Error::GenerationConfig`] if `max_new_tokens` exceeds the model's positions, or if the prompt is empty
    /// and the model has neither a BOS nor an EOS token. The request in progress then continues.
    pub fn begin(&mut self, prompt: &str, config: GenerationConfig, now: f64) -> Result<()> {
        let model_config = self.model.config();
        let n_positions = model_config.n_positions;
        if config.max_new_tokens > n_positions {
            return Err(Error::GenerationConfig(format!(
                "max_new_tokens must be at most {n_positions}, the context length of this model, got {}",
                config.max_new_tokens
            )));
        }
        // The last generated token needs no position: no token follows it.
        let budget = n_positions + 1 - config.max_new_tokens;
        let mut prompt_ids = context::fit(&self.codec, prompt, budget)?;
        let mut healed = Vec::new();
        if config.token_healing {
            healed = healing::take_back(&self.codec, prompt, &mut prompt_ids);
        }
        if prompt_ids.is_empty() {
            let Some(id) = model_config.bos_token_id.or(model_config.eos_token_id) else {
                return Err(Error::GenerationConfig(
                    "the prompt must not be empty: this model has neither a BOS nor an EOS token to begin with".into(),
                ));
            };
            prompt_ids.push(id);
        }
        let model_eos = || model_config.eos_token_id.into_iter().collect();
        let eos_token_ids = config.eos_token_id.clone().unwrap_or_else(model_eos);
        let waiting = (0..config.num_return_sequences)
            .map(|i| Sequence::new(&config, &eos_token_ids, i, prompt, &prompt_ids, &healed))
            .collect();
        self.keep_common(&prompt_ids);
        self.work = Work {
            n_prompt_tokens: prompt_ids.len(),
            n_reused_tokens: self.cached_ids.len(),
            ..Work::default()
        };
        self.request = Some(Request {
            deadline: now + config.max_time.unwrap_or(f64::INFINITY),
            max_len: config.max_new_tokens + healed.len(),
            prompt: prompt.to_owned(),
            prompt_ids,
            sequences: Vec::new(),
            first_index: 0,
            waiting,
            steps: VecDeque::new(),
            pass: None,
        });
        Ok(())
    }

    /// Advances the request by one step; `None` when it is complete.
    ///
    /// # Errors
    /// [`Error::NoToken`] if the weights are damaged or the parameters forbid every token. This ends the request.
    pub fn step(&mut self, now: f64) -> Result<Option<Step>> {
        let Some(mut request) = self.request.take() else {
            return Ok(None);
        };
        if let Some((start, n_tokens)) = request.pass.take() {
            self.work.n_tokens += n_tokens;
            self.work.seconds += now - start;
        }
        // A pass may yield no step, when all its sequences end at EOS; the next round yields their ends.
        while request.steps.is_empty() {
            match self.cached_ids.len() < request.prompt_ids.len() {
                true => self.prefill(&mut request)?,
                false => self.generate(&mut request, now)?,
            }
        }
        let step = request.steps.pop_front();
        if !(request.steps.is_empty() && request.sequences.is_empty() && request.waiting.is_empty()) {
            self.request = Some(request);
        }
        Ok(step)
    }

    /// Drops a sequence of the request in progress; no further step belongs to it.
    pub fn end(&mut self, sequence: usize) {
        if let Some(request) = &mut self.request {
            request.sequences.retain(|other| other.index() != sequence);
            if request.sequences.is_empty() && request.waiting.is_empty() && request.steps.is_empty() {
                self.request = None;
            }
        }
    }

    /// Logits after `input_ids`, computed through the cache. Any request in progress ends.
    ///
    /// # Shapes
    /// - `input_ids`: `(t,)`, `1 <= t <= n_positions`
    /// - returns `(vocab_size,)`
    ///
    /// # Errors
    /// Those of [`Gpt2::forward`].
    pub fn logits(&mut self, input_ids: &[u32]) -> Result<&[f32]> {
        self.request = None;
        self.keep_common(input_ids);
        let missing = &input_ids[self.cached_ids.len()..];
        let logits = self.model.forward(missing, &mut self.cache)?;
        self.cached_ids.extend_from_slice(missing);
        Ok(logits)
    }

    /// The model, mutable because packing borrows its parts mutably.
    pub fn model_mut(&mut self) -> &mut Gpt2 {
        &mut self.model
    }

    /// The model and the codec, for callers with a cache of their own.
    pub fn model_and_codec(&mut self) -> (&mut Gpt2, &Codec) {
        (&mut self.model, &self.codec)
    }

    /// The model.
    pub fn model(&self) -> &Gpt2 {
        &self.model
    }

    /// The tokenizer.
    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// The work done for the latest request, complete or not.
    pub fn work(&self) -> Work {
        self.work
    }

    /// Memory of weights and cache in bytes.
    pub fn size_bytes(&self) -> usize {
        self.model.size_bytes() + self.cache.size_bytes()
    }

    /// Reads the next part of the prompt. The last part yields the first token of every sequence.
    fn prefill(&mut self, request: &mut Request) -> Result<()> {
        let missing = &request.prompt_ids[self.cached_ids.len()..];
        let (part, is_end) = match missing.split_at_checked(PREFILL_LEN) {
            Some((part, [_, ..])) => (part, false),
            _ => (missing, true),
        };
        request.steps.push_back(Step::Prefill {
            done: self.cached_ids.len() + part.len(),
            total: request.prompt_ids.len(),
        });
        if !is_end {
            self.model.read(part, &mut self.cache)?;
            self.cached_ids.extend_from_slice(part);
            return Ok(());
        }
        let logits = self.model.forward(part, &mut self.cache)?;
        for sequence in &mut request.waiting {
            request
                .steps
                .extend(sequence.pick(logits, &self.codec)?.map(Step::Token));
        }
        self.cached_ids.extend_from_slice(part);
        Ok(())
    }

    /// Moves waiting sequences onto branches, as many as fit in twice the context: dozens of long ones in parallel
    /// would take gigabytes.
    fn branch(&mut self, request: &mut Request) {
        let n_in_parallel = (2 * self.model.config().n_positions / request.max_len).max(1);
        let n = n_in_parallel.min(request.waiting.len());
        self.cache.branch(n, request.max_len);
        self.branch_ids = vec![Vec::new(); n];
        request.first_index = request.waiting[0].index();
        request.sequences.extend(request.waiting.drain(..n));
    }

    /// Ends sequences that are finished and gives the others their next tokens in one batched forward pass.
    fn generate(&mut self, request: &mut Request, now: f64) -> Result<()> {
        if request.sequences.is_empty() {
            self.branch(request);
        }
        let n_positions = self.model.config().n_positions;
        let first = request.first_index;
        request.sequences.retain_mut(|sequence| {
            if now > request.deadline && sequence.n_tokens() > 0 {
                sequence.end(FinishReason::MaxTime);
            } else if self.cache.branch_len(sequence.index() - first) == n_positions {
                sequence.end(FinishReason::Length);
            }
            let finished = sequence.finished(&request.prompt);
            let is_in_progress = finished.is_none();
            request.steps.extend(finished.map(Step::Sequence));
            is_in_progress
        });
        if request.sequences.is_empty() {
            return Ok(());
        }
        let ids: Vec<u32> = request.sequences.iter().map(Sequence::last_id).collect();
        let branches: Vec<usize> = (request.sequences.iter())
            .map(|sequence| sequence.index() - first)
            .collect();
        let logits = self.model.forward_branches(&ids, &branches, &mut self.cache)?;
        request.pass = Some((now, ids.len()));
        for (&branch, &id) in branches.iter().zip(&ids) {
            self.branch_ids[branch].push(id);
        }
        let vocab_size = logits.len() / ids.len();
        for (sequence, logits) in request.sequences.iter_mut().zip(logits.chunks_exact(vocab_size)) {
            request
                .steps
                .extend(sequence.pick(logits, &self.codec)?.map(Step::Token));
        }
        Ok(())
    }

    /// Truncates the cache to its longest common prefix with `ids`, or with all but the last of them, which must run
    /// again for its logits. If the trunk is a prefix of `ids`, the branch that continues `ids` furthest joins it.
    fn keep_common(&mut self, ids: &[u32]) {
        let mut common = common_len(&self.cached_ids, ids);
        if common == self.cached_ids.len() {
            let lens = self.branch_ids.iter().map(|branch| common_len(branch, &ids[common..]));
            if let Some((branch, len)) = lens.enumerate().max_by_key(|(_, len)| *len).filter(|(_, len)| *len > 0) {
                self.cache.adopt(branch);
                self.cached_ids.append(&mut self.branch_ids[branch]);
                common += len;
            }
        }
        common = common.min(ids.len().saturating_sub(1));
        self.branch_ids.clear();
        self.cache.truncate(common);
        self.cached_ids.truncate(common);
    }
}

/// The length of the longest common prefix.
fn common_len(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

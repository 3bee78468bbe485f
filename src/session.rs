//! One model, its tokens and its cache: turns a prompt into text, at most one forward pass per step.

use std::collections::VecDeque;

use crate::error::{Error, Result};
use crate::generation::config::GenerationConfig;
use crate::model::gpt2::Gpt2;
use crate::model::kv_cache::KvCache;
use crate::sequence::{FinishReason, FinishedSequence, Sequence, Token};
use crate::text::codec::Codec;
use crate::text::{context, healing};

/// Prompt tokens per step: few enough that a cancel is soon noticed, enough that the matrix products pay.
const PREFILL_LEN: usize = 64;

/// Owns model, codec and cache, and alone knows the position. [`Session::begin`] takes a request,
/// [`Session::step`] works on it.
pub struct Session {
    model: Gpt2,
    codec: Codec,
    cache: KvCache,
    /// The tokens whose keys and values the trunk of `cache` holds.
    cached_ids: Vec<u32>,
    /// And those of its branches, one for each sequence that is being written.
    branch_ids: Vec<Vec<u32>>,
    request: Option<Request>,
    work: Work,
}

/// What one step came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Prompt tokens were read: `done` of `total`, those that were cached included.
    Prefill { done: usize, total: usize },
    /// One more token of a sequence. Sequences are written side by side.
    Token(Token),
    /// A sequence is complete.
    Sequence(FinishedSequence),
}

/// What the newest request came to so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Work {
    pub n_prompt_tokens: usize,
    /// Those of them that were cached.
    pub n_reused_tokens: usize,
    /// Tokens written, without the first of each sequence, which comes with the prompt; and the seconds that they took.
    pub n_tokens: usize,
    pub seconds: f64,
}

/// A request under way.
struct Request {
    /// Seconds, on the caller's clock.
    deadline: f64,
    /// Tokens that a sequence may come to, those that spell healed bytes included.
    max_len: usize,
    prompt: String,
    prompt_ids: Vec<u32>,
    /// The continuations that are being written, side by side.
    sequences: Vec<Sequence>,
    /// The first of these that had a branch; its branch is 0.
    first_index: usize,
    /// Those whose turn comes when these are complete.
    waiting: VecDeque<Sequence>,
    /// What has come about and was not told yet.
    steps: VecDeque<Step>,
    /// When the newest pass of the model began, and its tokens, until the time is known that it took.
    pass: Option<(f64, usize)>,
}

impl Session {
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
        let mut prompt_ids = context::fit(&self.codec, prompt, budget)?;
        let mut healed = Vec::new();
        if config.token_healing {
            healed = healing::take_back(&self.codec, prompt, &mut prompt_ids);
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

    /// Does the next piece of work; `None` when the request is complete.
    ///
    /// # Errors
    /// [`Error::NoToken`] if the weights are damaged or the parameters forbid every token; the request is over then.
    pub fn step(&mut self, now: f64) -> Result<Option<Step>> {
        let Some(mut request) = self.request.take() else {
            return Ok(None);
        };
        if let Some((start, n_tokens)) = request.pass.take() {
            self.work.n_tokens += n_tokens;
            self.work.seconds += now - start;
        }
        // A pass that ends every sequence has nothing to tell; their ends come next.
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

    /// Ends a sequence of the request under way: no more is written of it, nor told.
    pub fn end(&mut self, sequence: usize) {
        if let Some(request) = &mut self.request {
            request.sequences.retain(|other| other.index() != sequence);
            if request.sequences.is_empty() && request.waiting.is_empty() && request.steps.is_empty() {
                self.request = None;
            }
        }
    }

    /// Logits after `input_ids`, by way of the cache like any request; a request under way ends.
    ///
    /// # Shapes
    /// - `input_ids`: `(t,)`, `1 <= t <= n_positions`
    /// - returns `(vocab_size,)`
    pub fn logits(&mut self, input_ids: &[u32]) -> Result<&[f32]> {
        self.request = None;
        self.keep_common(input_ids);
        let missing = &input_ids[self.cached_ids.len()..];
        let logits = self.model.forward(missing, &mut self.cache)?;
        self.cached_ids.extend_from_slice(missing);
        Ok(logits)
    }

    /// For packing: its parts are given out for reading and writing alike.
    pub fn model_mut(&mut self) -> &mut Gpt2 {
        &mut self.model
    }

    /// For those that use the model beside the session.
    pub fn model_and_codec(&mut self) -> (&mut Gpt2, &Codec) {
        (&mut self.model, &self.codec)
    }

    pub fn model(&self) -> &Gpt2 {
        &self.model
    }

    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// What the newest request came to, whether it is complete or not.
    pub fn work(&self) -> Work {
        self.work
    }

    /// Bytes that weights and cache take.
    pub fn size_bytes(&self) -> usize {
        self.model.size_bytes() + self.cache.size_bytes()
    }

    /// Reads the next part of the prompt. Its end gives every sequence its first token.
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

    /// Gives the next of those that wait a branch each: as many as twice the context has room for. Dozens of long ones at
    /// once would take gigabytes.
    fn branch(&mut self, request: &mut Request) {
        let n_side_by_side = (2 * self.model.config().n_positions / request.max_len).max(1);
        let n = n_side_by_side.min(request.waiting.len());
        self.cache.branch(n, request.max_len);
        self.branch_ids = vec![Vec::new(); n];
        request.first_index = request.waiting[0].index();
        request.sequences.extend(request.waiting.drain(..n));
    }

    /// Gives every sequence that goes on its next token, all by one pass of the model.
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
            let goes_on = finished.is_none();
            request.steps.extend(finished.map(Step::Sequence));
            goes_on
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

    /// Rolls the cache back to what it has in common with `ids`, less the last of them: that one is run again
    /// in any case, for its logits. A continuation that was taken up is kept.
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

/// How many tokens two lists begin with in common.
fn common_len(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

//! A model at work: requests for text and for suggestions, a step at a time.

use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::prelude::*;

use super::builder::view;
use super::scorer::Scorer;
use super::{JsResult, set, throw};
use crate::generation::config::GenerationConfig;
use crate::model::gpt2::Gpt2;
use crate::session::{self, Step};
use crate::suggestion::{Place, Suggestion, SuggestionOptions, Suggestions, is_askable};
use crate::text::codec::Codec;
use crate::weights::packed_file::{self, Origin};

/// A suggestion as JavaScript has it.
fn to_object(suggestion: &Suggestion) -> Object {
    let object = Object::new();
    set(&object, "text", suggestion.text.as_str());
    set(&object, "isComplete", suggestion.is_complete);
    set(&object, "mean_log_probability", suggestion.mean_log_probability);
    object
}

/// A model at work.
#[wasm_bindgen]
pub struct Session {
    pub(super) session: session::Session,
    /// What becomes of the steps, if suggestions were asked for.
    suggestions: Option<Suggestions>,
}

impl Session {
    pub(super) fn new(model: Gpt2, codec: Codec) -> Session {
        Session {
            session: session::Session::new(model, codec),
            suggestions: None,
        }
    }
}

#[wasm_bindgen]
impl Session {
    /// Takes a request in place of the one before. A seed that is not given is drawn.
    pub fn begin(&mut self, prompt: &str, generation_config_json: &str, now_ms: f64) -> JsResult<()> {
        let mut config = GenerationConfig::from_json(generation_config_json).map_err(throw)?;
        if config.seed.is_none() {
            config.seed = Some(getrandom::u64().map_err(|error| js_sys::Error::new(&error.to_string()))?);
        }
        (self.session.begin(prompt, config, now_ms / 1000.0)).map_err(throw)?;
        self.suggestions = None;
        Ok(())
    }

    /// Takes a request for suggestions between two texts; false if there is nothing to continue.
    /// `gate`: the least probability of a suggestion's first word, undefined for any.
    pub fn suggest(
        &mut self,
        before: &str,
        after: &str,
        generation_config_json: &str,
        gate: Option<f64>,
        now_ms: f64,
    ) -> JsResult<bool> {
        let place = Place { before, after };
        if !is_askable(place) {
            return Ok(false);
        }
        self.begin(before, generation_config_json, now_ms)?;
        let options = SuggestionOptions {
            gate: gate.unwrap_or(0.0),
            is_ranked: true,
        };
        self.suggestions = Some(Suggestions::new(place, options));
        Ok(true)
    }

    /// Does the next piece of work. Returns
    /// `{type: "prefill", done, total}`, `{type: "token", sequence, text, log_probability}`,
    /// `{type: "sequence", sequence, generated_text, n_tokens, log_probability, finish_reason}`,
    /// or undefined when the request is complete.
    ///
    /// A request for suggestions has, in place of the last two, `{type: "suggestions", suggestions}` when these have changed,
    /// a list of `{text, isComplete, mean_log_probability}` with the best first, and `{type: "unchanged"}`.
    pub fn step(&mut self, now_ms: f64) -> JsResult<Option<Object>> {
        let Some(step) = self.session.step(now_ms / 1000.0).map_err(throw)? else {
            return Ok(None);
        };
        let object = Object::new();
        match (step, &mut self.suggestions) {
            (Step::Prefill { done, total }, _) => {
                set(&object, "type", "prefill");
                set(&object, "done", done as f64);
                set(&object, "total", total as f64);
            }
            (step, Some(suggestions)) => {
                if suggestions.take(&step) {
                    set(&object, "type", "suggestions");
                    let list: Array = suggestions.offered().into_iter().map(to_object).collect();
                    set(&object, "suggestions", list);
                } else {
                    set(&object, "type", "unchanged");
                }
                if let Step::Token(token) = step
                    && suggestions.is_complete(token.sequence)
                {
                    self.session.end(token.sequence);
                }
            }
            (Step::Token(token), None) => {
                set(&object, "type", "token");
                set(&object, "sequence", token.sequence as f64);
                set(&object, "text", token.text);
                set(&object, "log_probability", token.log_probability);
            }
            (Step::Sequence(finished), None) => {
                set(&object, "type", "sequence");
                set(&object, "sequence", finished.sequence as f64);
                set(&object, "generated_text", finished.generated_text);
                set(&object, "n_tokens", finished.n_tokens as f64);
                set(&object, "log_probability", finished.log_probability);
                set(&object, "finish_reason", finished.finish_reason.name());
            }
        }
        Ok(Some(object))
    }

    /// What the newest request came to, complete or not: `{n_prompt_tokens, n_reused_tokens, n_tokens, ms}`.
    pub fn work(&self) -> Object {
        let work = self.session.work();
        let object = Object::new();
        set(&object, "n_prompt_tokens", work.n_prompt_tokens as f64);
        set(&object, "n_reused_tokens", work.n_reused_tokens as f64);
        set(&object, "n_tokens", work.n_tokens as f64);
        set(&object, "ms", work.seconds * 1000.0);
        object
    }

    /// Scores texts with this session's model, as long as the session lives.
    pub fn scorer(&self) -> Scorer {
        Scorer::new(self.session.model().config())
    }

    /// Whether the model reproduces published logits; see `golden::check`.
    pub fn check(&mut self, golden_json: &str) -> JsResult<bool> {
        crate::golden::check(&mut self.session, golden_json).map_err(throw)
    }

    /// The header of the file that the model is packed into; `weights`: a name that no other weights have.
    pub fn packed_header(&mut self, config_json: &str, weights: &str) -> JsResult<Vec<u8>> {
        packed_file::header(self.session.model_mut(), Origin { config_json, weights }).map_err(throw)
    }

    /// The `i`th part of that file, undefined behind the last; good until the next call into the engine.
    pub fn packed_part(&mut self, i: usize) -> Option<Uint8Array> {
        self.session.model_mut().parts().into_iter().nth(i).map(view)
    }

    #[wasm_bindgen(getter)]
    pub fn n_positions(&self) -> usize {
        self.session.model().config().n_positions
    }

    #[wasm_bindgen(getter)]
    pub fn n_parameters(&self) -> f64 {
        self.session.model().config().n_parameters() as f64
    }

    /// Bytes that weights and cache take.
    #[wasm_bindgen(getter)]
    pub fn size_bytes(&self) -> f64 {
        self.session.size_bytes() as f64
    }

    #[wasm_bindgen(getter)]
    pub fn dtype(&self) -> String {
        self.session.model().weight_type().name().to_owned()
    }
}

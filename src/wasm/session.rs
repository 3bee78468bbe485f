//! A model at work: requests for text and for suggestions, a step at a time.

use js_sys::Object;
use wasm_bindgen::prelude::*;

use super::error::{JsResult, throw};
use super::objects;
use crate::generation::config::GenerationConfig;
use crate::model::gpt2::Gpt2;
use crate::session::{self, Step};
use crate::suggestion::{Place, SuggestionOptions, Suggestions, is_askable};
use crate::text::codec::Codec;

/// A model at work.
#[wasm_bindgen]
pub struct Session {
    pub(super) session: session::Session,
    /// Turns steps into suggestions, in a request for these.
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
    /// Takes a request in place of the last one. Draws a seed if none is given.
    ///
    /// # Errors
    /// `generation_config` for an unknown parameter, a value out of range, or an empty prompt that the model cannot continue.
    pub fn begin(&mut self, prompt: &str, generation_config_json: &str, now_ms: f64) -> JsResult<()> {
        let mut config = GenerationConfig::from_json(generation_config_json).map_err(throw)?;
        if config.seed.is_none() {
            config.seed = Some(getrandom::u64().map_err(|error| js_sys::Error::new(&error.to_string()))?);
        }
        (self.session.begin(prompt, config, now_ms / 1000.0)).map_err(throw)?;
        self.suggestions = None;
        Ok(())
    }

    /// Takes a request for suggestions between two texts. Returns false if there is nothing to continue.
    /// `gate`: the least probability of a suggestion's first word; undefined for any.
    ///
    /// # Errors
    /// As [`Session::begin`].
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

    /// Does the next piece of work. Returns its outcome, or undefined when the request is complete.
    ///
    /// # Errors
    /// `no_token` if the weights are damaged or the parameters forbid every token.
    #[wasm_bindgen(unchecked_return_type = "Step | undefined")]
    pub fn step(&mut self, now_ms: f64) -> JsResult<Option<Object>> {
        let Some(step) = self.session.step(now_ms / 1000.0).map_err(throw)? else {
            return Ok(None);
        };
        let object = match (step, &mut self.suggestions) {
            (Step::Prefill { done, total }, _) => objects::prefill(done, total),
            (Step::Token(token), None) => objects::token(token),
            (Step::Sequence(finished), None) => objects::sequence(finished),
            (step, Some(suggestions)) => {
                let object = match suggestions.take(&step) {
                    true => objects::suggestions(&suggestions.offered()),
                    false => objects::unchanged(),
                };
                if let Step::Token(token) = step
                    && suggestions.is_complete(token.sequence)
                {
                    self.session.end(token.sequence);
                }
                object
            }
        };
        Ok(Some(object))
    }

    /// The cost of the newest request so far, complete or not.
    #[wasm_bindgen(unchecked_return_type = "Work")]
    pub fn work(&self) -> Object {
        objects::work(self.session.work())
    }

    /// Whether the model reproduces published logits; see `golden::check`.
    ///
    /// # Errors
    /// `golden` for a file of published logits that cannot be read.
    pub fn check(&mut self, golden_json: &str) -> JsResult<bool> {
        crate::golden::check(&mut self.session, golden_json).map_err(throw)
    }

    /// The length of the model's context, in tokens.
    #[wasm_bindgen(getter)]
    pub fn n_positions(&self) -> usize {
        self.session.model().config().n_positions
    }

    /// The number of weights.
    #[wasm_bindgen(getter)]
    pub fn n_parameters(&self) -> f64 {
        self.session.model().config().n_parameters() as f64
    }

    /// Bytes that weights and cache take.
    #[wasm_bindgen(getter)]
    pub fn size_bytes(&self) -> f64 {
        self.session.size_bytes() as f64
    }

    /// How the weights are held in memory.
    #[wasm_bindgen(getter, unchecked_return_type = "Dtype")]
    pub fn dtype(&self) -> String {
        self.session.model().weight_type().name().to_owned()
    }
}

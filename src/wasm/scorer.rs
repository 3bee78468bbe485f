//! How likely a text is, token by token.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::error::{JsResult, throw};
use super::objects;
use super::session::Session;
use crate::scoring;

/// A cache for scoring texts, to be freed when scores are no longer shown.
#[wasm_bindgen]
pub struct Scorer(scoring::Scorer);

#[wasm_bindgen]
impl Session {
    /// A scorer of texts by this session's model, good as long as the session.
    pub fn scorer(&self) -> Scorer {
        Scorer(scoring::Scorer::new(self.session.model().config()))
    }
}

#[wasm_bindgen]
impl Scorer {
    /// Takes a text in place of the last one. `before`: the text in front of it.
    ///
    /// # Errors
    /// `config` if the model has neither a BOS nor an EOS token.
    pub fn begin(&mut self, session: &Session, before: &str, text: &str) -> JsResult<()> {
        let (config, codec) = (session.session.model().config(), session.session.codec());
        self.0.begin(config, codec, before, text).map_err(throw)
    }

    /// Does the next piece of work. Returns the scores that it gives, or undefined when the text is complete.
    ///
    /// # Errors
    /// `no_token` if the weights are damaged.
    #[wasm_bindgen(unchecked_return_type = "Score[] | undefined")]
    pub fn step(&mut self, session: &mut Session) -> JsResult<Option<Array>> {
        let (model, codec) = session.session.model_and_codec();
        let scores = self.0.step(model, codec).map_err(throw)?;
        Ok(scores.map(|scores| scores.into_iter().map(objects::score).collect()))
    }
}

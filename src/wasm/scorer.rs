//! How likely a text is, token by token.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::error::{JsResult, throw};
use super::objects;
use super::session::Session;
use crate::model::config::Config;
use crate::scoring;

/// A cache for scoring texts; to be freed when nobody looks at scores any more.
#[wasm_bindgen]
pub struct Scorer(scoring::Scorer);

impl Scorer {
    pub(super) fn new(config: &Config) -> Scorer {
        Scorer(scoring::Scorer::new(config))
    }
}

#[wasm_bindgen]
impl Scorer {
    /// Takes a text in place of the one before; `before` is what precedes it.
    pub fn begin(&mut self, session: &Session, before: &str, text: &str) -> JsResult<()> {
        let (config, codec) = (session.session.model().config(), session.session.codec());
        self.0.begin(config, codec, before, text).map_err(throw)
    }

    /// Does the next piece of work. Returns the scores that it gives, or undefined when the text is complete.
    #[wasm_bindgen(unchecked_return_type = "Score[] | undefined")]
    pub fn step(&mut self, session: &mut Session) -> JsResult<Option<Array>> {
        let (model, codec) = session.session.model_and_codec();
        let scores = self.0.step(model, codec).map_err(throw)?;
        Ok(scores.map(|scores| scores.into_iter().map(objects::score).collect()))
    }
}

//! A model from its files, as their bytes arrive.

use wasm_bindgen::prelude::*;

use super::error::{JsResult, throw};
use super::session::Session;
use crate::model::config::Config;
use crate::model::gpt2::Gpt2;
use crate::model::matrix::WeightType;
use crate::text::codec::Codec;
use crate::weights::checkpoint::CheckpointReader;

/// Builds a model from the bytes of its files as they arrive.
#[wasm_bindgen]
pub struct ModelBuilder {
    config: Config,
    reader: CheckpointReader,
}

#[wasm_bindgen]
impl ModelBuilder {
    /// `dtype`: how the weights are held in memory.
    ///
    /// # Errors
    /// `config` for a config.json or dtype that is not supported.
    #[wasm_bindgen(constructor)]
    pub fn new(
        config_json: &str,
        #[wasm_bindgen(unchecked_param_type = "Dtype")] dtype: &str,
    ) -> JsResult<ModelBuilder> {
        let config = Config::from_json(config_json).map_err(throw)?;
        let weight_type = WeightType::from_name(dtype).map_err(throw)?;
        let reader = CheckpointReader::new(&config, weight_type).map_err(throw)?;
        Ok(ModelBuilder { config, reader })
    }

    /// Takes the next bytes of model.safetensors, cut anywhere.
    ///
    /// # Errors
    /// `safetensors`, `missing_tensor`, `surplus_tensor`, `tensor_shape` or `tensor_dtype` for a file that is damaged or does
    /// not fit config.json.
    pub fn push(&mut self, chunk: &[u8]) -> JsResult<()> {
        self.reader.push(chunk).map_err(throw)
    }

    /// Builds the session once the file is complete. The builder is used up.
    ///
    /// # Errors
    /// `tokenizer` for a tokenizer that is damaged or does not fit the model; as [`ModelBuilder::push`] for a file cut short.
    pub fn finish(self, tokenizer_json: &[u8]) -> JsResult<Session> {
        let codec = Codec::from_json(tokenizer_json, self.config.vocab_size).map_err(throw)?;
        let weights = self.reader.finish().map_err(throw)?;
        let model = Gpt2::new(self.config, weights).map_err(throw)?;
        Ok(Session::new(model, codec))
    }
}

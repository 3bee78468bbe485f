//! Models from their files: from safetensors as they arrive, or from the packed file of an earlier visit.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::session::Session;
use super::{JsResult, throw};
use crate::model::config::Config;
use crate::model::gpt2::Gpt2;
use crate::model::matrix::WeightType;
use crate::text::codec::Codec;
use crate::weights::checkpoint::CheckpointReader;
use crate::weights::packed_file::{self, HEADER_LEN, Origin};

/// Builds a model from the bytes of its files as they arrive.
#[wasm_bindgen]
pub struct ModelBuilder {
    config: Config,
    reader: CheckpointReader,
}

#[wasm_bindgen]
impl ModelBuilder {
    /// `dtype`: `"f32"` or `"q8"`.
    #[wasm_bindgen(constructor)]
    pub fn new(config_json: &str, dtype: &str) -> JsResult<ModelBuilder> {
        let config = Config::from_json(config_json).map_err(throw)?;
        let weight_type = WeightType::from_name(dtype).map_err(throw)?;
        let reader = CheckpointReader::new(&config, weight_type).map_err(throw)?;
        Ok(ModelBuilder { config, reader })
    }

    /// The next bytes of model.safetensors, cut anywhere.
    pub fn push(&mut self, chunk: &[u8]) -> JsResult<()> {
        self.reader.push(chunk).map_err(throw)
    }

    /// Builds the session once the file is complete. The builder is used up.
    pub fn finish(self, tokenizer_json: &[u8]) -> JsResult<Session> {
        let codec = Codec::from_json(tokenizer_json, self.config.vocab_size).map_err(throw)?;
        let weights = self.reader.finish().map_err(throw)?;
        let model = Gpt2::new(self.config, weights).map_err(throw)?;
        Ok(Session::new(model, codec))
    }
}

/// A model whose int8 weights are read from a packed file: the header first, then each part into its place.
#[wasm_bindgen]
pub struct PackedModel(packed_file::PackedModel);

#[wasm_bindgen]
impl PackedModel {
    /// Bytes of the file's header.
    pub fn header_len() -> usize {
        HEADER_LEN
    }

    /// `weights`: what the weights were called when they were packed.
    #[wasm_bindgen(constructor)]
    pub fn new(header: &[u8], file_len: f64, config_json: &str, weights: &str) -> JsResult<PackedModel> {
        let origin = Origin { config_json, weights };
        let packed = packed_file::PackedModel::new(header, file_len as u64, origin).map_err(throw)?;
        Ok(PackedModel(packed))
    }

    /// Where the file's `i`th part is to be read to, undefined behind the last; good until the next call into the engine.
    pub fn part(&mut self, i: usize) -> Option<Uint8Array> {
        self.0.parts().into_iter().nth(i).map(view)
    }

    /// Builds the session once all parts are in place. This object is used up.
    pub fn finish(self, tokenizer_json: &[u8]) -> JsResult<Session> {
        let model = self.0.finish().map_err(throw)?;
        let codec = Codec::from_json(tokenizer_json, model.config().vocab_size).map_err(throw)?;
        Ok(Session::new(model, codec))
    }
}

/// The engine's own memory as JavaScript sees it.
pub(super) fn view(part: &mut [u8]) -> Uint8Array {
    // SAFETY: nothing else uses the part before the next call into the engine, and then the view is of no more use.
    unsafe { Uint8Array::view_mut_raw(part.as_mut_ptr(), part.len()) }
}

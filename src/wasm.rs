//! The engine as JavaScript sees it: the only file that names wasm_bindgen or js_sys.
//! Errors are thrown as Errors with `name`, `code` and `message`; a panic is a WebAssembly.RuntimeError.

use js_sys::{Object, Reflect, Uint8Array};
use sha2::Digest;
use wasm_bindgen::prelude::*;

use crate::config::Config;
use crate::error::Error;
use crate::generation::config::GenerationConfig;
use crate::model::gpt2::Gpt2;
use crate::model::linear::WeightType;
use crate::model::packed_file::{self, HEADER_LEN, Origin};
use crate::model::weights::Weights;
use crate::session::{self, Step};
use crate::text::codec::Codec;

type JsResult<T> = Result<T, JsValue>;

#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

fn throw(error: Error) -> JsValue {
    let js_error = js_sys::Error::new(&error.to_string());
    js_error.set_name("EngineError");
    set(&js_error, "code", error.code());
    js_error.into()
}

fn set(object: &JsValue, key: &str, value: impl Into<JsValue>) {
    Reflect::set(object, &key.into(), &value.into()).expect("invariant: a plain object takes any key");
}

/// The compiled module, for workers beside this one.
#[wasm_bindgen]
pub fn module() -> JsValue {
    wasm_bindgen::module()
}

/// Makes the calling worker a thread of the engine, for good. The page's own worker must go on without calling it.
#[cfg(target_feature = "atomics")]
#[wasm_bindgen]
pub fn work() {
    crate::kernels::pool::POOL.work()
}

/// Says that the calling thread's `work` has thrown, so that nobody waits for it.
#[cfg(target_feature = "atomics")]
#[wasm_bindgen]
pub fn fail() {
    crate::kernels::pool::POOL.fail();
}

/// Builds a model from the bytes of its files as they arrive.
#[wasm_bindgen]
pub struct ModelBuilder {
    config: Config,
    weight_type: WeightType,
    weights: Weights,
}

#[wasm_bindgen]
impl ModelBuilder {
    /// `dtype`: `"f32"` or `"q8"`.
    #[wasm_bindgen(constructor)]
    pub fn new(config_json: &str, dtype: &str) -> JsResult<ModelBuilder> {
        let config = Config::from_json(config_json).map_err(throw)?;
        let weight_type = WeightType::from_name(dtype).map_err(throw)?;
        let weights = Weights::new(&config, weight_type).map_err(throw)?;
        Ok(ModelBuilder {
            config,
            weight_type,
            weights,
        })
    }

    /// The next bytes of model.safetensors, cut anywhere.
    pub fn push(&mut self, chunk: &[u8]) -> JsResult<()> {
        self.weights.push(chunk).map_err(throw)
    }

    /// Builds the session once the file is complete. The builder is used up.
    pub fn finish(self, tokenizer_json: &[u8]) -> JsResult<Session> {
        let codec = Codec::from_json(tokenizer_json, self.config.vocab_size).map_err(throw)?;
        let model = Gpt2::new(self.config, self.weight_type, self.weights).map_err(throw)?;
        Ok(Session(session::Session::new(model, codec)))
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
        Ok(Session(session::Session::new(model, codec)))
    }
}

/// The engine's own memory as JavaScript sees it.
fn view(part: &mut [u8]) -> Uint8Array {
    // SAFETY: nothing else uses the part before the next call into the engine, and then the view is of no more use.
    unsafe { Uint8Array::view_mut_raw(part.as_mut_ptr(), part.len()) }
}

/// A model at work.
#[wasm_bindgen]
pub struct Session(session::Session);

#[wasm_bindgen]
impl Session {
    /// Takes a request in place of the one before. A seed that is not given is drawn.
    pub fn begin(&mut self, prompt: &str, generation_config_json: &str, now_ms: f64) -> JsResult<()> {
        let mut config = GenerationConfig::from_json(generation_config_json).map_err(throw)?;
        if config.seed.is_none() {
            config.seed = Some(getrandom::u64().map_err(|error| js_sys::Error::new(&error.to_string()))?);
        }
        (self.0.begin(prompt, config, now_ms / 1000.0)).map_err(throw)
    }

    /// Does the next piece of work. Returns
    /// `{type: "prefill", done, total}`, `{type: "token", sequence, text, log_probability}`,
    /// `{type: "sequence", sequence, generated_text, n_tokens, log_probability, finish_reason}`,
    /// or undefined when the request is complete.
    pub fn step(&mut self, now_ms: f64) -> JsResult<Option<Object>> {
        let Some(step) = self.0.step(now_ms / 1000.0).map_err(throw)? else {
            return Ok(None);
        };
        let object = Object::new();
        match step {
            Step::Prefill { done, total } => {
                set(&object, "type", "prefill");
                set(&object, "done", done as f64);
                set(&object, "total", total as f64);
            }
            Step::Token(token) => {
                set(&object, "type", "token");
                set(&object, "sequence", token.sequence as f64);
                set(&object, "text", token.text);
                set(&object, "log_probability", token.log_probability);
            }
            Step::Sequence(finished) => {
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

    /// Whether the model reproduces published logits; see `golden::check`.
    pub fn check(&mut self, golden_json: &str) -> JsResult<bool> {
        crate::golden::check(&mut self.0, golden_json).map_err(throw)
    }

    /// The header of the file that the model is packed into; `weights`: a name that no other weights have.
    pub fn packed_header(&mut self, config_json: &str, weights: &str) -> Vec<u8> {
        packed_file::header(self.0.model_mut(), Origin { config_json, weights }).to_vec()
    }

    /// The `i`th part of that file, undefined behind the last; good until the next call into the engine.
    pub fn packed_part(&mut self, i: usize) -> Option<Uint8Array> {
        self.0.model_mut().parts().into_iter().nth(i).map(view)
    }

    #[wasm_bindgen(getter)]
    pub fn n_positions(&self) -> usize {
        self.0.model().config().n_positions
    }

    #[wasm_bindgen(getter)]
    pub fn n_parameters(&self) -> f64 {
        self.0.model().config().n_parameters() as f64
    }

    /// Bytes that weights and cache take.
    #[wasm_bindgen(getter)]
    pub fn size_bytes(&self) -> f64 {
        self.0.size_bytes() as f64
    }

    #[wasm_bindgen(getter)]
    pub fn dtype(&self) -> String {
        self.0.model().weight_type().name().to_owned()
    }
}

/// SHA-256 of a file that arrives in chunks, which the browser's own digest cannot do.
#[wasm_bindgen]
pub struct Sha256(sha2::Sha256);

#[wasm_bindgen]
impl Sha256 {
    #[wasm_bindgen(constructor)]
    #[allow(clippy::new_without_default)] // A JavaScript constructor.
    pub fn new() -> Sha256 {
        Sha256(sha2::Sha256::new())
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest in lower-case hexadecimal. The hash is used up.
    pub fn hex(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

//! The engine as JavaScript sees it: the only file that names wasm_bindgen or js_sys.
//! Errors are thrown as Errors with `name`, `code` and `message`; a panic is a WebAssembly.RuntimeError.

use js_sys::{Array, Object, Reflect, Uint8Array};
use sha2::Digest;
use wasm_bindgen::prelude::*;

use crate::config::Config;
use crate::error::Error;
use crate::generation::config::GenerationConfig;
use crate::model::gpt2::Gpt2;
use crate::model::linear::WeightType;
use crate::model::packed_file::{self, HEADER_LEN, Origin};
use crate::model::weights::Weights;
use crate::scoring;
use crate::session::{self, Step};
use crate::suggestion::{Place, Suggestion, SuggestionOptions, Suggestions, is_askable};
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
fn view(part: &mut [u8]) -> Uint8Array {
    // SAFETY: nothing else uses the part before the next call into the engine, and then the view is of no more use.
    unsafe { Uint8Array::view_mut_raw(part.as_mut_ptr(), part.len()) }
}

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
    session: session::Session,
    /// What becomes of the steps, if suggestions were asked for.
    suggestions: Option<Suggestions>,
}

impl Session {
    fn new(model: Gpt2, codec: Codec) -> Session {
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
    /// `gate`: the least mean log-probability per character, undefined for any.
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
            gate: gate.unwrap_or(f64::NEG_INFINITY),
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
        Scorer(scoring::Scorer::new(self.session.model().config()))
    }

    /// Whether the model reproduces published logits; see `golden::check`.
    pub fn check(&mut self, golden_json: &str) -> JsResult<bool> {
        crate::golden::check(&mut self.session, golden_json).map_err(throw)
    }

    /// The header of the file that the model is packed into; `weights`: a name that no other weights have.
    pub fn packed_header(&mut self, config_json: &str, weights: &str) -> Vec<u8> {
        packed_file::header(self.session.model_mut(), Origin { config_json, weights }).to_vec()
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

/// A cache for scoring texts; to be freed when nobody looks at scores any more.
#[wasm_bindgen]
pub struct Scorer(scoring::Scorer);

#[wasm_bindgen]
impl Scorer {
    /// Takes a text in place of the one before; `before` is what precedes it.
    pub fn begin(&mut self, session: &Session, before: &str, text: &str) -> JsResult<()> {
        let (config, codec) = (session.session.model().config(), session.session.codec());
        self.0.begin(config, codec, before, text).map_err(throw)
    }

    /// Does the next piece of work. Returns what came of it as `{text, log_probability, top: {text, log_probability}[]}[]`,
    /// or undefined when the text is complete.
    pub fn step(&mut self, session: &mut Session) -> JsResult<Option<Array>> {
        let (model, codec) = session.session.model_and_codec();
        let scores = self.0.step(model, codec).map_err(throw)?;
        Ok(scores.map(|scores| scores.into_iter().map(score_object).collect()))
    }
}

fn score_object(score: scoring::Score) -> Object {
    let object = candidate_object(score.text, score.log_probability);
    let top = score
        .top
        .into_iter()
        .map(|c| candidate_object(c.text, c.log_probability));
    set(&object, "top", top.collect::<Array>());
    object
}

fn candidate_object(text: String, log_probability: f64) -> Object {
    let object = Object::new();
    set(&object, "text", text);
    set(&object, "log_probability", log_probability);
    object
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

//! The plain objects that the engine gives to JavaScript, each below its type, which wasm-bindgen puts into engine.d.ts.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::scoring::{Candidate, Score};
use crate::sequence::{FinishedSequence, Token};
use crate::session::Work;
use crate::suggestion::Suggestion;

#[wasm_bindgen(typescript_custom_section)]
const DTYPE: &str = r#"
/** How a model's weights are held. */
export type Dtype = "f32" | "q8";
"#;

#[wasm_bindgen(typescript_custom_section)]
const STEP: &str = r#"
/**
 * A piece of a session's work. A request for text gives tokens and sequences; one for suggestions gives these whenever they
 * change.
 */
export type Step =
    | Prefill
    | ({ type: "token" } & Token)
    | ({ type: "sequence" } & Sequence)
    | { type: "suggestions"; suggestions: Suggestion[] }
    | { type: "unchanged" };
"#;

#[wasm_bindgen(typescript_custom_section)]
const PREFILL: &str = r#"
/** `done` of `total` tokens of the prompt are read, the cached ones included. */
export type Prefill = { type: "prefill"; done: number; total: number };
"#;

pub(super) fn prefill(done: usize, total: usize) -> Object {
    let object = of_type("prefill");
    set(&object, "done", done as f64);
    set(&object, "total", total as f64);
    object
}

#[wasm_bindgen(typescript_custom_section)]
const TOKEN: &str = r#"
/** One more token of a sequence. `text` holds whole characters only and may be empty. */
export type Token = { sequence: number; text: string; log_probability: number };
"#;

pub(super) fn token(token: Token) -> Object {
    let object = of_type("token");
    set(&object, "sequence", token.sequence as f64);
    set(&object, "text", token.text);
    set(&object, "log_probability", token.log_probability);
    object
}

#[wasm_bindgen(typescript_custom_section)]
const SEQUENCE: &str = r#"
/** A finished continuation. `log_probability`: the sum over its tokens, under the model before temperature. */
export type Sequence = {
    sequence: number;
    generated_text: string;
    n_tokens: number;
    log_probability: number;
    finish_reason: FinishReason;
};
export type FinishReason = "length" | "eos" | "stop_string" | "max_time";
"#;

pub(super) fn sequence(finished: FinishedSequence) -> Object {
    let object = of_type("sequence");
    set(&object, "sequence", finished.sequence as f64);
    set(&object, "generated_text", finished.generated_text);
    set(&object, "n_tokens", finished.n_tokens as f64);
    set(&object, "log_probability", finished.log_probability);
    set(&object, "finish_reason", finished.finish_reason.name());
    object
}

#[wasm_bindgen(typescript_custom_section)]
const SUGGESTION: &str = r#"
/**
 * A text to insert at the caret. `isComplete`: no further token changes it. `mean_log_probability`: natural logarithm, per
 * character of `text`, under the model before temperature.
 */
export type Suggestion = { text: string; isComplete: boolean; mean_log_probability: number };
"#;

/// `offered`: best first.
pub(super) fn suggestions(offered: &[&Suggestion]) -> Object {
    let list = offered.iter().map(|suggestion| {
        let object = Object::new();
        set(&object, "text", suggestion.text.as_str());
        set(&object, "isComplete", suggestion.is_complete);
        set(&object, "mean_log_probability", suggestion.mean_log_probability);
        object
    });
    let object = of_type("suggestions");
    set(&object, "suggestions", list.collect::<Array>());
    object
}

pub(super) fn unchanged() -> Object {
    of_type("unchanged")
}

#[wasm_bindgen(typescript_custom_section)]
const WORK: &str = r#"
/**
 * The cost of a request for text, cancelled or not. `n_tokens` took `ms`, without the first of each sequence, which comes with
 * the prompt.
 */
export type Work = { n_prompt_tokens: number; n_reused_tokens: number; n_tokens: number; ms: number };
"#;

pub(super) fn work(work: Work) -> Object {
    let object = Object::new();
    set(&object, "n_prompt_tokens", work.n_prompt_tokens as f64);
    set(&object, "n_reused_tokens", work.n_reused_tokens as f64);
    set(&object, "n_tokens", work.n_tokens as f64);
    set(&object, "ms", work.seconds * 1000.0);
    object
}

#[wasm_bindgen(typescript_custom_section)]
const SCORE: &str = r#"
/**
 * A token of a text, or the several that make up one character. `log_probability`: natural logarithm. `top`: the likeliest in
 * its place, best first.
 */
export type Score = Candidate & { top: Candidate[] };
export type Candidate = { text: string; log_probability: number };
"#;

pub(super) fn score(score: Score) -> Object {
    let object = candidate(Candidate {
        text: score.text,
        log_probability: score.log_probability,
    });
    set(&object, "top", score.top.into_iter().map(candidate).collect::<Array>());
    object
}

fn candidate(candidate: Candidate) -> Object {
    let object = Object::new();
    set(&object, "text", candidate.text);
    set(&object, "log_probability", candidate.log_probability);
    object
}

fn of_type(name: &str) -> Object {
    let object = Object::new();
    set(&object, "type", name);
    object
}

pub(super) fn set(object: &JsValue, key: &str, value: impl Into<JsValue>) {
    Reflect::set(object, &key.into(), &value.into()).expect("invariant: a plain object takes any key");
}

//! The plain objects that the engine gives to JavaScript.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::JsValue;

use crate::scoring::{Candidate, Score};
use crate::sequence::{FinishedSequence, Token};
use crate::session::Work;
use crate::suggestion::Suggestion;

/// `{type: "prefill", done, total}`
pub(super) fn prefill(done: usize, total: usize) -> Object {
    let object = of_type("prefill");
    set(&object, "done", done as f64);
    set(&object, "total", total as f64);
    object
}

/// `{type: "token", sequence, text, log_probability}`
pub(super) fn token(token: Token) -> Object {
    let object = of_type("token");
    set(&object, "sequence", token.sequence as f64);
    set(&object, "text", token.text);
    set(&object, "log_probability", token.log_probability);
    object
}

/// `{type: "sequence", sequence, generated_text, n_tokens, log_probability, finish_reason}`
pub(super) fn sequence(finished: FinishedSequence) -> Object {
    let object = of_type("sequence");
    set(&object, "sequence", finished.sequence as f64);
    set(&object, "generated_text", finished.generated_text);
    set(&object, "n_tokens", finished.n_tokens as f64);
    set(&object, "log_probability", finished.log_probability);
    set(&object, "finish_reason", finished.finish_reason.name());
    object
}

/// `{type: "suggestions", suggestions: {text, isComplete, mean_log_probability}[]}`, best first.
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

/// `{type: "unchanged"}`
pub(super) fn unchanged() -> Object {
    of_type("unchanged")
}

/// `{n_prompt_tokens, n_reused_tokens, n_tokens, ms}`
pub(super) fn work(work: Work) -> Object {
    let object = Object::new();
    set(&object, "n_prompt_tokens", work.n_prompt_tokens as f64);
    set(&object, "n_reused_tokens", work.n_reused_tokens as f64);
    set(&object, "n_tokens", work.n_tokens as f64);
    set(&object, "ms", work.seconds * 1000.0);
    object
}

/// `{text, log_probability, top: {text, log_probability}[]}`
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

//! Errors as JavaScript catches them: an Error with `name`, `code` and `message`.

use wasm_bindgen::JsValue;

use super::objects::set;
use crate::error::Error;

pub(super) type JsResult<T> = Result<T, JsValue>;

pub(super) fn throw(error: Error) -> JsValue {
    let js_error = js_sys::Error::new(&error.to_string());
    js_error.set_name("EngineError");
    set(&js_error, "code", error.code());
    js_error.into()
}

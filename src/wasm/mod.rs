//! The engine as JavaScript sees it: the only folder that names wasm_bindgen, js_sys or web_sys.
//! Errors are thrown as Errors with `name`, `code` and `message`; a panic is a WebAssembly.RuntimeError.

use sha2::Digest;
use wasm_bindgen::prelude::*;

mod builder;
mod error;
mod objects;
mod packed;
mod scorer;
mod session;

pub use builder::ModelBuilder;
pub use packed::{PackedModel, PackedWriter};
pub use scorer::Scorer;
pub use session::Session;

#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// The compiled module, for workers beside this one.
#[wasm_bindgen(unchecked_return_type = "WebAssembly.Module")]
pub fn module() -> JsValue {
    wasm_bindgen::module()
}

/// Makes the calling worker a thread of the engine, for good; never called in the engine's own worker.
#[cfg(target_feature = "atomics")]
#[wasm_bindgen]
pub fn work() {
    crate::kernels::pool::POOL.work()
}

/// Reports that `work` has thrown in the calling thread, so that nobody waits for it.
#[cfg(target_feature = "atomics")]
#[wasm_bindgen]
pub fn fail() {
    crate::kernels::pool::POOL.fail();
}

/// SHA-256 of a file that arrives in chunks, which the browser's own digest cannot do.
#[wasm_bindgen]
pub struct Sha256(sha2::Sha256);

#[wasm_bindgen]
impl Sha256 {
    /// The hash of no bytes yet.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::new_without_default, reason = "a constructor for JavaScript")]
    pub fn new() -> Sha256 {
        Sha256(sha2::Sha256::new())
    }

    /// Takes the next bytes of the file.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest in lower-case hexadecimal. The hash is used up.
    pub fn hex(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

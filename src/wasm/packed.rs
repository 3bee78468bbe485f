//! A packed model in the browser's own file system: written out of the engine's memory, and read straight back into place.
//!
//! JavaScript opens, locks and closes the file, and may do other work between two calls. The file system accepts the
//! engine's memory directly, even when threads share it.

use std::iter;

use wasm_bindgen::prelude::*;
use web_sys::{FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use super::error::{JsResult, throw};
use super::session::Session;
use crate::error::Error;
use crate::text::codec::Codec;
use crate::weights::packed_file::{self, HEADER_LEN, Origin};

// TypeScript knows FileSystemSyncAccessHandle in workers only.
#[wasm_bindgen(typescript_custom_section)]
const OPEN_FILE: &str = r#"
/** As much of a FileSystemSyncAccessHandle as the engine uses. */
export type OpenFile = {
    getSize(): number;
    read(bytes: Uint8Array, options: { at: number }): number;
    write(bytes: Uint8Array, options: { at: number }): number;
};
"#;

/// A model that is read from a packed file, part by part.
#[wasm_bindgen]
pub struct PackedModel {
    model: packed_file::PackedModel,
    /// Read so far; `len` in bytes, with the header.
    n_parts: usize,
    len: usize,
}

#[wasm_bindgen]
impl PackedModel {
    /// Reads the header and makes room for the rest. `weights`: the name under which the weights were packed.
    ///
    /// # Errors
    /// `packed` for a damaged file, or one of another version or other weights; `config` for a config.json that is not
    /// supported; the DOMException of a file that cannot be read.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "OpenFile")] file: &FileSystemSyncAccessHandle,
        config_json: &str,
        weights: &str,
    ) -> JsResult<PackedModel> {
        let mut header = [0; HEADER_LEN];
        let len = file.read_with_u8_array_and_options(&mut header, &at(0))? as usize;
        let origin = Origin { config_json, weights };
        let model = packed_file::PackedModel::new(&header[..len], file.get_size()? as u64, origin).map_err(throw)?;
        Ok(PackedModel { model, n_parts: 0, len })
    }

    /// Reads the next part. Returns the number of bytes read so far, or undefined if nothing was left to read.
    ///
    /// # Errors
    /// `packed` for a file cut short; the DOMException of a file that cannot be read.
    pub fn read_next(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "OpenFile")] file: &FileSystemSyncAccessHandle,
    ) -> JsResult<Option<usize>> {
        let Some(part) = self.model.parts().into_iter().nth(self.n_parts) else {
            return Ok(None);
        };
        let expected = part.len();
        if file.read_with_u8_array_and_options(part, &at(self.len))? as usize != expected {
            return Err(throw(Error::Packed("is cut short".into())));
        }
        self.n_parts += 1;
        self.len += expected;
        Ok(Some(self.len))
    }

    /// Builds the session after the last part. This object is used up.
    ///
    /// # Errors
    /// `packed` for a damaged file; `tokenizer` for a tokenizer that is damaged or does not fit the model.
    pub fn finish(self, tokenizer_json: &[u8]) -> JsResult<Session> {
        let model = self.model.finish().map_err(throw)?;
        let codec = Codec::from_json(tokenizer_json, model.config().vocab_size).map_err(throw)?;
        Ok(Session::new(model, codec))
    }
}

/// Packs a session's model into a file, part by part.
#[wasm_bindgen]
pub struct PackedWriter {
    header: Vec<u8>,
    /// Written so far, the header included; `len` in bytes.
    n_parts: usize,
    len: usize,
}

#[wasm_bindgen]
impl PackedWriter {
    /// `weights`: a name that no other weights have.
    ///
    /// # Errors
    /// `config` if the session's weights are not int8.
    #[wasm_bindgen(constructor)]
    pub fn new(session: &mut Session, config_json: &str, weights: &str) -> JsResult<PackedWriter> {
        let origin = Origin { config_json, weights };
        let header = packed_file::header(session.session.model_mut(), origin).map_err(throw)?;
        Ok(PackedWriter {
            header,
            n_parts: 0,
            len: 0,
        })
    }

    /// Writes the next part, the header first. Returns the length that the file must have now, or undefined if nothing was
    /// left to write. A shorter file ran out of room: the browser may write less than asked without an error.
    ///
    /// # Errors
    /// The DOMException of a file that cannot be written.
    pub fn write_next(
        &mut self,
        session: &mut Session,
        #[wasm_bindgen(unchecked_param_type = "OpenFile")] file: &FileSystemSyncAccessHandle,
    ) -> JsResult<Option<usize>> {
        let mut parts = iter::once(&mut self.header[..]).chain(session.session.model_mut().parts());
        let Some(part) = parts.nth(self.n_parts) else {
            return Ok(None);
        };
        file.write_with_u8_array_and_options(part, &at(self.len))?;
        self.n_parts += 1;
        self.len += part.len();
        Ok(Some(self.len))
    }
}

fn at(offset: usize) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(offset as f64);
    options
}

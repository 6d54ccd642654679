//! Files on their way into the engine.

use super::js;
use crate::Error;
use crate::model::manifest;
use wasm_bindgen::prelude::*;

/// A file on its way in. Its bytes are written once, to where they are needed: copies made outside would add up to more than
/// the models themselves.
#[wasm_bindgen]
pub struct FileBuffer {
    pub(in crate::wasm) bytes: Vec<u8>,
}

#[wasm_bindgen]
impl FileBuffer {
    /// Room for a file of so many bytes. (A longer one is no mistake, only slower.)
    #[wasm_bindgen(constructor)]
    pub fn new(capacity: usize) -> Result<Self, JsValue> {
        let mut bytes = Vec::new();
        // Growing the memory is slow, and loading would do it a hundred times. What a model takes up beyond its file is had in
        // the same stroke and left free.
        bytes.try_reserve_exact(capacity.saturating_add(capacity / 4 * 3)).map_err(|_| js::error(Error::OutOfMemory(capacity)))?;
        bytes.shrink_to(capacity);
        Ok(Self { bytes })
    }

    /// Adds bytes at the end.
    pub fn append(&mut self, part: &js_sys::Uint8Array) -> Result<(), JsValue> {
        let (len, more) = (self.bytes.len(), part.length() as usize);
        self.bytes.try_reserve(more).map_err(|_| js::error(Error::OutOfMemory(len + more)))?;
        part.copy_to_uninit(&mut self.bytes.spare_capacity_mut()[..more]);
        // SAFETY: as many bytes as are added here have just been written there.
        unsafe { self.bytes.set_len(len + more) };
        Ok(())
    }

    /// The bytes so far, where they lie: to be read at once, as any other call may move the engine's memory.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array<ArrayBuffer>")]
    pub fn view(&self) -> js_sys::Uint8Array {
        // SAFETY: the caller is told for how long it is valid. A view that has become invalid is empty, as the memory that it
        // was of is detached; nothing can be read or written through it.
        unsafe { js_sys::Uint8Array::view(&self.bytes) }
    }
}

/// SHA-256 in hexadecimal, for pages where the browser's own is not to be had (plain http).
#[wasm_bindgen]
pub fn sha256(bytes: &[u8]) -> String {
    manifest::sha256(bytes)
}

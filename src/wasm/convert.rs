//! Conversion of checkpoints in the browser.

use super::file::FileBuffer;
use super::js;
use crate::Error;
use crate::convert::{self, Files, Overrides, Target};
use crate::kernels::quant::Dtype;
use crate::model::Pooling;
use serde::Deserialize;
use wasm_bindgen::prelude::*;

#[derive(Deserialize)]
struct Extras {
    id: String,
    quantization: String,
    licence: Option<String>,
    pooling: Option<Pooling>,
    max_tokens: Option<usize>,
    query_prefix: Option<String>,
}

/// Makes a GGUF file of a checkpoint, as `tabrank convert` does, while its weights arrive.
#[wasm_bindgen]
pub struct Converter {
    converter: convert::Converter,
    /// Where bytes from outside are laid.
    part: Vec<u8>,
}

#[wasm_bindgen]
impl Converter {
    /// Begins with the texts of the small files, `{config, tokenizer, modules, pooling, sentence_bert, head}`, of which only the
    /// first two must be there, and with what is to be known besides.
    #[wasm_bindgen(constructor)]
    pub fn new(files: JsValue, extras: JsValue) -> Result<Self, JsValue> {
        let files: Files = js::argument(files)?;
        let Extras { id, quantization, licence, pooling, max_tokens, query_prefix } = js::argument(extras)?;
        let dtype = match quantization.as_str() {
            "Q8_0" => Dtype::Q8,
            "Q4_0" => Dtype::Q4,
            "F16" => Dtype::F16,
            "F32" => Dtype::F32,
            other => return Err(js::error(Error::BadRequest(format!("{other:?} is no quantization; there are Q8_0, Q4_0, F16, F32")))),
        };
        let overrides = Overrides { pooling, max_tokens, query_prefix };
        let converter = convert::Converter::new(files, &overrides, Target { id, dtype, licence });
        Ok(Self { converter: converter.map_err(|e| js::error(e.into()))?, part: Vec::new() })
    }

    /// Takes the next bytes of model.safetensors.
    pub fn append(&mut self, part: &js_sys::Uint8Array) -> Result<(), JsValue> {
        let len = part.length() as usize;
        self.part.clear();
        self.part.try_reserve(len).map_err(|_| js::error(Error::OutOfMemory(len)))?;
        self.part.resize(len, 0);
        part.copy_to(&mut self.part);
        self.converter.push(&self.part).map_err(|e| js::error(e.into()))
    }

    /// SHA-256 of the bytes so far, in hexadecimal.
    pub fn sha256(&self) -> String {
        self.converter.sha256()
    }

    /// The GGUF file. The converter is gone then.
    pub fn finish(self) -> Result<FileBuffer, JsValue> {
        let bytes = self.converter.finish().map_err(|e| js::error(e.into()))?;
        Ok(FileBuffer { bytes })
    }
}

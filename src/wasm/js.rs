//! Values, errors and promises across the border to JavaScript.

use crate::Error;
use crate::model::Embedding;
use crate::rerank::Checkpoint;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// A plain JavaScript object of a value.
pub fn value(value: &impl Serialize) -> Result<JsValue, JsValue> {
    Ok(value.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
}

/// An argument that came as a plain JavaScript object.
pub fn argument<T: DeserializeOwned>(value: JsValue) -> Result<T, JsValue> {
    serde_wasm_bindgen::from_value(value).map_err(|e| error(Error::BadRequest(format!("an argument has the wrong form: {e}"))))
}

/// A JavaScript `Error` with the kind of error as its property `code`.
pub fn error(error: Error) -> JsValue {
    let object = js_sys::Error::new(&error.to_string());
    // Setting a property of a fresh object cannot fail.
    let _ = js_sys::Reflect::set(&object, &"code".into(), &error.code().into());
    object.into()
}

/// `{vector: Float32Array, tokens, truncated}`.
pub fn embedding(embedding: Embedding) -> Result<JsValue, JsValue> {
    let object = js_sys::Object::new();
    let set = |key: &str, value: JsValue| js_sys::Reflect::set(&object, &key.into(), &value);
    set("vector", js_sys::Float32Array::from(&embedding.vector[..]).into())?;
    set("tokens", (embedding.tokens as u32).into())?;
    set("truncated", embedding.truncated.into())?;
    Ok(object.into())
}

/// A JavaScript function `(done, total) => Promise` as a checkpoint. When it rejects, the operation stops and rejects
/// with the same reason.
pub struct JsCheckpoint {
    function: js_sys::Function,
    reason: RefCell<Option<JsValue>>,
}

impl JsCheckpoint {
    /// Wraps the function.
    pub fn new(function: js_sys::Function) -> Self {
        Self { function, reason: RefCell::new(None) }
    }

    /// The result for JavaScript; a stop becomes the reason that the function gave.
    pub fn translate<T>(&self, result: Result<T, Error>) -> Result<T, JsValue> {
        result.map_err(|e| match e {
            Error::Stopped => self.reason.take().unwrap_or_else(|| error(e)),
            e => error(e),
        })
    }
}

impl Checkpoint for JsCheckpoint {
    async fn reach(&self, done: usize, total: usize) -> Result<(), Error> {
        let called = self.function.call2(&JsValue::NULL, &(done as u32).into(), &(total as u32).into());
        let settled = match called {
            Ok(promise) => JsFuture::from(js_sys::Promise::resolve(&promise)).await,
            Err(thrown) => Err(thrown),
        };
        settled.map(drop).map_err(|reason| {
            self.reason.replace(Some(reason));
            Error::Stopped
        })
    }
}

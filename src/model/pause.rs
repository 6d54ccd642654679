//! Looking up between two layers.

use super::ModelError;
use std::future::Future;

/// Called between the layers of a forward pass, which on a slow machine and a long text is the better part of a second:
/// a chance for others to run, and to stop.
pub trait Pause {
    /// [`ModelError::Stopped`] ends the forward pass.
    fn pause(&self) -> impl Future<Output = Result<(), ModelError>>;
}

/// No pause.
impl Pause for () {
    async fn pause(&self) -> Result<(), ModelError> {
        Ok(())
    }
}

//! Looking up between two layers.

use super::ModelError;
use std::future::Future;
use std::pin::Pin;

/// Whether to go on.
pub type Paused<'p> = Pin<Box<dyn Future<Output = Result<(), ModelError>> + 'p>>;

/// Called between the layers of a forward pass, which on a slow machine and a long text is the better part of a second:
/// a chance for others to run, and to stop.
///
/// Handed on as `&dyn Pause`, so that the forward pass isn't compiled once for each kind of pause: pages download it.
pub trait Pause {
    /// [`ModelError::Stopped`] ends the forward pass.
    fn pause(&self) -> Paused<'_>;
}

/// No pause.
impl Pause for () {
    fn pause(&self) -> Paused<'_> {
        Box::pin(std::future::ready(Ok(())))
    }
}

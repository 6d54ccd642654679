//! Memory on the device that is used again.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

/// Buffers that nobody uses at the moment, by size.
#[derive(Default)]
pub struct Pool {
    free: RefCell<HashMap<u64, Vec<wgpu::Buffer>>>,
}

/// A buffer out of the pool, to which it goes back. Commands run in the order in which they were recorded, so it may be used
/// again by later ones while earlier ones are still to run.
pub struct Block {
    buffer: Option<wgpu::Buffer>,
    pool: Weak<Pool>,
}

impl Pool {
    /// A buffer of at least `bytes` bytes.
    pub fn take(self: &Rc<Self>, device: &wgpu::Device, bytes: usize) -> Block {
        // Few sizes, so that batches of different lengths share them: eight between one power of two and the next.
        let step = (bytes.next_power_of_two() / 16).max(256);
        let size = bytes.next_multiple_of(step).max(step) as u64;
        let free = self.free.borrow_mut().get_mut(&size).and_then(Vec::pop);
        let buffer = free.unwrap_or_else(|| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("values"),
                size,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        });
        Block { buffer: Some(buffer), pool: Rc::downgrade(self) }
    }
}

impl Block {
    /// The buffer.
    pub fn buffer(&self) -> &wgpu::Buffer {
        self.buffer.as_ref().expect("until it is dropped")
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let (Some(buffer), Some(pool)) = (self.buffer.take(), self.pool.upgrade()) {
            pool.free.borrow_mut().entry(buffer.size()).or_default().push(buffer);
        }
    }
}

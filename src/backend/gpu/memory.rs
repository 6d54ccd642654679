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
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        });
        Block { buffer: Some(buffer), pool: Rc::downgrade(self) }
    }

    /// Gives back what lies unused beyond so many bytes, the largest first. Only to be called when nothing is recorded: commands
    /// that are still to be submitted must find their buffers.
    pub fn trim(&self, most: u64) {
        let mut total = self.unused();
        let mut free = self.free.borrow_mut();
        while total > most {
            let Some(size) = free.iter().filter(|(_, buffers)| !buffers.is_empty()).map(|(size, _)| *size).max() else {
                return;
            };
            if let Some(buffer) = free.get_mut(&size).and_then(Vec::pop) {
                buffer.destroy();
                total -= size;
            }
        }
    }

    /// Bytes that lie unused.
    pub fn unused(&self) -> u64 {
        self.free.borrow().iter().map(|(size, buffers)| size * buffers.len() as u64).sum()
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

#[cfg(test)]
mod tests {
    use super::super::Device;

    #[test]
    fn blocks_are_used_again_and_not_kept_without_end() {
        let device = pollster::block_on(Device::connect(false)).expect("a Vulkan driver; ./build.sh test installs one in software");
        let first = device.block(1000).buffer().clone();
        assert_eq!(device.block(1010).buffer(), &first, "of nearly the same size");
        assert_ne!(device.block(2000).buffer(), &first);
        let pool = device.pool();
        for size in [1000, 3000, 5000] {
            let (one, other) = (device.block(size), device.block(size));
            drop((one, other));
        }
        let before = pool.unused();
        pool.trim(before);
        assert_eq!(pool.unused(), before);
        pool.trim(20_000);
        assert!((1..=20_000).contains(&pool.unused()), "{} of {before}", pool.unused());
    }
}

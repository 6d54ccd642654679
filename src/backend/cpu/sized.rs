//! Buffers that grow and are kept.

/// The first `len` values of `buffer`, which grows if it has to. What they are is left from before.
pub fn sized<T: Copy + Default>(buffer: &mut Vec<T>, len: usize) -> &mut [T] {
    if buffer.len() < len {
        buffer.resize(len, T::default());
    }
    &mut buffer[..len]
}

//! The kernels' own tests, compiled for WebAssembly. Each compares a kernel with its plain twin, and most kernels have code that
//! only WebAssembly runs; `./build.sh test` has both builds of them tested in a browser, by `run.mjs`.
//!
//! The kernels' source is compiled in, so that the tests reach what the engine keeps to itself, and little else has to be compiled.

#[allow(dead_code)]
#[path = "../../../src/kernels/mod.rs"]
mod kernels;

#[allow(dead_code)]
#[path = "../../../src/backend/cpu/attention.rs"]
mod attention;
#[path = "../../../src/backend/cpu/sized.rs"]
mod sized;

#[cfg(test)]
mod tests {
    /// Otherwise twins would be compared with themselves.
    #[test]
    fn there_is_a_vector_unit() {
        assert_ne!(super::kernels::instruction_set(), "portable");
    }
}

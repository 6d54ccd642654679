//! `bindgen IN.wasm OUT_DIR NAME`: what `wasm-bindgen --target web` does. The command line of that name cannot be
//! installed with its own lock file everywhere; as a library it is pinned by this workspace's lock file, together with
//! the crate whose version it must equal.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, out, name] = &arguments[..] else {
        return Err("usage: bindgen IN.wasm OUT_DIR NAME".into());
    };
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen.input_path(input).out_name(name).typescript(true).web(true)?;
    bindgen.generate(out)?;
    Ok(())
}

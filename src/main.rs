//! The command line `tabrank`: search, rerank and embed with the engine of the page, and make what the page serves.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}

//! The `stimrig` command.

fn main() -> std::process::ExitCode {
    stimrig::cli::main()
}

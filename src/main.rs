//! The `scrip` binary: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    scrip::cli::run()
}

//! The command `millrace`; everything it does is in the library, where tests reach it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    millrace::cli::main()
}

//! The command `millrace`; everything it does is in the library, where tests reach it too.

use std::process::ExitCode;

/// Rows are read, folded and written as millions of small pieces.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    millrace::cli::main()
}

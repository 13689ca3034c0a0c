//! The `figway` program; everything is in the library, where tests reach it.

/// A request makes and drops some twenty small things, and one large one; the system's allocator takes a tenth of all its time for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    figway::run(
        std::env::args().skip(1),
        figway::terminal::Terminal::of_process(),
    )
    .into()
}

//! The `figway` program; everything is in the library, where tests reach it.

fn main() -> std::process::ExitCode {
    figway::run(
        std::env::args().skip(1),
        figway::terminal::Terminal::of_process(),
    )
    .into()
}

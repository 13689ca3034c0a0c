//! The `figway` program.
fn main() {}

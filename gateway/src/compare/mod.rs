//! Comparing two answers. Pure.

/// What a route says about comparing.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Fields that are not compared: copybook paths or dotted JSON members.
    pub ignore: Vec<String>,
}

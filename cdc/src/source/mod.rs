//! Where changes come from. Today: data sets, one file per generation.

pub(crate) mod dataset;
pub(crate) mod discover;

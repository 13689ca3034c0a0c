//! The sample company: a pharma manufacturer, its data generator and the tour.

pub mod company;
pub mod content;
pub mod date;
pub mod dice;

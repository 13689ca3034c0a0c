//! The sample company: a pharma manufacturer, its data generator and the tour.

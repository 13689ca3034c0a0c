//! Invariant 11: what is in requests and answers reaches no log and no metric.

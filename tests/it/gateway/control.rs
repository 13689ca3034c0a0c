//! Invariant 9: every change of a mode is an entry of the control log, whoever asked for it.

//! COBOL copybooks to byte layouts; records to values and back, without losing a bit.

       01 R.
           05 A PIC X(4).
           05 B REDEFINES A PIC X(8).
           05 E PIC X.

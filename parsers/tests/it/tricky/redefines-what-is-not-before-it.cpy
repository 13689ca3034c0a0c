       01 R.
           05 A PIC X(4).
           05 B PIC X(4).
           05 D REDEFINES A PIC X(4).

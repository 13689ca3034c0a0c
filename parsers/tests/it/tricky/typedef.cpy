       01 R TYPEDEF.
           05 A PIC X.

       01 R.
           05 A PIC X(10) JUSTIFIED RIGHT.
           05 B PIC A(10) JUST.
           05 CC PIC 9(3)V9 BLANK WHEN ZERO.
           05 D PIC ZZ9 BLANK WHEN ZEROS.

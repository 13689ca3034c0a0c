       01 R.
           05 A PIC X(2).
           05 B PIC X(2).
           77 W PIC 9(3).

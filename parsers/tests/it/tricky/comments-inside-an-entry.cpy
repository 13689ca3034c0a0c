       01 R.
           05 A PIC X(3)
      *    a comment inside an entry
           OCCURS
      /    another
           2 TIMES.
           05 B PIC X.

           05 D PIC X.

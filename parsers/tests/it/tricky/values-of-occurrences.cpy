       01 R.
           05 A PIC X(3) OCCURS 2 TIMES VALUE 'A' 'B'.
           05 T OCCURS 2 VALUE 'AB'.
              10 B PIC X(2).

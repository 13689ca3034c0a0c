       01 R.
           05 A PIC X(3),
              OCCURS 2 TIMES;
              VALUE IS 'ABC'.
           05 B, PIC X.

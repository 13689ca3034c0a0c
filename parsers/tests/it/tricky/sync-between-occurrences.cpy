       01 R.
           05 T OCCURS 3.
              10 A PIC X.
              10 B PIC S9(9) COMP SYNC.
              10 CC PIC X.
           05 D PIC X.

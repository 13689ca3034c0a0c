       01 R.
           05 A PIC X.
           05 G SYNC.
              10 B PIC S9(4) COMP.
              10 CC PIC X.
              10 D PIC S9(9) COMP.

       01  R.
           05  A  PIC X.
      >>IF B DEFINED
           05  C  PIC X.
      >>END-IF

       01 R.
           05 T OCCURS 3.
              10 N PIC 9.
              10 U OCCURS 1 TO 3 DEPENDING ON N PIC XX.
           05 Z PIC X.

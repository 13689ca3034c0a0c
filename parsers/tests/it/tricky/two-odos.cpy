       01 R.
           05 N PIC 9(2).
           05 T OCCURS 1 TO 5 DEPENDING N PIC X(2).
           05 M PIC 9(2).
           05 U OCCURS 1 TO 5 DEPENDING ON M PIC X(3).
           05 Z PIC X.

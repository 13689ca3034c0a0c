       01 R.
           05 N PIC 99.
           05 CC.
              10 T OCCURS 1 TO 3 DEPENDING ON N PIC X(2).
           05 D REDEFINES CC PIC X(6).
           05 E PIC X.

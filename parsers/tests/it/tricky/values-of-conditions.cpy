       01 R.
           05 A PIC X.
              88 A1 VALUE X'00' THRU X'3F'.
              88 A2 VALUES 'A' 'B', 'C' THROUGH 'E'.
           05 N PIC 9(2).
              88 N1 VALUE 1 THROUGH 5 10 12.
              88 N2 VALUES ARE ZEROS, 99.
           05 P PIC S9(3)V9 COMP-3.
              88 P1 VALUE -1.5 THRU 1,5.

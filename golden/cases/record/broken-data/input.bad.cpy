       01  BAD.
           05  KIND                PIC X(2).
           05  ZONED               PIC S9(3).
           05  PACKED              PIC S9(3)V99 COMP-3.
           05  PLAIN               PIC 9(3)     COMP-3.
           05  APART               PIC S9(2)    SIGN TRAILING SEPARATE.
           05  MADE-ON             PIC 9(8).
           05  OPEN-FLAG           PIC X.
           05  WIDE                PIC N(2).
           05  TIMES               PIC 9.
           05  ITEM                PIC 9(2) OCCURS 0 TO 3 TIMES DEPENDING ON TIMES.

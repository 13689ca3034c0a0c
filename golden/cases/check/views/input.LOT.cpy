       01  LOT-RECORD.
           05  LOT-KEY.
               10  LOT-NUMBER     PIC X(12).
           05  LOT-MATERIAL       PIC X(10).
           05  LOT-PLANT          PIC 9(4).
           05  LOT-MADE-ON        PIC 9(7).
           05  LOT-RESULT OCCURS 4 TIMES.
               10  RES-TEST       PIC X(6).

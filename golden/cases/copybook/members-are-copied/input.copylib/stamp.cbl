           05  HDR-STAMP.
               10  HDR-DAY     PIC 9(7).
               10  HDR-TIME    PIC 9(6).

       01 R.
           05 DATE-FORMAT PIC X(3).
           05 POINTER-X PIC X.
           05 INDEX-1 PIC 9.
           05 TIME-STAMP PIC X(26).
           05 COUNT-IN PIC 9(3).
           05 SYNC-FLAG PIC X.
           05 JUST-IN PIC X.
           05 BLANK-1 PIC X.
           05 FILLER-2 PIC X.
           05 COMP-FLAG PIC X.
           05 IS-OK PIC X.
           05 REDEFINES-X REDEFINES IS-OK PIC X.

       01  REC-A.
           05  A PIC X(2).
       01  REC-B.
           05  B PIC X(4).
       01  REC-C REDEFINES REC-B.
           05  CC PIC 9(4).

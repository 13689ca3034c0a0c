       01 CONST-A CONSTANT AS 5.
       78 CONST-B VALUE IS CONST-A + 2.
       01 R.
           05 A PIC X(CONST-A).
           05 B PIC X(CONST-B).
           05 T OCCURS CONST-B TIMES PIC 9.

       01  R.
           05  A PIC S9(4) COMP.
           05  B PIC X(10).
       66  RA RENAMES A.
       66  RAB RENAMES A THROUGH B.
       77  Z77 PIC 9.
       01  R2.
           05 D PIC X.
       66 RD RENAMES D OF R2.

       01  LINE-REC.
           05  NAME           PIC X(8).
           05  AGE            PIC 9(3).
           05  REMARK         PIC X(6).

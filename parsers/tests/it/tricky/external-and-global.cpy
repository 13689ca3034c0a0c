       01 R EXTERNAL.
           05 A PIC X.
       01 S GLOBAL.
           05 B PIC X.
       01 T REDEFINES S.
           05 CC PIC X.

       01 R.
           05 A PIC X(3). *> inline comment
           05 B PIC X(3).

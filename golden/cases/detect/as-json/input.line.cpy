       01  LINE.
           05  LINE-TEXT       PIC X(40).

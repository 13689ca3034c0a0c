       01 R.
           05 AMOUNT PIC S9(7)V99 COMP-3 VALUE +0.
           05 FLAG PIC X. 88 ON-F VALUE 'Y' 'J' FALSE 'N'. 88 OFF-F
              VALUE 'N' WHEN SET TO FALSE IS 'Y'.
           05 CC PIC X.

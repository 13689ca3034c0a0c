       01  R.
           05  I  PIC X DYNAMIC LENGTH.

       01 R.
           05 A PIC X(80) VALUE 'THIS IS A LONG LITERAL THAT GOES ON AND ON
      -    'AND ENDS HERE'.
           05 B PIC X(3).

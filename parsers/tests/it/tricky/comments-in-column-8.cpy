       01 R.
       * comment in column 8
           05 A PIC X.
           * another comment
           05 B PIC X.

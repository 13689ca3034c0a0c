       01 R.
           05 A               PIC X(10)
           VALUE SPACES.                                                OLDCOL73
      * comment
      / page eject comment
      D    05 DBG PIC X.
           EJECT
           SKIP1
           TITLE 'X'.
           05 B PIC X.                                                  12345678

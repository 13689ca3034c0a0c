       01 R.
           05 A-LONG-NA
      -    ME-HERE PIC X(3).
           05 B PIC 9(
      -    5)V99 COMP-3.
           05 CC PIC X(3) VALUE 'AB
      -    'C'.
           05 D PIC X(20) VALUE "IT ENDS HERE WITH A QUOTE AT COL72 ""
      -    """ X".

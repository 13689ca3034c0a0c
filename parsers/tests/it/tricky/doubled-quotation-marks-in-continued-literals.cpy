       01 R.
           05 A PIC X(80) VALUE "IT''S A ""QUOTED"" LITERAL. 05 X PIC
      -    " X(3)." .
           05 B PIC X(3) VALUE 'DON''T.'.

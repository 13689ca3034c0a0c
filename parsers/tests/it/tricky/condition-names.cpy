       01 R.
           05 A PIC 9.
              88 A-ZERO VALUE ZERO.
              88 A-LOW VALUES ARE 1 THRU 4, 6 THROUGH 8.
              88 A-NINE VALUE IS 9.
           05 B PIC X(3).
              88 B-SP VALUE SPACES.
              88 B-LV VALUE LOW-VALUES.
              88 B-HV VALUE HIGH-VALUE.
              88 B-Q VALUE QUOTE.
              88 B-ALL VALUE ALL '*'.
              88 B-R VALUE 'AAA' THRU 'ZZZ' SPACES.
              88 B-HEX VALUE X'C1C2C3'.
           05 CC PIC S9(3)V99 COMP-3.
              88 CC-NEG VALUE -999.99 THRU -0.01.
              88 CC-POS VALUE +0.01 THRU 999.99.
           05 G.
              88 G-ON VALUE 'YES'.
              10 G1 PIC X.
              10 G2 PIC XX.

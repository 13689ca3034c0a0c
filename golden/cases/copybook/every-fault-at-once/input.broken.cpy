      * SEVERAL FAULTS, EACH OF ITS OWN KIND
000100 01  LOT-RECORD.                                                  CHG00001
000200     05  LOT-ID              PIC X(12.                            CHG00001
000300     05  LOT-QUANTITY        PIC S9(5)V99   COMP-7.
000400     05  LOT-STATE           PIC X REDEFINES NOWHERE.
000500     05  LOT-RESULTS OCCURS 0 TO 9 TIMES DEPENDING ON LOT-COUNT.
000600         10  RES-VALUE       PIC S9(7)      COMP-3.
000700     05  LOT-BIG             PIC 9(40)      COMP-3.
000800     88  LOT-ODD             VALUE.

      *---------------------------------------------------------------*
      * LOT        LOTS, THEIR TEST RESULTS AND THEIR QA RELEASE
      *            PHARMA.LOT.GnnnnV00   RECFM=VB LRECL=1284
      *            WRITTEN BY QAD220 AFTER THE RELEASE MEETING
      *
      *            KEY: LOT-NUMBER, LOT-RECORD-TYPE, LOT-SEQUENCE
      *            H  HEADER       ONE PER LOT, SEQUENCE 0
      *            T  TEST         ONE PER SAMPLE, RESULTS AT THE TAIL
      *            R  RELEASE      WHEN QA HAS DECIDED
      *            Z  TRAILER      LAST RECORD OF THE DATA SET
      *---------------------------------------------------------------*
       01  LOT-RECORD.
           05  LOT-KEY.
               10  LOT-NUMBER              PIC X(12).
               10  LOT-RECORD-TYPE         PIC X.
                   88  LOT-IS-HEADER       VALUE 'H'.
                   88  LOT-IS-TEST         VALUE 'T'.
                   88  LOT-IS-RELEASE      VALUE 'R'.
                   88  LOT-IS-TRAILER      VALUE 'Z'.
               10  LOT-SEQUENCE            PIC 9(3)        COMP-3.
           05  LOT-RESULT-COUNT            PIC 9(3)        COMP-3.
           05  LOT-HEADER.
               10  LOT-MATERIAL            PIC X(10).
               10  LOT-PLANT               PIC 9(4).
               10  LOT-QUANTITY-MADE       PIC S9(11)V9(3) COMP-3.
               10  LOT-QUANTITY-ON-HAND    PIC S9(11)V9(3) COMP-3.
               10  LOT-UNIT                PIC X(3).
      *        DATES ARE CYYMMDD.  RETEST ZERO = NO RETEST
               10  LOT-MADE-ON             PIC 9(7).
               10  LOT-EXPIRES-ON          PIC S9(7)       COMP-3.
               10  LOT-RETEST-ON           PIC S9(7)       COMP-3.
               10  LOT-STORAGE             PIC X(3).
               10  LOT-SUPPLIER            PIC X(20).
               10  LOT-STATE               PIC X.
                   88  LOT-IN-QUARANTINE   VALUE 'Q'.
                   88  LOT-RELEASED        VALUE 'R'.
                   88  LOT-REJECTED        VALUE 'X'.
      *        THE LOT IT WAS MADE FROM, SPACES = NONE
               10  LOT-PARENT              PIC X(12).
               10  FILLER                  PIC X(19)       VALUE SPACES.
           05  LOT-TEST REDEFINES LOT-HEADER.
               10  TST-SAMPLE              PIC X(14).
               10  TST-LABORATORY          PIC X(6).
               10  TST-SAMPLED-ON          PIC 9(7)        COMP-3.
      *        DONE-ON IS JULIAN YYDDD, ZERO WHILE THE SAMPLE IS OPEN
               10  TST-DONE-ON             PIC 9(5)        COMP-3.
               10  TST-METHOD              PIC X(12).
               10  TST-ANALYST             PIC X(8).
               10  TST-VERDICT             PIC X.
                   88  TST-PASSED          VALUE 'P'.
                   88  TST-FAILED          VALUE 'F'.
                   88  TST-OPEN            VALUE 'O'.
               10  FILLER                  PIC X(55).
           05  LOT-RELEASE REDEFINES LOT-HEADER.
               10  REL-DECISION            PIC X.
                   88  REL-ACCEPTED        VALUE 'A'.
                   88  REL-REFUSED         VALUE 'X'.
               10  REL-DECIDED-ON          PIC S9(7)       COMP-3.
               10  REL-QP-NAME             PIC X(30).
               10  REL-QP-ID               PIC X(8).
               10  REL-CERTIFICATE         PIC X(16).
               10  REL-MARKET              PIC X(2) OCCURS 8 TIMES.
               10  REL-QUANTITY            PIC S9(11)V9(3) COMP-3.
               10  REL-VALID-TO            PIC 9(8).
               10  FILLER                  PIC X(12).
           05  LOT-TRAILER REDEFINES LOT-HEADER.
               10  TRL-BUSINESS-DATE       PIC 9(7).
               10  TRL-RECORD-COUNT        PIC 9(9)        COMP.
      *        SUM OF LOT-QUANTITY-ON-HAND OVER THE HEADERS
               10  TRL-CONTROL-TOTAL       PIC S9(15)V9(3) COMP-3.
               10  FILLER                  PIC X(82).
           05  LOT-RESULT OCCURS 0 TO 40 TIMES                          QA0388
                          DEPENDING ON LOT-RESULT-COUNT.                QA0388
               10  RES-TEST                PIC X(6).
               10  RES-VALUE               PIC S9(7)V9(4)  COMP-3.
               10  RES-UNIT                PIC X(4).
               10  RES-LOW                 PIC S9(7)V9(4)  COMP-3.
               10  RES-HIGH                PIC S9(7)V9(4)  COMP-3.
               10  RES-OUTCOME             PIC X.
                   88  RES-IN-LIMITS       VALUE 'I'.
                   88  RES-OUT-OF-LIMITS   VALUE 'O'.

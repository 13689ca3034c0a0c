      *---------------------------------------------------------------*
      * LOTIRSP    LOT INQUIRY, WHAT COMES BACK
      *            TRANSACTION LOTI, PROGRAM QAC310, COMMAREA OF 200
      *            THE LOT AS IN ITS HEADER RECORD (SEE LOT), AND WHAT
      *            IT IS WORTH AT THE MATERIAL'S STANDARD PRICE
      *---------------------------------------------------------------*
       01  LOTI-RESPONSE.
           05  LOT-NUMBER                  PIC X(12).
           05  LOTI-RETURN-CODE            PIC S9(4)       COMP.
               88  LOTI-DONE               VALUE 0.
               88  LOTI-NO-PRICE           VALUE 4.
               88  LOTI-NOT-FOUND          VALUE 8.
               88  LOTI-BAD-REQUEST        VALUE 12.
               88  LOTI-UNAVAILABLE        VALUE 16.
           05  LOTI-MESSAGE                PIC X(40).
      *        THE REGION THAT ANSWERED
           05  LOTI-REGION                 PIC X(8).
           05  LOTI-LOT.
               10  LOT-MATERIAL            PIC X(10).
               10  LOT-PLANT               PIC 9(4).
               10  LOT-QUANTITY-MADE       PIC S9(11)V9(3) COMP-3.
               10  LOT-QUANTITY-ON-HAND    PIC S9(11)V9(3) COMP-3.
               10  LOT-UNIT                PIC X(3).
      *        DATES ARE CYYMMDD, ZERO = NONE
               10  LOT-MADE-ON             PIC 9(7).
               10  LOT-EXPIRES-ON          PIC S9(7)       COMP-3.
               10  LOT-RETEST-ON           PIC S9(7)       COMP-3.
               10  LOT-STORAGE             PIC X(3).
               10  LOT-SUPPLIER            PIC X(20).
               10  LOT-STATE               PIC X.
                   88  LOT-IN-QUARANTINE   VALUE 'Q'.
                   88  LOT-RELEASED        VALUE 'R'.
                   88  LOT-REJECTED        VALUE 'X'.
               10  LOT-PARENT              PIC X(12).
           05  LOTI-VALUATION.
               10  LOT-UNIT-PRICE          PIC S9(9)V9(2)  COMP-3.
      *        ON HAND TIMES UNIT PRICE, ROUNDED
               10  LOT-VALUE               PIC S9(13)V9(2) COMP-3.      QA0512
               10  LOT-CURRENCY            PIC X(3).
           05  FILLER                      PIC X(37)       VALUE SPACES.

      *---------------------------------------------------------------*
      * LOTIREQ    LOT INQUIRY, WHAT THE CALLER SENDS
      *            TRANSACTION LOTI, PROGRAM QAC310, COMMAREA OF 40
      *            CHANGES NOTHING.  ANSWERED BY LOTIRSP
      *---------------------------------------------------------------*
       01  LOTI-REQUEST.
           05  LOTI-TRANSACTION            PIC X(4)        VALUE 'LOTI'.
           05  LOTI-VERSION                PIC 9(2)        VALUE 1.
           05  LOTI-USER                   PIC X(8).
           05  LOT-NUMBER                  PIC X(12).
           05  FILLER                      PIC X(14)       VALUE SPACES.

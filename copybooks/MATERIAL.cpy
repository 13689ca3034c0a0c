000100*****************************************************************
000200* MATERIAL   MATERIAL MASTER, ONE RECORD PER MATERIAL AND PLANT
000300*            PHARMA.MATERIAL.GnnnnV00   RECFM=FB LRECL=200
000400*            WRITTEN BY MMD140 (NIGHTLY UNLOAD), CP037
000500*            KEY: MAT-NUMBER, MAT-PLANT.  LAST RECORD IS A TRAILER
000600*****************************************************************
000700 01  MATERIAL-RECORD.
000800     05  MAT-RECORD-TYPE             PIC X(01).
000900         88  MAT-IS-DETAIL           VALUE 'D'.
001000         88  MAT-IS-TRAILER          VALUE 'T'.
001100     05  MAT-DETAIL.
001200         10  MAT-NUMBER              PIC X(10).
001300         10  MAT-PLANT               PIC 9(04).
001400         10  MAT-DESCRIPTION         PIC X(40).
001500         10  MAT-CLASS               PIC X(02).
001600             88  MAT-RAW             VALUE 'RM'.
001700             88  MAT-PACKAGING       VALUE 'PM'.
001800             88  MAT-INTERMEDIATE    VALUE 'IM'.
001900             88  MAT-FINISHED        VALUE 'FG'.
002000         10  MAT-STATUS              PIC X(01).
002100             88  MAT-ACTIVE          VALUE 'A'.
002200             88  MAT-BLOCKED         VALUE 'B'.
002300             88  MAT-PHASED-OUT      VALUE 'O'.
002400         10  MAT-UNIT                PIC X(03).
002500*        STORAGE CONDITION AS ON THE LABEL, SOP-0117
002600         10  MAT-STORAGE             PIC X(03).
002700             88  MAT-AMBIENT         VALUE 'A25'.
002800             88  MAT-COLD            VALUE 'C08'.
002900             88  MAT-FROZEN          VALUE 'F20' 'F70'.
003000         10  MAT-SHELF-LIFE-DAYS     PIC 9(05)       COMP-3.
003100         10  MAT-STOCK.
003200             15  MAT-UNRESTRICTED    PIC S9(09)      COMP.
003300             15  MAT-IN-QUALITY      PIC S9(09)      COMP.
003400             15  MAT-IN-BLOCKED      PIC S9(09)      COMP.
003500*        ZONED: THE SIGN IS OVERPUNCHED ON THE LAST DIGIT
003600         10  MAT-REORDER-POINT       PIC 9(07).
003700         10  MAT-COUNT-DIFFERENCE    PIC S9(07)V9(03).
003800         10  MAT-PRICES.
003900             15  MAT-STANDARD-PRICE  PIC S9(09)V9(02) COMP-3.
004000             15  MAT-MOVING-PRICE    PIC S9(09)V9(04) COMP-3.
004100             15  MAT-CURRENCY        PIC X(03)       VALUE 'EUR'.
004200*        CREATED AND VALID-TO ARE CCYYMMDD, VALID-TO 99991231 =
004300*        NO END; LAST-CHANGED IS CYYMMDD (1 = 20..)
004400         10  MAT-CREATED-ON          PIC 9(08).
004500         10  MAT-LAST-CHANGED-ON     PIC 9(07)       COMP-3.
004600         10  MAT-VALID-TO            PIC 9(08).
004700         10  MAT-BATCH-MANAGED       PIC X(01).                   MM4711
004800             88  MAT-HAS-BATCHES     VALUE 'Y'.                   MM4711
004900             88  MAT-NO-BATCHES      VALUE 'N'.                   MM4711
005000         10  MAT-CONTROLLED          PIC X(01).
005100             88  MAT-IS-CONTROLLED   VALUE 'Y'.
005200             88  MAT-NOT-CONTROLLED  VALUE 'N'.
005300         10  MAT-HAZARD              PIC X(04) OCCURS 3 TIMES.
005400         10  MAT-MOVEMENTS           PIC 9(12)       COMP.
005500         10  MAT-DENSITY             COMP-1.                      MM5102
005600         10  MAT-POTENCY             COMP-2.                      MM5102
005700         10  MAT-CHANGED-BY          PIC X(08).
005800         10  FILLER                  PIC X(26)       VALUE SPACES.
005900     05  MAT-TRAILER REDEFINES MAT-DETAIL.
006000         10  TRL-BUSINESS-DATE       PIC 9(08).
006100         10  TRL-RECORD-COUNT        PIC 9(09).
006200*        SUM OF MAT-STANDARD-PRICE OVER THE DETAIL RECORDS
006300         10  TRL-CONTROL-TOTAL       PIC S9(15)V9(02) COMP-3.
006400         10  FILLER                  PIC X(173).

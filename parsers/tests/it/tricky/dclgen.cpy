           EXEC SQL DECLARE DB.TAB TABLE
           ( ID                             INTEGER NOT NULL,
             NAME                           VARCHAR(30) NOT NULL,
             AMT                            DECIMAL(9, 2)
           ) END-EXEC.
      ******************************************************************
      * COBOL DECLARATION FOR TABLE DB.TAB                             *
      ******************************************************************
       01  DCLTAB.
           10 ID                   PIC S9(9) USAGE COMP.
           10 NAME.
              49 NAME-LEN          PIC S9(4) USAGE COMP.
              49 NAME-TEXT         PIC X(30).
           10 AMT                  PIC S9(7)V9(2) USAGE COMP-3.
           10 LOB                  USAGE IS SQL TYPE IS CLOB(1K).
      ******************************************************************
      * THE NUMBER OF COLUMNS DESCRIBED BY THIS DECLARATION IS 3       *
      ******************************************************************

       01  R.
           COPY LOOP.
           COPY.
           COPY NOWHERE.
           COPY 'LOOP' REPLACING ==A==.
           REPLACE ==A== BY.
           EXEC SQL INCLUDE B

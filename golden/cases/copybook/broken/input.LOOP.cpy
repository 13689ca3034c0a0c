           05  L  PIC X.
           COPY LOOP.

000100 01 R.                                                            SEQ00001
00020A     05 A PIC X(3).                                               SEQ00002
CHG001     05 B PIC X(3).                                               SEQ00003
      *    05 NO PIC X.
      $    05 NO2 PIC X.
      #    05 NO3 PIC X.

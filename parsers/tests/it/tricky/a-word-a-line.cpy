       01 R.
           05 A PIC 9(3)
              USAGE
              IS
              COMP-3
              OCCURS
              5
              .
           05 B PIC
              X(3)
              .

      * A FAULT IN A MEMBER IS SHOWN IN THE MEMBER
           05  GOOD            PIC X.
           05  BAD             PIC X(0).

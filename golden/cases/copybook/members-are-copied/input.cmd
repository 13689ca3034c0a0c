figway copybook layout ORDER.cpy -I copylib
figway copybook layout ORDER.cpy
figway copybook layout BROKEN.cpy -I copylib
figway copybook layout free.cpy --source-format free --decimal-comma
figway copybook layout free.cpy --source-format 1:2-3
figway copybook layout free.cpy --source-format 8-7
figway copybook layout ORDER.cpy -I nowhere

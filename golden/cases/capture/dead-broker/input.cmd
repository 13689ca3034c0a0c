# Nothing listens on port 1 of this machine.
figway check
figway cdc run --once
figway cdc status
figway cdc release materials MATERIAL.G0001V00 --choice skip --by anna --why "the unload failed"

figway --help
figway demo --help
figway cdc --help
figway cdc run --help
figway cdc status --help
figway cdc release --help
figway copybook --help
figway copybook layout --help
figway copybook decode --help
figway copybook encode --help
figway check --help
figway broker --help
figway registry --help

figway check routes.toml
figway check file.toml
figway check none.toml

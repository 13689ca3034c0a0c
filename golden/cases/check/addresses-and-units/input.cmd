figway check routes.toml
figway check twice.toml

figway check routes.toml
figway check far.toml

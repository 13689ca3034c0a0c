figway check routes.toml
figway check good.toml

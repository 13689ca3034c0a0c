figway check routes.toml
figway check inside.toml
figway check type.toml
figway check newer.toml
figway check not.toml

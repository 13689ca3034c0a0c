figway check good.toml
figway check listen.toml
figway check backends.toml
figway check without.toml

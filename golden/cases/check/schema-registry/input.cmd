# A form of records that needs a registry, without one; and forms there are not.
figway check
# The registry's own table.
figway check url.toml
figway check secret.toml
figway check login.toml
figway check written-out.toml
figway check word.toml
figway check good.toml

# Both files of a folder, told apart by what is in them.
figway check
figway check one.toml two.toml

figway check routes.toml
figway routes explain --file routes.toml POST /lots --body book.json
figway routes explain --file routes.toml POST /lots --body undo.json
figway routes explain --file routes.toml POST /lots --body broken.json
figway routes explain --file routes.toml POST /lots --body order.xml
figway routes explain --file routes.toml POST /lots --body other.xml
figway routes explain --file routes.toml POST /lots
figway routes explain --file routes.toml POST /cics --body undo.json

//! The words of a Protobuf file; comments and blanks are left out.

/// One word, with the line it stands on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// As written; of a text without its quotes, escapes kept.
    pub(super) text: String,
    pub(super) line: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name with its dots, or a number with its sign's place left to the parser.
    Word,
    Text,
    Symbol,
}

pub(super) fn tokens(source: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut letters = source.chars().peekable();
    let mut line = 1_usize;
    while let Some(letter) = letters.next() {
        match letter {
            '\n' => line = line.saturating_add(1),
            letter if letter.is_whitespace() => {}
            '/' if letters.peek() == Some(&'/') => {
                while letters.next_if(|next| *next != '\n').is_some() {}
            }
            '/' if letters.peek() == Some(&'*') => {
                letters.next();
                let mut last = ' ';
                loop {
                    let Some(next) = letters.next() else {
                        return Err(format!("line {line}: a comment has no end"));
                    };
                    if next == '\n' {
                        line = line.saturating_add(1);
                    }
                    if last == '*' && next == '/' {
                        break;
                    }
                    last = next;
                }
            }
            '"' | '\'' => {
                let mut text = String::new();
                loop {
                    match letters.next() {
                        Some(next) if next == letter => break,
                        Some('\\') => {
                            text.push('\\');
                            text.extend(letters.next());
                        }
                        Some('"') => text.push_str("\\\""),
                        Some(next) if next != '\n' => text.push(next),
                        _ => return Err(format!("line {line}: a text has no end")),
                    }
                }
                tokens.push(Token {
                    kind: Kind::Text,
                    text,
                    line,
                });
            }
            letter if is_word(letter) => {
                let mut text = String::from(letter);
                while let Some(next) = letters.next_if(|next| is_word(*next)) {
                    text.push(next);
                }
                tokens.push(Token {
                    kind: Kind::Word,
                    text,
                    line,
                });
            }
            letter if letter.is_ascii_punctuation() => tokens.push(Token {
                kind: Kind::Symbol,
                text: letter.to_string(),
                line,
            }),
            other => return Err(format!("line {line}: {other:?} has no place here")),
        }
    }
    Ok(tokens)
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.')
}

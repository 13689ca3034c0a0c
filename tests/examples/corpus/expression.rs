//! The peer's small expression language, of `redefine-rule:n` and `record_length_field`.
//!
//! In: `LEN + 4`, `ID = 'B' || in(ID, 1, null)`. Out: an [`Expression`], and its [`Operand`] for the values of the
//! fields that it names. Whole numbers, texts, null and truth values; `+ - * /`, comparisons, `! && ||`, `in(x, ..)`
//! and `if(condition, then, else)`.

use anyhow::{Context, Result, bail, ensure};

/// What a field or part of an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    Null,
    Number(i64),
    Text(String),
    Truth(bool),
}

/// A parsed expression.
#[derive(Debug, Clone)]
pub struct Expression(Node);

#[derive(Debug, Clone)]
enum Node {
    Value(Operand),
    Name(String),
    Not(Box<Node>),
    Minus(Box<Node>),
    Two(&'static str, Box<Node>, Box<Node>),
    Call(String, Vec<Node>),
}

/// Operators by how tightly they bind, loosest first.
const LEVELS: [&[&str]; 5] = [
    &["||"],
    &["&&"],
    &[">=", "<=", "!=", "=", ">", "<"],
    &["+", "-"],
    &["*", "/"],
];

impl Expression {
    pub fn parse(text: &str) -> Result<Expression> {
        let tokens = tokens(text)?;
        let mut parser = Parser {
            tokens: &tokens,
            at: 0,
        };
        let node = parser
            .level(0)
            .with_context(|| format!("expression {text:?}"))?;
        ensure!(
            parser.at == tokens.len(),
            "expression {text:?}: {:?} is too much",
            tokens.get(parser.at)
        );
        Ok(Expression(node))
    }

    /// The fields it names.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.0.names(&mut names);
        names
    }

    /// Its value where `field` gives those of the fields.
    pub fn value(&self, field: &dyn Fn(&str) -> Operand) -> Result<Operand> {
        self.0.value(field)
    }

    pub fn truth(&self, field: &dyn Fn(&str) -> Operand) -> Result<bool> {
        match self.value(field)? {
            Operand::Truth(truth) => Ok(truth),
            other => bail!("wanted true or false, got {other:?}"),
        }
    }
}

impl Node {
    fn names<'n>(&'n self, out: &mut Vec<&'n str>) {
        match self {
            Node::Value(_) => {}
            Node::Name(name) => out.push(name),
            Node::Not(one) | Node::Minus(one) => one.names(out),
            Node::Two(_, left, right) => {
                left.names(out);
                right.names(out);
            }
            Node::Call(_, arguments) => arguments.iter().for_each(|one| one.names(out)),
        }
    }

    fn value(&self, field: &dyn Fn(&str) -> Operand) -> Result<Operand> {
        Ok(match self {
            Node::Value(value) => value.clone(),
            Node::Name(name) => field(name),
            Node::Not(one) => match one.value(field)? {
                Operand::Truth(truth) => Operand::Truth(!truth),
                other => bail!("wanted a condition after `!`, got {other:?}"),
            },
            Node::Minus(one) => match one.value(field)? {
                Operand::Number(number) => Operand::Number(number.wrapping_neg()),
                other => bail!("wanted a number after `-`, got {other:?}"),
            },
            Node::Two(operator, left, right) => {
                two(operator, left.value(field)?, right.value(field)?)?
            }
            Node::Call(name, arguments) => {
                let values = arguments
                    .iter()
                    .map(|one| one.value(field))
                    .collect::<Result<Vec<_>>>()?;
                call(name, &values)?
            }
        })
    }
}

fn two(operator: &str, left: Operand, right: Operand) -> Result<Operand> {
    use Operand::{Null, Number, Text, Truth};
    Ok(match (operator, left, right) {
        ("&&", Truth(a), Truth(b)) => Truth(a && b),
        ("||", Truth(a), Truth(b)) => Truth(a || b),
        ("+", Number(a), Number(b)) => Number(a.wrapping_add(b)),
        ("-", Number(a), Number(b)) => Number(a.wrapping_sub(b)),
        ("*", Number(a), Number(b)) => Number(a.wrapping_mul(b)),
        ("/", Number(a), Number(b)) => Number(a.checked_div(b).context("division by zero")?),
        ("=", Null, b) => Truth(b == Null),
        ("=", a, Null) => Truth(a == Null),
        ("!=", Null, b) => Truth(b != Null),
        ("!=", a, Null) => Truth(a != Null),
        (operator, Number(a), Number(b)) => Truth(compared(operator, a.cmp(&b))?),
        (operator, Text(a), Text(b)) => Truth(compared(operator, a.cmp(&b))?),
        (operator, a, b) => bail!("`{operator}` does not go with {a:?} and {b:?}"),
    })
}

fn compared(operator: &str, order: std::cmp::Ordering) -> Result<bool> {
    Ok(match operator {
        "=" => order.is_eq(),
        "!=" => order.is_ne(),
        ">" => order.is_gt(),
        "<" => order.is_lt(),
        ">=" => order.is_ge(),
        "<=" => order.is_le(),
        other => bail!("`{other}` compares nothing"),
    })
}

fn call(name: &str, values: &[Operand]) -> Result<Operand> {
    match (name.to_lowercase().as_str(), values) {
        ("in", [value, first, more @ ..]) => {
            Ok(Operand::Truth(first == value || more.contains(value)))
        }
        ("if", [Operand::Truth(condition), then, other]) => {
            Ok(if *condition { then } else { other }.clone())
        }
        (other, _) => bail!("no function {other} of {} arguments", values.len()),
    }
}

/// A name, number, text in quotation marks or operator.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(&'static str),
}

const MARKS: [&str; 15] = [
    ">=", "<=", "!=", "&&", "||", ",", "(", ")", "+", "-", "*", "/", "=", ">", "<",
];

fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            found.push(Token::Mark(mark));
            mark.len()
        } else if first == '!' {
            found.push(Token::Mark("!"));
            1
        } else if first == '\'' {
            let (value, taken) = quoted(rest)?;
            found.push(Token::Text(value));
            taken
        } else {
            let end = rest
                .find(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
                .unwrap_or(rest.len());
            ensure!(end > 0, "`{first}` is no part of an expression");
            found.push(Token::Word(rest[..end].to_owned()));
            end
        };
        rest = rest[taken..].trim_start();
    }
    Ok(found)
}

/// `'it''s'` and how many bytes it takes.
fn quoted(text: &str) -> Result<(String, usize)> {
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != '\'' {
            value.push(letter);
        } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
            value.push('\'');
        } else {
            return Ok((value, at + 1));
        }
    }
    bail!("a text without an end: {text}")
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
}

impl Parser<'_> {
    fn mark(&mut self, among: &[&'static str]) -> Option<&'static str> {
        match self.tokens.get(self.at) {
            Some(Token::Mark(mark)) if among.contains(mark) => {
                self.at += 1;
                Some(mark)
            }
            _ => None,
        }
    }

    fn level(&mut self, level: usize) -> Result<Node> {
        let Some(operators) = LEVELS.get(level) else {
            return self.single();
        };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.mark(operators) {
            let right = self.level(level + 1)?;
            left = Node::Two(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Node> {
        if self.mark(&["!"]).is_some() {
            return Ok(Node::Not(Box::new(self.single()?)));
        }
        if self.mark(&["-"]).is_some() {
            return Ok(Node::Minus(Box::new(self.single()?)));
        }
        if self.mark(&["("]).is_some() {
            let inner = self.level(0)?;
            ensure!(self.mark(&[")"]).is_some(), "wanted `)`");
            return Ok(inner);
        }
        let token = self.tokens.get(self.at).context("it ends too early")?;
        self.at += 1;
        match token {
            Token::Text(text) => Ok(Node::Value(Operand::Text(text.clone()))),
            Token::Mark(mark) => bail!("`{mark}` where a value is wanted"),
            Token::Word(word) if self.mark(&["("]).is_some() => {
                let mut arguments = vec![self.level(0)?];
                while self.mark(&[","]).is_some() {
                    arguments.push(self.level(0)?);
                }
                ensure!(
                    self.mark(&[")"]).is_some(),
                    "wanted `)` after {word}'s arguments"
                );
                Ok(Node::Call(word.clone(), arguments))
            }
            Token::Word(word) => Ok(match word.to_lowercase().as_str() {
                "null" => Node::Value(Operand::Null),
                "true" => Node::Value(Operand::Truth(true)),
                "false" => Node::Value(Operand::Truth(false)),
                _ if word.starts_with(|first: char| first.is_ascii_digit()) => {
                    Node::Value(Operand::Number(word.parse()?))
                }
                _ => Node::Name(word.clone()),
            }),
        }
    }
}

//! The text of an expression over fields to reverse Polish, by recursive descent.
//!
//! In: text such as `(A - B) * 2` and a layout. Out: [`Step`]s, or where the text is none. Depth and length are bounded.

use super::{LengthRuleError, Operation, Step, is_elementary};
use crate::layout::Layout;

/// Brackets inside brackets, at most: the parser calls itself for each.
const DEEPEST: u32 = 32;

/// Terms of an expression, at most.
const MOST_STEPS: usize = 256;

/// Recursive descent over the text of an expression, to reverse Polish.
pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
    layout: &'a Layout,
    steps: Vec<Step>,
}

impl<'a> Parser<'a> {
    /// The steps of a whole text.
    pub(super) fn steps(text: &'a str, layout: &'a Layout) -> Result<Vec<Step>, LengthRuleError> {
        let mut parser = Parser {
            text,
            at: 0,
            layout,
            steps: Vec::new(),
        };
        parser.sum(0)?;
        parser.blanks();
        if parser.at < text.len() {
            return Err(parser.wrong("an operator or the end"));
        }
        Ok(parser.steps)
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        let blank = rest.len().saturating_sub(rest.trim_start().len());
        self.at = self.at.saturating_add(blank);
    }

    fn wrong(&self, wanted: &str) -> LengthRuleError {
        let rest: String = self.rest().chars().take(20).collect();
        LengthRuleError::Syntax(if rest.is_empty() {
            format!("the expression ends where {wanted} is wanted")
        } else {
            format!("wanted {wanted} at `{rest}`")
        })
    }

    fn push(&mut self, step: Step) -> Result<(), LengthRuleError> {
        if self.steps.len() >= MOST_STEPS {
            return Err(LengthRuleError::Syntax("it is too long".to_owned()));
        }
        self.steps.push(step);
        Ok(())
    }

    /// Takes an operator sign. In COBOL a minus has blanks around it; without any it may be part of a name, and is
    /// taken as such where the layout has that name.
    fn sign(&mut self, signs: &[(char, Operation)]) -> Option<Operation> {
        self.blanks();
        let next = self.rest().chars().next()?;
        let (_, operation) = signs.iter().find(|(sign, _)| *sign == next)?;
        self.at = self.at.saturating_add(next.len_utf8());
        Some(*operation)
    }

    fn sum(&mut self, depth: u32) -> Result<(), LengthRuleError> {
        self.product(depth)?;
        while let Some(operation) = self.sign(&[('+', Operation::Add), ('-', Operation::Subtract)])
        {
            self.product(depth)?;
            self.push(Step::Apply(operation))?;
        }
        Ok(())
    }

    fn product(&mut self, depth: u32) -> Result<(), LengthRuleError> {
        self.term(depth)?;
        while let Some(operation) =
            self.sign(&[('*', Operation::Multiply), ('/', Operation::Divide)])
        {
            self.term(depth)?;
            self.push(Step::Apply(operation))?;
        }
        Ok(())
    }

    fn term(&mut self, depth: u32) -> Result<(), LengthRuleError> {
        if depth > DEEPEST {
            return Err(LengthRuleError::Syntax("too many brackets".to_owned()));
        }
        let inner = depth.saturating_add(1);
        self.blanks();
        match self.rest().chars().next() {
            Some('(') => {
                self.at = self.at.saturating_add(1);
                self.sum(inner)?;
                self.blanks();
                if !self.rest().starts_with(')') {
                    return Err(self.wrong("`)`"));
                }
                self.at = self.at.saturating_add(1);
                Ok(())
            }
            Some('-') => {
                self.at = self.at.saturating_add(1);
                self.term(inner)?;
                self.push(Step::Apply(Operation::Negate))
            }
            Some('+') => {
                self.at = self.at.saturating_add(1);
                self.term(inner)
            }
            _ => self.operand(),
        }
    }

    /// A number, or the longest name from here that is a field's.
    fn operand(&mut self) -> Result<(), LengthRuleError> {
        let rest = self.rest();
        let len = rest
            .find(|c: char| {
                !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '#' | '@' | '$' | ':'))
            })
            .unwrap_or(rest.len());
        let word = rest.get(..len).unwrap_or_default();
        // Subscripts, which belong to the name when they follow it at once.
        let after = rest.get(len..).unwrap_or_default();
        if after.starts_with('(')
            && let Some(end) = after.find(')')
        {
            let whole_len = len.saturating_add(end).saturating_add(1);
            let whole = rest.get(..whole_len).unwrap_or_default();
            let path = self.layout.resolve(whole)?;
            self.at = self.at.saturating_add(whole_len);
            return self.push(Step::Field(path));
        }
        let mut candidate = word;
        let mut first = None;
        while !candidate.is_empty() {
            if let Ok(number) = candidate.parse::<i64>() {
                self.at = self.at.saturating_add(candidate.len());
                return self.push(Step::Constant(number));
            }
            match self.layout.resolve(candidate) {
                // The first part of a name may be that of a group, which is no operand.
                Ok(path) if candidate.len() == word.len() || is_elementary(self.layout, &path) => {
                    self.at = self.at.saturating_add(candidate.len());
                    return self.push(Step::Field(path));
                }
                Ok(_) => {}
                Err(error) => first = first.or(Some(error)),
            }
            // `A-B` where there is no such field: A less B.
            candidate = candidate
                .rfind('-')
                .and_then(|at| candidate.get(..at))
                .unwrap_or_default();
        }
        Err(match first {
            Some(error) => error.into(),
            None => self.wrong("a field or a whole number"),
        })
    }
}

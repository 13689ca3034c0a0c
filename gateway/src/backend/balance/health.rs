//! Whether an endpoint is up, by checks that ask it for nothing but that.

/// How many checks it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// So many failures in a row make it down; at least 1.
    pub fall: u32,
    /// So many answers in a row make it up again; at least 1.
    pub rise: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { fall: 3, rise: 2 }
    }
}

/// What checks have shown of one endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Health {
    state: State,
    /// Checks in a row that speak against the state.
    run: u32,
}

/// What is thought of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// No check has ended yet; it is asked as if it were up.
    #[default]
    Unknown,
    /// It answers.
    Up,
    /// It does not.
    Down,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// With an answer as wanted.
    Passed,
    /// Without, or with another.
    Failed,
}

impl Health {
    /// What is thought of it.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Takes note of a check. Gives the state if this changed it. The first check decides alone.
    pub fn note(&mut self, check: Check, policy: &Policy) -> Option<State> {
        let (other, enough) = match (self.state, check) {
            (State::Unknown, Check::Passed) => (State::Up, 1),
            (State::Unknown, Check::Failed) => (State::Down, 1),
            (State::Up, Check::Failed) => (State::Down, policy.fall),
            (State::Down, Check::Passed) => (State::Up, policy.rise),
            (State::Up, Check::Passed) | (State::Down, Check::Failed) => {
                self.run = 0;
                return None;
            }
        };
        self.run = self.run.saturating_add(1);
        if self.run < enough {
            return None;
        }
        *self = Self {
            state: other,
            run: 0,
        };
        Some(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_and_rises_after_enough_in_a_row() {
        let mut health = Health::default();
        let policy = Policy { fall: 3, rise: 2 };
        let changes: Vec<_> = "p ff p fff f p f pp"
            .chars()
            .filter(|letter| *letter != ' ')
            .map(|letter| {
                let check = match letter {
                    'p' => Check::Passed,
                    _ => Check::Failed,
                };
                match health.note(check, &policy) {
                    Some(State::Up) => 'U',
                    Some(State::Down) => 'D',
                    _ => '.',
                }
            })
            .collect();
        assert_eq!(String::from_iter(changes), "U.....D....U");
    }

    #[test]
    fn the_first_check_decides_alone() {
        let mut health = Health::default();
        let change = health.note(Check::Failed, &Policy::default());
        assert_eq!(change, Some(State::Down));
    }
}

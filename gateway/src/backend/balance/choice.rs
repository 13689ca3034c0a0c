//! Which endpoint a request goes to.

/// How requests are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Balance {
    /// One after the other.
    #[default]
    RoundRobin,
    /// To whoever has the fewest under way; in turn among equals.
    LeastRequests,
}

impl Balance {
    /// As it is written in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::LeastRequests => "least_requests",
        }
    }
}

/// What is known of an endpoint when a request wants one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Whether it is thought to answer.
    pub standing: Standing,
    /// How many requests it has under way.
    pub load: usize,
    /// Whether one more has to wait.
    pub room: Room,
}

/// Whether an endpoint is thought to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known against it.
    Well,
    /// Its checks fail, or requests to it did.
    Doubtful,
    /// This very request was sent to it in vain.
    Tried,
}

/// Whether an endpoint has a connection to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It has.
    Free,
    /// All its connections are in use.
    Full,
}

/// The place of the endpoint to ask among `count`, of which the first 64 are looked at; none if every one was tried.
///
/// One that is well goes before one that is in doubt, however long its queue. Doubtful ones are asked when there is nobody
/// else: a check that is wrong about all of them must not close a backend that works. `turn` is any number that grows by one with each
/// request.
#[must_use]
pub fn choose(
    balance: Balance,
    turn: usize,
    count: usize,
    candidate: impl Fn(usize) -> Candidate,
) -> Option<usize> {
    let mut best: Option<(u8, usize)> = None;
    // A bit each.
    let mut equals = 0_u64;
    for (place, bit) in (0..count).zip((0..u64::BITS).map(|shift| 1_u64 << shift)) {
        let candidate = candidate(place);
        let tier = match (candidate.standing, candidate.room) {
            (Standing::Well, Room::Free) => 0,
            (Standing::Well, Room::Full) => 1,
            (Standing::Doubtful, _) => 2,
            (Standing::Tried, _) => continue,
        };
        let load = match balance {
            Balance::RoundRobin => 0,
            Balance::LeastRequests => candidate.load,
        };
        let rank = (tier, load);
        match best {
            Some(least) if rank > least => continue,
            Some(least) if rank == least => {}
            _ => {
                best = Some(rank);
                equals = 0;
            }
        }
        equals |= bit;
    }
    // Of equals in turn: the share of one that is out falls to all the others, not to its neighbour.
    let many = usize::try_from(equals.count_ones()).ok()?;
    for _ in 0..turn.checked_rem(many)? {
        equals &= equals.wrapping_sub(1);
    }
    usize::try_from(equals.trailing_zeros()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each letter an endpoint: well `.`, full `f`, doubtful `d`, tried `t`; a digit is well with that load.
    fn chosen(balance: Balance, turn: usize, endpoints: &str) -> Option<usize> {
        let endpoints: Vec<char> = endpoints.chars().collect();
        choose(balance, turn, endpoints.len(), |place| Candidate {
            standing: match endpoints[place] {
                'd' => Standing::Doubtful,
                't' => Standing::Tried,
                _ => Standing::Well,
            },
            load: endpoints[place].to_digit(10).unwrap_or(0) as usize,
            room: if endpoints[place] == 'f' {
                Room::Full
            } else {
                Room::Free
            },
        })
    }

    #[test]
    fn each_in_its_turn_and_whoever_is_out_is_passed_over() {
        let round = |endpoints| {
            (0..6)
                .map(|turn| chosen(Balance::RoundRobin, turn, endpoints).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(round("..."), [0, 1, 2, 0, 1, 2]);
        assert_eq!(round(".d."), [0, 2, 0, 2, 0, 2]);
        assert_eq!(round("ff."), [2; 6]);
        assert_eq!(round("fd"), [0; 6]);
        assert_eq!(round("dd"), [0, 1, 0, 1, 0, 1]);
        assert_eq!(round("td"), [1; 6]);
    }

    #[test]
    fn nobody_is_left_when_all_were_tried() {
        assert_eq!(chosen(Balance::RoundRobin, 0, "ttt"), None);
        assert_eq!(chosen(Balance::LeastRequests, 0, ""), None);
    }

    #[test]
    fn the_least_busy_and_in_turn_among_equals() {
        let least = |turn, endpoints| chosen(Balance::LeastRequests, turn, endpoints).unwrap();
        assert_eq!(least(0, "312"), 1);
        assert_eq!(least(0, "11"), 0);
        assert_eq!(least(1, "11"), 1);
        // Many wait at one that is well rather than go to one that fails.
        assert_eq!(least(0, "d9"), 1);
    }
}

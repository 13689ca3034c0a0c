//! What somebody may do. Pure.

use std::fmt;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees everything. Whoever has any role does.
    Viewer,
    /// Flips, rolls back, holds, breaks glass, decides on parked writes, proposes.
    Operator,
    /// Approves and rejects. No other role implies it: nobody approves because they may do everything else.
    Approver,
    /// What an operator may, and changes whose keys sign for the fleet.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Approver, Self::Admin];

    /// Its word in the file, in answers and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::Viewer => 1,
            Self::Operator => 2,
            Self::Approver => 4,
            Self::Admin => 8,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The roles of somebody; may be none.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Roles(u8);

impl Roles {
    /// Every role.
    #[must_use]
    pub fn all() -> Self {
        Self::from_iter(Role::ALL)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that were given, in the order of [`Role::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL
            .into_iter()
            .filter(move |role| self.0 & role.bit() != 0)
    }

    /// Whether they allow what `wanted` may: reading by any role, an operator's part by `admin` too, and approving by `approver` alone.
    #[must_use]
    pub fn allow(self, wanted: Role) -> bool {
        match wanted {
            Role::Viewer => !self.is_empty(),
            Role::Operator => self.0 & (Role::Operator.bit() | Role::Admin.bit()) != 0,
            Role::Approver | Role::Admin => self.0 & wanted.bit() != 0,
        }
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<T: IntoIterator<Item = Role>>(roles: T) -> Self {
        Self(roles.into_iter().fold(0, |all, role| all | role.bit()))
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_implies_approver_and_any_role_reads() {
        for (has, may) in [
            (vec![], vec![]),
            (vec![Role::Viewer], vec![Role::Viewer]),
            (vec![Role::Operator], vec![Role::Viewer, Role::Operator]),
            (vec![Role::Approver], vec![Role::Viewer, Role::Approver]),
            (
                vec![Role::Admin],
                vec![Role::Viewer, Role::Operator, Role::Admin],
            ),
            (Role::ALL.to_vec(), Role::ALL.to_vec()),
        ] {
            let roles = Roles::from_iter(has.clone());
            let allowed: Vec<_> = Role::ALL.into_iter().filter(|r| roles.allow(*r)).collect();
            assert_eq!(allowed, may, "{has:?}");
            assert_eq!(roles.iter().collect::<Vec<_>>(), has);
        }
    }
}

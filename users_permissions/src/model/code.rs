//! What a mailed code is for.

/// Purpose of a code; a code of one purpose is none of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodePurpose {
    /// Sets a new password.
    Reset,
    /// Proves an address.
    Confirmation,
}

impl CodePurpose {
    /// The purpose of this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Reset, Self::Confirmation]
            .into_iter()
            .find(|purpose| purpose.as_str() == name)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Confirmation => "confirmation",
        }
    }

    /// Random bytes of a code, as many as Strapi's have.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Reset => 64,
            Self::Confirmation => 20,
        }
    }
}

use jiff::Timestamp;

/// What a database says of itself, for a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examination {
    /// What it is.
    pub server: String,
    /// Its clock, where it has one of its own.
    pub now: Option<Timestamp>,
    /// What somebody should look at.
    pub remarks: Vec<Remark>,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Facts are not entered, or may be lost.
    pub grave: bool,
    /// What it is.
    pub what: String,
    /// What to do about it.
    pub todo: &'static str,
}

impl Remark {
    pub(crate) fn grave(what: String, todo: &'static str) -> Self {
        Self { grave: true, what, todo }
    }

    pub(crate) fn minor(what: String, todo: &'static str) -> Self {
        Self { grave: false, what, todo }
    }
}

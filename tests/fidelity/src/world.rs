use sim::{Engine, Factor, User};

use crate::dice::Dice;

/// The two orgs, by place: Identity Engine and Classic.
pub(crate) const ORGS: [(&str, Engine); 2] = [("identity", Engine::Identity), ("classic", Engine::Classic)];

/// The administrator of an org, who enrols phones for others.
pub(crate) const ADMIN: &str = "00uadmin";

/// Somebody with a phone.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    /// Place in [`ORGS`].
    pub(crate) org: usize,
    /// The enrolled number.
    pub(crate) phone: String,
    /// The profile's free text.
    profile: Option<String>,
}

/// Who there is.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) seed: u64,
    pub(crate) people: Vec<Person>,
}

impl World {
    /// So many users, by chance.
    pub fn new(users: usize, seed: u64) -> Self {
        let mut dice = Dice::of(seed, &[1]);
        let mut people: Vec<Person> = Vec::with_capacity(users);
        for n in 0..users {
            let org = n % ORGS.len();
            // A shared phone: reception, workshop, family. The other may be of the other org.
            let shared = n > 20 && dice.chance(0.06);
            let phone = if shared { people[n - 1 - dice.below(20)].phone.clone() } else { number(n) };
            let profile = match dice.case(&[82, 6, 6, 4, 2]) {
                0 => Some(phone.clone()),
                1 => Some(spaced(&phone)),
                2 => None,
                // The office's, which nobody is enrolled with.
                3 => Some(number(900_000 + n % 7)),
                // One that somebody else is enrolled with by now.
                _ => Some(number(dice.below(users))),
            };
            people.push(Person { id: format!("00u{n:017}"), org, phone, profile });
        }
        Self { seed, people }
    }

    /// How many there are.
    pub fn users(&self) -> usize {
        self.people.len()
    }
}

impl Person {
    /// As Okta knows them in the morning.
    pub(crate) fn user(&self) -> User {
        let mut user = User::new(&self.id, &format!("{}@example.com", self.id))
            .factor(Factor::sms(&self.phone))
            .factor(Factor::call(&self.phone))
            .factor(Factor::push());
        user.mobile_phone = self.profile.clone();
        user
    }
}

/// The n-th number.
pub(crate) fn number(n: usize) -> String {
    // Area codes of places; 555-01xx would be too few.
    const AREAS: [&str; 8] = ["212", "312", "415", "206", "305", "617", "713", "702"];
    format!("+1{}{:03}{:04}", AREAS[n % AREAS.len()], 220 + n / 80_000, (n / AREAS.len()) % 10_000)
}

fn spaced(phone: &str) -> String {
    format!("+1 ({}) {}-{}", &phone[2..5], &phone[5..8], &phone[8..])
}

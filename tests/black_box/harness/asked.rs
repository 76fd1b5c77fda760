//! A code that a user asks for, and what became of it.

use serde_json::Value;
use sim::{Channel, HookRequest, HookResult, Sender, User};

use super::World;
use lab::{Row, status_of, value_of};

/// A hook, what Okta was told, and what the books say.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) request: HookRequest,
    pub(crate) result: HookResult,
    pub(crate) row: Row,
    pub(crate) attempts: Vec<Row>,
}

/// After these a message is over: nobody else is asked.
const FINAL: [&str; 4] = ["accepted", "rejected_number", "rejected_fraud", "rejected_limit"];

impl Asked {
    /// What Okta was told, in a word.
    pub(crate) fn told(&self) -> String {
        status_of(&self.result.json()).to_owned()
    }

    /// What Okta was told, where it was no error.
    pub(crate) fn value(&self) -> Value {
        value_of(&self.result.json()).clone()
    }

    /// Who was asked, in order.
    pub(crate) fn providers(&self) -> Vec<&str> {
        self.attempts.iter().map(|attempt| &attempt["provider"]).collect()
    }

    /// How that ended, in order.
    pub(crate) fn outcomes(&self) -> Vec<&str> {
        self.attempts.iter().map(|attempt| &attempt["outcome"]).collect()
    }

    /// What Okta is told, what the books say, and what is on the handset fit each other: P2, P4. The log does not name them: P8.
    fn keeps_the_promises(&self, world: &World) {
        let inbox = world.sim.handset().inbox(&self.request.phone);
        let ours =
            inbox.iter().filter(|it| it.sender != Sender::Okta && it.code == self.request.code).count();
        assert_eq!(self.told(), self.row["answer"], "p2: what Okta is told is in the books: {self:?}");
        let silent = &self.row["status"] == "blocked";
        assert!(self.told() != "SUCCESSFUL" || ours > 0 || silent, "p2: nobody took it: {self:?}");
        assert!(ours <= 2, "p4: {ours} messages: {self:?}");
        assert!(self.attempts.len() <= 2, "p4: {self:?}");
        for (n, attempt) in (1..).zip(&self.attempts) {
            assert_eq!(&attempt["n"], n.to_string(), "{self:?}");
            let last = n == self.attempts.len();
            assert!(last || !FINAL.contains(&&attempt["outcome"]), "p4: asked after the end: {self:?}");
        }
        assert!(!world.server.log().contains(&self.request.phone[1..]), "p8: a number in the log: {self:?}");
        let accepted = self.outcomes().last() == Some(&"accepted");
        assert_eq!(accepted, &self.row["status"] == "accepted", "{self:?}");
    }
}

impl World {
    /// A user signs in and asks for a code.
    pub(crate) async fn ask(&self, user: &User, channel: Channel) -> Asked {
        self.ask_for(self.sim.okta().hook_request(&user.id, channel).unwrap()).await
    }

    /// Somebody asks for this code.
    pub(crate) async fn ask_for(&self, request: HookRequest) -> Asked {
        let result = self.sim.okta().fire_hook(&request).await;
        let sql = format!("SELECT * FROM otp_transactions WHERE okta_event_id = '{}'", request.event_id);
        let settled = |rows: &[Row]| {
            rows.len() == 1 && &rows[0]["status"] != "received" && &rows[0]["answer"] != "NULL"
        };
        let row = self.rows_when(&sql, settled).await[0].clone();
        let attempts = self.attempts(&row).await;
        let asked = Asked { request, result, row, attempts };
        asked.keeps_the_promises(self);
        asked
    }

    /// The report of a login that was asked for, once its event is in this state.
    pub(crate) async fn report_when(&self, asked: &Asked, state: &str) -> Row {
        let id = &asked.row["id"];
        self.row_when(&format!("SELECT * FROM okta_events WHERE transaction_id = '{id}'"), "state", state)
            .await;
        let sql = format!("SELECT * FROM feedback_reports WHERE transaction_id = '{id}'");
        self.rows_when(&sql, |rows| rows.len() == 1).await[0].clone()
    }

    /// Where the simulated vendors are, whichever they are: how many requests each has seen, by name.
    pub(crate) fn seen(&self) -> [(&'static str, usize); 4] {
        [
            ("verify", self.sim.twilio().requests().len()),
            ("messaging", self.sim.messaging().requests().len()),
            ("telesign", self.sim.telesign().requests().len()),
            ("webhook", self.sim.webhook().requests().len()),
        ]
    }
}

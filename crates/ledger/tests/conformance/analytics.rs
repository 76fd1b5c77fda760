use otp::Fact;

use super::Bench;
use super::facts::*;

/// Every view, and what it gives for one code that was entered, asked in a way both databases understand.
const VIEWS: [(&str, &str); 6] = [
    (
        "analytics_deliveries_hourly",
        "transactions = 1 AND accepted = 1 AND verified = 1 AND answer_seconds_avg BETWEEN 0.9 AND 1.1",
    ),
    ("analytics_conversion_by_country", "sent = 1 AND verified = 1 AND conversion = 1.0"),
    (
        "analytics_provider_health",
        "attempts = 2 AND accepted = 2 AND open = 0 AND seconds_max BETWEEN 0.9 AND 1.1",
    ),
    ("analytics_feedback_lag", "reports = 1 AND lag_seconds_max BETWEEN 1.9 AND 2.1"),
    ("analytics_okta_fallbacks", "transactions = 1 AND answer = 'PENDING'"),
    ("analytics_fraud_watch", "transactions = 1 AND users = 1 AND phones = 1 AND phone_prefix = '+1555555'"),
];

pub(crate) async fn every_view_counts_what_happened(bench: Bench) {
    let copy = otp::HookReceived { okta_event_id: Some("hook-1".to_owned()), ..hook(2, 0) };
    bench.apply(&[accepted(&hook(1, 0)), accepted(&copy)].concat()).await;
    let entered = otp::EventSettled {
        verified_at: Some(at(20)),
        ..event_settled("ev", 22, otp::EventState::Done, Some(1))
    };
    bench
        .apply(&[
            Fact::EventReceived(event("ev", 1, 20)),
            Fact::FeedbackReported(reported("ev", 22, otp::ReportResult::Reported, Some(1))),
            Fact::EventSettled(entered),
            // One that is known by its answer alone, so it is in one view alone.
            Fact::HookAnswered(answered(&hook(3, 0), 1, otp::Answer::Pending)),
        ])
        .await;
    for (view, expected) in VIEWS {
        let rows = bench.lines(&format!("SELECT '' || count(*) AS line FROM {view}")).await;
        assert_eq!(rows, ["1"], "{view}");
        let rows = bench.lines(&format!("SELECT '' || count(*) AS line FROM {view} WHERE {expected}")).await;
        assert_eq!(rows, ["1"], "{view}: {expected}");
    }
}

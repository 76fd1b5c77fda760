//! `POST /okta/{org}/telephony`: Okta's telephony inline hook.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, Request, StatusCode, header};
use okta::{ErrorKind, HookAnswer, TelephonyHook};
use otp::{Answer, Deadline, TransactionId};
use tracing::{Instrument as _, debug_span, info, warn};

use crate::answers::Claim;
use crate::door;
use crate::http::{Arrival, unavailable};
use crate::org::Org;
use crate::pipeline::Hook;
use crate::progress::Reply;
use crate::settings::Settings;
use crate::state::Ingress;
use crate::told::Told;

/// Takes the hook in, waits for its outcome until the deadline, and answers.
pub(crate) async fn hook(
    State(ingress): State<Arc<Ingress>>,
    Path(org): Path<String>,
    Extension(arrival): Extension<Arrival>,
    request: Request<Body>,
) -> Response {
    let org = match door::admit(&ingress, &org, request.headers(), "telephony").await {
        Ok(org) => org,
        Err(status) => return status.into_response(),
    };
    otp::crash_point!("hook.admitted");
    let Ok(_place) = ingress.hooks.clone().try_acquire_owned() else {
        return end(&ingress, &org, arrival, Reply::Unavailable);
    };
    let came_under =
        request.headers().get(trace::HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = match door::json_body(request, Settings::HOOK_BODY, Settings::HOOK_BODY_TIME).await {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    let parsed = TelephonyHook::parse(&body);
    drop(body);
    let hook = match parsed {
        Ok(hook) => hook,
        Err(err) => {
            warn!(org = %org.name, error = %err, "telephony hook not understood");
            measure(&ingress, &org, arrival, "malformed");
            return json(&HookAnswer::error(ErrorKind::NotUnderstood));
        }
    };
    otp::crash_point!("hook.parsed");
    let deadline = Deadline::after(arrival.first_byte, ingress.settings.deadline);
    let progress = match ingress.answers.claim(&org.name, hook.event_id.as_deref()) {
        Claim::Answered { told, owed } => {
            info!(org = %org.name, answer = told.answer.as_str(), "telephony hook repeated: the stored answer");
            if let Some(transaction) = owed {
                owe_no_more(&ingress, &org, transaction, hook.event_id, &told).await;
            }
            return end(&ingress, &org, arrival, Reply::Told(told));
        }
        Claim::Copy(progress) => progress,
        Claim::First(progress) => {
            let transaction = ingress.entropy.transaction_id(ingress.clock.as_ref());
            let work = Hook {
                transaction,
                ingress: ingress.clone(),
                org: org.clone(),
                hook,
                deadline,
                progress: progress.clone(),
                arrival,
            };
            let span = debug_span!(target: trace::TARGET, "telephony hook", otel.kind = "server", org = %org.name, %transaction);
            // What reports about it links to the same.
            let its_own = trace::of_transaction(transaction.as_u128());
            match came_under {
                Some(came_under) => {
                    trace::continue_from(&span, Some(&came_under));
                    trace::link(&span, &its_own);
                }
                None => trace::continue_from(&span, Some(&its_own)),
            }
            ingress.work.spawn(work.run_to_its_end().instrument(span));
            progress
        }
    };
    // What is left after this timer is writing some bytes.
    let reply = progress.reply(deadline, &ingress.settings.policy).await;
    otp::crash_point!("hook.before_answer");
    end(&ingress, &org, arrival, reply)
}

/// Puts an answer into the books that is given for a hook which a crash left without one.
pub(crate) async fn owe_no_more(
    ingress: &Ingress,
    org: &Org,
    transaction: TransactionId,
    okta_event_id: Option<String>,
    told: &Told,
) {
    let fact = told.fact(transaction, org.name.clone(), okta_event_id, ingress.clock.now());
    match tokio::time::timeout(ingress.settings.journal, ingress.record_end(&[fact])).await {
        Ok(Ok(())) => {}
        Ok(Err(err)) => warn!(%transaction, error = %err, "a repeated answer is not in the books"),
        Err(_) => warn!(%transaction, "a repeated answer is late for the books"),
    }
}

fn end(ingress: &Ingress, org: &Org, arrival: Arrival, reply: Reply) -> Response {
    match reply {
        Reply::Told(told) => {
            measure(ingress, org, arrival, told.answer.as_str());
            json(&answer(&told))
        }
        Reply::Unavailable => {
            measure(ingress, org, arrival, "unavailable");
            unavailable()
        }
    }
}

fn measure(ingress: &Ingress, org: &Org, arrival: Arrival, answer: &'static str) {
    let took: Duration = ingress.clock.monotonic().saturating_duration_since(arrival.first_byte);
    metrics::histogram!("ringback_hook_duration_seconds", "org" => org.name.to_string(), "answer" => answer)
        .record(took.as_secs_f64());
}

/// Okta's answer for what is told.
fn answer(told: &Told) -> HookAnswer {
    let (provider, reference, attempt) =
        (told.provider.as_deref(), told.provider_ref.as_deref(), told.attempt_ref.as_deref());
    match told.answer {
        Answer::Successful => HookAnswer::successful(provider, reference, attempt),
        Answer::Pending => HookAnswer::pending(provider, reference, attempt),
        Answer::Failed => HookAnswer::failed(provider, reference, attempt),
        Answer::Error => HookAnswer::error(told.failure.map_or(ErrorKind::NotSentNow, ErrorKind::from)),
    }
}

fn json(answer: &HookAnswer) -> Response {
    let mut response = (StatusCode::OK, answer.to_json()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

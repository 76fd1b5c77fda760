use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::state::{OrgHooks, Wanted};
use crate::commands::CommandError;
use crate::commands::output::{self, cell, line};
use crate::config::{Config, OrgConfig};

/// `ringback hooks list`
pub(super) async fn run(
    config: &Config,
    orgs: &[&OrgConfig],
    as_json: bool,
) -> Result<ExitCode, CommandError> {
    let (mut rows, mut documents, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for org in orgs {
        let wanted = Wanted::of(config, org);
        let hooks = OrgHooks::ask(org).await?;
        for judged in hooks.judge(wanted.as_ref().ok()) {
            let hook = judged.hook;
            let state = hook.map_or("MISSING", |hook| if hook.active { "ACTIVE" } else { "INACTIVE" });
            let verified = hook.and_then(|hook| hook.verified);
            // Without a public URL nobody can say.
            let fits = wanted.is_ok().then_some(judged.wrong.is_empty());
            documents.push(json!({
                "org": org.name.as_str(),
                "kind": judged.kind.as_str(),
                "id": hook.map(|hook| &hook.id),
                "name": hook.map(|hook| &hook.name),
                "state": state,
                "verified": verified,
                "url": hook.and_then(|hook| hook.url.as_ref()),
                "events": hook.map(|hook| &hook.events),
                "filters": hook.map(|hook| hook.filters.iter().cloned().collect::<BTreeMap<_, _>>()),
                "ours": judged.ours,
                "ok": fits,
                "problems": judged.wrong,
            }));
            for (event, expression) in hook.iter().flat_map(|hook| &hook.filters) {
                notes.push(format!(
                    "{}: Okta tells of {event} only where its filter fits: {expression}",
                    org.name
                ));
            }
            rows.push(vec![
                org.name.to_string(),
                judged.kind.as_str().to_owned(),
                cell(hook.map(|hook| &hook.name)),
                state.to_owned(),
                cell(verified.map(|it| if it { "yes" } else { "no" })),
                cell(hook.and_then(|hook| hook.url.as_ref())),
                cell(fits.map(|it| match (judged.ours, it) {
                    (true, true) => "as it should be".to_owned(),
                    (false, true) => "somebody else's".to_owned(),
                    (_, false) => judged.wrong.join("; "),
                })),
            ]);
        }
        let sends = wanted.as_ref().is_ok_and(Wanted::sends);
        for native in hooks.native_in_use().filter(|_| sends) {
            notes.push(format!(
                "{}: Okta's own telephony provider {} is active; no telephony hook can be active beside it",
                org.name, native.name
            ));
        }
        if let Err(why) = wanted {
            notes.push(format!("{}: nothing can be compared: {why}", org.name));
        }
    }
    if as_json {
        output::json(&Value::Array(documents))?;
    } else {
        output::table(&["ORG", "KIND", "NAME", "STATE", "VERIFIED", "URL", "FITS"], &rows);
        notes.iter().for_each(line);
    }
    Ok(ExitCode::SUCCESS)
}

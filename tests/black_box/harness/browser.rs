//! A headless Chromium, asked over a pipe in the words of its DevTools protocol: what a person would see, and what the browser complains of.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser with a fresh profile. Dropped, it is gone.
pub(crate) struct Browser {
    child: Child,
    to: File,
    from: Receiver<Value>,
    last: u64,
    session: Option<String>,
    /// What it said unasked since the last page was opened.
    events: Vec<Value>,
    _profile: TempDir,
}

/// For an answer; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) name: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) dark: bool,
}

impl Browser {
    /// Starts the Chromium of this machine, which `tests/run` installs; another one by `RINGBACK_TEST_CHROMIUM`.
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let pipe = |name: &str| profile.path().join(name);
        let made = Command::new("mkfifo").args([pipe("to"), pipe("from")]).status().unwrap();
        assert!(made.success(), "no pipes for the browser");
        let chromium = std::env::var("RINGBACK_TEST_CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
        // The protocol's pipe is descriptors 3 and 4.
        let child = Command::new("/bin/sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<\"$TO\" 4>\"$FROM\"", &chromium])
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().join("profile").display()))
            .arg("about:blank")
            .env("TO", pipe("to"))
            .env("FROM", pipe("from"))
            .env("HOME", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // In the order in which the shell opens them: each waits for its other end.
        let to = open(&pipe("to"), true);
        let from = open(&pipe("from"), false);
        let (told, heard) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(from).split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { return };
                if told.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser =
            Self { child, to, from: heard, last: 0, session: None, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Says something and waits for the answer.
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        self.to.flush().unwrap();
        let id = self.last;
        loop {
            let heard = self.hear(method);
            if heard["id"] == id {
                assert!(heard.get("error").is_none(), "{method}: {heard}");
                return heard["result"].clone();
            }
        }
    }

    fn hear(&mut self, what: &str) -> Value {
        let heard = self.from.recv_timeout(PATIENCE);
        let heard = heard.unwrap_or_else(|err| panic!("{what}: the browser says nothing: {err}"));
        if heard.get("method").is_some() {
            self.events.push(heard.clone());
        }
        heard
    }

    /// Opens a page as this view shows it; returns when it is there.
    pub(crate) fn open(&mut self, url: &str, view: View) {
        let size = json!({ "width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": view.width < 700 });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let scheme = if view.dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", media);
        self.events.clear();
        let gone = self.call("Page.navigate", json!({ "url": url }));
        assert!(gone.get("errorText").is_none(), "{url}: {gone}");
        self.loaded();
    }

    /// Does something by which another page is opened; returns when it is there.
    pub(crate) fn follow(&mut self, action: &str) {
        self.events.clear();
        self.evaluate(action);
        self.loaded();
    }

    fn loaded(&mut self) {
        let begun = Instant::now();
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            assert!(begun.elapsed() < PATIENCE, "the page is never there");
            self.hear("a page");
        }
    }

    /// What an expression is on the page that is open. The page's own policy does not bind who debugs it.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "userGesture": true });
        let answer = self.call("Runtime.evaluate", asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// What is to be read on the page.
    pub(crate) fn text(&mut self) -> String {
        self.evaluate("document.body.innerText").as_str().unwrap().to_owned()
    }

    /// A picture of the whole page, as PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let asked = json!({ "format": "png", "captureBeyondViewport": true });
        let answer = self.call("Page.captureScreenshot", asked);
        STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    /// What the browser had to complain of since the page was opened: violations of its policy, errors, warnings, and whatever was
    /// written to the console.
    pub(crate) fn complaints(&mut self) -> Vec<Value> {
        // What it has said meanwhile stands before the answer.
        self.call("Runtime.evaluate", json!({ "expression": "1" }));
        let complaint = |event: &Value| match event["method"].as_str().unwrap_or_default() {
            "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Audits.issueAdded" => true,
            "Log.entryAdded" => event["params"]["entry"]["level"] != "verbose",
            "Page.javascriptDialogOpening" | "Network.loadingFailed" => true,
            _ => false,
        };
        self.events.iter().filter(|event| complaint(event)).cloned().collect()
    }

    /// What was asked for since the page was opened, wherever.
    pub(crate) fn requests(&self) -> Vec<String> {
        let sent = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Opens one end of a pipe; the other end opens it too, unless there is no browser.
fn open(pipe: &Path, to_write: bool) -> File {
    let (opened, waits) = channel();
    let path = pipe.to_owned();
    std::thread::spawn(move || {
        let file = File::options().read(!to_write).write(to_write).open(path);
        let _ = opened.send(file);
    });
    match waits.recv_timeout(PATIENCE) {
        Ok(file) => file.unwrap(),
        Err(_) => panic!(
            "no Chromium starts: apt-get install chromium, as ./tests/run does, or name one in RINGBACK_TEST_CHROMIUM"
        ),
    }
}

//! A browser without a window, driven by its DevTools protocol: Debian's `chromium`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// How long anything a page does may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// One browser with one page. Dropping ends its process, and removes what it wrote.
pub(crate) struct Browser {
    process: Child,
    socket: WebSocketStream<TcpStream>,
    session: String,
    next: u64,
    profile: tempfolder::Folder,
}

impl Browser {
    /// Opens the page in `file`, in a window of this size.
    pub(crate) async fn open(file: &Path, (width, height): (u32, u32)) -> Self {
        let profile = tempfolder::Folder::new("chromium");
        let (process, address) = start(profile.path());
        let host = address.strip_prefix("ws://").and_then(|rest| rest.split('/').next());
        let stream = TcpStream::connect(host.expect("a WebSocket")).await.expect("it listens");
        let (socket, _) =
            tokio_tungstenite::client_async(&address, stream).await.expect("it answers");
        let mut browser = Self { process, socket, session: String::new(), next: 0, profile };
        let made = browser.ask("Target.createTarget", json!({ "url": "about:blank" })).await;
        let target = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", target).await;
        browser.session = attached["sessionId"].as_str().expect("a session").to_owned();
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        browser.ask("Emulation.setDeviceMetricsOverride", size).await;
        let url = format!("file://{}", file.display());
        browser.ask("Page.navigate", json!({ "url": url })).await;
        browser.until("document.readyState === 'complete' && location.protocol === 'file:'").await;
        browser
    }

    /// What an expression gives.
    pub(crate) async fn eval(&mut self, expression: &str) -> Value {
        let asked =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.ask("Runtime.evaluate", asked).await;
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// The text of the first element of this selector.
    pub(crate) async fn text(&mut self, selector: &str) -> String {
        let quoted = json!(selector);
        let text = self.eval(&format!("document.querySelector({quoted})?.innerText ?? null")).await;
        text.as_str().unwrap_or_else(|| panic!("there is no {selector}")).to_owned()
    }

    /// How many elements of this selector can be seen.
    pub(crate) async fn count(&mut self, selector: &str) -> u64 {
        let quoted = json!(selector);
        let seen = "(it) => it.getClientRects().length > 0";
        let count = format!("[...document.querySelectorAll({quoted})].filter({seen}).length");
        self.eval(&count).await.as_u64().expect("a number")
    }

    /// Waits until an expression is true.
    pub(crate) async fn until(&mut self, condition: &str) {
        let since = Instant::now();
        while self.eval(condition).await != Value::Bool(true) {
            assert!(since.elapsed() < PATIENCE, "it never came true: {condition}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Clicks in the midst of the first element of this selector, as a hand would.
    pub(crate) async fn click(&mut self, selector: &str) {
        let quoted = json!(selector);
        let place = self
            .eval(&format!(
                "(() => {{ const it = document.querySelector({quoted}); it.scrollIntoView({{ block: 'nearest' }}); \
                 const {{ left, top, width, height }} = it.getBoundingClientRect(); \
                 return [left + width / 2, top + height / 2]; }})()"
            ))
            .await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": place[0], "y": place[1], "button": "left", "buttons": 1, "clickCount": 1,
            });
            self.ask("Input.dispatchMouseEvent", event).await;
        }
        self.frame().await;
    }

    /// Presses a key.
    pub(crate) async fn press(&mut self, key: &str) {
        let text = if key.chars().count() == 1 { key } else { "" };
        for kind in ["keyDown", "keyUp"] {
            self.ask("Input.dispatchKeyEvent", json!({ "type": kind, "key": key, "text": text }))
                .await;
        }
        self.frame().await;
    }

    /// Types into what has the focus.
    pub(crate) async fn write(&mut self, text: &str) {
        self.ask("Input.insertText", json!({ "text": text })).await;
        self.frame().await;
    }

    /// Has the page believe that its reader likes it dark, or light.
    pub(crate) async fn prefer(&mut self, scheme: &str) {
        let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.ask("Emulation.setEmulatedMedia", json!({ "features": feature })).await;
        self.frame().await;
    }

    /// Until what was done is drawn.
    async fn frame(&mut self) {
        let drawn = "new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))";
        self.eval(drawn).await;
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut command = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        self.socket.send(Message::text(command.to_string())).await.expect("it lives");
        loop {
            let heard = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            let heard = heard.unwrap_or_else(|_| panic!("no answer to {method}"));
            let text = heard.expect("it lives").expect("it lives").into_text().expect("text");
            let answer: Value = serde_json::from_str(&text).expect("it speaks JSON");
            if answer["id"] == json!(id) {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(self.profile.path());
    }
}

/// Starts it, and waits until it says where its DevTools are.
fn start(profile: &Path) -> (Child, String) {
    let mut command = Command::new("chromium");
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--no-first-run", "--disable-extensions", "--disable-background-networking"])
        .args(["--remote-debugging-port=0", "--remote-debugging-address=127.0.0.1"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut process = command
        .spawn()
        .unwrap_or_else(|why| panic!("chromium cannot be started: {why}; `tests/run` installs it"));
    let mut said = BufReader::new(process.stderr.take().expect("piped"));
    let (mut line, mut all) = (String::new(), String::new());
    while said.read_line(&mut line).expect("text") > 0 {
        if let Some(address) = line.trim().strip_prefix("DevTools listening on ") {
            let address = address.to_owned();
            // Or it would stop once the pipe is full.
            std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
            return (process, address);
        }
        all += &std::mem::take(&mut line);
    }
    let _ = process.wait();
    panic!("chromium ended before it began: {all}");
}

/// Folders of one test each.
pub(crate) mod tempfolder {
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicU32, Ordering};

    static NEXT: AtomicU32 = AtomicU32::new(0);

    /// A new folder, removed when dropped.
    pub(crate) struct Folder(PathBuf);

    impl Folder {
        pub(crate) fn new(name: &str) -> Self {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("bowline-{name}-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir(&path).expect("a new folder");
            Self(path)
        }

        pub(crate) fn path(&self) -> &Path {
            &self.0
        }

        pub(crate) fn file(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

//! A headless Chromium that does what a person would: opens pages, clicks, writes, looks. Driven over WebDriver.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

/// How long a page may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with one window.
pub(crate) struct Browser {
    client: Client,
    driver: Child,
    base: String,
}

/// What only Chromium knows.
#[derive(Debug)]
struct DevTools {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _url: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({ "cmd": self.command, "params": self.parameters });
        (http::Method::POST, Some(body.to_string()))
    }
}

impl Browser {
    /// A browser that shows this token with each request to the gateway whose pages are at `base`.
    pub(crate) async fn open(base: &str, token: &str) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed");
        let said = BufReader::new(driver.stdout.take().unwrap());
        let port = said
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, rest) = line.split_once("successfully on port ")?;
                rest.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("chromedriver says its port");
        let capabilities = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
                "--window-size=1280,900",
            ] },
        });
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(serde_json::from_value(capabilities).unwrap())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("chromium starts");
        let browser = Self {
            client,
            driver,
            base: base.to_owned(),
        };
        browser.tools("Network.enable", json!({})).await;
        browser.come_as(token).await;
        browser
    }

    /// From now on the browser shows this token.
    pub(crate) async fn come_as(&self, token: &str) {
        let headers = json!({ "headers": { "Authorization": format!("Bearer {token}") } });
        self.tools("Network.setExtraHTTPHeaders", headers).await;
    }

    /// From now on it shows no token.
    pub(crate) async fn come_as_nobody(&self) {
        let headers = json!({ "headers": {} });
        self.tools("Network.setExtraHTTPHeaders", headers).await;
    }

    async fn tools(&self, command: &'static str, parameters: Value) -> Value {
        let command = DevTools {
            command,
            parameters,
        };
        self.client.issue_cmd(command).await.unwrap()
    }

    pub(crate) async fn go(&self, path: &str) {
        self.client
            .goto(&format!("{}{path}", self.base))
            .await
            .unwrap();
    }

    /// Where it is, without the gateway's address.
    pub(crate) async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap().to_string();
        url.strip_prefix(&self.base).unwrap_or(&url).to_owned()
    }

    /// The element, once there is one.
    pub(crate) async fn find(&self, css: &str) -> Element {
        let wait = self.client.wait().at_most(PATIENCE);
        match wait.for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("{css} is not on {}: {error}", self.path().await),
        }
    }

    pub(crate) async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    /// Follows a link or presses a button by what stands on it.
    pub(crate) async fn press(&self, text: &str) {
        let path = format!("//*[self::a or self::button][normalize-space(.)={text:?}]");
        let wait = self.client.wait().at_most(PATIENCE);
        let element = wait.for_element(Locator::XPath(&path)).await;
        element
            .unwrap_or_else(|error| panic!("there is no {text:?}: {error}"))
            .click()
            .await
            .unwrap();
    }

    /// Writes into a field, in place of what is there.
    pub(crate) async fn write(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// What a person reads there.
    pub(crate) async fn read(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap()
    }

    /// Waits until that stands there.
    pub(crate) async fn until(&self, css: &str, wanted: &str) {
        let seen = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(100));
            loop {
                ticks.tick().await;
                // The element may be exchanged between finding and reading it.
                let element = self.client.find(Locator::Css(css)).await;
                if let Ok(element) = element
                    && element.text().await.is_ok_and(|text| text.contains(wanted))
                {
                    return;
                }
            }
        };
        if tokio::time::timeout(PATIENCE, seen).await.is_err() {
            panic!(
                "{wanted:?} did not come into {css}: {}",
                self.read("body").await
            );
        }
    }

    /// The number that a script gives.
    pub(crate) async fn number(&self, script: &str) -> i64 {
        let value = self.client.execute(script, Vec::new()).await.unwrap();
        value.as_i64().unwrap()
    }

    /// The text that a script gives.
    pub(crate) async fn text(&self, script: &str) -> String {
        let value = self.client.execute(script, Vec::new()).await.unwrap();
        value.as_str().unwrap_or_default().to_owned()
    }

    /// The same page light, dark and on a narrow screen: nothing stands out to the side, and a person gets to see it in the folder that
    /// `FIGWAY_SCREENSHOTS` names, if it does.
    pub(crate) async fn look(&self, name: &str) {
        for (kind, width, scheme) in [
            ("light", 1280, "light"),
            ("dark", 1280, "dark"),
            ("narrow", 390, "light"),
        ] {
            let size =
                json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
            self.tools("Emulation.setDeviceMetricsOverride", size).await;
            let media =
                json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            self.tools("Emulation.setEmulatedMedia", media).await;
            let wide = self
                .number("return document.documentElement.scrollWidth")
                .await;
            assert!(
                wide <= width,
                "{name} is {wide} wide on a screen of {width}"
            );
            let Some(folder) = std::env::var_os("FIGWAY_SCREENSHOTS") else {
                continue;
            };
            let tall = self
                .number("return document.documentElement.scrollHeight")
                .await;
            let clip = json!({ "x": 0, "y": 0, "width": width, "height": tall, "scale": 1 });
            let taken = json!({ "captureBeyondViewport": true, "clip": clip });
            let taken = self.tools("Page.captureScreenshot", taken).await;
            let png = BASE64_STANDARD
                .decode(taken["data"].as_str().unwrap())
                .unwrap();
            let folder = PathBuf::from(folder);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("{name}-{kind}.png")), png).unwrap();
        }
        self.tools("Emulation.clearDeviceMetricsOverride", json!({}))
            .await;
    }

    /// Ends it; with it goes all it knew.
    pub(crate) async fn close(mut self) {
        self.client.clone().close().await.unwrap();
        self.driver.kill().ok();
        self.driver.wait().ok();
    }
}

impl Drop for Browser {
    /// A test that failed leaves no browser behind.
    fn drop(&mut self) {
        self.driver.kill().ok();
    }
}

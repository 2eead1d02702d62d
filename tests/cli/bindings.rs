//! `bowline bindings`: what configs bind, and whether it is there.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use crate::support::{Ran, run};

/// A folder of configs, removed behind the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("bowline-bindings-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder for files");
        Self(path)
    }

    fn put(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a file");
        path.display().to_string()
    }

    /// What was printed, without where the files are.
    fn shorten(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.display()), "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn bindings(arguments: &[&str]) -> Ran {
    run(&[&["bindings"], arguments].concat())
}

const GATEWAY: &str = r#"{
  "name": "gateway",
  "services": [
    { "binding": "AUTH", "service": "auth" },
    { "binding": "ADMIN", "service": "auth", "entrypoint": "Admin" },
  ],
  "env": { "preview": { "services": [{ "binding": "AUTH", "service": "auth-preview" }] } },
}"#;

const AUTH: &str = "name = \"auth\"\nmain = \"auth.js\"\n[env.preview]\n";

#[test]
fn bindings_between_configs_are_connected() {
    let folder = Folder::new("connected");
    folder.put("auth.js", "export class Admin {}\nexport default {}");
    let (gateway, auth) = (folder.put("a.jsonc", GATEWAY), folder.put("b.toml", AUTH));
    let ran = bindings(&["-c", &gateway, "-c", &auth]);
    ran.succeeds();
    assert_eq!(
        folder.shorten(&ran.out),
        "gateway (a.jsonc) has access to the following bindings:\n\
         - Services:\n  \
           - AUTH:  auth       [connected]\n  \
           - ADMIN: auth#Admin [connected]\n\
         auth (b.toml) has no service bindings\n"
    );
    let ran = bindings(&["--config", &gateway, "-c", &auth, "--env", "preview"]);
    ran.succeeds();
    assert_eq!(
        folder.shorten(&ran.out),
        "gateway-preview (a.jsonc) has access to the following bindings:\n\
         - Services:\n  \
           - AUTH: auth-preview [connected]\n\
         auth-preview (b.toml) has no service bindings\n"
    );
}

#[test]
fn a_binding_that_leads_nowhere_is_not_connected() {
    let folder = Folder::new("nowhere");
    folder.put("auth.js", "export class Admin {}");
    let (gateway, auth) = (folder.put("a.jsonc", GATEWAY), folder.put("b.toml", AUTH));
    let ran = bindings(&["-c", &gateway, "-c", &auth]);
    ran.fails(
        1,
        &["a.jsonc: binding \"AUTH\" refers to service \"auth\"", "has no default entrypoint"],
    );
    assert!(ran.out.contains("- AUTH:  auth       [not connected]"), "{ran:?}");
    assert!(ran.out.contains("- ADMIN: auth#Admin [connected]"), "{ran:?}");

    let ran = bindings(&["-c", &gateway]);
    assert_eq!((ran.code, ran.err.lines().count()), (Some(1), 2), "{ran:?}");
    assert!(ran.err.lines().all(|line| line.contains("refers to a service \"auth\"")), "{ran:?}");
}

#[test]
fn an_address_counts_if_it_answers() {
    let folder = Folder::new("address");
    let text = r#"{ "services": [{ "binding": "A", "service": "auth" }, { "binding": "B", "service": "auth", "entrypoint": "E" }] }"#;
    let config = folder.put("a.jsonc", text);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let debug = format!("auth=debug://127.0.0.1:{port}");
    let ran = bindings(&["-c", &config, "--address", &debug]);
    ran.succeeds();
    assert!(ran.out.starts_with("a worker without a name ("), "{ran:?}");
    assert_eq!(ran.out.matches(" [connected]").count(), 2, "{ran:?}");

    let plain = format!("auth=http://127.0.0.1:{port}");
    let ran = bindings(&["-c", &config, "--address", &plain]);
    ran.fails(1, &["binding \"B\"", "offers one entrypoint only", "the address of auth#E"]);

    drop(listener);
    let own = format!("auth#E=tcp:127.0.0.1:{port}");
    let ran =
        bindings(&["-c", &config, "--address", &own, "--address", "auth=unix:/nowhere/at/all"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.out.matches(" [not connected]").count(), 2, "{ran:?}");
    let told: Vec<&str> = ran.err.lines().collect();
    assert!(told[0].contains("binding \"A\": connecting to unix:/nowhere/at/all"), "{ran:?}");
    assert!(told[1].contains("binding \"B\": connecting to tcp:127.0.0.1:"), "{ran:?}");
}

#[test]
fn a_config_that_cannot_be_used_is_told_in_one_line() {
    let folder = Folder::new("broken");
    let gateway = folder.put("a.jsonc", GATEWAY);
    let wrong = folder.put("b.jsonc", "{ \"services\": [{ \"binding\": \"A\" }] }");
    bindings(&["-c", &gateway, "-c", &wrong])
        .fails(2, &["b.jsonc:1:16: services[0].service: it is missing"]);
    bindings(&["-c", &gateway, "-c", &gateway])
        .fails(2, &["two workers have the name \"gateway\""]);
    bindings(&["-c", &gateway, "--env", "preveiw"])
        .fails(2, &["no environment \"preveiw\"; did you mean \"preview\"?"]);
    bindings(&["-c", "/nowhere/at.all"]).fails(2, &["/nowhere/at.all: "]);
    bindings(&["-c", &gateway, "--address", "auth"]).fails(2, &["expected `service=ADDRESS`"]);
    assert_eq!(bindings(&[]).code, Some(2));
}

#[test]
fn what_is_noticed_is_said_and_changes_nothing() {
    let folder = Folder::new("noticed");
    let text =
        r#"{ "name": "a", "services": [{ "binding": "A", "service": "a", "remote": true }] }"#;
    let ran = bindings(&["-c", &folder.put("a.jsonc", text)]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err.contains("a.jsonc:1:63: services[0].remote: it has no meaning here"),
        "{ran:?}"
    );
    assert!(ran.out.contains("- A: a [connected]"), "{ran:?}");
}

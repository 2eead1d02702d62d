//! Configs of `wrangler`, read: what they bind, and what is wrong with them.

use std::path::Path;

use bowline::worker::config::{ConfigError, Entrypoints, Format, WorkerConfig};
use bowline::worker::value::value;

const JSONC: &str = r#"{
  // The primary one.
  "$schema": "node_modules/wrangler/config-schema.json",
  "name": "gateway",
  "main": "src/index.ts",
  "compatibility_date": "2026-05-01",
  "vars": { "GREETING": "Hello" },
  "services": [
    { "binding": "AUTH", "service": "auth", "entrypoint": "Admin", "props": { "z": 1.5, "a": [true, null, "x"] } },
    { "binding": "STORE", "service": "store" }, /* without more */
  ],
  "env": {
    "preview": { "services": [{ "binding": "AUTH", "service": "auth-preview" }] },
    "bare": { "main": "bare.js" },
    "other": { "name": "elsewhere", "services": [] }
  }
}
"#;

const TOML: &str = r#"
name = "gateway"
main = "src/index.ts"
compatibility_date = "2026-05-01"
services = [
  { binding = "AUTH", service = "auth", entrypoint = "Admin", props = { z = 1.5, a = [true, "x"], n = 0x10 } },
]

[[env.preview.services]]
binding = "AUTH"
service = "auth-preview"

[[env.preview.services]]
binding = "AT"
service = "at"
[env.preview.services.props]
when = 2026-11-21T10:00:00Z
"#;

fn jsonc(text: &str, environment: Option<&str>) -> Result<WorkerConfig, ConfigError> {
    WorkerConfig::parse("a.jsonc", text, Format::Jsonc, environment)
}

fn toml(text: &str, environment: Option<&str>) -> Result<WorkerConfig, ConfigError> {
    WorkerConfig::parse("a.toml", text, Format::Toml, environment)
}

fn targets(config: &WorkerConfig) -> Vec<(&str, String)> {
    config.services().iter().map(|it| (it.binding.as_str(), it.target())).collect()
}

#[test]
fn rule_67_services_are_bound_by_name_with_entrypoint_and_props() {
    // C-Y1
    let config = jsonc(JSONC, None).expect("a config");
    assert_eq!((config.name(), config.main()), (Some("gateway"), Some("src/index.ts")));
    assert_eq!(
        targets(&config),
        [("AUTH", "auth#Admin".to_owned()), ("STORE", "store".to_owned())]
    );
    // In the order they are written.
    let props = value!({ z: 1.5, a: [true, null, "x"] });
    assert_eq!(config.services()[0].props, Some(props));
    assert!(config.services()[1].props.is_none() && config.warnings().is_empty());
}

#[test]
fn toml_says_the_same() {
    let config = toml(TOML, None).expect("a config");
    assert_eq!((config.name(), config.main()), (Some("gateway"), Some("src/index.ts")));
    assert_eq!(targets(&config), [("AUTH", "auth#Admin".to_owned())]);
    assert_eq!(config.services()[0].props, Some(value!({ z: 1.5, a: [true, "x"], n: 16 })));
    let preview = toml(TOML, Some("preview")).expect("a config");
    assert_eq!(targets(&preview), [("AUTH", "auth-preview".to_owned()), ("AT", "at".to_owned())]);
    assert_eq!(preview.services()[1].props, Some(value!({ when: "2026-11-21T10:00:00Z" })));
}

#[test]
fn an_environment_inherits_name_and_code_but_no_services() {
    // C-Y2
    let preview = jsonc(JSONC, Some("preview")).expect("it is there");
    assert_eq!((preview.name(), preview.main()), (Some("gateway-preview"), Some("src/index.ts")));
    assert_eq!(targets(&preview), [("AUTH", "auth-preview".to_owned())]);
    assert!(preview.warnings().is_empty());

    let bare = jsonc(JSONC, Some("bare")).expect("it is there");
    assert_eq!((bare.name(), bare.main()), (Some("gateway-bare"), Some("bare.js")));
    assert_eq!((targets(&bare), bare.warnings().len()), (vec![], 1));
    assert!(
        bare.warnings()[0].starts_with("a.jsonc:14:5: env.bare: there are `services` at the top")
    );

    let other = jsonc(JSONC, Some("other")).expect("it is there");
    assert_eq!(
        (other.name(), targets(&other), other.warnings().len()),
        (Some("elsewhere"), vec![], 0)
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_key() {
    // C-Y1
    for (text, told) in [
        ("", "a.jsonc:1:1: it is empty"),
        ("[]", "a.jsonc:1:1: expected an object, found a list"),
        ("{\n  \"name\": 5 }", "a.jsonc:2:11: name: expected a string, found a number"),
        ("{ \"name\": \"\" }", "a.jsonc:1:11: name: it is empty"),
        ("{ \"services\": {} }", "a.jsonc:1:15: services: expected a list, found an object"),
        ("{ \"services\": [1] }", "a.jsonc:1:16: services[0]: expected an object, found a number"),
        (
            "{ \"services\": [{ \"binding\": \"A\" }] }",
            "a.jsonc:1:16: services[0].service: it is missing",
        ),
        (
            "{ \"services\": [{ \"service\": \"a\" }] }",
            "a.jsonc:1:16: services[0].binding: it is missing",
        ),
        (
            "{ \"services\": [{ \"binding\": \"A\", \"service\": null }] }",
            "a.jsonc:1:45: services[0].service: expected a string, found null",
        ),
        (
            "{ \"services\": [\n{ \"binding\": \"A\", \"service\": \"a\" },\n{ \"binding\": \"A\", \"service\": \"b\" }] }",
            "a.jsonc:3:14: services[1].binding: the name `A` is taken by another binding",
        ),
        (
            "{ \"services\": [{ \"binding\": \"A\", \"service\": \"a\", \"entryPoint\": \"E\" }] }",
            "a.jsonc:1:50: services[0].entryPoint: no such key; did you mean \"entrypoint\"?",
        ),
        (
            "{ \"services\": [{ \"binding\": \"A\", \"service\": \"a\", \"props\": [] }] }",
            "a.jsonc:1:59: services[0].props: expected an object, found a list",
        ),
        ("{ \"name\": \"a\", \"name\": \"b\" }", "a.jsonc:1:16: the key `name` comes twice"),
        ("{ \"name\": \"a\"", "a.jsonc:1:1: unterminated object"),
        ("{ \"é\": 'a' }", "a.jsonc:1:8: single-quoted strings are not allowed"),
    ] {
        assert_eq!(
            jsonc(text, None).map_err(|why| why.to_string()),
            Err(told.to_owned()),
            "{text}"
        );
    }
    let why = toml("name = \"a\"\nname = 1", None).expect_err("twice");
    assert!(why.place() == Some((2, 1)) && why.to_string().contains("duplicate key"), "{why}");
    let why = toml("[[services]]\nbinding = 5", None).expect_err("no string");
    assert_eq!(
        why.to_string(),
        "a.toml:2:11: services[0].binding: expected a string, found a number"
    );
}

#[test]
fn an_environment_that_is_not_there_is_guessed() {
    // C-Y2
    for (environment, told) in [
        (
            "preveiw",
            "a.jsonc:12:3: env: there is no environment \"preveiw\"; did you mean \"preview\"?",
        ),
        ("production", "a.jsonc:12:3: env: there is no environment \"production\""),
    ] {
        let why = jsonc(JSONC, Some(environment)).expect_err("it is not there");
        assert_eq!(why.to_string(), told);
    }
    let why = jsonc("{}", Some("preview")).expect_err("there is none");
    assert_eq!(why.to_string(), "a.jsonc:1:1: env: there is no environment \"preview\"");
}

#[test]
fn what_has_no_meaning_here_is_noticed() {
    let text = r#"{ "services": [{ "binding": "A", "service": "a", "remote": true, "environment": "x", "colour": 1 }] }"#;
    let config = jsonc(text, None).expect("it can be used");
    let told: Vec<_> =
        config.warnings().iter().filter_map(|line| line.split_once(": ")).map(|it| it.1).collect();
    assert_eq!(
        told,
        [
            "services[0].remote: it has no meaning here",
            "services[0].environment: it has no meaning here",
            "services[0].colour: no such key"
        ]
    );
}

#[test]
fn a_file_is_read_by_the_end_of_its_name() {
    let folder = std::env::temp_dir().join(format!("bowline-config-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("src")).expect("a folder for files");
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    let (json, toml) = (file("wrangler.json", JSONC), file("wrangler.toml", TOML));
    file("src/index.ts", "export class Admin extends WorkerEntrypoint {}\nexport default {}");
    for path in [&json, &toml] {
        let config = WorkerConfig::read(path, None).expect("a config");
        assert_eq!(config.name(), Some("gateway"));
        assert_eq!(config.entrypoints(path), Entrypoints::known(["Admin"]));
        let bare = WorkerConfig::read(&json, Some("bare")).expect("a config");
        assert_eq!(bare.entrypoints(&json), Entrypoints::Unknown);
    }
    let long = file("long.json", &format!("{JSONC}{}", " ".repeat((4 << 20) - JSONC.len())));
    assert!(WorkerConfig::read(&long, None).is_ok());
    let longer = file("longer.json", &" ".repeat((4 << 20) + 1));
    let why = WorkerConfig::read(&longer, None).expect_err("it is too long");
    assert!(why.to_string().ends_with("longer.json: it is longer than 4 MiB"), "{why}");
    let why = WorkerConfig::read(Path::new("nowhere/at.all"), None).expect_err("no file");
    assert!(why.to_string().starts_with("nowhere/at.all: ") && why.place().is_none(), "{why}");
    std::fs::remove_dir_all(&folder).expect("it was made here");
}

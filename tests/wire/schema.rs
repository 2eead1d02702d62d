//! The generated code in `src` says what `schema/*.capnp` says.

use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the `capnp` tool and the code generator over one schema; `None` where there is no such tool.
fn generate(schema: &str, parents: &[&str]) -> Option<String> {
    let folder = Path::new(schema).parent()?.to_str()?;
    let mut tool = Command::new("capnp")
        .args(["compile", "-o-", &format!("--src-prefix={folder}"), schema])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let stem = Path::new(schema).file_stem().expect("a file").to_string_lossy().replace('-', "_");
    let out = std::env::temp_dir().join(format!("bowline-{stem}-{}", std::process::id()));
    std::fs::create_dir_all(&out).expect("a temporary directory");
    capnpc::codegen::CodeGenerationCommand::new()
        .output_directory(&out)
        .default_parent_module(parents.iter().map(|parent| (*parent).to_owned()).collect())
        .run(tool.stdout.take().expect("piped"))
        .expect("the schema is valid");
    assert!(tool.wait().expect("it was started").success());
    let code = std::fs::read_to_string(out.join(format!("{stem}_capnp.rs"))).expect("generated");
    std::fs::remove_dir_all(&out).expect("just created");
    Some(code)
}

fn without_versions(code: &str) -> String {
    code.lines()
        .filter(|line| !line.contains("version: "))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn is_current(schema: &str, parents: &[&str], committed: &str) {
    let Some(code) = generate(schema, parents) else {
        eprintln!("no `capnp` tool here: {schema} not compared");
        return;
    };
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join(committed);
    if std::env::var_os("BOWLINE_REGENERATE").is_some() {
        std::fs::write(&committed, &code).expect("the source tree is writable");
    }
    let committed = std::fs::read_to_string(&committed).expect("a committed file");
    assert!(
        without_versions(&code) == without_versions(&committed),
        "{schema} has changed: run BOWLINE_REGENERATE=1 cargo test --test wire schema"
    );
}

#[test]
fn the_code_for_rpc_is_what_its_schema_says() {
    is_current("schema/rpc.capnp", &["schema"], "src/schema/rpc_capnp.rs");
}

#[test]
fn the_code_for_two_parties_is_what_its_schema_says() {
    is_current("schema/rpc-twoparty.capnp", &["schema"], "src/schema/rpc_twoparty_capnp.rs");
}

#[test]
fn the_code_for_workers_is_what_their_schemas_say() {
    for name in ["byte-stream", "http-over-capnp", "worker"] {
        let module = name.replace('-', "_");
        is_current(
            &format!("schema/{name}.capnp"),
            &["schema"],
            &format!("src/schema/{module}_capnp.rs"),
        );
    }
}

#[test]
fn the_code_for_the_demo_is_what_its_schema_says() {
    is_current("schema/demo.capnp", &[], "src/bin/bowline/demo_capnp.rs");
}

#[test]
fn the_code_for_the_examples_is_what_their_schemas_say() {
    for name in ["abacus", "news"] {
        let schema = format!("examples/{name}/{name}.capnp");
        is_current(&schema, &[], &format!("examples/{name}/{name}_capnp.rs"));
    }
}

#[test]
fn the_code_for_the_typed_tests_is_what_their_schemas_say() {
    for name in ["typed", "older", "newer"] {
        let schema = format!("tests/data/{name}.capnp");
        is_current(&schema, &[], &format!("tests/data/{name}_capnp.rs"));
    }
}

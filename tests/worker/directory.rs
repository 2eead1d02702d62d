//! Bindings resolved: to Workers of this process, to addresses, or to an error at boot.

use bowline::worker::config::{
    AddressBook, Destination, Directory, Entrypoints, ServiceAddress, ServiceBinding,
};
use bowline::worker::value::value;

fn directory(entries: &[&str]) -> Directory {
    let add = |book: AddressBook, entry: &&str| book.with_entry(entry).expect("an entry");
    let mut directory = Directory::new(entries.iter().fold(AddressBook::new(), add));
    directory.add("auth", Entrypoints::known(["Admin", "Public"])).expect("the first");
    directory.add("store", Entrypoints::Unknown).expect("another");
    let none = Entrypoints::Known { default: false, named: vec!["Only".to_owned()] };
    directory.add("strict", none).expect("another");
    directory
}

fn to(service: &str) -> ServiceBinding {
    ServiceBinding::new("SVC", service)
}

#[track_caller]
fn leads_to(directory: &Directory, binding: &ServiceBinding, address: &str) {
    match directory.resolve(binding) {
        Ok(Destination::There(there)) => assert_eq!(there.to_string(), address),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_worker_of_this_process_is_found_by_name() {
    let directory = directory(&[]);
    for (binding, service, entrypoint) in [
        (to("auth"), "auth", None),
        (to("auth").entrypoint("default"), "auth", None),
        (to("auth").entrypoint("Admin").props(value!({ role: 1 })), "auth", Some("Admin")),
        // Nobody knows what it has, so it is asked when it is called.
        (to("store").entrypoint("Any"), "store", Some("Any")),
        (to("strict").entrypoint("Only"), "strict", Some("Only")),
    ] {
        assert_eq!(directory.resolve(&binding), Ok(Destination::Here { service, entrypoint }));
    }
}

#[test]
fn rule_74_a_binding_that_leads_nowhere_is_an_error_at_boot() {
    // C-Y3
    let directory = directory(&["mail=tcp:a:1", "far#Reader=http://b:2"]);
    for (binding, told) in [
        (
            to("auht"),
            r#"binding "SVC" refers to a service "auht", but no such service is known; did you mean "auth"?"#,
        ),
        (
            to("mial"),
            r#"binding "SVC" refers to a service "mial", but no such service is known; did you mean "mail"?"#,
        ),
        (
            to("payments"),
            r#"binding "SVC" refers to a service "payments", but no such service is known"#,
        ),
        (
            to("auth").entrypoint("admin"),
            r#"binding "SVC" refers to service "auth" with a named entrypoint "admin", but "auth" has no such named entrypoint; did you mean "Admin"?"#,
        ),
        (
            to("auth").entrypoint("Billing"),
            r#"binding "SVC" refers to service "auth" with a named entrypoint "Billing", but "auth" has no such named entrypoint"#,
        ),
        (
            to("strict"),
            r#"binding "SVC" refers to service "strict", but "strict" has no default entrypoint"#,
        ),
        (
            to("far").entrypoint("Raeder"),
            r#"binding "SVC" refers to service "far" with a named entrypoint "Raeder", but "far" has no such named entrypoint; did you mean "Reader"?"#,
        ),
        (
            to("far"),
            r#"binding "SVC" refers to service "far", but "far" has no default entrypoint"#,
        ),
    ] {
        assert_eq!(
            directory.resolve(&binding).map_err(|why| why.to_string()),
            Err(told.to_owned())
        );
    }
}

#[test]
fn an_address_counts_before_a_worker_of_this_process() {
    // C-Y4
    let directory =
        directory(&["auth=debug://x:1", "auth#Admin=unix:/run/admin", "store#A=http://y:2"]);
    leads_to(&directory, &to("auth"), "debug://x:1");
    leads_to(&directory, &to("auth").entrypoint("Public"), "debug://x:1");
    leads_to(&directory, &to("auth").entrypoint("Admin"), "unix:/run/admin");
    leads_to(&directory, &to("store").entrypoint("A"), "http://y:2");
    // Its other entrypoints are where they were.
    assert!(matches!(directory.resolve(&to("store")), Ok(Destination::Here { .. })));
}

#[test]
fn only_a_debug_port_takes_entrypoints_and_props() {
    // C-Y4
    let directory = directory(&["a=http://h:1", "b=debug://h:2", "c#E=tcp:h:3", "d=unix:/s"]);
    let props = value!({ user: 1 });
    leads_to(&directory, &to("a"), "http://h:1");
    leads_to(&directory, &to("b").entrypoint("E").props(props.clone()), "debug://h:2");
    leads_to(&directory, &to("c").entrypoint("E"), "tcp:h:3");
    for (binding, told) in [
        (
            to("a").entrypoint("E"),
            r#"binding "SVC" refers to service "a" with a named entrypoint "E", but http://h:1 offers one entrypoint only: give the address of a#E, or a debug port"#,
        ),
        (
            to("a").props(props.clone()),
            r#"binding "SVC" has props for service "a", but http://h:1 takes none: they are fixed there; only a debug port takes them"#,
        ),
        (
            to("c").entrypoint("E").props(props.clone()),
            r#"binding "SVC" has props for service "c", but tcp:h:3 takes none: they are fixed there; only a debug port takes them"#,
        ),
        (
            to("d").props(props),
            r#"binding "SVC" has props for service "d", but unix:/s takes none: they are fixed there; only a debug port takes them"#,
        ),
    ] {
        assert_eq!(
            directory.resolve(&binding).map_err(|why| why.to_string()),
            Err(told.to_owned())
        );
    }
}

#[test]
fn an_address_is_read_as_it_is_written() {
    for text in [
        "tcp:h:1",
        "tcp:[::1]:2",
        "unix:/a b",
        "http://h:80",
        "http://[::1]:8080",
        "debug://127.0.0.1:9",
        "http://h:80/auth.internal",
    ] {
        let address: ServiceAddress = text.parse().expect(text);
        assert_eq!(address.to_string(), text);
        assert_eq!(address.chooses(), text.starts_with("debug"));
    }
    assert_eq!(
        "http://h:80/".parse::<ServiceAddress>().expect("a slash ends it").to_string(),
        "http://h:80"
    );
    for (entry, told) in [
        ("auth", "bad address `auth`: expected `service=ADDRESS`"),
        ("=tcp:h:1", "the name of a service stands before it"),
        ("auth#=tcp:h:1", "the name of a service stands before it"),
        (
            "auth=h:1",
            "expected `tcp:host:port`, `unix:path`, `http://host:port` or `debug://host:port`",
        ),
        ("auth=stdio", "a service is not found there"),
        ("auth=tcp:h", "a port must follow the host"),
        ("auth=http://h", "expected `http://host:port`"),
        ("auth=debug://h:1/x", "expected `debug://host:port`"),
        ("there=tcp:h:2", "`there` is at unix:/s already"),
        ("there#E#F=tcp:h:2", "nothing"),
    ] {
        let book = AddressBook::new().with_entry("there=unix:/s").expect("an entry");
        match book.with_entry(entry) {
            Err(why) => assert!(why.to_string().contains(told), "{entry}: {why}"),
            Ok(_) => assert_eq!(told, "nothing", "{entry}"),
        }
    }
}

#[test]
fn two_workers_of_one_name_are_refused() {
    let mut directory = directory(&[]);
    let why = directory.add("auth", Entrypoints::Unknown).expect_err("it is there");
    assert_eq!(why.to_string(), r#"two workers have the name "auth""#);
}

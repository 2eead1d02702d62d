use bowline::worker::config::{
    AddressBook, Directory, Entrypoints, Format, ServiceAddress, WorkerConfig,
};

/// Reads a text as a config, as an address and as an entry of an address book, and resolves what the config binds.
/// Says whether it was any of them.
pub(crate) fn run(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let configs = [Format::Jsonc, Format::Toml].map(|format| config(text, format));
    let address = text.parse::<ServiceAddress>();
    if let Ok(address) = &address {
        assert_eq!(address.to_string().parse().as_ref(), Ok(address), "as it is printed");
    }
    let entry = AddressBook::new().with_entry(text).map_err(|why| is_one_line(&why));
    configs.contains(&true) || address.is_ok() || entry.is_ok()
}

fn config(text: &str, format: Format) -> bool {
    let _ = WorkerConfig::parse("wrangler", text, format, Some("preview"));
    let config = match WorkerConfig::parse("wrangler", text, format, None) {
        Ok(config) => config,
        Err(why) => {
            is_one_line(&why);
            return false;
        }
    };
    let mut directory = Directory::new(AddressBook::new());
    let known = Entrypoints::known(["Admin"]);
    let added = directory.add(config.name().unwrap_or("worker"), known);
    assert!(added.is_ok(), "it is the only one");
    for service in config.services() {
        if let Err(why) = directory.resolve(service) {
            is_one_line(&why);
        }
    }
    true
}

/// What is told to a person is one line, however strange the input.
fn is_one_line(why: &impl std::fmt::Display) {
    let told = why.to_string();
    assert!(!told.is_empty() && !told.contains('\n'), "{told:?}");
}

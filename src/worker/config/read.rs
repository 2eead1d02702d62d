//! Looking for keys in a config, and saying what is wrong with them.

use super::error::ConfigError;
use super::near::{guess, nearest};
use super::service::ServiceBinding;
use super::tree::{Data, Entry, Node};

/// The text that is read, and what was noticed in it.
pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) warnings: Vec<String>,
}

/// A table, and the key it stands under.
#[derive(Clone, Copy)]
pub(super) struct Table<'t> {
    entries: &'t [Entry],
    at: usize,
    key: &'t str,
}

/// What may stand in one of the `services`.
const KNOWN: [&str; 7] =
    ["binding", "service", "entrypoint", "props", "environment", "remote", "cross_account_grant"];

impl<'t> Table<'t> {
    /// The entry of a key.
    pub(super) fn entry(self, key: &str) -> Option<&'t Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(super) fn keys(self) -> impl Iterator<Item = &'t str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }

    /// The path of a key from the top.
    pub(super) fn path(self, key: &str) -> String {
        if self.key.is_empty() { key.to_owned() } else { format!("{}.{key}", self.key) }
    }
}

impl Reader<'_> {
    pub(super) fn error(&self, at: usize, key: &str, what: impl Into<String>) -> ConfigError {
        ConfigError::at(self.file, self.text, at, key, what)
    }

    fn warn(&mut self, at: usize, key: &str, what: &str) {
        let warning = self.error(at, key, what).to_string();
        self.warnings.push(warning);
    }

    pub(super) fn table<'t>(&self, node: &'t Node, key: &'t str) -> Result<Table<'t>, ConfigError> {
        match &node.data {
            Data::Table(entries) => Ok(Table { entries, at: node.at, key }),
            _ => {
                Err(self.error(node.at, key, format!("expected an object, found {}", node.kind())))
            }
        }
    }

    /// The string under a key, if there is one.
    pub(super) fn text(&self, table: Table<'_>, key: &str) -> Result<Option<String>, ConfigError> {
        let Some(entry) = table.entry(key) else { return Ok(None) };
        let (at, path) = (entry.value.at, table.path(key));
        match &entry.value.data {
            Data::Text(text) if text.is_empty() => Err(self.error(at, &path, "it is empty")),
            Data::Text(text) => Ok(Some(text.clone())),
            _ => {
                let what = format!("expected a string, found {}", entry.value.kind());
                Err(self.error(at, &path, what))
            }
        }
    }

    fn required(&self, table: Table<'_>, key: &str) -> Result<String, ConfigError> {
        let text = self.text(table, key)?;
        text.ok_or_else(|| self.error(table.at, &table.path(key), "it is missing"))
    }

    /// The bindings under `services` of a table.
    pub(super) fn services(&mut self, of: Table<'_>) -> Result<Vec<ServiceBinding>, ConfigError> {
        let Some(entry) = of.entry("services") else { return Ok(Vec::new()) };
        let path = of.path("services");
        let Data::List(items) = &entry.value.data else {
            let what = format!("expected a list, found {}", entry.value.kind());
            return Err(self.error(entry.value.at, &path, what));
        };
        let mut bindings: Vec<ServiceBinding> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let key = format!("{path}[{index}]");
            let table = self.table(item, &key)?;
            let binding = self.service(table)?;
            if bindings.iter().any(|before| before.binding == binding.binding) {
                let at = table.entry("binding").map_or(table.at, |entry| entry.value.at);
                let what = format!("the name `{}` is taken by another binding", binding.binding);
                return Err(self.error(at, &table.path("binding"), what));
            }
            bindings.push(binding);
        }
        Ok(bindings)
    }

    fn service(&mut self, table: Table<'_>) -> Result<ServiceBinding, ConfigError> {
        for entry in table.entries {
            self.known(table, entry)?;
        }
        let binding =
            ServiceBinding::new(self.required(table, "binding")?, self.required(table, "service")?);
        let binding = match self.text(table, "entrypoint")? {
            Some(entrypoint) => binding.entrypoint(entrypoint),
            None => binding,
        };
        let Some(props) = table.entry("props") else { return Ok(binding) };
        self.table(&props.value, &table.path("props"))?;
        Ok(binding.props(props.value.to_value()))
    }

    /// A key that is mistyped would choose another entrypoint, with other rights, and nobody would notice.
    fn known(&mut self, table: Table<'_>, entry: &Entry) -> Result<(), ConfigError> {
        let (key, path) = (entry.key.as_str(), table.path(&entry.key));
        match key {
            "binding" | "service" | "entrypoint" | "props" => {}
            "remote" if matches!(entry.value.data, Data::Bool(false)) => {}
            "environment" | "remote" | "cross_account_grant" => {
                self.warn(entry.at, &path, "it has no meaning here");
            }
            _ => match nearest(key, KNOWN) {
                Some(near) => {
                    let what = format!("no such key{}", guess(Some(near)));
                    return Err(self.error(entry.at, &path, what));
                }
                None => self.warn(entry.at, &path, "no such key"),
            },
        }
        Ok(())
    }
}

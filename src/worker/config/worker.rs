//! What a `wrangler.jsonc` or `wrangler.toml` says of a Worker and its bindings.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use super::entrypoints::Entrypoints;
use super::error::ConfigError;
use super::exports::exports;
use super::jsonc;
use super::near::{guess, nearest};
use super::read::{Reader, Table};
use super::service::ServiceBinding;
use super::toml;

/// So large a file may be. A config is some pages; who names another file by mistake should not wait for it to be
/// read. Default: 4 MiB, which holds the largest bundles whose exports are looked for, too.
const BYTES_MAX: u64 = 4 << 20;

/// What a config is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON, with comments.
    Jsonc,
    /// TOML.
    Toml,
}

impl Format {
    /// As the name of the file says: `.toml` is TOML, all else is JSON.
    #[must_use]
    pub fn of(file: &Path) -> Self {
        let toml = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        if toml { Self::Toml } else { Self::Jsonc }
    }
}

/// A Worker and its bindings, as its config has them for one environment.
///
/// As `wrangler` has it, `services` are not inherited: those of an environment are all it has. Its name is the Worker's
/// with the environment's behind it, as in `auth-preview`, unless it has one of its own. (C-Y1, C-Y2)
///
/// ```
/// use bowline::worker::config::{Format, WorkerConfig};
///
/// let text = r#"{
///     "name": "gateway", // what others call it
///     "services": [{ "binding": "AUTH", "service": "auth", "entrypoint": "Admin", "props": { "role": 1 } }],
///     "env": { "preview": { "services": [{ "binding": "AUTH", "service": "auth-preview" }] } },
/// }"#;
/// let config = WorkerConfig::parse("wrangler.jsonc", text, Format::Jsonc, None)?;
/// assert_eq!((config.name(), config.services()[0].target().as_str()), (Some("gateway"), "auth#Admin"));
///
/// let preview = WorkerConfig::parse("wrangler.jsonc", text, Format::Jsonc, Some("preview"))?;
/// assert_eq!(preview.name(), Some("gateway-preview"));
///
/// let wrong = WorkerConfig::parse("wrangler.jsonc", text, Format::Jsonc, Some("preveiw")).unwrap_err();
/// assert_eq!(
///     wrong.to_string(),
///     r#"wrangler.jsonc:4:5: env: there is no environment "preveiw"; did you mean "preview"?"#
/// );
/// # Ok::<(), bowline::worker::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerConfig {
    name: Option<String>,
    main: Option<String>,
    services: Vec<ServiceBinding>,
    warnings: Vec<String>,
}

impl WorkerConfig {
    /// Reads a file. `environment` chooses one of the sections under `env`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: it cannot be read, is neither JSON nor TOML, or what is in it cannot be.
    pub fn read(file: &Path, environment: Option<&str>) -> Result<Self, ConfigError> {
        let name = file.display().to_string();
        let text = text_of(file).map_err(|why| ConfigError::whole(&name, why))?;
        Self::parse(&name, &text, Format::of(file), environment)
    }

    /// Reads a text, of which `file` is the name in messages.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]: it is not of this format, or what is in it cannot be.
    pub fn parse(
        file: &str,
        text: &str,
        format: Format,
        environment: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let root = match format {
            Format::Jsonc => jsonc::read(text),
            Format::Toml => toml::read(text),
        };
        let root = root.map_err(|flaw| ConfigError::at(file, text, flaw.at, "", flaw.what))?;
        let mut reader = Reader { file, text, warnings: Vec::new() };
        let top = reader.table(&root, "")?;
        let config = Self {
            name: reader.text(top, "name")?,
            main: reader.text(top, "main")?,
            services: reader.services(top)?,
            warnings: Vec::new(),
        };
        let config = match environment {
            Some(environment) => config.of_environment(&mut reader, top, environment)?,
            None => config,
        };
        Ok(Self { warnings: reader.warnings, ..config })
    }

    fn of_environment(
        self,
        reader: &mut Reader<'_>,
        top: Table<'_>,
        environment: &str,
    ) -> Result<Self, ConfigError> {
        let none = |at, near| {
            let what = format!("there is no environment \"{environment}\"{}", guess(near));
            reader.error(at, "env", what)
        };
        let Some(all) = top.entry("env") else { return Err(none(0, None)) };
        let environments = reader.table(&all.value, "env")?;
        let Some(entry) = environments.entry(environment) else {
            return Err(none(all.at, nearest(environment, environments.keys())));
        };
        let path = environments.path(environment);
        let section = reader.table(&entry.value, &path)?;
        // What was noticed above is about what does not count here.
        reader.warnings.clear();
        if section.entry("services").is_none() && !self.services.is_empty() {
            let what = "there are `services` at the top, but environments do not inherit them: it has none";
            reader.warnings.push(reader.error(entry.at, &path, what).to_string());
        }
        let own = reader.text(section, "name")?;
        Ok(Self {
            name: own.or_else(|| self.name.map(|name| format!("{name}-{environment}"))),
            main: reader.text(section, "main")?.or(self.main),
            services: reader.services(section)?,
            warnings: Vec::new(),
        })
    }

    /// What others call it, if it has a name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The file with its code, relative to that of the config.
    #[must_use]
    pub fn main(&self) -> Option<&str> {
        self.main.as_deref()
    }

    /// The services it calls.
    #[must_use]
    pub fn services(&self) -> &[ServiceBinding] {
        &self.services
    }

    /// What is in the config and may not be meant so; a line each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The entrypoints its code exports, if that can be seen without running it. `file` is that of the config.
    #[must_use]
    pub fn entrypoints(&self, file: &Path) -> Entrypoints {
        let code = self.main.as_ref().map(|main| file.with_file_name(main));
        code.and_then(|code| text_of(&code).ok())
            .map_or(Entrypoints::Unknown, |code| exports(&code))
    }
}

fn text_of(file: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let opened = fs::File::open(file).map_err(|why| why.to_string())?;
    opened.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|why| why.to_string())?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(format!("it is longer than {} MiB", BYTES_MAX >> 20));
    }
    String::from_utf8(bytes).map_err(|_| "it is not text in UTF-8".to_owned())
}
